import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import type { Known } from "../../db/columns.ts";
import {
  pipelineRuns,
  type RunRow,
  type RunStatusWord,
  type StageLogRow,
  stageLogs,
  type TriggerWord,
  UNFINISHED,
} from "../../db/pipelines/tables.ts";
import { type Condition, changesOf, conditionsToSql, containsText, type Filter, when } from "../../feed/conditions.ts";
import { bigintArray, textArray } from "../batches.ts";
import { badInput } from "../errors.ts";
import { numberedId } from "../input.ts";
import { countUpTo, type List, listRows } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";
import type { Settings } from "../settings.ts";

type Maybe<T> = T | null | undefined;

export interface RunFilter {
  readonly id?: Maybe<string>;
  readonly sourceTablename?: Maybe<string>;
  readonly pipelineName?: Maybe<string>;
  readonly status?: Maybe<readonly Known<RunStatusWord>[]>;
  readonly triggeredBy?: Maybe<readonly Known<TriggerWord>[]>;
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
  readonly isLongRunning?: Maybe<boolean>;
  readonly errorContains?: Maybe<string>;
}

/** Newest first. */
export const RUN_ORDER: Order<RunRow> = {
  name: "run",
  columns: [{ expression: sql`${pipelineRuns.id}`, direction: "desc", type: "bigint" }],
  keyOf: (row) => [row.id],
};

/** An id that no run has. */
const NO_RUN = 0;

/** What a filter asks of a run. `startedAfter` and `startedBefore` are exclusive. */
function conditionsOf(filter: RunFilter): Condition<keyof RunRow>[] {
  return [
    ...when(filter.id, (id) => ({ column: "id" as const, in: [numberedId(id) ?? NO_RUN] })),
    ...when(filter.sourceTablename, (name) => ({ column: "sourceTablename" as const, in: [name] })),
    ...when(filter.pipelineName, (name) => ({ column: "pipelineName" as const, in: [name] })),
    ...when(filter.status, (words) => ({ column: "knownStatus" as const, in: words })),
    ...when(filter.triggeredBy, (words) => ({ column: "knownTriggeredBy" as const, in: words })),
    ...when(filter.startedAfter, (after) => ({ column: "startedAt" as const, after })),
    ...when(filter.startedBefore, (before) => ({ column: "startedAt" as const, before })),
  ];
}

/** Failures that are looked through for a text: the newest. */
export const MOST_SEARCHED = 20_000;

/** The row of a run, which the database's definition takes. */
const RUN = sql.raw("pipeline_runs_master");

export function whereRun(filter: RunFilter, longRunningMinutes: number): SQL | undefined {
  const { isLongRunning: wanted } = filter;
  const isLong = sql`pipeline.is_long_running(${RUN}, ${longRunningMinutes}, now())`;
  return and(
    conditionsToSql(pipelineRuns, conditionsOf(filter)),
    // The status first, and by its index: few of many runs go on.
    wanted === true ? and(eq(pipelineRuns.knownStatus, "running"), isLong) : undefined,
    filter.errorContains == null
      ? undefined
      : sql`${pipelineRuns.id} in (select f.id from (
            select id, error_message from pipeline.pipeline_runs_master where known_status = 'failed'
            order by id desc limit ${MOST_SEARCHED}) f
          where ${containsText([sql`f.error_message`], filter.errorContains)})`,
    wanted === false ? sql`not coalesce(${isLong}, false)` : undefined,
  );
}

/** The same filter for the feed. Throws BAD_USER_INPUT for what no change can tell. */
export function runChanges(filter: RunFilter): Filter {
  if (filter.isLongRunning != null) {
    throw badInput(
      "isLongRunning can't filter changes: a run begins to take long by the clock, without a change. Query runs for it.",
    );
  }
  return changesOf("RUN", [
    ...conditionsOf(filter),
    ...when(filter.errorContains, (contains) => ({ column: "errorMessage" as const, others: [], contains })),
  ]);
}

/** Runs whose next stage waits for a driver container. */
export function waitingChanges(driverContainer: string): Filter {
  return changesOf("RUN", [
    { column: "nextDriver", in: [driverContainer] },
    { column: "knownStatus", in: UNFINISHED },
  ]);
}

