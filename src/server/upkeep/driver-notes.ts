import type { Services } from "../../resolvers/services.ts";
import type { Logger } from "../log.ts";
import { repeat } from "./repeat.ts";

/** Milliseconds between the times at which it is stored who asked for work. */
const INTERVAL = 2_000;

/** Stores who asked for work since the last time: a statement every two seconds, however many ask. */
export function startDriverNotes({ driverLog, database }: Services, log: Logger): AsyncDisposable {
  const stop = new AbortController();
  const { ended } = repeat(() => driverLog.store(database.db), {
    interval: INTERVAL,
    what: "storing who asked for work",
    signal: stop.signal,
    log,
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
