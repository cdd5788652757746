import type { StateSource } from "../../resolvers/states.ts";
import type { Sink } from "./fanout.ts";

interface StateSubscription {
  /** Subscriptions with the same key get the same payloads. */
  readonly key: string;
  readonly source: StateSource;
  /** Reads the state and serialises the result; null where it can't be read at present. */
  readonly execute: (tick: object) => Promise<Buffer | null>;
  readonly sink: Sink;
  /** The source has ended: the service stops. */
  readonly onEnd: () => void;
}

interface Member extends Pick<StateSubscription, "sink" | "onEnd"> {
  isWaiting: boolean;
}

interface Group {
  readonly members: Set<Member>;
  /** The newest state; null before the first was read. */
  payload: Buffer | null;
  readonly stop: () => void;
}

/** Subscriptions to whole states: those that are alike are read once, and told only what differs from what they were told last. */
export interface States {
  /** Starts to deliver; the result ends it. */
  subscribe(subscription: StateSubscription): () => void;
}

export function createStates(): States {
  const groups = new Map<string, Group>();

  function open({ key, source, execute }: StateSubscription): Group {
    const ticks = source[Symbol.asyncIterator]();
    const group: Group = { members: new Set(), payload: null, stop: () => void ticks.return?.() };
    groups.set(key, group);
    void run(group, ticks, execute);
    return group;
  }

  return {
    subscribe(subscription) {
      const { key, sink, onEnd } = subscription;
      const group = groups.get(key) ?? open(subscription);
      const member: Member = { sink, onEnd, isWaiting: false };
      group.members.add(member);
      give(group, member);
      return () => {
        group.members.delete(member);
        if (group.members.size > 0) return;
        if (groups.get(key) === group) groups.delete(key);
        group.stop();
      };
    },
  };
}

async function run(group: Group, ticks: AsyncIterator<object>, execute: StateSubscription["execute"]): Promise<void> {
  for (let tick = await ticks.next(); tick.done !== true; tick = await ticks.next()) {
    const payload = await execute(tick.value);
    if (payload === null || group.payload?.equals(payload) === true) continue;
    group.payload = payload;
    for (const member of group.members) give(group, member);
  }
  for (const { onEnd } of group.members) onEnd();
}

/** Whoever does not keep up gets the newest state when he has read what he was given: what was between is of no use to him. */
function give(group: Group, member: Member): void {
  const { payload, members } = group;
  if (payload === null || member.isWaiting || !members.has(member)) return;
  if (!member.sink.isCongested) return member.sink.send(payload);
  member.isWaiting = true;
  void giveWhenDrained(group, member);
}

async function giveWhenDrained(group: Group, member: Member): Promise<void> {
  await member.sink.drained();
  member.isWaiting = false;
  give(group, member);
}
