import { randomUUID } from "node:crypto";
import { isUnreachable, sqlState } from "../../db/client.ts";
import type { Services, Viewer } from "../../resolvers/context.ts";
import { bindAgency, problemOf, viewNameProblem } from "../../resolvers/reports/query.ts";
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
import type { Logger } from "../log.ts";
import { type BackendUsage, watchBackend } from "./backend-usage.ts";

/** Milliseconds between looks at the queue; what this process queues itself is seen at once. */
const LOOK_INTERVAL = 1_000;
/** Seconds after which the runs of an instance that is gone are taken by another one. */
const LEASE_SECONDS = 15;
const RENEW_INTERVAL = 4_000;
const EXPIRE_INTERVAL = 30_000;

/** Nobody asked: what the runner writes has no actor. */
const NOBODY: Viewer = { name: null, role: "ADMIN" };

export interface SeederRunnerOptions {
  readonly services: Services;
  /** Refreshes at once; 0: this instance makes none. */
  readonly parallel: number;
  readonly runTimeoutMinutes: number;
  readonly log: Logger;
}

/** Makes the reports that wait in the database's queue, and starts those whose schedule asks for it. */
export function startSeederRunner(options: SeederRunnerOptions): AsyncDisposable {
  const { services, parallel, runTimeoutMinutes, log } = options;
  const { database, feed, reportEngine, closing } = services;
  const writer: Writer = { database, feed, viewer: NOBODY };
  const instance = randomUUID();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, closing]);
  const underWay = new Map<number, Promise<void>>();
  let wake = () => {};
  reportEngine.onWake(() => wake());

  async function look(): Promise<void> {
    if (parallel === 0 || !(await hasWork(database.db))) return;
    await enqueueDue(writer);
    const most = parallel - underWay.size;
    if (most <= 0 || signal.aborted) return;
    for (const run of await claimRuns(writer, { instance, most, leaseSeconds: LEASE_SECONDS })) {
      const made = make(run).finally(() => {
        underWay.delete(run.id);
        wake();
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
          { tableName, query },
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

  async function repeat(
    interval: number,
    what: string,
    round: () => Promise<unknown>,
    onSleep?: (wake: () => void) => void,
  ) {
    while (!signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (!isUnreachable(error) && !signal.aborted)
          log.error({ err: error, state: sqlState(error) }, `${what} failed; it is tried again`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, interval);
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal.aborted) end();
        else signal.addEventListener("abort", end, { once: true });
        onSleep?.(end);
      });
    }
  }

  const running = Promise.all([
    repeat(LOOK_INTERVAL, "looking for reports to refresh", look, (end) => (wake = end)),
    repeat(RENEW_INTERVAL, "renewing the leases of refreshes", async () => {
      if (underWay.size > 0)
        await renewLeases(database.db, { instance, runs: [...underWay.keys()], leaseSeconds: LEASE_SECONDS });
    }),
    repeat(EXPIRE_INTERVAL, "ending runs whose worker is gone", () => expireRuns(writer, runTimeoutMinutes)),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await Promise.all(underWay.values());
    },
  };
}
