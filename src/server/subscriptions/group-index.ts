import { type Filter, keysOf } from "../../feed/conditions.ts";

interface Filtered {
  readonly filter: Filter;
}

/** Finds what a change may concern, without asking each. */
export interface GroupIndex<Group extends Filtered> {
  add(group: Group): void;
  remove(group: Group): void;
  interestedIn(topic: string, key: string): Iterable<Group>;
}

export function createGroupIndex<Group extends Filtered>(): GroupIndex<Group> {
  const byAddress = new Map<string, Set<Group>>();
  const none: ReadonlySet<Group> = new Set();
  return {
    add(group) {
      for (const address of addressesOf(group.filter)) {
        const groups = byAddress.get(address) ?? new Set();
        groups.add(group);
        byAddress.set(address, groups);
      }
    },
    remove(group) {
      for (const address of addressesOf(group.filter)) {
        const groups = byAddress.get(address);
        groups?.delete(group);
        if (groups?.size === 0) byAddress.delete(address);
      }
    },
    *interestedIn(topic, key) {
      yield* byAddress.get(topic) ?? none;
      yield* byAddress.get(`${topic} ${key}`) ?? none;
    },
  };
}

/** A topic, where any of its keys may be meant; else the topic with each key. */
function addressesOf(filter: Filter): readonly string[] {
  return filter.flatMap((asked) => {
    const { topic } = asked;
    return keysOf(asked)?.map((key) => `${topic} ${key}`) ?? [topic];
  });
}
