import type { Client as Socket } from "graphql-ws";
import type { ConnectionReports } from "./connection.ts";
import { errorOfAnswer, toWeirError, WeirError } from "./error.ts";
import { delayAfter, wait } from "./retry.ts";

export interface SubscribeOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Called when the connection was lost and is there again, with the cursor behind which changes go on. */
  readonly onReconnect?: (after: string) => void;
  /** Called with a change that could not be delivered; the iteration goes on. Default: such a change ends it. */
  readonly onError?: (error: WeirError) => void;
  /** Most changes that wait for the consumer. Default 256. */
  readonly maxWaiting?: number;
  /** Attempts until the service is reached for the first time; later it is tried for ever. Default 5. */
  readonly firstAttempts?: number;
}

export interface WatchOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Attempts until the service is reached for the first time; later it is tried for ever. Default 5. */
  readonly firstAttempts?: number;
}

export interface SubscriptionLink {
  readonly socket: () => Socket;
  /** The feed's position now. */
  readonly liveCursor: (signal: AbortSignal) => Promise<string>;
  readonly reports: ConnectionReports;
  /** Called when the service refused who asked: answers whether to try again with another token. */
  readonly refused: () => boolean;
  readonly accepted: () => void;
}

/** Why a subscription on the wire ended: too much waits for the consumer, or an error of ours or the service's. */
type End = "full" | WeirError;

/**
 * A subscription that outlives its connections: it goes on behind the last change that came, whatever cut it off.
 *
 * A browser's WebSocket can't be told to stop reading. Memory stays bounded all the same: when `maxWaiting` changes wait
 * for the consumer, the operation is completed (others on the socket go on), what still arrives is dropped, and it
 * begins again behind the last change that was kept once the consumer has taken most of them.
 */
export function subscribe<Data extends Readonly<Record<string, unknown>>>(
  link: SubscriptionLink,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  { signal: outer, onReconnect, onError, maxWaiting = 256, firstAttempts = 5 }: SubscribeOptions,
  /** What comes: changes, each of which counts and has a cursor; or a whole state, of which the newest counts, and which has no position. */
  of: "changes" | "state" = "changes",
): AsyncIterableIterator<Data, undefined> {
  const stop = new AbortController();
  const signal = outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]);
  const inbox = createInbox<Data>(signal);
  const state: { after?: string } = {};
  if (typeof variables["after"] === "string") state.after = variables["after"];
  const beginsWithState = variables["snapshot"] === true || /\bsnapshot\s*:\s*true\b/.test(query);
  let failures = 0;

  async function run(): Promise<void> {
    for (let wasCut = false; !signal.aborted; ) {
      // Without a position, what is committed before the first change comes would be lost with the connection.
      const end: End = await begin(wasCut).catch(toWeirError);
      wasCut = end !== "full";
      if (end === "full") {
        await inbox.hasAtMost(maxWaiting / 4);
      } else if (signal.aborted) {
        return;
      } else if (end.isPassing && (link.reports.wasOpen() || failures + 1 < firstAttempts)) {
        failures += 1;
        const delay = delayAfter(failures, {});
        link.reports.failed(end, new Date(Date.now() + delay));
        await wait(delay, signal);
      } else if (!(REFUSED.has(end.code) && link.refused())) {
        return inbox.fail(end);
      }
    }
  }

  async function begin(wasCut: boolean): Promise<End> {
    // One that begins with the state begins anew as long as nothing of it has come: a position would skip it.
    if (of === "changes" && !beginsWithState) state.after ??= await link.liveCursor(signal);
    const ended = Promise.withResolvers<End>();
    let isOpen = !signal.aborted;
    const end = (reason: End) => {
      isOpen = false;
      ended.resolve(reason);
    };
    const aborted = () => end(new WeirError("UNREACHABLE", "The consumer stopped."));
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted);
    let isToAnnounce = wasCut;
    const payload = {
      query,
      // Read when it is sent, once connected. After a close with 1000, graphql-ws sends it again by itself.
      get variables() {
        if (isToAnnounce && isOpen) onReconnect?.(state.after ?? "");
        isToAnnounce = false;
        return state.after === undefined ? variables : { ...variables, after: state.after };
      },
    };
    const complete = link.socket().subscribe<Data>(payload, {
      next({ data, errors }) {
        if (!isOpen) return;
        failures = 0;
        link.accepted();
        const cursor = cursorOf(data);
        link.reports.received(isReplayOf(data));
        if (errors === undefined && data != null && of === "state") {
          inbox.putAlone(data);
          return;
        }
        if (errors === undefined && data != null && cursor !== undefined) {
          state.after = cursor;
          if (inbox.put(data) >= maxWaiting) end("full");
          return;
        }
        const error = errors === undefined ? noCursor() : errorOfAnswer(errors, data);
        if (onError === undefined || FINAL.has(error.code) || error.isPassing) return end(error);
        if (cursor !== undefined) state.after = cursor;
        onError(error);
      },
      error: (error) => end(toWeirError(error)),
      // A feed has no end: the service is stopping.
      complete: () => end(new WeirError("UNAVAILABLE", "Weir ended the subscription.")),
    });
    try {
      return await ended.promise;
    } finally {
      signal.removeEventListener("abort", aborted);
      complete();
    }
  }

  return iterate(inbox, stop, run);
}

