import type { PipelineRow, RunRow, StageLogRow } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { numberedId } from "../input.ts";
import { connect } from "../lists.ts";
import { type Connection, type FilterArgs, toConnection } from "../paging.ts";
import { countRunsOf, listRuns, RUN_ORDER, type RunFilter } from "./reads.ts";

export async function runs({ database, settings }: Context, args: FilterArgs<RunFilter>): Promise<Connection<RunRow>> {
  return connect(await listRuns(database.db, args.filter ?? {}, args, settings.maxPageSize), (row) => row);
}

/** The runs of one pipeline. */
export async function runsOf(
  { database, loaders }: Context,
  sourceTablename: string,
  args: FilterArgs<RunFilter>,
): Promise<Connection<RunRow>> {
  const page = await loaders.pipelines.runs.page(sourceTablename, args);
  return toConnection(
    RUN_ORDER,
    page,
    () => countRunsOf(database.db, sourceTablename, args.filter ?? {}),
    (row) => row,
  );
}

/** Null when there is no such run. */
export function run(context: Context, id: string): Promise<RunRow | null> {
  const number = numberedId(id);
  return number === undefined ? Promise.resolve(null) : runByNumber(context, number);
}

export function runByNumber({ loaders }: Context, id: number): Promise<RunRow | null> {
  return loaders.pipelines.run.load(id);
}

/** Null when the pipeline never ran. */
export function latestRunOf({ loaders }: Context, sourceTablename: string): Promise<RunRow | null> {
  return loaders.pipelines.latestRun.load(sourceTablename);
}

/** In the order of the stages; of several logs of one stage, the newest. */
export function stageLogsOf({ loaders }: Context, runId: number): Promise<readonly StageLogRow[]> {
  return loaders.pipelines.stageLogs.load(runId);
}

/** Null when it was deleted: a run outlives its pipeline. */
export function pipelineOfRun({ loaders }: Context, { sourceTablename }: RunRow): Promise<PipelineRow | null> {
  return loaders.pipelines.pipeline.load(sourceTablename);
}

/** Only a running one takes long. */
export function isLongRunning({ loaders }: Context, { id, knownStatus }: RunRow): Promise<boolean> {
  return knownStatus === "running" ? loaders.pipelines.isLongRunning.load(id) : Promise.resolve(false);
}

/** A run that was just written. */
export async function existingRun(context: Context, id: number): Promise<RunRow> {
  const found = await runByNumber(context, id);
  if (found === null) throw new Error(`the run ${id} is not there any more`);
  return found;
}
