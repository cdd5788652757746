import { setTimeout as sleep } from "node:timers/promises";
import { type Database, isUnreachable, SQLSTATE, sqlState } from "../../db/client.ts";
import { addUpFileCounts } from "../../db/documents/counts.ts";
import { settleDocuments, settleFiles, settleJobs } from "../../db/settle.ts";
import type { Feed } from "../../feed/feed.ts";
import { maintainFeed } from "../../feed/retention.ts";
import type { Viewer } from "../../resolvers/context.ts";
import { startDueRuns } from "../../resolvers/pipelines/scheduler.ts";
import { expireLeases } from "../../resolvers/runs/claims.ts";
import type { Logger } from "../log.ts";

/** Who asks for what the service does by itself. */
const SERVICE: Viewer = { name: null, role: "ADMIN" };

/** Milliseconds between rounds of retention. */
const RETENTION_INTERVAL = 10 * 60_000;
/** Milliseconds between rounds of settling: a look at an empty table, mostly. */
const SETTLE_INTERVAL = 1_000;

/** Milliseconds between looks for leases that ran out, and for pipelines that are due. */
const LEASE_INTERVAL = 1_000;
const SCHEDULER_INTERVAL = 1_000;

/**
 * What the service does by itself: keeps the feed's partitions, settles what triggers left, takes stages back from silent
 * drivers, and starts pipelines that are due. The first round of retention is done when this resolves.
 */
export async function startMaintenance(options: {
  database: Database;
  feed: Feed;
  days: number;
  /** Whether due pipelines are started here. */
  isScheduling: boolean;
  log: Logger;
}): Promise<AsyncDisposable> {
  const { database, feed, days, isScheduling, log } = options;
  const context = { database, feed, viewer: SERVICE };
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
    repeat(LEASE_INTERVAL, "taking stages back", () => expireLeases(context)),
    ...(isScheduling
      ? [repeat(SCHEDULER_INTERVAL, "starting due pipelines", () => startDueRuns(context, new Date()))]
      : []),
    repeat(SETTLE_INTERVAL, "settling documents", () => settleDocuments(database.db)),
    repeat(SETTLE_INTERVAL, "adding up documents", () => addUpFileCounts(database.db)),
    repeat(SETTLE_INTERVAL, "settling report jobs", () => settleJobs(database.db)),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
