import { setTimeout as sleep } from "node:timers/promises";
import { type Database, isUnreachable, SQLSTATE, sqlState } from "../db/client.ts";
import { settleFiles } from "../db/settle.ts";
import { settleJobs } from "../db/settle-jobs.ts";
import { maintainFeed } from "../feed/retention.ts";
import type { Logger } from "./log.ts";

/** Milliseconds between rounds of retention. */
const RETENTION_INTERVAL = 10 * 60_000;
/** Milliseconds between rounds of settling: a look at an empty table, mostly. */
const SETTLE_INTERVAL = 1_000;

/** Keeps the feed's partitions and settles what triggers left. The first round of retention is done when this resolves. */
export async function startMaintenance(options: {
  database: Database;
  days: number;
  log: Logger;
}): Promise<AsyncDisposable> {
  const { database, days, log } = options;
  const stop = new AbortController();
  const retain = () => maintainFeed(database.sql, { days, now: Date.now });
  await retain();

  async function repeat(interval: number, what: string, round: () => Promise<unknown>): Promise<void> {
    while (!stop.signal.aborted) {
      await sleep(interval, undefined, { signal: stop.signal, ref: false }).catch(() => {});
      if (stop.signal.aborted) return;
      try {
        await round();
      } catch (error) {
        // The feed reports a database that can't be reached; a lock that was not to be had is tried again.
        if (!isUnreachable(error) && sqlState(error) !== SQLSTATE.lockNotAvailable)
          log.error({ err: error }, `${what} failed; it is tried again`);
      }
    }
  }
  const running = Promise.all([
    repeat(RETENTION_INTERVAL, "retention", retain),
    repeat(SETTLE_INTERVAL, "settling files", () => settleFiles(database.db)),
    repeat(SETTLE_INTERVAL, "settling report jobs", () => settleJobs(database.db)),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
