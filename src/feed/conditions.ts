import { type Column, getColumns, type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { type RowOf, TOPICS, type Topic } from "./topics.ts";

/**
 * What a filter asks of a row, as data: one definition that is evaluated in memory for live changes and becomes SQL for those
 * read from the log, for snapshots and for lists. Values compare as the column's text does; instants have a form for which
 * that is right. A null value meets no condition.
 */
export type Condition<Name extends string = string> =
  | { readonly column: Name; readonly in: readonly (string | number)[] }
  | { readonly column: Name; readonly startsWith: string }
  | { readonly column: Name; readonly after: string }
  | { readonly column: Name; readonly before: string }
  | { readonly column: Name; readonly atLeast: number }
  | { readonly column: Name; readonly below: number }
  /** In this column or one of the others, in any case of letters. */
  | { readonly column: Name; readonly others: readonly Name[]; readonly contains: string };

/** The changes of one topic whose row meets every condition. */
export interface TopicFilter {
  readonly topic: Topic;
  readonly conditions: readonly Condition[];
}

/** Which changes a subscription wants: those that one of these wants. No topic is named twice. */
export type Filter = readonly TopicFilter[];

/** The changes of one topic whose row meets every condition. */
export function changesOf<T extends Topic>(
  topic: T,
  conditions: readonly Condition<keyof RowOf<T> & string>[],
): Filter {
  return [{ topic, conditions }];
}

/** The conditions that a filter's field gives: none where it asks nothing. */
export function when<Value, Asked>(value: Value | null | undefined, condition: (value: Value) => Asked): Asked[] {
  return value == null ? [] : [condition(value)];
}

/** The keys that a filter is about, when its conditions name them: changes are dispatched by these. Null: any key. */
export function keysOf({ topic, conditions }: TopicFilter): readonly string[] | null {
  for (const condition of conditions) {
    if (condition.column === TOPICS[topic].keyColumn && "in" in condition) return condition.in.map(String);
  }
  return null;
}

/** Whether a row meets every condition. */
export function meets(row: Readonly<Record<string, unknown>>, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    if ("contains" in condition) {
      const wanted = condition.contains.toLowerCase();
      return [condition.column, ...condition.others].some((name) => {
        const text = row[name];
        return typeof text === "string" && text.toLowerCase().includes(wanted);
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

/** Whether one of these texts contains another one, in any case of the letters that the database's locale knows. */
export function containsText(texts: readonly SQL[], wanted: string): SQL {
  const all = texts.map((text) => sql`strpos(lower(${text}), lower(${wanted}::text)) > 0`);
  return sql`(${sql.join(all, sql` or `)})`;
}

/** How a column is written in SQL. */
interface Readable {
  readonly text: SQL;
  readonly typed: (type: "timestamptz" | "numeric") => SQL;
  /** What an index holds in its place: `weir.path_key` of it, which begins as the text does and tells equal texts. */
  readonly key?: SQL | undefined;
}

/** A filter as SQL over `weir.change c`, whose row is JSON. A row that is not carried passes: it is checked when it was read. */
export function filterToSql(filter: Filter): SQL {
  const whole = filter.filter(({ conditions }) => conditions.length === 0).map(({ topic }) => sql`${topic}`);
  const parts = filter
    .filter(({ conditions }) => conditions.length > 0)
    .map(({ topic, conditions }) => {
      const columns: Readonly<Record<string, Column>> = getColumns(TOPICS[topic].table);
      const all = allOf(
        // Case is folded in memory alone, where one rule holds whatever the database's locale.
        conditions.filter((condition) => !("contains" in condition)),
        (name) => {
          const value = sql`(c."row" ->> ${columnOf(columns, name).name}::text)`;
          return { text: value, typed: (type) => sql`${value}::${sql.raw(type)}` };
        },
      );
      return sql`(c.topic = ${topic} and (not c.is_carried or (${all})))`;
    });
  if (whole.length > 0) parts.unshift(sql`c.topic in (${sql.join(whole, sql`, `)})`);
  return parts.length === 0 ? sql`false` : sql`(${sql.join(parts, sql` or `)})`;
}

/** Conditions as SQL over a table. `keys`: what an index holds of its long texts; see {@link Readable}. */
export function conditionsToSql<Name extends string>(
  table: PgTable,
  conditions: readonly Condition<Name>[],
  keys: Partial<Readonly<Record<NoInfer<Name>, SQL>>> = {},
): SQL {
  const columns: Readonly<Record<string, Column>> = getColumns(table);
  return allOf(conditions, (name) => {
    const text = sql`${columnOf(columns, name)}`;
    return { text, typed: () => text, key: keys[name] };
  });
}

function columnOf(columns: Readonly<Record<string, Column>>, name: string): Column {
  const column = columns[name];
  if (column === undefined) throw new Error(`there is no column ${name}`);
  return column;
}

/** Above every text that begins with the same characters, byte by byte. */
const HIGHEST = "\u{10FFFF}";
/** A key of a long text begins like the text itself for this many characters. */
const KEY_PREFIX = 100;

function allOf<Name extends string>(conditions: readonly Condition<Name>[], read: (name: Name) => Readable): SQL {
  if (conditions.length === 0) return sql`true`;
  return sql.join(
    conditions.map((condition) => toSql(condition, read)),
    sql` and `,
  );
}

function toSql<Name extends string>(condition: Condition<Name>, read: (name: Name) => Readable): SQL {
  if ("contains" in condition) {
    const texts = [condition.column, ...condition.others].map((name) => read(name).text);
    return containsText(texts, condition.contains);
  }
  const { text, typed, key } = read(condition.column);
  if ("in" in condition) {
    // A list without words is met by nothing; SQL has no such list.
    if (condition.in.length === 0) return sql`false`;
    const equal = isOneOf(text, condition.in, (value) => sql`${value}`);
    return key === undefined
      ? equal
      : sql`${isOneOf(key, condition.in, (value) => sql`weir.path_key(${value}::text)`)} and ${equal}`;
  }
  if ("startsWith" in condition) {
    const starts = sql`starts_with(${text}, ${condition.startsWith})`;
    if (key === undefined || condition.startsWith === "") return starts;
    const start = Array.from(condition.startsWith).slice(0, KEY_PREFIX).join("");
    return sql`${key} >= ${start} and ${key} < ${start + HIGHEST} and ${starts}`;
  }
  if ("atLeast" in condition) return sql`${typed("numeric")} >= ${condition.atLeast}::numeric`;
  if ("below" in condition) return sql`${typed("numeric")} < ${condition.below}::numeric`;
  return "after" in condition
    ? sql`${typed("timestamptz")} > ${condition.after}::timestamptz`
    : sql`${typed("timestamptz")} < ${condition.before}::timestamptz`;
}

function isOneOf(column: SQL, values: readonly (string | number)[], write: (value: string) => SQL): SQL {
  const written = values.map((value) => write(String(value)));
  const [only, ...others] = written;
  return others.length === 0 ? sql`${column} = ${only}` : sql`${column} in (${sql.join(written, sql`, `)})`;
}
