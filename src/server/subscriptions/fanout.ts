import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { isUnreachable } from "../../db/client.ts";
import type { Filter } from "../../feed/conditions.ts";
import type { Position } from "../../feed/cursor.ts";
import type { Delivery } from "../../feed/delivery.ts";
import type { Feed } from "../../feed/feed.ts";
import type { Follower } from "../../feed/follow.ts";
import { createGroupIndex, type GroupIndex } from "./group-index.ts";

/** Milliseconds of deliveries after which the event loop gets its turn, so that sockets can write what they were given. */
const TIME_SLICE = 8;
/** Milliseconds before the log is read again after the database was out of reach. */
const RETRY = 200;

/** Where the payloads of one subscription go. */
export interface Sink {
  /** Takes a serialised execution result, shared with other sinks: it is not to be changed. */
  send(payload: Buffer): void;
  /** More is waiting to be written than the client should be given. */
  readonly isCongested: boolean;
  /** Resolves when it is no longer congested, or is closed. */
  drained(): Promise<void>;
}

interface SharedSubscription {
  /** Subscriptions with the same key are executed once: same document, variables but for the cursor, and scope. */
  readonly key: string;
  readonly filter: Filter;
  /** Stands where the subscription begins. */
  readonly follower: Follower;
  /** Executes the operation for one change and serialises the result. */
  readonly execute: (delivery: Delivery) => Buffer | Promise<Buffer>;
  readonly sink: Sink;
  /** The feed can't be continued for this subscription. */
  readonly onError: (error: unknown) => void;
}

interface Member extends SharedSubscription {
  readonly stop: AbortController;
  /** Where it stood when it joined its group: deliveries of earlier pieces are behind it. */
  joined: { readonly index: number; readonly position: Position };
}

interface Group {
  readonly key: string;
  readonly filter: Filter;
  readonly members: Set<Member>;
  readonly follower: Follower;
  readonly stop: AbortController;
  /** Indexes of the hub's pieces that may hold something for this group. */
  readonly relevant: number[];
  wake: () => void;
}

/** Runs one delivery to so many sockets; answers when it is with them. */
export type AroundDelivery = (delivery: Delivery, sockets: number, run: () => Promise<void>) => Promise<void>;

export interface FanoutOptions {
  /** Is told how many milliseconds a delivery took from the hub to the sockets of its group. */
  readonly onDelivered?: ((took: number) => void) | undefined;
  readonly around?: AroundDelivery | undefined;
}

/** What all subscriptions of the process share. */
interface Hall extends FanoutOptions {
  readonly feed: Feed;
  readonly groups: Map<string, Group>;
  readonly index: GroupIndex<Group>;
}

export interface Fanout {
  /** Starts to deliver; the result ends it. */
  subscribe(subscription: SharedSubscription): () => void;
  /** Groups of subscriptions that are executed as one; for tests and metrics. */
  readonly groups: number;
  /** All subscriptions, and of these the ones that have joined a group: the others read the log. */
  readonly subscriptions: number;
  readonly live: number;
}

/**
 * Delivers the feed to many subscriptions. Those that are alike form a group, which reads the hub and executes once for all
 * of them. One with a cursor to catch up from, or whose client does not keep up, reads by itself until it stands where
 * the hub stands, and joins the group then.
 */
export function createFanout(feed: Feed, options: FanoutOptions = {}): Fanout {
  const { hub } = feed.tail;
  const hall: Hall = { ...options, feed, groups: new Map(), index: createGroupIndex() };
  const { groups } = hall;
  let subscriptions = 0;

  hub.onPiece((piece, at) => {
    for (const change of piece.changes) {
      for (const group of hall.index.interestedIn(change.topic, change.key)) {
        if (group.relevant.at(-1) === at) continue;
        group.relevant.push(at);
        group.wake();
      }
    }
  });

  // Each finds out for himself that his feed has ended, and tells his client.
  hub.onReset(() => {
    const all = [...groups.values()].flatMap((group) => [...group.members].map((member) => ({ group, member })));
    for (const { group, member } of all) dismiss(hall, group, member, null);
  });

  return {
    subscribe(subscription) {
      const member: Member = {
        ...subscription,
        stop: new AbortController(),
        joined: { index: hub.head.index, position: { seen: hub.head.mark } },
      };
      void runAlone(hall, member, subscription.follower);
      subscriptions += 1;
      return () => {
        if (!member.stop.signal.aborted) subscriptions -= 1;
        member.stop.abort();
        const group = groups.get(member.key);
        if (group?.members.has(member) === true) leave(hall, group, member);
      };
    },
    get groups() {
      return groups.size;
    },
    get subscriptions() {
      return subscriptions;
    },
    get live() {
      return groups.values().reduce((sum, { members }) => sum + members.size, 0);
    },
  };
}

/** Whoever stands at the hub's head joins, unless the group has already read beyond it or is behind the ring. */
function tryJoin(hall: Hall, member: Member, follower: Follower): boolean {
  const { head } = hall.feed.tail.hub;
  if (follower.place.index !== head.index || !follower.isValid) return false;
  const group = hall.groups.get(member.key) ?? openGroup(hall, member);
  const groupIndex = group.follower.place.index;
  if (groupIndex === null || groupIndex > head.index) return false;
  member.joined = { index: head.index, position: { seen: head.mark } };
  group.members.add(member);
  return true;
}

