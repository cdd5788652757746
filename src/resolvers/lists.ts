import { and, type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Db } from "../db/client.ts";
import { type Connection, type Order, type Page, type PageArgs, pageRequest, toConnection, toPage } from "./paging.ts";

/** A page of rows and how to count all of them. */
export interface List<Row> {
  readonly order: Order<Row>;
  readonly page: Page<Row>;
  /** How many rows there are over all pages; null when there are more than 10,000. */
  readonly count: () => Promise<number | null>;
}

/** Counts beyond this are not made: the answer is null. */
const MOST_COUNTED = 10_000;

export async function countUpTo(db: Db, name: string, from: SQL): Promise<number | null> {
  const [counted] = await db.execute<{ count: string }>(
    sql`${sql.raw(`/* ${name} */`)} select count(*) from (select from ${from} limit ${MOST_COUNTED + 1}) t`,
  );
  const count = Number(counted?.count);
  return count > MOST_COUNTED ? null : count;
}

/** One page of a table's rows. `name` is the statement's, as `<system>.<list>`. */
export async function listRows<Row>(
  db: Db,
  options: {
    readonly name: `${string}.${string}`;
    readonly table: PgTable & { readonly $inferSelect: Row };
    readonly order: Order<Row>;
    readonly where: SQL | undefined;
    readonly args: PageArgs;
    readonly maxSize: number;
  },
): Promise<List<Row>> {
  const { name, order, where, args, maxSize } = options;
  // drizzle's builder can't relate a table that is a type parameter to the rows that it answers.
  const table: PgTable = options.table;
  const request = pageRequest(args, order, maxSize);
  const rows = await db
    .select()
    .from(table)
    .where(and(where, request.condition))
    .orderBy(request.orderBy)
    .limit(request.limit)
    .comment(name);
  return {
    order,
    page: toPage(request, rows as readonly Row[]),
    count: () => countUpTo(db, name.replace(".", ".count_"), sql`${table} where ${where ?? sql`true`}`),
  };
}

export function connect<Row, Node>(list: List<Row>, toNode: (row: Row) => Node): Connection<Node> {
  return toConnection(list.order, list.page, list.count, toNode);
}
