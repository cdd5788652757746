import { and, eq, sql } from "drizzle-orm";
import {
  cannedReportManifests,
  cannedReports,
  customReportManifests,
  type ReportJobRow,
  type ReportRunRow,
  reportJobs,
  reportRuns,
} from "../../db/reports/tables.ts";
import type { Context } from "../context.ts";
import { connect, listRows } from "../lists.ts";
import { type Connection, type FilterArgs, type PageArgs, toConnection } from "../paging.ts";
import { agencyScope, ifVisible, withinAgencies } from "./agency-scope.ts";
import { type ReportJobFilter, type ReportRunFilter, whereJob, whereRun } from "./filters.ts";
import {
  type CannedManifest,
  type CannedReport,
  type CustomManifest,
  listCannedManifests,
  listCannedReports,
  listCustomManifests,
} from "./manifest-reads.ts";
import { countRunsOf, JOB_ORDERS, type JobFlags, type ReportJobOrder, RUN_ORDER, runByRunId } from "./reads.ts";

/** Null when it never ran. */
export async function reportJob(context: Context, tableName: string): Promise<ReportJobRow | null> {
  return ifVisible(context, await context.loaders.reports.job.load(tableName));
}

export async function listReportJobs(
  context: Context,
  args: FilterArgs<ReportJobFilter> & { readonly orderBy?: ReportJobOrder | null | undefined },
): Promise<Connection<ReportJobRow>> {
  return connect(
    await listRows(context.database.db, {
      name: "reports.jobs",
      table: reportJobs,
      order: JOB_ORDERS[args.orderBy ?? "TABLE_NAME"],
      where: whereJob(context, args.filter ?? {}),
      args,
      maxSize: context.settings.maxPageSize,
    }),
    (row) => row,
  );
}

/** Null when no run has this id. */
export async function reportRun(context: Context, runId: string): Promise<ReportRunRow | null> {
  return runByRunId(context.database.db, runId, agencyScope(context));
}

export async function listReportRuns(
  context: Context,
  args: FilterArgs<ReportRunFilter>,
): Promise<Connection<ReportRunRow>> {
  return connect(
    await listRows(context.database.db, {
      name: "reports.runs",
      table: reportRuns,
      order: RUN_ORDER,
      where: whereRun(context, args.filter ?? {}),
      args,
      maxSize: context.settings.maxPageSize,
    }),
    (row) => row,
  );
}

export function flagsOf({ loaders }: Context, job: ReportJobRow): Promise<JobFlags> {
  return loaders.reports.flags.load(job);
}

/** The runs of a job that the viewer sees; they are those of its table. */
export async function runsOf(context: Context, tableName: string, args: PageArgs): Promise<Connection<ReportRunRow>> {
  const page = await context.loaders.reports.runs.page(tableName, args);
  return toConnection(
    RUN_ORDER,
    page,
    () => countRunsOf(context.database.db, tableName, agencyScope(context)),
    (row) => row,
  );
}

export function customManifests(
  context: Context,
  agencySlug: string | null | undefined,
  enabled: boolean | null | undefined,
): Promise<readonly CustomManifest[]> {
  const columns = customReportManifests;
  return listCustomManifests(
    context.database.db,
    and(
      withinAgencies(agencyScope(context), columns.agencySlug),
      agencySlug == null ? undefined : eq(columns.agencySlug, agencySlug),
      enabled == null ? undefined : eq(columns.enabled, enabled),
    ),
  );
}

export function cannedManifests(
  context: Context,
  agencySlug: string | null | undefined,
): Promise<readonly CannedManifest[]> {
  const columns = cannedReportManifests;
  return listCannedManifests(
    context.database.db,
    and(
      withinAgencies(agencyScope(context), columns.agencySlug),
      agencySlug == null ? undefined : eq(columns.agencySlug, agencySlug),
    ),
  );
}

/** Of a viewer who is limited to agencies: those that one of them has. */
export function cannedReportsOf(context: Context): Promise<readonly CannedReport[]> {
  const given = withinAgencies(agencyScope(context), cannedReportManifests.agencySlug);
  return listCannedReports(
    context.database.db,
    given === undefined
      ? undefined
      : sql`exists (select from ${cannedReportManifests}
          where ${cannedReportManifests.cannedReportId} = ${cannedReports.id} and ${given})`,
  );
}

/** Of a viewer who is limited to agencies: null unless one of them has it. */
export async function cannedReportById(context: Context, id: number): Promise<CannedReport | null> {
  const report = await context.loaders.nodes.cannedReport.load(id);
  if (report === null || agencyScope(context) === null) return report;
  return (await manifestsOf(context, id)).length > 0 ? report : null;
}

/** The manifests of a canned report that the viewer sees. */
export async function manifestsOf(context: Context, reportId: number): Promise<readonly CannedManifest[]> {
  const manifests = await context.loaders.reports.manifestsOfReport.load(reportId);
  return manifests.filter((manifest) => ifVisible(context, manifest) !== null);
}