/** Begins when it is first read. */
function iterate<Data>(
  inbox: Inbox<Data>,
  stop: AbortController,
  run: () => Promise<void>,
): AsyncIterableIterator<Data, undefined> {
  let isRunning = false;
  const iterator: AsyncIterableIterator<Data, undefined> = {
    async next() {
      if (!isRunning) void run();
      isRunning = true;
      const value = await inbox.take();
      if (value instanceof WeirError) {
        stop.abort();
        throw value;
      }
      return value === undefined ? { done: true, value: undefined } : { done: false, value };
    },
    return() {
      stop.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** What has come and was not taken yet. */
interface Inbox<Data> {
  /** Answers how many wait. */
  put(data: Data): number;
  /** In place of all that wait. */
  putAlone(data: Data): void;
  /** Nothing comes any more; what waits can still be taken. */
  fail(failure: WeirError): void;
  /** Resolves when no more than so many wait, or the signal is aborted. */
  hasAtMost(most: number): Promise<void>;
  /** The next one, or the failure behind the last one; undefined when the signal is aborted. */
  take(): Promise<Data | WeirError | undefined>;
}

function createInbox<Data>(signal: AbortSignal): Inbox<Data> {
  const waiting: Data[] = [];
  const end: { failure?: WeirError } = {};
  let changed = Promise.withResolvers<void>();
  const notify = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  signal.addEventListener("abort", notify);
  return {
    put(data) {
      waiting.push(data);
      notify();
      return waiting.length;
    },
    putAlone(data) {
      waiting.splice(0, Infinity, data);
      notify();
    },
    fail(reason) {
      end.failure = reason;
      notify();
    },
    async hasAtMost(most) {
      while (waiting.length > most && !signal.aborted) await changed.promise;
    },
    async take() {
      while (waiting.length === 0 && end.failure === undefined && !signal.aborted) await changed.promise;
      if (signal.aborted) return undefined;
      const value = waiting.shift();
      notify();
      return value ?? end.failure;
    },
  };
}

/** Who asked is not known, or not any more. */
const REFUSED: ReadonlySet<string> = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);

/** The subscription itself can't go on, not only one of its changes. */
const FINAL: ReadonlySet<string> = new Set(["CURSOR_EXPIRED", "UNAUTHENTICATED", "FORBIDDEN", "BAD_RESPONSE"]);

function noCursor(): WeirError {
  return new WeirError("BAD_RESPONSE", "A subscription must select cursor of the change, by that name.");
}

function isReplayOf(data: Readonly<Record<string, unknown>> | null | undefined): boolean | undefined {
  const [change] = Object.values(data ?? {});
  const isReplay = typeof change === "object" && change !== null && "isReplay" in change ? change.isReplay : undefined;
  return typeof isReplay === "boolean" ? isReplay : undefined;
}

/** The position behind a change, which is the result's only root field. */
function cursorOf(data: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const [change] = Object.values(data ?? {});
  const cursor = typeof change === "object" && change !== null && "cursor" in change ? change.cursor : undefined;
  return typeof cursor === "string" ? cursor : undefined;
}
