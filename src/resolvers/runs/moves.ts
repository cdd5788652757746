import { and, eq, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import type { Known } from "../../db/columns.ts";
import {
  IS_UNFINISHED,
  pipelineConfig,
  pipelineRuns,
  type RunRow,
  type RunStatusWord,
  type StageLogRow,
  type TriggerWord,
} from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { userError } from "../errors.ts";
import { unknownPipeline } from "../pipelines/config.ts";
import { writeInTransaction } from "../transactions.ts";
import { type CompleteStage, checkComplete, checkMessage, checkTrigger } from "./input.ts";
import { existingRun } from "./runs.ts";
import { moveStage } from "./stages.ts";
import { endLog, endRun, isUnfinished, lockRun, runNumber, stageLogOf, stageOf } from "./state.ts";
import type { StageMove } from "./writes.ts";

/**
 * Asks for a run. Throws NOT_FOUND for a pipeline that is not there and for a template without stages, CONFLICT while a run is
 * under way, unless it may run beside it.
 */
export async function triggerRun(
  context: Context,
  args: {
    readonly sourceTablename: string;
    readonly pipelineName: string;
    readonly triggeredBy: Known<TriggerWord>;
    readonly allowParallel: boolean;
    readonly idempotencyKey?: string | null | undefined;
  },
): Promise<RunRow> {
  const { sourceTablename, pipelineName, triggeredBy, allowParallel, idempotencyKey } = args;
  checkTrigger(triggeredBy);
  const input = { sourceTablename, pipelineName, triggeredBy };
  const id = await writeInTransaction(context, { operation: "triggerRun", idempotencyKey, input }, async (tx) => {
    // Exclusive: whoever asks at the same time looks after this one.
    await holdPipeline(tx, sourceTablename, allowParallel ? "key share" : "no key update");
    if (!allowParallel) await assertIdle(tx, sourceTablename);
    const [run] = await tx.insert(pipelineRuns).values(input).returning();
    if (run === undefined || run.stages.length === 0) {
      throw userError(
        "NOT_FOUND",
        `The template ${pipelineName} has no stages. Set them with setPipelineStages, or name another template.`,
      );
    }
    return run.id;
  });
  return existingRun(context, id);
}

/** Throws INVALID_TRANSITION when another stage is next. A stage that runs already is answered as it is. */
export function startStage(context: Context, runId: string, stageOrder: number): Promise<StageLogRow> {
  return movedLog(context, { kind: "begin", run: runNumber(runId), stage: stageOrder });
}

/** The last one ends the run. A stage that succeeded already is answered as it is. */
export function completeStage(
  context: Context,
  runId: string,
  stageOrder: number,
  input: CompleteStage,
  worker: string | null,
): Promise<StageLogRow> {
  const { rowsProcessed = null, filePaths, incrementalValue = null } = checkComplete(input);
  return movedLog(context, {
    kind: "success",
    run: runNumber(runId),
    stage: stageOrder,
    worker,
    rows: rowsProcessed,
    paths: filePaths == null || filePaths.length === 0 ? null : filePaths.join(","),
    watermark: incrementalValue,
  });
}

/** Fails the run with it. A stage that failed already is answered as it is. */
export function failStage(
  context: Context,
  runId: string,
  stageOrder: number,
  errorMessage: string,
  worker: string | null,
): Promise<StageLogRow> {
  checkMessage("errorMessage", errorMessage);
  return movedLog(context, { kind: "failed", run: runNumber(runId), stage: stageOrder, worker, error: errorMessage });
}

async function movedLog(context: Context, move: Omit<StageMove, "actor">): Promise<StageLogRow> {
  return (await moveStage(context, move)).log;
}

/** Ends a running stage as well; its driver learns it at the next heartbeat. A cancelled run is answered as it is. */
export async function cancelRun(context: Context, runId: string, reason: string | null): Promise<RunRow> {
  const id = runNumber(runId);
  if (reason !== null) checkMessage("reason", reason);
  await writeInTransaction(context, null, async (tx) => {
    const run = await lockRun(tx, id);
    if (run.knownStatus === "cancelled") return id;
    if (!isUnfinished(run)) {
      throw userError(
        "INVALID_TRANSITION",
        `The run ${id} is ${run.status}; only one that is not finished can be cancelled.`,
      );
    }
    const log = run.currentStage === 0 ? null : await stageLogOf(tx, id, run.currentStage);
    const at =
      log?.knownStatus === "running" ? await endLog(tx, log, { status: "cancelled", errorMessage: reason }) : null;
    await endRun(tx, run, "cancelled", reason, at);
    return id;
  });
  return existingRun(context, id);
}

/**
 * A new run with the same stages, from the one on that failed, and with the watermarks that were reported before. A retry that
 * is not finished is answered instead of a second one. Throws INVALID_TRANSITION when one has succeeded.
 */
export async function retryRun(context: Context, runId: string): Promise<RunRow> {
  const id = runNumber(runId);
  const retry = await writeInTransaction(context, null, async (tx) => {
    const run = await lockRun(tx, id);
    if (run.knownStatus !== "failed" && run.knownStatus !== "cancelled") {
      throw userError(
        "INVALID_TRANSITION",
        `The run ${id} is ${run.status}; only a failed or cancelled one can be retried.`,
      );
    }
    const retries = await retriesOf(tx, id);
    const underWay = retries.find((made) => made.retry_of === String(id) && isUnfinished(made));
    if (underWay !== undefined) return Number(underWay.id);
    const success = retries.find(({ knownStatus }) => knownStatus === "success");
    if (success !== undefined) {
      throw userError(
        "INVALID_TRANSITION",
        `The run ${id} was retried already, and the run ${success.id} succeeded. Ask for a new run with triggerRun.`,
      );
    }
    await holdPipeline(tx, run.sourceTablename, "key share");
    const first = run.nextStage ?? (run.currentStage === 0 ? firstStage(run) : run.currentStage);
    stageOf(run, first);
    const before = run.stages.findLast(({ stage_order }) => stage_order < first);
    const [made] = await tx
      .insert(pipelineRuns)
      .values({
        sourceTablename: run.sourceTablename,
        pipelineName: run.pipelineName,
        triggeredBy: "api",
        retryOf: id,
        stages: run.stages,
        totalStages: run.totalStages,
        currentStage: before?.stage_order ?? 0,
        sourceToDlIncrementalValue: run.sourceToDlIncrementalValue,
        dlToSinkIncrementalValue: run.dlToSinkIncrementalValue,
        ...waitingFor(run, first),
      })
      .returning({ id: pipelineRuns.id });
    if (made === undefined) throw new Error("a retry was not stored");
    return made.id;
  });
  return existingRun(context, retry);
}

/** Keeps a pipeline from being deleted until the transaction ends. Throws NOT_FOUND when it is not there. */
async function holdPipeline(
  tx: Transaction,
  sourceTablename: string,
  strength: "key share" | "no key update",
): Promise<void> {
  const found = await tx
    .select({ name: pipelineConfig.sourceTablename })
    .from(pipelineConfig)
    .where(eq(pipelineConfig.sourceTablename, sourceTablename))
    .for(strength)
    .comment("runs.hold_pipeline");
  if (found.length === 0) throw unknownPipeline(sourceTablename);
}

async function assertIdle(tx: Transaction, sourceTablename: string): Promise<void> {
  const [run] = await tx
    .select({ id: pipelineRuns.id, status: pipelineRuns.status })
    .from(pipelineRuns)
    .where(and(eq(pipelineRuns.sourceTablename, sourceTablename), IS_UNFINISHED))
    .limit(1)
    .comment("runs.under_way");
  if (run === undefined) return;
  throw userError(
    "CONFLICT",
    `The run ${run.id} of ${sourceTablename} is ${run.status}. Wait for its end, cancel it, or send allowParallel: true.`,
  );
}

/** The retries of a run, and theirs. */
function retriesOf(tx: Transaction, id: number) {
  return tx.execute<{ id: string; retry_of: string; knownStatus: Known<RunStatusWord> }>(sql`/* runs.retries */
    with recursive retry as (
      select r.id, r.retry_of, r.known_status from ${pipelineRuns} r where r.retry_of = ${id}
      union
      select r.id, r.retry_of, r.known_status from ${pipelineRuns} r join retry o on r.retry_of = o.id
    ) select id, retry_of, known_status as "knownStatus" from retry order by id`);
}

function firstStage(run: RunRow): number {
  return run.stages[0]?.stage_order ?? 1;
}

export function waitingFor(run: RunRow, stageOrder: number) {
  return { nextStage: stageOrder, nextDriver: stageOf(run, stageOrder).driver_container };
}
