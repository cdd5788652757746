import type { Db } from "../db/client.ts";
import { type Mark, parseSnapshot } from "./cursor.ts";
import { createHub, type Hub } from "./hub.ts";
import { nextLimit, readMark, readMarkSince, readPiece } from "./log.ts";
import { pause } from "./pause.ts";

/** The tail looks by itself this often at the latest, in milliseconds: the doorbell may get lost. */
const IDLE_INTERVAL = 500;
/** After a look that found something it looks again this soon, and then ever more slowly. */
const BUSY_INTERVAL = 20;
/** Least time between two looks, so that a burst of doorbells becomes one look. */
const SPACING = 3;
/** A look that takes longer than this, in milliseconds, means that the database does not answer. */
const STALE_AFTER = 2_000;
const RETRY_FIRST = 50;
const RETRY_MOST = 1_000;
/** Changes that the first statement of a batch answers at most: their size is not known yet. */
const FIRST_ROWS = 32;

/** Where the feed reports what goes wrong; a pino logger is one. */
export interface FeedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The one reader of the log's end in this process; it fills the hub. */
export interface Tail extends AsyncDisposable {
  readonly hub: Hub;
  /** Asks for a look soon. */
  wake(): void;
  /** Resolves after a look that began after this call: the hub's head then sees everything committed before it. */
  look(): Promise<void>;
  /** Whether the last look succeeded, and not long ago. */
  readonly isLive: boolean;
}

/**
 * Starts looking. Rejects when the first look fails; later failures are logged once, retried for ever, and show in
 * `isLive`. `onRewind` is called when the database is found to be older than it was, and answers where to begin anew.
 */
export async function startTail(options: { db: Db; log: FeedLog; onRewind: () => Promise<Mark> }): Promise<Tail> {
  const { db, log } = options;
  const hub = createHub(await readMark(db));
  const stop = new AbortController();
  let lastSuccess = performance.now();
  let failing = false;
  let rung = false;
  let ring = () => {};
  let waiters: { resolve: () => void; reject: (reason: Error) => void }[] = [];

  /** A batch of which some pieces are published already, when a look failed in the middle of it. */
  let rest: { readonly to: Mark; readonly afterSeq: number } | null = null;

  /** Publishes what was committed until now. Answers whether that was anything. */
  async function look(): Promise<boolean> {
    // What a failed look left ends at that look's mark: whoever asked since wants one of his own.
    const hasFoundRest = await publishRest();
    const from = hub.head.mark;
    const { mark: to, straggler } = await readMarkSince(db, from);
    if (isOlder(to, from)) {
      hub.reset(await options.onRewind());
      return hasFoundRest;
    }
    // Nothing was numbered since, and nothing from before has come: the next mark begins here.
    if (to.ceiling === from.ceiling && straggler === null) {
      hub.publish({ from, to, changes: [], upTo: to.ceiling, isLast: true });
      return hasFoundRest;
    }
    rest = { to, afterSeq: straggler === null ? from.ceiling : straggler - 1 };
    return (await publishRest()) || hasFoundRest;
  }

  /** Publishes what is left of a batch, piece by piece. Answers whether that was anything. */
  async function publishRest(): Promise<boolean> {
    const from = hub.head.mark;
    let found = false;
    let limit = FIRST_ROWS;
    while (rest !== null && !stop.signal.aborted) {
      const { to, afterSeq }: { to: Mark; afterSeq: number } = rest;
      const piece = await readPiece(db, { from, to, afterSeq, limit });
      hub.publish(piece);
      rest = piece.isLast ? null : { to, afterSeq: piece.upTo };
      found ||= piece.changes.length > 0;
      limit = nextLimit(piece.changes.map((change) => change.size));
    }
    return found;
  }

  async function run(): Promise<void> {
    let interval = BUSY_INTERVAL;
    let retry = RETRY_FIRST;
    while (!stop.signal.aborted) {
      const served = waiters;
      waiters = [];
      rung = false;
      try {
        interval = (await look()) ? BUSY_INTERVAL : Math.min(interval * 2, IDLE_INTERVAL);
        lastSuccess = performance.now();
        retry = RETRY_FIRST;
        if (failing) log.info({}, "the feed looks at the database again");
        failing = false;
        for (const waiter of served) waiter.resolve();
        await pause(SPACING, stop.signal);
        if (!rung && waiters.length === 0) await pause(interval, stop.signal, (wake) => (ring = wake));
      } catch (error) {
        waiters.push(...served);
        if (stop.signal.aborted) break;
        if (!failing) log.error({ err: error }, "the feed can't look at the database; it goes on trying");
        failing = true;
        await pause(retry, stop.signal);
        retry = Math.min(retry * 2, RETRY_MOST);
      }
    }
    for (const waiter of waiters) waiter.reject(new Error("the feed has stopped"));
  }
  const running = run();

  return {
    hub,
    wake() {
      rung = true;
      ring();
    },
    look() {
      if (stop.signal.aborted) return Promise.reject(new Error("the feed has stopped"));
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject });
        ring();
      });
    },
    get isLive() {
      return !failing && performance.now() - lastSuccess < STALE_AFTER;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** A later look never finds that the newest change is an older one, unless the database was set back. */
function isOlder(to: Mark, from: Mark): boolean {
  return BigInt(parseSnapshot(to.snapshot).xmax) < BigInt(parseSnapshot(from.snapshot).xmax);
}
