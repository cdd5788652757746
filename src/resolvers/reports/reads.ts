import { and, eq, getColumns, inArray, sql } from "drizzle-orm";
import type { Db, Transaction } from "../../db/client.ts";
import { type ReportJobRow, type ReportRunRow, reportJobs, reportRuns } from "../../db/reports/tables.ts";
import { textArray } from "../batches.ts";
import { countUpTo } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, OrderBy, PageRequest } from "../paging.ts";
import type { Settings } from "../settings.ts";
import { withinAgencies } from "./agency-scope.ts";

/** Newest first. */
export const RUN_ORDER: Order<ReportRunRow> = {
  name: "seeder_run",
  columns: [
    { expression: sql`${reportRuns.startTime}`, direction: "desc", type: "timestamptz" },
    { expression: sql`${reportRuns.id}`, direction: "desc", type: "bigint" },
  ],
  keyOf: (row) => [row.startTime, row.id],
};

const BY_NAME: OrderBy = { expression: sql`${reportJobs.tableName}`, direction: "asc", type: "text" };

/** The orders of jobs. Each ends with the name, which is unique. */
export const JOB_ORDERS = {
  TABLE_NAME: { name: "seeder_job", columns: [BY_NAME], keyOf: (row) => [row.tableName] },
  STATUS: {
    name: "seeder_job_status",
    columns: [{ expression: sql`${reportJobs.knownStatus}`, direction: "asc", type: "text" }, BY_NAME],
    keyOf: (row) => [row.knownStatus, row.tableName],
  },
  LONGEST_FIRST: {
    name: "seeder_job_longest",
    columns: [
      { expression: sql`coalesce(${reportJobs.durationSeconds}, -1)`, direction: "desc", type: "integer" },
      BY_NAME,
    ],
    keyOf: (row) => [row.durationSeconds ?? -1, row.tableName],
  },
  MOST_FAILURES_FIRST: {
    name: "seeder_job_failures",
    columns: [
      { expression: sql`coalesce(${reportJobs.consecutiveFailures}, 0)`, direction: "desc", type: "integer" },
      BY_NAME,
    ],
    keyOf: (row) => [row.consecutiveFailures ?? 0, row.tableName],
  },
  RECENTLY_UPDATED_FIRST: {
    name: "seeder_job_updated",
    columns: [
      { expression: sql`${reportJobs.updatedAt}`, direction: "desc", type: "timestamptz" },
      { ...BY_NAME, direction: "desc" },
    ],
    keyOf: (row) => [row.updatedAt, row.tableName],
  },
} as const satisfies Record<string, Order<ReportJobRow>>;
export type ReportJobOrder = keyof typeof JOB_ORDERS;

/** Runs by their numbers, in that order. */
export async function runsByNumber(db: Db, ids: readonly number[]): Promise<readonly ReportRunRow[]> {
  const rows = await db
    .select()
    .from(reportRuns)
    .where(inArray(reportRuns.id, sql`(select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb)::bigint)`))
    .comment("reports.runs_by_number");
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** The newest run of these agencies that a program gave this id; null when there is none. */
export async function runByRunId(
  db: Db | Transaction,
  runId: string,
  scope: readonly string[] | null = null,
): Promise<ReportRunRow | null> {
  const [row] = await db
    .select()
    .from(reportRuns)
    .where(and(eq(reportRuns.runId, runId), withinAgencies(scope, reportRuns.agencySlug)))
    .orderBy(sql`${reportRuns.id} desc`)
    .limit(1)
    .comment("reports.run_by_run_id");
  return row ?? null;
}

/** Jobs by name, null for those that are not known. */
export async function loadJobs(db: Db, names: readonly string[]): Promise<readonly (ReportJobRow | null)[]> {
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(reportJobs) })
    .from(sql`unnest(${textArray(names)}) with ordinality as k(name, at)`)
    .innerJoin(reportJobs, sql`${reportJobs.tableName} = k.name`)
    .comment("reports.jobs_by_name");
  const found = new Map(rows.map((row) => [row.at, row]));
  return names.map((_, at) => found.get(at + 1) ?? null);
}

export interface JobFlags {
  readonly isFailing: boolean;
  readonly isLongRunning: boolean;
}

/** What the database makes of jobs as they are given: a change shows a job as it was then. */
export async function loadFlags(
  db: Db,
  jobs: readonly ReportJobRow[],
  { failingAfter, longRunningMinutes }: Settings,
): Promise<readonly JobFlags[]> {
  const json = jobs.map(({ tableName, knownStatus, startTime, consecutiveFailures }) => ({
    table_name: tableName,
    status: knownStatus,
    start_time: startTime,
    failures: consecutiveFailures,
  }));
  const rows = await db.execute<{ failing: boolean; long_running: boolean }>(sql`/* reports.flags_of_jobs */
    select reporting.is_failing(k.failures, ${failingAfter}::integer) as failing,
           reporting.is_long_running(k.table_name, k.status, k.start_time, ${longRunningMinutes}::integer) as long_running
    from rows from (jsonb_to_recordset(${JSON.stringify(json)}::text::jsonb)
      as (table_name text, status text, start_time timestamptz, failures integer)) with ordinality
      as k(table_name, status, start_time, failures, at)
    order by k.at`);
  return rows.map((row) => ({ isFailing: row.failing, isLongRunning: row.long_running }));
}

/** How many runs of these agencies one table has. */
export function countRunsOf(db: Db, tableName: string, scope: readonly string[] | null): Promise<number | null> {
  const where = and(eq(reportRuns.tableName, tableName), withinAgencies(scope, reportRuns.agencySlug)) ?? sql`false`;
  return countUpTo(db, "reports.count_runs_of_job", sql`${reportRuns} where ${where}`);
}

/** The runs of tables, each newest first, one page for each table. */
export function loadRunPages(
  db: Db,
  names: readonly string[],
  request: PageRequest,
  scope: readonly string[] | null,
): Promise<readonly (readonly ReportRunRow[])[]> {
  return loadPages(db, {
    name: "reports.runs_of_jobs",
    table: reportRuns,
    places: names.length,
    keys: sql`unnest(${textArray(names)}) with ordinality as k(name, at)`,
    belongs: and(sql`${reportRuns.tableName} = k.name`, withinAgencies(scope, reportRuns.agencySlug)),
    request,
  });
}
