import { type Column, getColumns, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { type Filter, meets } from "./conditions.ts";
import { CursorError, encodeCursor, type Position } from "./cursor.ts";
import { type LoggedChange, type Piece, positionAfter, readPiece } from "./log.ts";
import { nextLimit, type Tail } from "./tail.ts";
import { TOPICS } from "./topics.ts";

/** A change on its way to one subscription. */
export interface Delivery {
  readonly change: LoggedChange;
  /** The row as of the change; one too large to be carried, as it is now. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Where to continue after this change. */
  readonly position: Position;
  /** The same as text for a client. */
  readonly cursor: string;
  readonly isReplay: boolean;
}

/** Where a subscription stands: in the hub's ring, or at a position of the log. */
export interface Place {
  /** Index of the next piece to read from the hub; null while catching up from the log. */
  index: number | null;
  position: Position;
}

export interface Follower {
  readonly place: Place;
  /** False once the database was set back: its place means nothing any more. */
  readonly isValid: boolean;
  /**
   * The next deliveries, in order: what is left of one piece. Empty when the piece held nothing that is wanted.
   * Waits for news when there are none. Throws {@link CursorError} when the feed no longer holds what comes next.
   */
  next(signal: AbortSignal): Promise<readonly Delivery[]>;
  /** In the hub: goes on at this piece, since those before it are known to hold nothing that is wanted. */
  skipTo(index: number): void;
}

export interface FollowOptions {
  db: Db;
  tail: Tail;
  feedId: () => string;
  filter: Filter;
  /** Null: from now on. */
  after: Position | null;
}

/** Reads the feed for one subscription: from the log until it has reached the hub, then from the hub. */
export function follow({ db, tail, feedId, filter, after }: FollowOptions): Follower {
  const { hub } = tail;
  const place: Place =
    after === null ? { index: hub.head.index, position: { seen: hub.head.mark } } : { index: null, position: after };
  const feedAtStart = feedId();
  let limit = 100;
  let isChecked = after === null;

  const deliveries = (piece: Piece, isReplay: boolean) => selectDeliveries(db, feedId(), filter, piece, isReplay);

  async function catchUp(): Promise<readonly Delivery[]> {
    if (!isChecked) {
      // A cursor may come from an instance that has seen more than this one: after a look of its own it has seen as much.
      await tail.look();
      await assertKept(db, place.position);
      isChecked = true;
    }
    const { seen, partial } = place.position;
    const target = hub.head;
    const piece = await readPiece(db, {
      from: seen,
      to: partial?.to ?? target.mark,
      afterSeq: partial?.seq ?? 0,
      limit,
      filter,
    });
    // Checked after the read: what retention removed before it shows here.
    await assertKept(db, place.position);
    limit = nextLimit(piece.changes.map((change) => change.size));
    place.position = positionAfter(piece);
    if (piece.isLast && piece.to === target.mark) place.index = target.index;
    return deliveries(piece, true);
  }

  return {
    place,
    get isValid() {
      return feedId() === feedAtStart;
    },
    async next(signal) {
      if (!this.isValid) {
        throw new CursorError("expired", "The database was set back. Read the current state and a new cursor.");
      }
      if (place.index !== null && place.index < hub.first) place.index = null;
      if (place.index === null) return catchUp();
      await hub.arrival(place.index, signal);
      const piece = hub.piece(place.index);
      if (piece === undefined) return [];
      place.index += 1;
      place.position = positionAfter(piece);
      return deliveries(piece, false);
    },
    skipTo(index) {
      if (place.index !== null && place.index < index) place.index = index;
    },
  };
}

/** Picks what a filter wants from a piece, reading the rows that were too large to be carried. */
export async function selectDeliveries(
  db: Db,
  feedId: string,
  filter: Filter,
  piece: Piece,
  isReplay: boolean,
): Promise<readonly Delivery[]> {
  const wanted: Delivery[] = [];
  for (const change of piece.changes) {
    if (!filter.topics.includes(change.topic)) continue;
    const row = change.isCarried ? change.row() : await readLargeRow(db, change);
    if (row === null || !meets(row, filter.conditions)) continue;
    wanted.push(delivery(feedId, piece, change, row, isReplay));
  }
  return wanted;
}

export function delivery(
  feedId: string,
  piece: Piece,
  change: LoggedChange,
  row: Readonly<Record<string, unknown>>,
  isReplay: boolean,
): Delivery {
  const position = positionAfter(piece, change.seq);
  let cursor: string | undefined;
  return {
    change,
    row,
    isReplay,
    position,
    get cursor() {
      cursor ??= encodeCursor(feedId, position);
      return cursor;
    },
  };
}

/** Reads a row that its change carried by primary key only, as it is now; null when it was deleted since. */
export async function readLargeRow(db: Db, change: LoggedChange): Promise<Readonly<Record<string, unknown>> | null> {
  const { table, primaryKey } = TOPICS[change.topic];
  const key = change.row();
  const columns: Readonly<Record<string, Column>> = getColumns(table);
  const [row] = await db
    .select()
    .from(table)
    .where(
      sql.join(
        primaryKey.map((name) => sql`${columns[name]} = ${key[name]}`),
        sql` and `,
      ),
    );
  return row ?? null;
}

async function assertKept(db: Db, { seen }: Position): Promise<void> {
  const [kept] = await db.execute<{ known: boolean; complete: boolean }>(sql`/* feed.kept */
    select pg_snapshot_xmax(${seen.snapshot}::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as known,
           forgotten_xid = '0' or pg_visible_in_snapshot(forgotten_xid, ${seen.snapshot}::pg_snapshot) as complete
    from weir.feed`);
  if (kept?.known !== true) {
    throw new CursorError(
      "expired",
      "This cursor is newer than the database. Read the current state and a new cursor.",
    );
  }
  if (!kept.complete) {
    throw new CursorError(
      "expired",
      "This cursor is older than the feed's retention. Read the current state and a new cursor.",
    );
  }
}
