import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import {
  type ReportJobRow,
  type ReportRunRow,
  type ReportStatusWord,
  type ReportTypeWord,
  reportJobs,
  reportRuns,
} from "../../db/reports/tables.ts";
import { type Condition, changesOf, conditionsToSql, type Filter, when } from "../../feed/conditions.ts";
import type { Context } from "../context.ts";
import { badInput } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { withinScope } from "./agency-scope.ts";

type Maybe<T> = T | null | undefined;
type Reader = Pick<Context, "viewer" | "settings">;

interface ReportFilter {
  readonly tableName?: Maybe<string>;
  readonly agencySlug?: Maybe<string>;
  readonly reportType?: Maybe<Known<ReportTypeWord>>;
  readonly status?: Maybe<readonly Known<ReportStatusWord>[]>;
}

export interface ReportJobFilter extends ReportFilter {
  readonly isFailing?: Maybe<boolean>;
  readonly isLongRunning?: Maybe<boolean>;
  readonly search?: Maybe<string>;
}

export interface ReportRunFilter extends ReportFilter {
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
}

/** Whether a job is failing, by the database's own definition. */
function isFailing({ failingAfter }: Settings): SQL {
  return sql`reporting.is_failing(${reportJobs.consecutiveFailures}, ${failingAfter}::integer)`;
}

/** Whether a job is running for too long, by the database's own definition. */
function isLongRunning({ longRunningMinutes }: Settings): SQL {
  return sql`reporting.is_long_running(${reportJobs.tableName}, ${reportJobs.knownStatus}, ${reportJobs.startTime}, ${longRunningMinutes}::integer)`;
}

/** What a filter asks of a job or a run, and what the viewer may see of them. */
function conditionsOf(context: Pick<Context, "viewer">, filter: ReportFilter): Condition<keyof ReportColumns>[] {
  return [
    ...withinScope(context),
    ...when(filter.tableName, (name) => ({ column: "tableName" as const, in: [name] })),
    ...when(filter.agencySlug, (slug) => ({ column: "agencySlug" as const, in: [slug] })),
    ...when(filter.reportType, (type) => ({ column: "knownReportType" as const, in: [type] })),
    ...when(filter.status, (words) => ({ column: "knownStatus" as const, in: words })),
  ];
}

/** Columns that jobs and runs both have. */
type ReportColumns = Pick<ReportJobRow & ReportRunRow, "tableName" | "agencySlug" | "knownReportType" | "knownStatus">;

function jobConditionsOf(context: Reader, filter: ReportJobFilter): Condition<keyof ReportJobRow>[] {
  return [
    ...conditionsOf(context, filter),
    ...when(filter.search, (contains) => ({
      column: "tableName" as const,
      others: ["reportName", "agencySlug"] as const,
      contains,
    })),
  ];
}

export function whereJob(context: Reader, filter: ReportJobFilter): SQL | undefined {
  const { settings } = context;
  return and(
    conditionsToSql(reportJobs, jobConditionsOf(context, filter)),
    whereFlag(filter.isFailing, isFailing(settings)),
    // The status first, and by its index: few of many jobs run.
    filter.isLongRunning === true ? eq(reportJobs.knownStatus, "running") : undefined,
    whereFlag(filter.isLongRunning, isLongRunning(settings)),
  );
}

function whereFlag(wanted: Maybe<boolean>, flag: SQL): SQL | undefined {
  if (wanted == null) return undefined;
  return wanted ? flag : sql`not ${flag}`;
}

export function whereRun(context: Pick<Context, "viewer">, filter: ReportRunFilter): SQL {
  return conditionsToSql<keyof ReportRunRow>(reportRuns, [
    ...conditionsOf(context, filter),
    ...when(filter.startedAfter, (after) => ({ column: "startTime" as const, after })),
    ...when(filter.startedBefore, (before) => ({ column: "startTime" as const, before })),
  ]);
}

/**
 * The same filter for the feed, whose conditions hold in memory too: failing is what `reporting.is_failing` says, of a streak
 * that the database never leaves null. Throws BAD_USER_INPUT for what no change can tell.
 */
export function jobChanges(context: Reader, filter: ReportJobFilter): Filter {
  const { failingAfter } = context.settings;
  if (filter.isLongRunning != null) {
    throw badInput(
      "isLongRunning can't filter changes: a job begins to run for too long by the clock, without a change. Query seederJobs for it.",
    );
  }
  return changesOf("SEEDER_JOB", [
    ...jobConditionsOf(context, filter),
    ...when(filter.isFailing, (failing) =>
      failing
        ? { column: "consecutiveFailures" as const, atLeast: failingAfter }
        : { column: "consecutiveFailures" as const, below: failingAfter },
    ),
  ]);
}

export function runChanges(context: Pick<Context, "viewer">, tableName: Maybe<string>): Filter {
  return changesOf("SEEDER_RUN", conditionsOf(context, { tableName }));
}
