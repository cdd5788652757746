import { pause } from "../feed/pause.ts";
import type { Topic } from "../feed/topics.ts";
import type { Context } from "./context.ts";
import { badInput } from "./errors.ts";

/** Milliseconds after which a state is looked at without a change: what is overdue or stuck comes about by the clock. */
const LOOK_AGAIN = 15_000;
const LEAST_MS = 250;
const MOST_MS = 60_000;

/**
 * What a subscription to a whole state answers to be read from. It tells when the state is to be read: at once, and whenever it may have
 * changed, no more often than was asked for. It has no position: whoever comes back reads the state anew.
 */
export interface StateSource extends AsyncIterable<object> {
  /** Whether the state is another one for each viewer, not only for each role and limit. */
  readonly isPersonal: boolean;
}

const sources = new WeakSet<object>();

export function isStateSource(value: unknown): value is StateSource {
  return typeof value === "object" && value !== null && sources.has(value);
}

/** `topics`: whose changes may change the state. Throws BAD_USER_INPUT for a pause out of range. */
export function stateSource(
  { feed, closing }: Context,
  { topics, throttleMs, isPersonal }: { topics: readonly Topic[]; throttleMs: number; isPersonal: boolean },
): StateSource {
  if (throttleMs < LEAST_MS || throttleMs > MOST_MS)
    throw badInput(`throttleMs is ${throttleMs}; it can be ${LEAST_MS} to ${MOST_MS}.`);
  const wanted = new Set(topics);
  const source: StateSource = {
    isPersonal,
    [Symbol.asyncIterator]: () => ticks(feed.tail.hub, wanted, throttleMs, closing),
  };
  sources.add(source);
  return source;
}

/** Not a generator: `return` of one waits for its pending `next`. */
function ticks(
  hub: Context["feed"]["tail"]["hub"],
  topics: ReadonlySet<Topic>,
  throttle: number,
  closing: AbortSignal,
): AsyncIterator<object, undefined> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, closing]);
  let isDue = true;
  let wake = () => {};
  const due = () => {
    isDue = true;
    wake();
  };
  const listeners = [
    hub.onPiece(({ changes }) => {
      if (!isDue && changes.some(({ topic }) => topics.has(topic))) due();
    }),
    hub.onReset(due),
  ];
  const stopListening = () => {
    for (const stop of listeners) stop();
    due();
  };
  signal.addEventListener("abort", stopListening, { once: true });
  if (signal.aborted) stopListening();
  let last = Number.NEGATIVE_INFINITY;

  return {
    async next() {
      const left = last + throttle - performance.now();
      if (left > 0) await pause(left, signal);
      if (!isDue) await pause(LOOK_AGAIN, signal, (end) => (wake = end));
      if (signal.aborted) return { done: true, value: undefined };
      // What comes while the state is read makes it due again.
      isDue = false;
      last = performance.now();
      return { done: false, value: {} };
    },
    return() {
      stopped.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
