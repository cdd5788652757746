import { isUnreachable, SQLSTATE, sqlState } from "../../db/client.ts";
import { pause } from "../../feed/pause.ts";
import type { Logger } from "../log.ts";

/** Work that is done again and again. */
export interface Repeated {
  /** Has it done now; when it is under way, once more behind that. */
  readonly wake: () => void;
  /** Resolves when the signal was aborted and the work under way has ended. */
  readonly ended: Promise<void>;
}

/** Does some work `interval` milliseconds after the last time, or when it is woken. A failure is logged, and the work tried again. */
export function repeat(
  work: () => Promise<unknown>,
  options: {
    readonly interval: number;
    /** What it is, for the log: "settling files". */
    readonly what: string;
    readonly signal: AbortSignal;
    readonly log: Logger;
  },
): Repeated {
  const { interval, what, signal, log } = options;
  let isWoken = false;
  let endPause = () => {};

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (!isWoken) await pause(interval, signal, (end) => (endPause = end));
      if (signal.aborted) return;
      isWoken = false;
      try {
        await work();
      } catch (error) {
        // The feed reports a database that can't be reached; a lock that was not to be had is tried again.
        if (!isUnreachable(error) && sqlState(error) !== SQLSTATE.lockNotAvailable && !signal.aborted)
          log.error({ err: error, state: sqlState(error) }, `${what} failed; it is tried again`);
      }
    }
  }

  return {
    wake: () => {
      isWoken = true;
      endPause();
    },
    ended: run(),
  };
}
