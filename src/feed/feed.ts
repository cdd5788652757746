import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Database, Db } from "../db/client.ts";
import type { Filter } from "./conditions.ts";
import { decodeCursor, encodeCursor, type Position } from "./cursor.ts";
import { type Doorbell, openDoorbell } from "./doorbell.ts";
import { type Follower, follow } from "./follow.ts";
import { readMark } from "./log.ts";
import { startTail, type Tail } from "./tail.ts";

/** Where the feed reports what goes wrong; a pino logger is one. */
export interface FeedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The change feed of one process. */
export interface Feed extends AsyncDisposable {
  readonly tail: Tail;
  /** Which feed cursors belong to: another database has another id. */
  readonly id: string;
  /** Whether changes are being seen: false while the database can't be reached. */
  readonly isLive: boolean;
  /** Reads the present position: every change committed before the call is behind it. */
  now(): Promise<string>;
  /** Throws CursorError for what is no cursor of this feed. */
  position(cursor: string): Position;
  /** Starts reading for one subscription, from `after` or from now on. */
  follow(filter: Filter, after: Position | null): Follower;
  /** For the service's own writers, after their commit. */
  ring(): void;
}

/**
 * Opens the feed on connections of its own: one that looks, one that listens. `database` is where the subscriptions that
 * catch up read. Rejects when the database can't be reached.
 */
export async function openFeed(options: { database: Database; own: Database; log: FeedLog }): Promise<Feed> {
  const { database, own, log } = options;
  let id = await readFeedId(own.db);
  const tail = await startTail({
    db: own.db,
    log,
    onRewind: async () => {
      log.error({ feedId: id }, "the database has gone back in time: cursors given out so far are void");
      await own.db.execute(sql`/* feed.restart */ update weir.feed set id = gen_random_uuid()`);
      id = await readFeedId(own.db);
      return readMark(own.db);
    },
  });
  const doorbell: Doorbell = await openDoorbell(own.sql, randomUUID().slice(0, 8), () => tail.wake());

  return {
    tail,
    get id() {
      return id;
    },
    get isLive() {
      return tail.isLive;
    },
    now: async () => encodeCursor(id, { seen: await readMark(database.db) }),
    position: (cursor) => decodeCursor(id, cursor),
    follow: (filter, after) => follow({ db: database.db, tail, feedId: () => id, filter, after }),
    ring: () => doorbell.ring(),
    async [Symbol.asyncDispose]() {
      await doorbell[Symbol.asyncDispose]();
      await tail[Symbol.asyncDispose]();
    },
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
