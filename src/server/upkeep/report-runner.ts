import { randomUUID } from "node:crypto";
import { bindAgency, problemOf, viewNameProblem, viewOf } from "../../resolvers/reports/query.ts";
import {
  type ClaimedRun,
  claimRuns,
  endClaimedRun,
  enqueueDue,
  expireRuns,
  hasWork,
  manifestOf,
  type RunEnd,
  renewLeases,
  type Writer,
} from "../../resolvers/reports/queue.ts";
import { refreshView } from "../../resolvers/reports/views.ts";
import type { Services } from "../../resolvers/services.ts";
import { asService } from "../../resolvers/transactions.ts";
import type { Logger } from "../log.ts";
import { type BackendUsage, watchBackend } from "./backend-usage.ts";
import { repeat } from "./repeat.ts";

/** Milliseconds between looks at the queue; what this process queues itself is seen at once. */
const LOOK_INTERVAL = 1_000;
/** Seconds after which the runs of an instance that is gone are taken by another one. */
const LEASE_SECONDS = 15;
const RENEW_INTERVAL = 4_000;
const EXPIRE_INTERVAL = 30_000;

export interface ReportRunnerOptions {
  readonly services: Services;
  /** Refreshes at once; 0: this instance makes none. */
  readonly parallel: number;
  readonly runTimeoutMinutes: number;
  readonly log: Logger;
}

/** Makes the reports that wait in the database's queue, and starts those whose schedule asks for it. */
export function startReportRunner(options: ReportRunnerOptions): AsyncDisposable {
  const { services, parallel, runTimeoutMinutes, log } = options;
  const { database, feed, reportEngine, closing } = services;
  const writer: Writer = asService({ database, feed });
  const instance = randomUUID();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, closing]);
  const underWay = new Map<number, Promise<void>>();

  async function look(): Promise<void> {
    if (parallel === 0 || !(await hasWork(database.db))) return;
    await enqueueDue(writer);
    const most = parallel - underWay.size;
    if (most <= 0 || signal.aborted) return;
    for (const run of await claimRuns(writer, { instance, most, leaseSeconds: LEASE_SECONDS })) {
      const made = make(run).finally(() => {
        underWay.delete(run.id);
        looks.wake();
      });
      underWay.set(run.id, made);
    }
  }

  async function make(run: ClaimedRun): Promise<void> {
    const end = await refresh(run).catch(
      (error: unknown): RunEnd => ({
        errors: signal.aborted
          ? "Cancelled: the service stopped."
          : String(error instanceof Error ? error.message : error),
      }),
    );
    try {
      await endClaimedRun(writer, instance, run, end, reportEngine.coolingMinutes);
    } catch (error) {
      // The lease runs out, and the run is made again.
      log.error({ err: error, tableName: run.tableName }, "the end of a refresh could not be recorded");
    }
  }

  async function refresh({ tableName }: ClaimedRun): Promise<RunEnd> {
    signal.throwIfAborted();
    const manifest = await manifestOf(database.db, tableName);
    if (manifest === null) return { errors: "Its manifest is gone." };
    const problem = viewNameProblem(tableName);
    if (problem !== undefined) return { errors: `The table name ${problem}.` };
    const query = bindAgency(manifest.query, { id: manifest.agencyId, slug: manifest.agencySlug });
    const usage: { watched?: BackendUsage } = {};
    try {
      const { records, bytes } = await reportEngine.inSession(manifest.databaseId, (sql) =>
        refreshView(
          sql,
          { tableName: viewOf(tableName), query },
          {
            signal,
            onSession: async (session) => {
              usage.watched = await watchBackend(session);
            },
          },
        ),
      );
      return { recordsProcessed: records, bytesProcessed: bytes, ...usage.watched?.stop() };
    } catch (error) {
      if (signal.aborted) throw error;
      return { errors: problemOf(error, manifest.query, query), ...usage.watched?.stop() };
    } finally {
      usage.watched?.stop();
    }
  }

  const looks = repeat(look, { interval: LOOK_INTERVAL, what: "looking for reports to refresh", signal, log });
  const renewals = repeat(
    async () => {
      if (underWay.size > 0)
        await renewLeases(database.db, { instance, runs: [...underWay.keys()], leaseSeconds: LEASE_SECONDS });
    },
    { interval: RENEW_INTERVAL, what: "renewing the leases of refreshes", signal, log },
  );
  const expiries = repeat(() => expireRuns(writer, runTimeoutMinutes), {
    interval: EXPIRE_INTERVAL,
    what: "ending runs whose worker is gone",
    signal,
    log,
  });
  reportEngine.onWake(looks.wake);
  looks.wake();
  // Those whose worker was gone when this service started have waited long enough.
  expiries.wake();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([looks.ended, renewals.ended, expiries.ended]);
      await Promise.all(underWay.values());
    },
  };
}
