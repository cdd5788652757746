import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import { type ReportManifest, type ReportTypeWord, reportManifests } from "../../db/reports/tables.ts";
import { containsText } from "../../feed/conditions.ts";
import type { Context } from "../context.ts";
import { countUpTo } from "../lists.ts";
import { type Connection, type FilterArgs, type Order, pageRequest, toConnection, toPage } from "../paging.ts";
import { agencyScope, withinAgencies } from "./agency-scope.ts";

type Maybe<T> = T | null | undefined;

export interface AllReportsFilter {
  readonly agencySlug?: Maybe<string>;
  readonly reportType?: Maybe<Known<ReportTypeWord>>;
  readonly enabled?: Maybe<boolean>;
  readonly neverRan?: Maybe<boolean>;
  readonly search?: Maybe<string>;
}

const columns = reportManifests;
/** By the name of the view, which a program may have given to several manifests. */
const ORDER: Order<ReportManifest> = {
  name: "report",
  columns: [
    { expression: sql`(${columns.tableName} collate "C")`, direction: "asc", type: "text" },
    { expression: sql`(${columns.reportType} collate "C")`, direction: "asc", type: "text" },
    { expression: sql`${columns.manifestId}`, direction: "asc", type: "integer" },
  ],
  keyOf: ({ tableName, reportType, manifestId }) => [tableName, reportType, manifestId],
};

function whereReport(context: Context, filter: AllReportsFilter): SQL | undefined {
  const { agencySlug, reportType, enabled, neverRan, search } = filter;
  const hasRun = sql`exists (select from reporting.seeder_job_status j where j.table_name = ${columns.tableName})`;
  return and(
    withinAgencies(agencyScope(context), columns.agencySlug),
    agencySlug == null ? undefined : eq(columns.agencySlug, agencySlug),
    reportType == null ? undefined : eq(columns.reportType, reportType),
    enabled == null ? undefined : eq(columns.enabled, enabled),
    neverRan == null ? undefined : neverRan ? sql`not ${hasRun}` : hasRun,
    search == null || search === ""
      ? undefined
      : containsText([sql`${columns.tableName}`, sql`${columns.reportName}`, sql`${columns.agencySlug}`], search),
  );
}

/** All reports that are configured, those that never ran among them. There are as many as somebody has written. */
export async function allReports(
  context: Context,
  args: FilterArgs<AllReportsFilter>,
): Promise<Connection<ReportManifest>> {
  const { db } = context.database;
  const request = pageRequest(args, ORDER, context.settings.maxPageSize);
  const where = whereReport(context, args.filter ?? {});
  const rows = await db
    .select()
    .from(reportManifests)
    .where(and(where, request.condition))
    .orderBy(request.orderBy)
    .limit(request.limit)
    .comment("reports.all_reports");
  const count = () => countUpTo(db, "reports.count_all_reports", sql`${reportManifests} where ${where ?? sql`true`}`);
  return toConnection(ORDER, toPage(request, rows), count, (row) => row);
}

export interface Agency {
  readonly agencySlug: string;
  readonly agencyId: number;
  readonly reports: number;
}

/** Agencies that are told. */
const MOST_AGENCIES = 10_000;

/** Those that a report was made for, by their short names. */
export async function listAgencies(context: Context): Promise<readonly Agency[]> {
  const scope = withinAgencies(agencyScope(context), columns.agencySlug);
  return context.database.db
    .select({
      agencySlug: columns.agencySlug,
      agencyId: sql<number>`min(${columns.agencyId})`,
      reports: sql<number>`count(*)::integer`,
    })
    .from(reportManifests)
    .where(scope)
    .groupBy(columns.agencySlug)
    .orderBy(sql`${columns.agencySlug} collate "C"`)
    .limit(MOST_AGENCIES)
    .comment("reports.agencies");
}
