import DataLoader from "dataloader";
import { and, getColumns, type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Db } from "../db/client.ts";
import { groupByPlace } from "./batches.ts";
import { type Order, type Page, type PageArgs, type PageRequest, pageRequest, toPage } from "./paging.ts";

/** A list below each entry of another one, as the statuses below files. */
export interface NestedList<Key, Row, Args extends PageArgs> {
  /** One page below one entry. Those with the same arguments are read together. Throws BAD_USER_INPUT as {@link pageRequest} does. */
  page(key: Key, args: Args): Promise<Page<Row>>;
}

export function nestedList<Key, Row, Args extends PageArgs>(options: {
  readonly order: Order<Row>;
  readonly maxSize: number;
  /** Answers the rows that a request asks for, below each of the keys. */
  readonly load: (keys: readonly Key[], args: Args, request: PageRequest) => Promise<readonly (readonly Row[])[]>;
  /** What tells keys apart that are objects. */
  readonly nameOf?: (key: Key) => string;
}): NestedList<Key, Row, Args> {
  const { order, maxSize, load, nameOf } = options;
  const lists = new Map<string, { request: PageRequest; loader: DataLoader<Key, readonly Row[], unknown> }>();
  function open(args: Args) {
    const request = pageRequest(args, order, maxSize);
    const loader = new DataLoader<Key, readonly Row[], unknown>(
      (keys) => load(keys, args, request),
      nameOf === undefined ? {} : { cacheKeyFn: nameOf },
    );
    return { request, loader };
  }
  return {
    async page(key, args) {
      const name = JSON.stringify(args);
      const list = lists.get(name) ?? open(args);
      lists.set(name, list);
      return toPage(list.request, await list.loader.load(key));
    },
  };
}

/**
 * Reads for each key one page of a table's rows: one statement, whatever the number of keys. `keys` is a relation
 * `k(…, at)` with the keys' places from 1, `belongs` says which rows are below `k`. `name` is the statement's.
 */
export async function loadPages<Row>(
  db: Db,
  options: {
    readonly name: `${string}.${string}`;
    readonly table: PgTable & { readonly $inferSelect: Row };
    readonly places: number;
    readonly keys: SQL;
    readonly belongs: SQL | undefined;
    readonly request: Pick<PageRequest, "condition" | "orderBy" | "limit">;
  },
): Promise<readonly (readonly Row[])[]> {
  const { name, places, keys, belongs, request } = options;
  // drizzle's builder can't relate a table that is a type parameter to the rows that it answers.
  const table: PgTable = options.table;
  const page = db
    .select()
    .from(table)
    .where(and(belongs, request.condition))
    .orderBy(request.orderBy)
    .limit(request.limit)
    .as("page");
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(page) })
    .from(keys)
    .crossJoinLateral(page)
    .comment(name);
  return groupByPlace(places, rows as readonly (Row & { readonly at: number })[]);
}
