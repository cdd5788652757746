import { and, eq, sql } from "drizzle-orm";
import { IS_UNFINISHED, pipelineRuns, type RunRow, type StageLogRow, stageLogs } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { userError } from "../errors.ts";
import type { JsonObject } from "../pipelines/credentials.ts";
import { type EndpointKind, openCreds } from "../pipelines/endpoints.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";
import { checkLease } from "./input.ts";
import { waitingFor } from "./moves.ts";
import { existingLog, existingRun } from "./runs.ts";
import { beginStage, endLog, endRun, isUnfinished, lockRun, runNumber, stageLogOf } from "./state.ts";

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
  checkLease(worker, leaseSeconds);
  const [id, stageOrder] = await writeInTransaction(context, null, async (tx) => {
    const [run] = await tx
      .select()
      .from(pipelineRuns)
      .where(and(eq(pipelineRuns.nextDriver, driverContainer), IS_UNFINISHED))
      .orderBy(pipelineRuns.id)
      .limit(1)
      .for("update", { skipLocked: true })
      .comment("runs.claim");
    if (run === undefined || run.nextStage === null) return [];
    await beginStage(tx, run, run.nextStage, { worker, seconds: leaseSeconds });
    return [run.id, run.nextStage];
  });
  return id === undefined || stageOrder === undefined ? null : claimOf(context, id, stageOrder, true);
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
  const id = runNumber(runId);
  await writeInTransaction(context, null, async (tx) => {
    const run = await lockRun(tx, id);
    const log = await stageLogOf(tx, id, stageOrder);
    if (log?.knownStatus !== "running" || !isUnfinished(run)) {
      const why = run.knownStatus === "cancelled" && run.errorMessage !== null ? ` (${run.errorMessage})` : "";
      throw userError(
        "INVALID_TRANSITION",
        `Stage ${stageOrder} of run ${id} does not run: the run is ${run.status}${why}. Stop the work.`,
      );
    }
    if (log.worker !== worker) {
      throw userError(
        "CONFLICT",
        log.worker === null
          ? `Nobody holds stage ${stageOrder} of run ${id}, ${worker} neither: a lease on it ran out, or there was none. Stop the work.`
          : `${log.worker} holds stage ${stageOrder} of run ${id}, not ${worker}. Stop the work.`,
      );
    }
    await tx
      .update(stageLogs)
      .set({ leaseExpiresAt: sql`clock_timestamp() + make_interval(secs => ${leaseSeconds})` })
      .where(eq(stageLogs.id, log.id));
    return id;
  });
  return claimOf(context, id, stageOrder, false);
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

async function claimOf(context: Context, runId: number, stageOrder: number, tellsCreds: boolean): Promise<StageClaim> {
  const [run, log] = await Promise.all([existingRun(context, runId), existingLog(context, runId, stageOrder)]);
  const { worker, leaseExpiresAt } = log;
  if (worker === null || leaseExpiresAt === null) {
    throw userError("CONFLICT", `The lease on stage ${stageOrder} of run ${runId} has ended meanwhile.`);
  }
  return { run, log: { ...log, worker, leaseExpiresAt }, tellsCreds };
}
