import { type Column, getColumns, type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Db } from "../db/client.ts";
import { instantFromPostgres } from "../db/columns.ts";
import { conditionsToSql, type Filter, type TopicFilter } from "./conditions.ts";
import { CursorError, encodeCursor, type Mark, type Position } from "./cursor.ts";
import { type Delivery, type Place, selectDeliveries } from "./delivery.ts";
import { assertKept, nextLimit, positionAfter, readMark, readPiece } from "./log.ts";
import { TOPICS, type Topic } from "./topics.ts";

/** Rows of the state that are read, and kept in memory, at a time. */
const PAGE_ROWS = 100;

type Row = Readonly<Record<string, unknown>>;

/** Some rows of the state, in the order of their keys, as `mark` sees them. */
interface StatePage {
  readonly mark: Mark;
  readonly at: string;
  readonly rows: readonly Row[];
  readonly isLast: boolean;
}

/** Reads the state first; `place` is moved along, and has no `state` any more when the state is through. */
export interface SnapshotReader {
  next(): Promise<readonly Delivery[]>;
}

/**
 * The current state as changes, a page at a time: no transaction stays open for a slow client, and none of it has to fit into
 * memory. Before each further page come the changes since the last one to the rows that were delivered already; so what
 * was delivered is at any time the state of one instant, up to a key.
 */
export function createSnapshotReader(options: {
  db: Db;
  feedId: () => string;
  filter: Filter;
  place: Place;
}): SnapshotReader {
  const { db, feedId, filter, place } = options;
  const asked = onlyOf(filter);
  const { topic } = asked;
  const key = keyColumnOf(topic);
  let page: StatePage | null = null;
  let limit = PAGE_ROWS;

  /** Changes to rows that were delivered. */
  async function nextChanges(partial: NonNullable<Position["partial"]>, upTo: string): Promise<readonly Delivery[]> {
    const { seen } = place.position;
    const piece = await readPiece(db, { from: seen, to: partial.to, afterSeq: partial.seq, limit, filter });
    await assertKept(db, place.position);
    limit = nextLimit(piece.changes.map(({ size }) => size));
    const deliveries = await selectDeliveries(db, feedId(), filter, piece, true);
    place.position = { ...positionAfter(piece), state: { upTo } };
    return deliveries
      .filter(({ row }) => key.compare(row, upTo) <= 0)
      .map((delivery) => within(feedId(), delivery, { ...delivery.position, state: { upTo } }));
  }

  function deliverPage({ mark, at, rows, isLast }: StatePage): readonly Delivery[] {
    const deliveries = rows.map((row, index) => {
      const isEnd = isLast && index === rows.length - 1;
      const position: Position = isEnd ? { seen: mark } : { seen: mark, state: { upTo: key.of(row) } };
      return within(feedId(), { change: snapshotChange(topic, row, at), row, isReplay: true }, position);
    });
    place.position = deliveries.at(-1)?.position ?? { seen: mark };
    return deliveries;
  }

  return {
    async next() {
      const { seen, partial, state } = place.position;
      const upTo = state?.upTo ?? null;
      if (partial !== undefined && upTo !== null) return nextChanges(partial, upTo);
      if (page === null) {
        page = await readStatePage(db, asked, key, upTo);
        if (upTo !== null) {
          place.position = { seen, partial: { to: page.mark, seq: 0 }, state: { upTo } };
          return [];
        }
      }
      const ready = page;
      page = null;
      return deliverPage(ready);
    },
  };
}

async function readStatePage(
  db: Db,
  { topic, conditions }: TopicFilter,
  key: StateKey,
  upTo: string | null,
): Promise<StatePage> {
  const table: PgTable = TOPICS[topic].table;
  return db.transaction(
    async (tx) => {
      const mark = await readMark(tx);
      const [clock] = await tx.execute<{ at: string }>(sql`select now() as at`);
      const rows = await tx
        .select()
        .from(table)
        .where(sql`${conditionsToSql(table, conditions)} and ${upTo === null ? sql`true` : key.behind(upTo)}`)
        .orderBy(key.order)
        .limit(PAGE_ROWS)
        .comment("feed.state");
      return { mark, at: instantFromPostgres(clock?.at ?? ""), rows, isLast: rows.length < PAGE_ROWS };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

/** The column by which a topic's state is read. */
interface StateKey {
  readonly of: (row: Row) => string;
  /** Below 0 where the row's key is before the other one. */
  readonly compare: (row: Row, other: string) => number;
  readonly behind: (key: string) => SQL;
  readonly order: SQL;
}

function keyColumnOf(topic: Topic): StateKey {
  const { table, primaryKey } = TOPICS[topic];
  const [name, ...more] = primaryKey;
  const columns: Readonly<Record<string, Column>> = getColumns(table);
  const column = columns[name];
  // Subscriptions with a snapshot have topics with a key of one column: here a cursor of one was given to another.
  if (column === undefined || more.length > 0) throw notOfThis();
  const of = (row: Row) => String(row[name]);
  if (column.dataType.startsWith("number")) {
    return {
      of,
      compare: (row, other) => Number(row[name]) - Number(other),
      behind: (key) => {
        if (!/^-?\d{1,15}$/.test(key)) throw notOfThis();
        return sql`${column} > ${key}::bigint`;
      },
      order: sql`${column}`,
    };
  }
  // Byte by byte, as JavaScript can compare too.
  return {
    of,
    compare: (row, other) => Buffer.compare(Buffer.from(of(row)), Buffer.from(other)),
    behind: (key) => sql`${column} collate "C" > ${key}`,
    order: sql`${column} collate "C"`,
  };
}

function onlyOf([asked, ...others]: Filter): TopicFilter {
  if (asked === undefined || others.length > 0) throw notOfThis();
  return asked;
}

function notOfThis(): CursorError {
  return new CursorError("malformed", "This cursor stands within the snapshot of another subscription.");
}

function snapshotChange(topic: Topic, row: Row, at: string): Delivery["change"] {
  return {
    seq: 0,
    at,
    topic,
    key: String(row[TOPICS[topic].keyColumn]),
    operation: "SNAPSHOT",
    actor: null,
    isCurrent: null,
    isCarried: true,
    size: 0,
    row: () => row,
  };
}

function within(feedId: string, delivery: Pick<Delivery, "change" | "row" | "isReplay">, position: Position): Delivery {
  const { change, row, isReplay } = delivery;
  return {
    change,
    row,
    isReplay,
    position,
    get cursor() {
      return encodeCursor(feedId, position);
    },
  };
}
