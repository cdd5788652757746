import type { Database } from "../../db/client.ts";
import { addUpCounts } from "../../db/counts.ts";
import { settleDocuments, settleJobs, settleMappings, settleStamps, settleStatuses } from "../../db/settle.ts";
import type { Feed } from "../../feed/feed.ts";
import { maintainFeed } from "../../feed/retention.ts";
import { forgetAcknowledgements } from "../../resolvers/attention/attention.ts";
import { startDueRuns } from "../../resolvers/pipelines/scheduler.ts";
import { expireLeases } from "../../resolvers/runs/claims.ts";
import { asService } from "../../resolvers/transactions.ts";
import type { Logger } from "../log.ts";
import { readState } from "../state.ts";
import { repeat } from "./repeat.ts";

/** Milliseconds between rounds of retention. */
const RETENTION_INTERVAL = 10 * 60_000;
/** Milliseconds between rounds of settling: a look at an empty table, mostly. */
const SETTLE_INTERVAL = 1_000;

const DAY = 86_400_000;

export interface Maintenance extends AsyncDisposable {
  /** What will keep the service from its work within days, each with what to look at. */
  warnings(): readonly string[];
}

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
  /** Runs that the scheduler may have under way; null: due pipelines are not started here. */
  mostScheduledRuns: number | null;
  log: Logger;
}): Promise<Maintenance> {
  const { database, feed, days, mostScheduledRuns: most, log } = options;
  const context = asService({ database, feed });
  const stop = new AbortController();
  /** When the feed's partitions end, in milliseconds of this process' clock. */
  let partitionsEnd = Number.POSITIVE_INFINITY;
  const retain = async () => {
    await maintainFeed(database.sql, { days });
    await forgetAcknowledgements(database.db);
    const { partitionsAhead } = await readState(database.sql);
    partitionsEnd = performance.now() + partitionsAhead * DAY;
  };
  await retain();

  const every = (interval: number, what: string, round: () => Promise<unknown>): Promise<void> =>
    repeat(round, { interval, what, signal: stop.signal, log }).ended;
  const running = Promise.all([
    every(RETENTION_INTERVAL, "retention", retain),
    every(SETTLE_INTERVAL, "settling statuses of files", () => settleStatuses(database.db)),
    every(SETTLE_INTERVAL, "settling mappings of files", () => settleMappings(database.db)),
    every(LEASE_INTERVAL, "taking stages back", () => expireLeases(context)),
    ...(most === null
      ? []
      : [every(SCHEDULER_INTERVAL, "starting due pipelines", () => startDueRuns(context, { most }))]),
    every(SETTLE_INTERVAL, "stamping pipelines", () => settleStamps(database.db)),
    every(SETTLE_INTERVAL, "settling documents", () => settleDocuments(database.db)),
    every(SETTLE_INTERVAL, "adding up counts", () => addUpCounts(database.db)),
    every(SETTLE_INTERVAL, "settling report jobs", () => settleJobs(database.db)),
  ]);
  return {
    warnings: () =>
      partitionsEnd - performance.now() > DAY
        ? []
        : ["The feed's partitions end within a day, and its retention with them. The log of retention says why."],
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
