import { and, eq, getColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import type { Known } from "../../db/columns.ts";
import {
  type destinationsConfig,
  type EndpointRow,
  type PipelineRow,
  pipelineConfig,
  type RunStatusWord,
  type sourcesConfig,
} from "../../db/pipelines/tables.ts";
import { containsText } from "../../feed/conditions.ts";
import { textArray } from "../batches.ts";
import { type List, listRows } from "../lists.ts";
import type { Order, OrderBy, PageArgs } from "../paging.ts";

type Maybe<T> = T | null | undefined;

export interface PipelineFilter {
  readonly search?: Maybe<string>;
  readonly isActive?: Maybe<boolean>;
  readonly sourceType?: Maybe<string>;
  readonly sinkType?: Maybe<string>;
  readonly lastRunStatus?: Maybe<readonly Known<RunStatusWord>[]>;
  readonly isOverdue?: Maybe<boolean>;
  readonly latestRunStatus?: Maybe<readonly Known<RunStatusWord>[]>;
}

const BY_NAME: OrderBy = { expression: sql`${pipelineConfig.sourceTablename}`, direction: "asc", type: "text" };

/** The orders of pipelines, each by name in the end. There are as many as somebody has configured: they are sorted. */
const PIPELINE_ORDERS = {
  NAME: { name: "pipeline", columns: [BY_NAME], keyOf: (row) => [row.sourceTablename] },
  LAST_RUN_FIRST: {
    name: "pipeline_last_run",
    columns: [
      { expression: sql`coalesce(${pipelineConfig.lastRunAt}, '-infinity')`, direction: "desc", type: "timestamptz" },
      BY_NAME,
    ],
    keyOf: (row) => [row.lastRunAt ?? "-infinity", row.sourceTablename],
  },
  NEXT_RUN_FIRST: {
    name: "pipeline_next_run",
    columns: [
      { expression: sql`coalesce(${pipelineConfig.nextRunAt}, 'infinity')`, direction: "asc", type: "timestamptz" },
      BY_NAME,
    ],
    keyOf: (row) => [row.nextRunAt ?? "infinity", row.sourceTablename],
  },
} as const satisfies Record<string, Order<PipelineRow>>;
export type PipelineOrder = keyof typeof PIPELINE_ORDERS;

/** A pipeline is active when one of its legs is. */
export const IS_ACTIVE = sql`(${pipelineConfig.sourceToDlIsActive} or ${pipelineConfig.dlToSinkIsActive})`;
/** Overdue is a matter of the clock alone: the row says since when. */
export const IS_OVERDUE = sql`coalesce(${pipelineConfig.overdueAt} < now(), false)`;

export function listPipelines(
  db: Db,
  filter: PipelineFilter,
  args: PageArgs & { readonly orderBy?: Maybe<PipelineOrder> },
  maxSize: number,
): Promise<List<PipelineRow>> {
  return listRows(db, {
    name: "pipelines.pipelines",
    table: pipelineConfig,
    order: PIPELINE_ORDERS[args.orderBy ?? "NAME"],
    where: wherePipeline(filter),
    args,
    maxSize,
  });
}

function wherePipeline(filter: PipelineFilter): SQL | undefined {
  const { search, isActive, sourceType, sinkType, lastRunStatus, isOverdue, latestRunStatus } = filter;
  return and(
    search == null || search === ""
      ? undefined
      : containsText([sql`${pipelineConfig.sourceTablename}`, sql`${pipelineConfig.sinkTablename}`], search),
    isActive == null ? undefined : isActive ? IS_ACTIVE : sql`not ${IS_ACTIVE}`,
    sourceType == null ? undefined : eq(pipelineConfig.sourceType, sourceType),
    sinkType == null ? undefined : eq(pipelineConfig.sinkType, sinkType),
    lastRunStatus == null ? undefined : inArray(pipelineConfig.knownLastRunStatus, [...lastRunStatus]),
    // Of each pipeline its newest run alone, by index.
    latestRunStatus == null
      ? undefined
      : inArray(
          sql`(select r.known_status from pipeline.pipeline_runs_master r
              where r.source_tablename = ${pipelineConfig.sourceTablename} order by r.id desc limit 1)`,
          [...latestRunStatus],
        ),
    isOverdue == null ? undefined : isOverdue ? sql`${pipelineConfig.overdueAt} < now()` : sql`not ${IS_OVERDUE}`,
  );
}

/** By name, null for those that are not there. */
export async function loadPipelines(db: Db, names: readonly string[]): Promise<readonly (PipelineRow | null)[]> {
  const rows = await db
    .select()
    .from(pipelineConfig)
    .where(sql`${pipelineConfig.sourceTablename} = any(${textArray(names)})`)
    .comment("pipelines.by_name");
  const found = new Map(rows.map((row) => [row.sourceTablename, row]));
  return names.map((name) => found.get(name) ?? null);
}

/** Which of these pipelines are overdue now. */
export async function loadOverdue(db: Db, names: readonly string[]): Promise<readonly boolean[]> {
  const rows = await db
    .select({ name: pipelineConfig.sourceTablename, isOverdue: sql<boolean>`${IS_OVERDUE}` })
    .from(pipelineConfig)
    .where(sql`${pipelineConfig.sourceTablename} = any(${textArray(names)})`)
    .comment("pipelines.overdue");
  const found = new Map(rows.map((row) => [row.name, row.isOverdue]));
  return names.map((name) => found.get(name) === true);
}

export async function loadEndpoints(
  db: Db,
  table: typeof sourcesConfig | typeof destinationsConfig,
  names: readonly string[],
): Promise<readonly (EndpointRow | null)[]> {
  const rows = await db
    .select(getColumns(table))
    .from(table)
    .where(sql`${table.name} = any(${textArray(names)})`)
    .comment("pipelines.endpoints_by_name");
  const found = new Map(rows.map((row) => [row.name, row]));
  return names.map((name) => found.get(name) ?? null);
}
