import type { Filter } from "../feed/conditions.ts";
import type { Delivery } from "../feed/delivery.ts";
import type { Follower } from "../feed/follow.ts";
import { type RowOf, TOPIC_NAMES, type Topic } from "../feed/topics.ts";
import type { Context } from "./context.ts";
import { userError } from "./errors.ts";
import { scopeConditions } from "./reports/agency-scope.ts";
import { type System, sees } from "./viewer.ts";

/**
 * What a subscription field answers to be read from: which changes, from where. A transport either reads it alone, as the
 * async iterable that it is, or joins it with others that want the same.
 */
export interface ChangeSource extends AsyncIterable<Delivery> {
  readonly filter: Filter;
  /** Stands where the subscription begins. */
  readonly follower: Follower;
}

/** The system that a topic's changes belong to. */
const SYSTEM_OF_TOPIC: Readonly<Record<Topic, System>> = {
  FILE_STATUS: "ingest",
  HL7_FILE: "ingest",
  PIPELINE: "pipelines",
  RUN: "pipelines",
  RUN_STAGE: "pipelines",
  FILE: "documents",
  FILE_STEP: "documents",
  PROCESSING_LOG: "documents",
  SEEDER_JOB: "reports",
  SEEDER_RUN: "reports",
};

const sources = new WeakSet<object>();

export function isChangeSource(value: unknown): value is ChangeSource {
  return typeof value === "object" && value !== null && sources.has(value);
}

/** Where a subscription begins. */
export interface Start {
  /** Behind this position; null: now. */
  readonly after?: string | null | undefined;
  /** With the current state first, unless `after` says where to go on. */
  readonly snapshot?: boolean | undefined;
}

/** Every change of these topics that the viewer may see; of all topics when null. */
export function changes(
  context: Context,
  args: Start & { readonly topics?: readonly Topic[] | null | undefined },
): ChangeSource {
  const topics = new Set(args.topics ?? TOPIC_NAMES.filter((topic) => sees(context.viewer, SYSTEM_OF_TOPIC[topic])));
  for (const topic of topics) {
    if (!sees(context.viewer, SYSTEM_OF_TOPIC[topic]))
      throw userError("FORBIDDEN", `The topic ${topic} is not open to a token that is limited to other systems.`);
  }
  const filter = [...topics].map((topic) => ({ topic, conditions: scopeConditions(context, topic) }));
  return changeSource(context, filter, args);
}

/** Throws BAD_USER_INPUT or CURSOR_EXPIRED at once for a cursor that is not of this feed. */
export function changeSource(
  { feed, closing }: Context,
  filter: Filter,
  { after, snapshot = false }: Start,
): ChangeSource {
  const position = after == null ? null : feed.position(after);
  // Opened now, not when it is read: what is committed in between is part of it.
  const follower = feed.follow(filter, position, { snapshot });
  const made: ChangeSource = {
    filter,
    follower,
    [Symbol.asyncIterator]: () => iterate(follower, closing),
  };
  sources.add(made);
  return made;
}

/** Not a generator: `return` of one waits for its pending `next`, which may have nothing to answer for hours. */
function iterate(follower: Follower, closing: AbortSignal): AsyncIterator<Delivery, undefined> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, closing]);
  const ready: Delivery[] = [];
  return {
    async next() {
      while (ready.length === 0 && !signal.aborted) ready.push(...(await follower.next(signal)));
      const value = signal.aborted ? undefined : ready.shift();
      return value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
    return() {
      stopped.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

/** The row of a change as its topic's table has it: the log keeps it as JSON, which its reader gave drizzle's names. */
export function rowOf<T extends Topic>(topic: T, { change, row }: Delivery): RowOf<T> {
  if (change.topic !== topic) throw new Error(`a change of ${change.topic} was taken for one of ${topic}`);
  return row as RowOf<T>;
}
