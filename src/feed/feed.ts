/**
 * The change feed. Its words:
 *
 * - *change*: one row of `weir.change`, written by triggers in the transaction that changed the row it tells of.
 * - *mark*: what one look at the log saw: a PostgreSQL snapshot, and the greatest number drawn by then (`cursor.ts`).
 * - *look*: taking the mark of the present and reading what lies between the last mark and it: a *batch*.
 * - *piece*: a bounded part of a batch (`log.ts`).
 * - *position*: what one reader has been given: a mark, and how much of the batch behind it. A *cursor* is its text.
 * - *tail*: the one loop of the process that looks (`tail.ts`), woken by the *doorbell*.
 * - *hub*: the ring of the newest pieces, which the tail fills (`hub.ts`).
 * - *place*: where a subscription reads next: an index of the hub, or a position of the log (`delivery.ts`, `follow.ts`).
 * - *delivery*: a change on its way to one subscription.
 */
import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { type Database, type Db, openDatabase } from "../db/client.ts";
import type { Filter } from "./conditions.ts";
import { decodeCursor, encodeCursor, type Position } from "./cursor.ts";
import { openDoorbell } from "./doorbell.ts";
import { type Follower, follow } from "./follow.ts";
import { readMark } from "./log.ts";
import { readPositionSince } from "./since.ts";
import { type FeedLog, startTail, type Tail } from "./tail.ts";

/** The change feed of one process. */
export interface Feed extends AsyncDisposable, Pick<Database, "suspend" | "resume"> {
  readonly tail: Tail;
  /** Which feed cursors belong to: another database has another id. */
  readonly id: string;
  /** Whether changes are being seen: false while the database can't be reached. */
  readonly isLive: boolean;
  /** Reads the present position: every change committed before the call is behind it. */
  now(): Promise<string>;
  /** Reads the position behind which everything comes that was written since then. Throws CursorError where not all of it is kept. */
  since(at: string): Promise<string>;
  /** Throws CursorError for what is no cursor of this feed. */
  position(cursor: string): Position;
  /** Starts reading for one subscription, from `after` or from now on; with the current state first where `snapshot` says so. */
  follow(filter: Filter, after: Position | null, options?: { readonly snapshot: boolean }): Follower;
  /** For the service's own writers, after their commit. */
  ring(): void;
}

/** The feed's statements go by an index always, also while nobody has counted the rows of a new partition. */
const SETTINGS = { enable_seqscan: "off" };
/** Milliseconds. */
const STATEMENT_TIMEOUT = 30_000;

/**
 * Opens the feed on connections of its own: one that looks, one that listens, and some for those who catch up. Rejects when
 * the database can't be reached.
 */
export async function openFeed(options: {
  url: string;
  log: FeedLog;
  isPrepared?: boolean;
  /** Subscriptions that catch up at a time; the others wait their turn, and none holds up anybody's queries. Default 4. */
  mostCatchUps?: number;
}): Promise<Feed> {
  const { url, log, isPrepared = true, mostCatchUps = 4 } = options;
  const session = { settings: SETTINGS, statementTimeout: STATEMENT_TIMEOUT, isPrepared };
  await using opened = new AsyncDisposableStack();
  const own = opened.use(openDatabase(url, { max: 1, name: "weir feed", ...session }));
  const readers = opened.use(openDatabase(url, { max: mostCatchUps, name: "weir readers", ...session }));
  let id = await readFeedId(own.db);
  const tail = opened.use(
    await startTail({
      db: own.db,
      log,
      onRewind: async () => {
        log.error({ feedId: id }, "the database has gone back in time: cursors given out so far are void");
        await own.db.execute(sql`/* feed.restart */ update weir.feed set id = gen_random_uuid()`);
        id = await readFeedId(own.db);
        return readMark(own.db);
      },
    }),
  );
  const doorbell = opened.use(await openDoorbell(own.sql, randomUUID().slice(0, 8), () => tail.wake()));
  const running = opened.move();

  return {
    tail,
    get id() {
      return id;
    },
    get isLive() {
      return tail.isLive;
    },
    now: async () => encodeCursor(id, { seen: await readMark(readers.db) }),
    since: async (at) => encodeCursor(id, await readPositionSince(readers.db, at)),
    position: (cursor) => decodeCursor(id, cursor),
    follow: (filter, after, { snapshot } = { snapshot: false }) =>
      follow({ db: readers.db, tail, feedId: () => id, filter, after, snapshot }),
    ring: () => doorbell.ring(),
    suspend() {
      for (const pool of [own, readers]) pool.suspend();
    },
    resume() {
      for (const pool of [own, readers]) pool.resume();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Tells this database from its copies too: a dump restored elsewhere, a clone of a template. */
async function readFeedId(db: Db): Promise<string> {
  const [row] = await db.execute<{ id: string }>(sql`/* feed.id */
    select left(md5(concat_ws(' ', f.id, d.oid, (pg_control_system()).system_identifier)), 12) as id
    from weir.feed f, pg_database d where d.datname = current_database()`);
  if (row === undefined) throw new Error("weir.feed has no row");
  return row.id;
}
