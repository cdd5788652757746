import { and, type SQL, sql } from "drizzle-orm";
import { badInput } from "./errors.ts";

/** Relay's arguments. */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The same for a list that can be filtered. */
export interface FilterArgs<Filter> extends PageArgs {
  readonly filter?: Filter | null | undefined;
}

/** One column of a list's order. The columns together are unique and never null, so that a page has a definite end. */
export interface OrderBy {
  readonly expression: SQL;
  readonly direction: "asc" | "desc";
  readonly type: "timestamptz" | "bigint" | "integer" | "text" | "date";
}

/** An order by which a list is paged: keyset, so that the thousandth page costs what the first does. */
export interface Order<Row> {
  /** Stands in each cursor: one from another list is refused. */
  readonly name: string;
  readonly columns: readonly OrderBy[];
  /** The values of the columns in a row. */
  readonly keyOf: (row: Row) => readonly (string | number)[];
}

/** What to ask the database for, from the arguments of a list. */
export interface PageRequest {
  /** Rows to fetch: one more than the page has, which tells whether another page follows. */
  readonly limit: number;
  readonly size: number;
  readonly isBackward: boolean;
  readonly condition: SQL | undefined;
  readonly orderBy: SQL;
  readonly hasCursor: boolean;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

const DEFAULT_SIZE = 50;

/** Reads the arguments of a list. Throws BAD_USER_INPUT for sizes out of range and for cursors of another list. */
export function pageRequest<Row>(args: PageArgs, order: Order<Row>, maxSize: number): PageRequest {
  const { first, last, after, before } = args;
  if (first != null && last != null) throw badInput("Give either first or last, not both.");
  if (after != null && before != null) throw badInput("Give either after or before, not both.");
  const isBackward = last != null || (before != null && first == null);
  if (isBackward && after != null) throw badInput("last goes with before, not with after.");
  if (!isBackward && before != null) throw badInput("first goes with after, not with before.");
  const size = (isBackward ? last : first) ?? DEFAULT_SIZE;
  if (size < 0 || size > maxSize) {
    throw badInput(`${isBackward ? "last" : "first"} is ${size}; a page has 0 to ${maxSize} entries.`);
  }
  const cursor = isBackward ? before : after;
  const columns = isBackward ? order.columns.map(reversed) : order.columns;
  return {
    limit: size + 1,
    size,
    isBackward,
    condition: cursor == null ? undefined : behind(columns, readCursor(order, cursor)),
    orderBy: sql.join(
      columns.map(({ expression, direction }) => sql`${expression} ${sql.raw(direction)}`),
      sql`, `,
    ),
    hasCursor: cursor != null,
  };
}

/** Makes the page from the rows that were fetched for a request. */
export function toPage<Row>(request: PageRequest, fetched: readonly Row[]): Page<Row> {
  const rows = fetched.slice(0, request.size);
  const hasMore = fetched.length > request.size;
  return request.isBackward
    ? { rows: rows.toReversed(), hasNextPage: request.hasCursor, hasPreviousPage: hasMore }
    : { rows, hasNextPage: hasMore, hasPreviousPage: request.hasCursor };
}

function writeCursor<Row>(order: Order<Row>, row: Row): string {
  return Buffer.from(JSON.stringify([order.name, ...order.keyOf(row)])).toString("base64url");
}

function readCursor<Row>(order: Order<Row>, cursor: string): readonly (string | number)[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    parts = undefined;
  }
  const malformed = badInput(
    "This is not a cursor of this list. Use pageInfo.endCursor or an edge's cursor of the same list.",
  );
  if (!Array.isArray(parts) || parts[0] !== order.name || parts.length !== order.columns.length + 1) throw malformed;
  return order.columns.map(({ type }, at) => {
    const value: unknown = parts[at + 1];
    if (typeof value === "string" && isValueOf(type, value)) return value;
    if (typeof value === "number" && isNumberOf(type, value)) return value;
    throw malformed;
  });
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const LEAST_YEAR = "0001";
const INFINITIES = new Set(["infinity", "-infinity"]);

function isValueOf(type: OrderBy["type"], value: string): boolean {
  switch (type) {
    case "timestamptz":
      return INFINITIES.has(value) || (INSTANT.test(value) && isInCalendar(value)) || isFarInstant(value);
    case "date":
      return INFINITIES.has(value) || (DAY.test(value) && isInCalendar(value));
    case "text":
      return value.isWellFormed() && !value.includes("\0");
    default:
      return false;
  }
}

const FAR_INSTANT = /^(\d{4,6})-(\d\d-\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?\+00(?: BC)?$/;

/** An instant that has no canonical form, as PostgreSQL prints it: of a year above 9999 or before Christ. */
function isFarInstant(value: string): boolean {
  const [, year = "", day = ""] = FAR_INSTANT.exec(value) ?? [];
  // PostgreSQL's last year, and its first: 4714 BC. The calendar repeats itself every 400 years.
  const isBefore = value.endsWith("BC");
  if (year === "" || Number(year) < 1 || Number(year) > (isBefore ? 4713 : 294_275)) return false;
  const astronomical = isBefore ? 1 - Number(year) : Number(year);
  return isInCalendar(`${2_000 + (((astronomical % 400) + 400) % 400)}-${day}`);
}

/** Date.parse takes February 30 for March 1, and PostgreSQL has no year 0. */
function isInCalendar(value: string): boolean {
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds) || value < LEAST_YEAR) return false;
  return new Date(milliseconds).toISOString().slice(0, 10) === value.slice(0, 10);
}

function isNumberOf(type: OrderBy["type"], value: number): boolean {
  if (type === "bigint") return Number.isSafeInteger(value);
  // In 32 bits, as the column.
  return type === "integer" && (value | 0) === value;
}

function reversed(column: OrderBy): OrderBy {
  return { ...column, direction: column.direction === "asc" ? "desc" : "asc" };
}

/** The rows that come after these values in this order. */
function behind(columns: readonly OrderBy[], values: readonly (string | number)[]): SQL | undefined {
  const [lead, ...others] = columns;
  const [value, ...otherValues] = values;
  if (lead === undefined || value === undefined) return undefined;
  const typed = columns.map(({ type }, at) => sql`${String(values[at])}::${sql.raw(type)}`);
  const beyond = lead.direction === "asc" ? sql.raw(">") : sql.raw("<");
  if (others.every(({ direction }) => direction === lead.direction)) {
    return sql`(${sql.join(
      columns.map(({ expression }) => expression),
      sql`, `,
    )}) ${beyond} (${sql.join(typed, sql`, `)})`;
  }
  // Mixed directions: the first comparison alone lets the index start at the right place.
  const first = typed[0] ?? sql`null`;
  const rest = behind(others, otherValues);
  return and(
    sql`${lead.expression} ${beyond}= ${first}`,
    sql`(${lead.expression} ${beyond} ${first} or (${lead.expression} = ${first} and ${rest ?? sql`false`}))`,
  );
}

/** A list as Relay's connections show it. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: () => string; readonly node: Node }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Counts when asked; null beyond what is counted. */
  readonly totalCount: () => Promise<number | null>;
}

export function toConnection<Row, Node>(
  order: Order<Row>,
  page: Page<Row>,
  totalCount: () => Promise<number | null>,
  toNode: (row: Row) => Node,
): Connection<Node> {
  return {
    edges: page.rows.map((row) => ({ cursor: () => writeCursor(order, row), node: toNode(row) })),
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
    totalCount,
  };
}
