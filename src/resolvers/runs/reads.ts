import { and, eq, getColumns, gt, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import {
  pipelineRuns,
  type RunRow,
  type RunStatusWord,
  type StageLogRow,
  stageLogs,
  type TriggerWord,
} from "../../db/pipelines/tables.ts";
import { type Condition, changesOf, type Filter } from "../../feed/conditions.ts";
import type { RowOf } from "../../feed/topics.ts";
import { bigintArray, groupByPlace, textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { numberedId } from "../input.ts";
import { connect, countUpTo, listRows } from "../lists.ts";
import {
  type Connection,
  type Order,
  type PageArgs,
  type PageRequest,
  pageRequest,
  toConnection,
  toPage,
} from "../paging.ts";

type Maybe<T> = T | null | undefined;

export interface RunFilter {
  readonly id?: Maybe<string>;
  readonly sourceTablename?: Maybe<string>;
  readonly pipelineName?: Maybe<string>;
  readonly status?: Maybe<readonly RunStatusWord[]>;
  readonly triggeredBy?: Maybe<readonly TriggerWord[]>;
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
}

/** Newest first. */
const RUN_ORDER: Order<RunRow> = {
  name: "run",
  columns: [{ expression: sql`${pipelineRuns.id}`, direction: "desc", type: "bigint" }],
  keyOf: (row) => [row.id],
};

/** An id that no run has. */
const NO_RUN = 0;

export async function runs(
  { database, settings }: Context,
  args: PageArgs & { readonly filter?: Maybe<RunFilter> },
): Promise<Connection<RunRow>> {
  const list = await listRows(database.db, {
    name: "runs.runs",
    table: pipelineRuns,
    order: RUN_ORDER,
    where: whereRun(args.filter ?? {}),
    args,
    maxSize: settings.maxPageSize,
  });
  return connect(list, (row) => row);
}

/** The runs of one pipeline. */
export async function runsOf(
  { database, loaders, settings }: Context,
  sourceTablename: string,
  args: PageArgs & { readonly filter?: Maybe<RunFilter> },
): Promise<Connection<RunRow>> {
  const filter = args.filter ?? {};
  const request = pageRequest(args, RUN_ORDER, settings.maxPageSize);
  const rows = await loaders.pipelines.runPages(filter, request, JSON.stringify(args)).load(sourceTablename);
  const where = and(whereRun(filter), eq(pipelineRuns.sourceTablename, sourceTablename));
  return toConnection(
    RUN_ORDER,
    toPage(request, rows),
    () => countUpTo(database.db, "runs.count_runs_of_pipeline", sql`${pipelineRuns} where ${where}`),
    (row) => row,
  );
}

function whereRun(filter: RunFilter): SQL | undefined {
  const { id, sourceTablename, pipelineName, status, triggeredBy, startedAfter, startedBefore } = filter;
  return and(
    id == null ? undefined : eq(pipelineRuns.id, numberedId(id) ?? NO_RUN),
    sourceTablename == null ? undefined : eq(pipelineRuns.sourceTablename, sourceTablename),
    pipelineName == null ? undefined : eq(pipelineRuns.pipelineName, pipelineName),
    status == null ? undefined : inArray(pipelineRuns.status, [...status]),
    triggeredBy == null ? undefined : inArray(pipelineRuns.triggeredBy, [...triggeredBy]),
    startedAfter == null ? undefined : gt(pipelineRuns.startedAt, startedAfter),
    startedBefore == null ? undefined : lt(pipelineRuns.startedAt, startedBefore),
  );
}

/** The same filter for the feed. */
export function runChanges(filter: RunFilter): Filter {
  const { id, sourceTablename, pipelineName, status, triggeredBy, startedAfter, startedBefore } = filter;
  type Conditions = Condition<keyof RowOf<"RUN">>[];
  const when = <T>(value: Maybe<T>, condition: (value: T) => Conditions[number]): Conditions =>
    value == null ? [] : [condition(value)];
  return changesOf("RUN", [
    ...when(id, (value) => ({ column: "id", in: [numberedId(value) ?? NO_RUN] })),
    ...when(sourceTablename, (value) => ({ column: "sourceTablename", in: [value] })),
    ...when(pipelineName, (value) => ({ column: "pipelineName", in: [value] })),
    ...when(status, (value) => ({ column: "status", in: value })),
    ...when(triggeredBy, (value) => ({ column: "triggeredBy", in: value })),
    ...when(startedAfter, (value) => ({ column: "startedAt", after: value })),
    ...when(startedBefore, (value) => ({ column: "startedAt", before: value })),
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

/** For each pipeline one page of its runs, newest first. */
export async function loadRunPages(
  db: Db,
  names: readonly string[],
  filter: RunFilter,
  request: Pick<PageRequest, "condition" | "orderBy" | "limit">,
): Promise<readonly (readonly RunRow[])[]> {
  const page = db
    .select()
    .from(pipelineRuns)
    .where(and(sql`${pipelineRuns.sourceTablename} = k.name`, whereRun(filter), request.condition))
    .orderBy(request.orderBy)
    .limit(request.limit)
    .as("page");
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(page) })
    .from(sql`unnest(${textArray(names)}) with ordinality as k(name, at)`)
    .crossJoinLateral(page)
    .comment("runs.of_pipelines");
  return groupByPlace(names.length, rows);
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