export function stageChanges(runId: Maybe<string>): Filter {
  return changesOf("RUN_STAGE", runId == null ? [] : [{ column: "pipelineRunId", in: [numberedId(runId) ?? NO_RUN] }]);
}

export async function loadRuns(db: Db, ids: readonly number[]): Promise<readonly (RunRow | null)[]> {
  const rows = await db
    .select()
    .from(pipelineRuns)
    .where(sql`${pipelineRuns.id} = any(${bigintArray(ids)})`)
    .comment("runs.by_id");
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

export function listRuns(
  db: Db,
  filter: RunFilter,
  args: PageArgs,
  { maxPageSize: maxSize, longRunningMinutes }: Settings,
): Promise<List<RunRow>> {
  return listRows(db, {
    name: "runs.runs",
    table: pipelineRuns,
    order: RUN_ORDER,
    where: whereRun(filter, longRunningMinutes),
    args,
    maxSize,
  });
}

/** How many runs of one pipeline pass the filter. */
export function countRunsOf(
  db: Db,
  sourceTablename: string,
  filter: RunFilter,
  { longRunningMinutes }: Settings,
): Promise<number | null> {
  const where = and(whereRun(filter, longRunningMinutes), eq(pipelineRuns.sourceTablename, sourceTablename));
  return countUpTo(db, "runs.count_runs_of_pipeline", sql`${pipelineRuns} where ${where}`);
}

/** For each pipeline one page of its runs, newest first. */
export function loadRunPages(
  db: Db,
  names: readonly string[],
  where: SQL | undefined,
  request: Pick<PageRequest, "condition" | "orderBy" | "limit">,
): Promise<readonly (readonly RunRow[])[]> {
  return loadPages(db, {
    name: "runs.of_pipelines",
    table: pipelineRuns,
    places: names.length,
    keys: sql`unnest(${textArray(names)}) with ordinality as k(name, at)`,
    belongs: and(sql`${pipelineRuns.sourceTablename} = k.name`, where),
    request,
  });
}

export async function loadLatestRuns(db: Db, names: readonly string[]): Promise<readonly (RunRow | null)[]> {
  const newest = { condition: undefined, orderBy: sql`${pipelineRuns.id} desc`, limit: 1 };
  const pages = await loadRunPages(db, names, undefined, newest);
  return pages.map(([run]) => run ?? null);
}

/** The newest retry of each of these runs; null where there is none. */
export async function loadRetries(db: Db, ids: readonly number[]): Promise<readonly (RunRow | null)[]> {
  const rows = await db
    .selectDistinctOn([pipelineRuns.retryOf])
    .from(pipelineRuns)
    .where(sql`${pipelineRuns.retryOf} = any(${bigintArray(ids)})`)
    .orderBy(pipelineRuns.retryOf, sql`${pipelineRuns.id} desc`)
    .comment("runs.retries");
  const found = new Map(rows.map((row) => [row.retryOf, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** The logs of runs in the order of their stages; of several of one stage, the newest. */
export async function loadStageLogs(db: Db, runIds: readonly number[]): Promise<readonly (readonly StageLogRow[])[]> {
  const rows = await db
    .selectDistinctOn([stageLogs.pipelineRunId, stageLogs.stageOrder])
    .from(stageLogs)
    .where(sql`${stageLogs.pipelineRunId} = any(${bigintArray(runIds)})`)
    .orderBy(stageLogs.pipelineRunId, stageLogs.stageOrder, sql`${stageLogs.id} desc`)
    .comment("runs.stage_logs");
  const byRun = Map.groupBy(rows, (row) => row.pipelineRunId);
  return runIds.map((id) => byRun.get(id) ?? []);
}

/** Which of these runs take long, by the one definition. */
export async function loadLongRunning(
  db: Db,
  ids: readonly number[],
  leastMinutes: number,
): Promise<readonly boolean[]> {
  const rows = await db.execute<{ id: string }>(sql`/* runs.long_running */
    select r.id from pipeline.pipeline_runs_master r
    where r.id = any(${bigintArray(ids)}) and pipeline.is_long_running(r, ${leastMinutes}, now())`);
  const found = new Set(rows.map(({ id }) => Number(id)));
  return ids.map((id) => found.has(id));
}
