import { and, desc, eq, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import {
  type PipelineStageRow,
  pipelineRuns,
  type RunRow,
  type RunStatusWord,
  type StageLogRow,
  type StageOfRun,
  stageLogs,
  UNFINISHED,
} from "../../db/pipelines/tables.ts";
import { userError } from "../errors.ts";
import { numberedId } from "../input.ts";

/** Who runs a stage, and until when unless he says so again. */
export interface Lease {
  readonly worker: string;
  readonly seconds: number;
}

/** By the clock, not the transaction's start: a move that waited for another one is not before it. */
const NOW = sql`clock_timestamp()`;

export function runNumber(id: string): number {
  const number = numberedId(id);
  if (number === undefined) throw unknownRun(id);
  return number;
}

function unknownRun(id: string | number) {
  return userError("NOT_FOUND", `There is no run ${id}.`);
}

/** Locks a run: whoever moves it comes after whoever is moving it. Throws NOT_FOUND. */
export async function lockRun(tx: Transaction, id: number): Promise<RunRow> {
  const [run] = await tx.select().from(pipelineRuns).where(eq(pipelineRuns.id, id)).for("update").comment("runs.lock");
  if (run === undefined) throw unknownRun(id);
  return run;
}

/** The log of a stage of a run that is locked; null when the run has not reached it. */
export async function stageLogOf(tx: Transaction, runId: number, stageOrder: number): Promise<StageLogRow | null> {
  const [log] = await tx
    .select()
    .from(stageLogs)
    .where(and(eq(stageLogs.pipelineRunId, runId), eq(stageLogs.stageOrder, stageOrder)))
    .orderBy(desc(stageLogs.id))
    .limit(1)
    .comment("runs.stage_log");
  return log ?? null;
}

export function isUnfinished({ knownStatus }: Pick<RunRow, "knownStatus">): boolean {
  return UNFINISHED.some((word) => word === knownStatus);
}

export function stageOf(run: RunRow, stageOrder: number): StageOfRun {
  const stage = run.stages.find(({ stage_order }) => stage_order === stageOrder);
  if (stage === undefined) throw userError("NOT_FOUND", `The run ${run.id} has no stage ${stageOrder}.`);
  return stage;
}

/** A stage that a run keeps, as its template's row was. */
export function templateRow(stage: StageOfRun): Omit<PipelineStageRow, "createdAt"> {
  return {
    isActive: true,
    id: stage.id,
    pipelineName: stage.pipeline_name,
    stageOrder: stage.stage_order,
    stageName: stage.stage_name,
    stageType: stage.stage_type,
    driverContainer: stage.driver_container,
  };
}

export function invalidMove(run: RunRow, stageOrder: number, what: string, log: StageLogRow | null, next?: number) {
  const isNext = next === undefined ? "" : ` Stage ${next} is next.`;
  const state = log === null ? "has not started" : `is ${log.status}`;
  return userError(
    "INVALID_TRANSITION",
    `Stage ${stageOrder} of run ${run.id} can't ${what}: the run is ${run.status}, the stage ${state}.${isNext}`,
  );
}

/**
 * Begins a stage of a locked run, if it is the one that is next. One that runs already is left as it is, unless its lease ran
 * out and it is taken anew. Throws INVALID_TRANSITION, NOT_FOUND.
 */
export async function beginStage(tx: Transaction, run: RunRow, stageOrder: number, lease: Lease | null): Promise<void> {
  const stage = stageOf(run, stageOrder);
  const log = await stageLogOf(tx, run.id, stageOrder);
  const isWaiting = run.nextStage === stageOrder;
  if (log?.knownStatus === "running" && !isWaiting) return;
  const next = run.nextStage ?? (await nextByHistory(tx, run));
  if (!isUnfinished(run) || next !== stageOrder) {
    throw invalidMove(run, stageOrder, "start", log, isUnfinished(run) ? next : undefined);
  }
  const leased = {
    worker: lease?.worker ?? null,
    leaseExpiresAt: lease === null ? null : sql`${NOW} + make_interval(secs => ${lease.seconds})`,
  };
  if (log?.knownStatus === "running") {
    await tx
      .update(stageLogs)
      .set({ ...leased, startedAt: NOW })
      .where(eq(stageLogs.id, log.id));
  } else {
    await tx.insert(stageLogs).values({
      pipelineRunId: run.id,
      sourceTablename: run.sourceTablename,
      pipelineType: stage.stage_type,
      stageOrder,
      status: "running",
      startedAt: NOW,
      ...leased,
    });
  }
  await tx
    .update(pipelineRuns)
    .set({
      status: "running",
      startedAt: sql`coalesce(started_at, ${NOW})`,
      currentStage: stageOrder,
      nextStage: null,
      nextDriver: null,
    })
    .where(eq(pipelineRuns.id, run.id));
}

/** For a run that a direct writer made, whose next stage nobody wrote down; undefined while its stage goes on, or none is left. */
async function nextByHistory(tx: Transaction, run: RunRow): Promise<number | undefined> {
  if (run.currentStage === 0) return run.stages[0]?.stage_order;
  if ((await stageLogOf(tx, run.id, run.currentStage))?.knownStatus !== "success") return undefined;
  return run.stages.find(({ stage_order }) => stage_order > run.currentStage)?.stage_order;
}

/** Ends a stage's log, and answers when. */
export async function endLog(
  tx: Transaction,
  log: StageLogRow,
  values: Partial<typeof stageLogs.$inferInsert> & { readonly status: string },
): Promise<string> {
  const end = sql`greatest(${NOW}, started_at)`;
  const [ended] = await tx
    .update(stageLogs)
    .set({
      ...values,
      completedAt: end,
      // Of seconds alone: a difference of instants has days, which HH24 leaves out.
      timeTaken: sql`to_char(make_interval(secs => extract(epoch from ${end} - started_at)), 'HH24:MI:SS.MS')`,
      leaseExpiresAt: null,
    })
    .where(eq(stageLogs.id, log.id))
    .returning({ at: stageLogs.completedAt });
  if (ended?.at == null) throw new Error("a stage's log was not there to be ended");
  return ended.at;
}

/** Ends a locked run. The same transaction stamps its pipeline: a trigger does, as for programs that end runs by SQL. */
export async function endRun(
  tx: Transaction,
  run: RunRow,
  status: Exclude<RunStatusWord, "pending" | "running">,
  errorMessage: string | null,
  at: string | null,
): Promise<void> {
  await tx
    .update(pipelineRuns)
    .set({ status, errorMessage, completedAt: at ?? sql`greatest(${NOW}, started_at)`, nextDriver: null })
    .where(eq(pipelineRuns.id, run.id));
}