function openGroup(hall: Hall, { key, filter }: Member): Group {
  const { hub } = hall.feed.tail;
  const group: Group = {
    key,
    filter,
    members: new Set(),
    follower: hall.feed.follow(filter, null),
    stop: new AbortController(),
    // Pieces of a batch that is still being published: they came before the group could be told.
    relevant: Array.from({ length: hub.next - hub.head.index }, (_, ahead) => hub.head.index + ahead),
    wake: () => {},
  };
  hall.groups.set(key, group);
  hall.index.add(group);
  void runGroup(hall, group);
  return group;
}

function leave(hall: Hall, group: Group, member: Member): void {
  group.members.delete(member);
  if (group.members.size > 0) return;
  group.stop.abort();
  group.wake();
  hall.groups.delete(group.key);
  hall.index.remove(group);
}

/** The member goes on by itself: from a position, or with what its group has read last. */
function dismiss(hall: Hall, group: Group, member: Member, position: Position | null): void {
  leave(hall, group, member);
  void runAlone(hall, member, position === null ? group.follower : hall.feed.follow(member.filter, position));
}

async function runGroup(hall: Hall, group: Group): Promise<void> {
  const { hub } = hall.feed.tail;
  const { follower, members, relevant, stop } = group;
  const slice = createTimeSlice();
  while (!stop.signal.aborted) {
    const at = follower.place.index;
    if (at !== null) {
      while (relevant[0] !== undefined && relevant[0] < at) relevant.shift();
      const next = relevant[0];
      if (next === undefined) {
        await new Promise<void>((resolve) => (group.wake = resolve));
        continue;
      }
      // Below the ring the group reads the log, where the pieces that a late member has already are not told apart.
      if (at < hub.first && next < hub.first) for (const member of members) dismissIfLate(hall, group, member, at);
      else follower.skipTo(next);
    }
    const from = follower.place;
    const pieceIndex = from.index;
    const start = from.position;
    try {
      for (const delivery of await follower.next(stop.signal)) {
        const deliver = () => deliverToGroup(hall, group, delivery, pieceIndex);
        await (hall.around?.(delivery, members.size, deliver) ?? deliver());
        if (slice.isOver()) await slice.next();
      }
    } catch {
      // The log could not be read. Each member goes on by itself and tells its own client if that fails as well.
      for (const member of members) dismiss(hall, group, member, laterOf(member, pieceIndex, start));
    }
  }
}

function dismissIfLate(hall: Hall, group: Group, member: Member, at: number): void {
  if (member.joined.index > at) dismiss(hall, group, member, member.joined.position);
}

async function deliverToGroup(hall: Hall, group: Group, delivery: Delivery, pieceIndex: number | null): Promise<void> {
  const [any] = group.members;
  if (any === undefined) return;
  const result = any.execute(delivery);
  const payload = result instanceof Promise ? await result : result;
  for (const member of group.members) {
    if (pieceIndex !== null && pieceIndex < member.joined.index) continue;
    member.sink.send(payload);
    if (member.sink.isCongested) dismiss(hall, group, member, delivery.position);
  }
  const cameAt = pieceIndex === null ? undefined : hall.feed.tail.hub.cameAt(pieceIndex);
  if (cameAt !== undefined) hall.onDelivered?.(performance.now() - cameAt);
}

async function runAlone(hall: Hall, member: Member, follower: Follower): Promise<void> {
  const { feed } = hall;
  const { signal } = member.stop;
  const slice = createTimeSlice();
  try {
    while (!signal.aborted) {
      if (member.sink.isCongested) await member.sink.drained();
      if (signal.aborted || tryJoin(hall, member, follower)) return;
      for (const delivery of await follower.next(signal)) {
        if (signal.aborted) return;
        const payload = await member.execute(delivery);
        // Ended while it was executed: its id may be that of another operation by now.
        if (signal.aborted) return;
        member.sink.send(payload);
        if (member.sink.isCongested) {
          // What is left of the piece is read again when the client has caught up: nobody's backlog is kept in memory.
          void runAlone(hall, member, feed.follow(member.filter, delivery.position));
          return;
        }
        if (slice.isOver()) await slice.next();
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    if (isUnreachable(error)) {
      // Where it stands is known: it goes on when the database is back.
      await sleep(RETRY, undefined, { signal }).catch(() => {});
      void runAlone(hall, member, feed.follow(member.filter, follower.place.position));
      return;
    }
    member.onError(error);
  }
}

/** Where a member of a failing group goes on: behind what the group delivered, and not before where it joined. */
function laterOf(member: Member, pieceIndex: number | null, start: Position): Position {
  return pieceIndex === null || member.joined.index <= pieceIndex ? start : member.joined.position;
}

function createTimeSlice() {
  let end = performance.now() + TIME_SLICE;
  return {
    isOver: () => performance.now() > end,
    async next() {
      await setImmediate();
      end = performance.now() + TIME_SLICE;
    },
  };
}
