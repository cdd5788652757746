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

/** By the clock, not the transaction's start: a move that waited for another one is not before it. */
const NOW = sql`clock_timestamp()`;

export function runNumber(id: string): number {
  const number = numberedId(id);
  if (number === undefined) throw unknownRun(id);
  return number;
}

export function unknownRun(id: string | number) {
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
