import type { PipelineRow, RunRow, StageLogRow } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { badInput } from "../errors.ts";
import { numberedId } from "../input.ts";
import { connect } from "../lists.ts";
import { type Connection, type FilterArgs, toConnection } from "../paging.ts";
import { countRunsOf, listRuns, RUN_ORDER, type RunFilter } from "./reads.ts";
import { isUnfinished } from "./state.ts";

export async function runs({ database, settings }: Context, args: FilterArgs<RunFilter>): Promise<Connection<RunRow>> {
  return connect(await listRuns(database.db, args.filter ?? {}, args, settings), (row) => row);
}

/** The runs of one pipeline. */
export async function runsOf(
  { database, loaders, settings }: Context,
  sourceTablename: string,
  args: FilterArgs<RunFilter>,
): Promise<Connection<RunRow>> {
  const page = await loaders.pipelines.runs.page(sourceTablename, args);
  return toConnection(
    RUN_ORDER,
    page,
    () => countRunsOf(database.db, sourceTablename, args.filter ?? {}, settings),
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

/** What a run waits for. */
export interface Waiting {
  readonly stageOrder: number;
  readonly driverContainer: string;
  readonly since: string;
}

/** Null when no stage of it waits. It waits since the stage before has ended, or since it was asked for. */
export async function waitingOf(context: Context, waiting: RunRow): Promise<Waiting | null> {
  const { id, nextStage, nextDriver, createdAt } = waiting;
  if (nextStage === null || nextDriver === null || !isUnfinished(waiting)) return null;
  const ends = (await stageLogsOf(context, id)).flatMap(({ completedAt }) => completedAt ?? []);
  const since = ends.reduce((latest, end) => (end > latest ? end : latest), createdAt);
  return { stageOrder: nextStage, driverContainer: nextDriver, since };
}

/** The newest runs of each of these pipelines. Throws BAD_USER_INPUT. */
export async function runsPerPipeline(
  context: Context,
  names: readonly string[],
  first: number,
): Promise<readonly { readonly sourceTablename: string; readonly runs: readonly RunRow[] }[]> {
  const { maxPageSize } = context.settings;
  if (names.length > maxPageSize)
    throw badInput(`There are ${names.length} sourceTablenames; ask for at most ${maxPageSize} at once.`);
  return Promise.all(
    names.map(async (sourceTablename) => {
      const { rows } = await context.loaders.pipelines.runs.page(sourceTablename, { first });
      return { sourceTablename, runs: rows };
    }),
  );
}

/** A run that was just written. */
export async function existingRun(context: Context, id: number): Promise<RunRow> {
  const found = await runByNumber(context, id);
  if (found === null) throw new Error(`the run ${id} is not there any more`);
  return found;
}
