import type { Db } from "../db/client.ts";
import type { Filter } from "./conditions.ts";
import { CursorError, type Position } from "./cursor.ts";
import { type Delivery, type Place, selectDeliveries } from "./delivery.ts";
import { assertKept, assertSameHistory, nextLimit, type Piece, positionAfter, readPiece } from "./log.ts";
import { createSnapshotReader } from "./snapshot.ts";
import type { Tail } from "./tail.ts";

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
  /** Begins with the current state; only where `after` is null, and for one topic. */
  snapshot: boolean;
}

/** Reads the feed for one subscription: from the log until it has reached the hub, then from the hub. */
export function follow({ db, tail, feedId, filter, after, snapshot }: FollowOptions): Follower {
  const { hub } = tail;
  const place: Place =
    after === null ? { index: hub.head.index, position: { seen: hub.head.mark } } : { index: null, position: after };
  if (snapshot && after === null) {
    place.index = null;
    place.position = { seen: hub.head.mark, state: { upTo: null } };
  }
  const state = place.position.state === undefined ? null : createSnapshotReader({ db, feedId, filter, place });
  const feedAtStart = feedId();
  let limit = 100;
  let isChecked = place.index !== null;

  const deliveries = (piece: Piece, isReplay: boolean) => selectDeliveries(db, feedId(), filter, piece, isReplay);

  async function catchUp(): Promise<readonly Delivery[]> {
    if (!isChecked) {
      // A cursor may come from an instance that has seen more than this one: after a look of its own it has seen as much.
      await tail.look();
      await assertKept(db, place.position);
      await assertSameHistory(db, place.position);
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
      if (state !== null && place.position.state !== undefined) return state.next();
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
