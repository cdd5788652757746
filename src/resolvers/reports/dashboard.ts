import { and, asc, desc, eq, type SQL, sql } from "drizzle-orm";
import { type Known, UNKNOWN } from "../../db/columns.ts";
import {
  REPORT_STATUSES,
  type ReportJobRow,
  type ReportStatusWord,
  reportJobs,
  reportRuns,
} from "../../db/reports/tables.ts";
import type { Context } from "../context.ts";
import { agencyScope, withinAgencies } from "./agency-scope.ts";
import { whereJob } from "./filters.ts";

/** The numbers are read when a field asks for them. */
export interface ReportDashboard {
  readonly agencySlug: string | null;
  /** Counts of jobs by their status. */
  readonly counts: () => Promise<JobCounts>;
  readonly lastDay: () => Promise<LastDay>;
}

const KNOWN_STATUSES: readonly Known<ReportStatusWord>[] = [...REPORT_STATUSES, UNKNOWN];

interface JobCounts {
  readonly total: number;
  readonly byStatus: readonly { readonly status: Known<ReportStatusWord>; readonly count: number }[];
}

interface LastDay {
  /** Part of the runs that succeeded, of those that ended; null when none ended. */
  readonly successRate: number | null;
  readonly recordsProcessed: number;
}

export function reportDashboard(context: Context, agencySlug: string | null | undefined): ReportDashboard {
  let counts: Promise<JobCounts> | undefined;
  let lastDay: Promise<LastDay> | undefined;
  const slug = agencySlug ?? null;
  return {
    agencySlug: slug,
    counts: () => (counts ??= countJobs(context, slug)),
    lastDay: () => (lastDay ??= readLastDay(context, slug)),
  };
}

async function countJobs(context: Context, agencySlug: string | null): Promise<JobCounts> {
  const where = whereJob(context, { agencySlug }) ?? sql`true`;
  const rows = await context.database.db.execute<{ status: string; count: string }>(sql`/* reports.job_counts */
    select ${reportJobs.knownStatus} as status, count(*) from ${reportJobs} where ${where} group by ${reportJobs.knownStatus}`);
  const counts = new Map(rows.map(({ status, count }) => [status, Number(count)]));
  return {
    total: [...counts.values()].reduce((sum, count) => sum + count, 0),
    byStatus: KNOWN_STATUSES.map((status) => ({ status, count: counts.get(status) ?? 0 })),
  };
}

async function readLastDay(context: Context, agencySlug: string | null): Promise<LastDay> {
  const where = and(
    sql`${reportRuns.finishTime} > now() - interval '24 hours' and not ${reportRuns.isSkipped}`,
    withinAgencies(agencyScope(context), reportRuns.agencySlug),
    agencySlug === null ? undefined : eq(reportRuns.agencySlug, agencySlug),
  );
  const [row] = await context.database.db.execute<{ rate: number | null; records: string }>(sql`/* reports.last_day */
    select (count(*) filter (where ${reportRuns.knownStatus} = 'success'))::float8
             / nullif(count(*) filter (where ${reportRuns.knownStatus} in ('success', 'error')), 0) as rate,
           least(coalesce(sum(${reportRuns.recordsProcessed}), 0), 9007199254740991) as records
    from ${reportRuns} where ${where}`);
  return { successRate: row?.rate ?? null, recordsProcessed: Number(row?.records ?? 0) };
}

/** Most failures first. */
export function failingJobs(context: Context, agencySlug: string | null): Promise<readonly ReportJobRow[]> {
  return listJobs(context, "reports.failing_jobs", whereJob(context, { agencySlug, isFailing: true }), [
    sql`coalesce(${reportJobs.consecutiveFailures}, 0) desc`,
    asc(reportJobs.tableName),
  ]);
}

/** Longest first. */
export function longRunningJobs(context: Context, agencySlug: string | null): Promise<readonly ReportJobRow[]> {
  return listJobs(context, "reports.long_running_jobs", whereJob(context, { agencySlug, isLongRunning: true }), [
    asc(reportJobs.startTime),
    desc(reportJobs.tableName),
  ]);
}

function listJobs(
  { database, settings }: Context,
  name: string,
  where: SQL | undefined,
  order: readonly SQL[],
): Promise<ReportJobRow[]> {
  return database.db
    .select()
    .from(reportJobs)
    .where(where)
    .orderBy(...order)
    .limit(settings.maxPageSize)
    .comment(name);
}
