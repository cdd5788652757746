import { and, eq, sql } from "drizzle-orm";
import { pipelineRuns, type RunRow, type StageLogRow, stageLogs } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { badInput } from "../errors.ts";
import type { JsonObject } from "../pipelines/credentials.ts";
import { type EndpointKind, openCreds } from "../pipelines/endpoints.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";
import { checkLease } from "./input.ts";
import { waitingFor } from "./moves.ts";
import { moveStage } from "./stages.ts";
import { endLog, endRun, isUnfinished, lockRun, runNumber, stageOf } from "./state.ts";

/** Stages that a driver takes at once. */
const MOST_CLAIMED = 100;

/** A stage in the hands of a driver. */
export interface StageClaim {
  readonly run: RunRow;
  readonly log: StageLogRow & { readonly worker: string; readonly leaseExpiresAt: string };
  /** Only the claim itself tells credentials: who knows a worker's name could ask for them by a heartbeat. */
  readonly tellsCreds: boolean;
}

/** Takes the oldest run's stage that waits for this container; null when none does. */
export async function claimStage(
  context: Context,
  driverContainer: string,
  worker: string,
  leaseSeconds: number,
): Promise<StageClaim | null> {
  const [claim] = await claimStages(context, driverContainer, worker, leaseSeconds, 1);
  return claim ?? null;
}

/** Takes up to `limit` stages that wait for this container, of the oldest runs first. */
export async function claimStages(
  context: Context,
  driverContainer: string,
  worker: string,
  leaseSeconds: number,
  limit: number,
): Promise<readonly StageClaim[]> {
  checkLease(worker, leaseSeconds);
  if (limit < 1 || limit > MOST_CLAIMED) {
    throw badInput(`limit is ${limit}; a driver takes 1 to ${MOST_CLAIMED} stages at once.`);
  }
  context.driverLog.seen(driverContainer, worker);
  const request = { driver: driverContainer, worker, seconds: leaseSeconds, most: limit };
  const taken = await context.runWriters.claim({ ...request, actor: context.viewer.name ?? "" });
  if (taken.length > 0) context.written();
  return taken.map(({ run, log }) => claimOf(run, log, true));
}

/** Throws INVALID_TRANSITION when the stage does not run any more, CONFLICT when somebody else has it. */
export async function heartbeatStage(
  context: Context,
  runId: string,
  stageOrder: number,
  worker: string,
  leaseSeconds: number,
): Promise<StageClaim> {
  checkLease(worker, leaseSeconds);
  const { run, log } = await moveStage(context, {
    kind: "heartbeat",
    run: runNumber(runId),
    stage: stageOrder,
    worker,
    seconds: leaseSeconds,
  });
  context.driverLog.seen(stageOf(run, stageOrder).driver_container, worker);
  return claimOf(run, log, false);
}

/** Decrypted connection details of one end of a claimed run's pipeline; null when the pipeline names none. */
export async function claimedCreds(
  context: Context,
  { run, tellsCreds }: StageClaim,
  kind: EndpointKind,
): Promise<JsonObject | null> {
  if (!tellsCreds) return null;
  const { pipelines } = context.loaders;
  const pipeline = await pipelines.pipeline.load(run.sourceTablename);
  const name = kind === "source" ? pipeline?.sourceName : pipeline?.destinationName;
  const row = name == null ? null : await pipelines[kind].load(name);
  return row === null ? null : openCreds(context, kind, row);
}

/** Leases looked at in one round. */
const BATCH = 200;

/**
 * Gives the stages back whose drivers have fallen silent: once to another driver; the second time the stage fails. Answers how
 * many there were. Any number of instances may do this at once.
 */
export async function expireLeases(context: WriteContext): Promise<number> {
  const silent = await context.database.db.execute<{
    id: string;
    run: string;
    stage_order: number;
  }>(sql`/* runs.silent */
    select id, pipeline_run_id as run, stage_order from ${stageLogs}
    where known_status = 'running' and lease_expires_at < clock_timestamp() order by lease_expires_at limit ${BATCH}`);
  let expired = 0;
  const failures: unknown[] = [];
  for (const { id, run, stage_order } of silent) {
    try {
      expired += await writeInTransaction(context, null, (tx) => expireLease(tx, Number(run), Number(id), stage_order));
    } catch (error) {
      // The others are not to wait for it.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return expired;
}

async function expireLease(
  tx: Parameters<typeof lockRun>[0],
  runId: number,
  logId: number,
  stageOrder: number,
): Promise<number> {
  const run = await lockRun(tx, runId);
  // Once more, now that nobody else moves the run.
  const [log] = await tx
    .select()
    .from(stageLogs)
    .where(
      and(eq(stageLogs.id, logId), eq(stageLogs.knownStatus, "running"), sql`lease_expires_at < clock_timestamp()`),
    );
  if (log === undefined) return 0;
  if (!isUnfinished(run)) {
    // A program has ended the run by SQL.
    await endLog(tx, log, { status: "cancelled", errorMessage: `The run was ${run.status} by then.` });
    return 1;
  }
  if (log.lostLeases === 0) {
    await tx
      .update(stageLogs)
      .set({ worker: null, leaseExpiresAt: null, lostLeases: 1 })
      .where(eq(stageLogs.id, log.id));
    await tx.update(pipelineRuns).set(waitingFor(run, stageOrder)).where(eq(pipelineRuns.id, run.id));
    return 1;
  }
  const message = `The lease of ${log.worker ?? "its driver"} ran out, the second one of this stage: it was given up.`;
  const at = await endLog(tx, log, { status: "failed", errorMessage: message, lostLeases: log.lostLeases + 1 });
  await endRun(tx, run, "failed", message, at);
  return 1;
}

function claimOf(run: RunRow, log: StageLogRow, tellsCreds: boolean): StageClaim {
  const { worker, leaseExpiresAt } = log;
  if (worker === null || leaseExpiresAt === null)
    throw new Error(`stage ${log.stageOrder} of run ${run.id} has no lease`);
  return { run, log: { ...log, worker, leaseExpiresAt }, tellsCreds };
}
