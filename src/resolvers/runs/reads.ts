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
import { type Condition, changesOf, conditionsToSql, type Filter, when } from "../../feed/conditions.ts";
import { bigintArray, textArray } from "../batches.ts";
import { numberedId } from "../input.ts";
import { countUpTo, type List, listRows } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";

type Maybe<T> = T | null | undefined;

export interface RunFilter {
  readonly id?: Maybe<string>;
  readonly sourceTablename?: Maybe<string>;
  readonly pipelineName?: Maybe<string>;
  readonly status?: Maybe<readonly Known<RunStatusWord>[]>;
  readonly triggeredBy?: Maybe<readonly Known<TriggerWord>[]>;
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
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

function whereRun(filter: RunFilter): SQL {
  return conditionsToSql(pipelineRuns, conditionsOf(filter));
}

/** The same filter for the feed. */
export function runChanges(filter: RunFilter): Filter {
  return changesOf("RUN", conditionsOf(filter));
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

export function listRuns(db: Db, filter: RunFilter, args: PageArgs, maxSize: number): Promise<List<RunRow>> {
  return listRows(db, {
    name: "runs.runs",
    table: pipelineRuns,
    order: RUN_ORDER,
    where: whereRun(filter),
    args,
    maxSize,
  });
}

/** How many runs of one pipeline pass the filter. */
export function countRunsOf(db: Db, sourceTablename: string, filter: RunFilter): Promise<number | null> {
  const where = and(whereRun(filter), eq(pipelineRuns.sourceTablename, sourceTablename));
  return countUpTo(db, "runs.count_runs_of_pipeline", sql`${pipelineRuns} where ${where}`);
}

/** For each pipeline one page of its runs, newest first. */
export function loadRunPages(
  db: Db,
  names: readonly string[],
  filter: RunFilter,
  request: Pick<PageRequest, "condition" | "orderBy" | "limit">,
): Promise<readonly (readonly RunRow[])[]> {
  return loadPages(db, {
    name: "runs.of_pipelines",
    table: pipelineRuns,
    places: names.length,
    keys: sql`unnest(${textArray(names)}) with ordinality as k(name, at)`,
    belongs: and(sql`${pipelineRuns.sourceTablename} = k.name`, whereRun(filter)),
    request,
  });
}

export async function loadLatestRuns(db: Db, names: readonly string[]): Promise<readonly (RunRow | null)[]> {
  const newest = { condition: undefined, orderBy: sql`${pipelineRuns.id} desc`, limit: 1 };
  const pages = await loadRunPages(db, names, {}, newest);
  return pages.map(([run]) => run ?? null);
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
