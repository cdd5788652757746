import { type Column, getColumns, type SQL, sql } from "drizzle-orm";
import { type RowOf, TOPICS, type Topic } from "./topics.ts";

/**
 * What a subscription asks of a row, as data: one definition that is evaluated in memory for live changes and becomes SQL
 * for those read from the log. Values compare as the column's text does; instants have a form for which that is right.
 */
export type Condition<Name extends string = string> =
  | { readonly column: Name; readonly in: readonly (string | number)[] }
  | { readonly column: Name; readonly startsWith: string }
  | { readonly column: Name; readonly after: string }
  | { readonly column: Name; readonly before: string }
  | { readonly column: Name; readonly atLeast: number }
  | { readonly column: Name; readonly below: number }
  /** In this column or one of the others; ASCII letters in either case. */
  | { readonly column: Name; readonly others: readonly Name[]; readonly contains: string };

/** Which changes a subscription wants: those of these topics that meet every condition. */
export interface Filter {
  readonly topics: readonly Topic[];
  /** Only for a filter of one topic, see {@link changesOf}. */
  readonly conditions: readonly Condition[];
}

/** The changes of one topic whose row meets every condition. */
export function changesOf<T extends Topic>(
  topic: T,
  conditions: readonly Condition<keyof RowOf<T> & string>[],
): Filter {
  return { topics: [topic], conditions };
}

/** The keys that a filter is about, when its conditions name them: changes are dispatched by these. Null: any key. */
export function keysOf(filter: Filter): readonly string[] | null {
  const [topic, ...others] = filter.topics;
  if (topic === undefined || others.length > 0) return null;
  for (const condition of filter.conditions) {
    if (condition.column === TOPICS[topic].keyColumn && "in" in condition) return condition.in.map(String);
  }
  return null;
}

/** Whether a row meets every condition. A null value meets none. */
export function meets(row: Readonly<Record<string, unknown>>, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    if ("contains" in condition) {
      const wanted = foldCase(condition.contains);
      return [condition.column, ...condition.others].some((name) => {
        const text = row[name];
        return typeof text === "string" && foldCase(text).includes(wanted);
      });
    }
    const value = row[condition.column];
    if (typeof value !== "string" && typeof value !== "number") return false;
    if ("in" in condition) return condition.in.includes(value);
    if ("startsWith" in condition) return String(value).startsWith(condition.startsWith);
    if ("atLeast" in condition) return Number(value) >= condition.atLeast;
    if ("below" in condition) return Number(value) < condition.below;
    return "after" in condition ? value > condition.after : value < condition.before;
  });
}

/** As `lower(text collate "C")` does it, whatever the database's locale. */
function foldCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether one of these texts contains another one, as the condition of the feed has it. */
export function containsText(texts: readonly SQL[], wanted: string): SQL {
  const all = texts.map((text) => sql`position(lower(${wanted}::text collate "C") in lower(${text} collate "C")) > 0`);
  return sql`(${sql.join(all, sql` or `)})`;
}

/** The same as SQL over `weir.change c`, whose row is JSON. A row that is not carried passes: it is checked when it was read. */
export function conditionsToSql(filter: Filter): SQL {
  const topics = sql`c.topic in (${sql.join(
    filter.topics.map((topic) => sql`${topic}`),
    sql`, `,
  )})`;
  const [topic] = filter.topics;
  if (topic === undefined || filter.conditions.length === 0) return topics;
  const all = allOf(topic, filter.conditions, {
    text: ({ name }) => sql`(c."row" ->> ${name}::text)`,
    typed: ({ name }, type) => sql`(c."row" ->> ${name}::text)::${sql.raw(type)}`,
  });
  return sql`${topics} and (not c.is_carried or (${all}))`;
}

/** The same as SQL over the topic's table itself. */
export function stateConditionsToSql(topic: Topic, conditions: readonly Condition[]): SQL {
  if (conditions.length === 0) return sql`true`;
  return allOf(topic, conditions, { text: (column) => sql`${column}`, typed: (column) => sql`${column}` });
}

function allOf(
  topic: Topic,
  conditions: readonly Condition[],
  value: {
    readonly text: (column: Column) => SQL;
    readonly typed: (column: Column, type: "timestamptz" | "numeric") => SQL;
  },
): SQL {
  const columns: Readonly<Record<string, Column>> = getColumns(TOPICS[topic].table);
  const columnOf = (name: string): Column => {
    const column = columns[name];
    if (column === undefined) throw new Error(`${topic} has no column ${name}`);
    return column;
  };
  const all = conditions.map((condition) => {
    const column = columnOf(condition.column);
    if ("contains" in condition) {
      const texts = [column, ...condition.others.map(columnOf)].map(value.text);
      return containsText(texts, condition.contains);
    }
    if ("in" in condition) {
      // A list without words is met by nothing; SQL has no such list.
      if (condition.in.length === 0) return sql`false`;
      return sql`${value.text(column)} in (${sql.join(
        condition.in.map((word) => sql`${String(word)}`),
        sql`, `,
      )})`;
    }
    if ("startsWith" in condition) return sql`starts_with(${value.text(column)}, ${condition.startsWith})`;
    if ("atLeast" in condition) return sql`${value.typed(column, "numeric")} >= ${condition.atLeast}::numeric`;
    if ("below" in condition) return sql`${value.typed(column, "numeric")} < ${condition.below}::numeric`;
    return "after" in condition
      ? sql`${value.typed(column, "timestamptz")} > ${condition.after}::timestamptz`
      : sql`${value.typed(column, "timestamptz")} < ${condition.before}::timestamptz`;
  });
  return sql.join(all, sql` and `);
}
