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
  | { readonly column: Name; readonly before: string };

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
    const value = row[condition.column];
    if (typeof value !== "string" && typeof value !== "number") return false;
    if ("in" in condition) return condition.in.includes(value);
    if ("startsWith" in condition) return String(value).startsWith(condition.startsWith);
    return "after" in condition ? value > condition.after : value < condition.before;
  });
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
    instant: ({ name }) => sql`(c."row" ->> ${name}::text)::timestamptz`,
  });
  return sql`${topics} and (not c.is_carried or (${all}))`;
}

/** The same as SQL over the topic's table itself. */
export function stateConditionsToSql(topic: Topic, conditions: readonly Condition[]): SQL {
  if (conditions.length === 0) return sql`true`;
  return allOf(topic, conditions, { text: (column) => sql`${column}`, instant: (column) => sql`${column}` });
}

function allOf(
  topic: Topic,
  conditions: readonly Condition[],
  value: { readonly text: (column: Column) => SQL; readonly instant: (column: Column) => SQL },
): SQL {
  const columns: Readonly<Record<string, Column>> = getColumns(TOPICS[topic].table);
  const all = conditions.map((condition) => {
    const column = columns[condition.column];
    if (column === undefined) throw new Error(`${topic} has no column ${condition.column}`);
    if ("in" in condition) {
      // A list without words is met by nothing; SQL has no such list.
      if (condition.in.length === 0) return sql`false`;
      return sql`${value.text(column)} in (${sql.join(
        condition.in.map((word) => sql`${String(word)}`),
        sql`, `,
      )})`;
    }
    if ("startsWith" in condition) return sql`starts_with(${value.text(column)}, ${condition.startsWith})`;
    return "after" in condition
      ? sql`${value.instant(column)} > ${condition.after}::timestamptz`
      : sql`${value.instant(column)} < ${condition.before}::timestamptz`;
  });
  return sql.join(all, sql` and `);
}
