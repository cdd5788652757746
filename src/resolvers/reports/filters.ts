import { and, eq, gt, inArray, lt, type SQL, sql } from "drizzle-orm";
import {
  type ReportTypeWord,
  type SeederJobRow,
  type SeederStatusWord,
  seederJobs,
  seederRuns,
} from "../../db/reports/tables.ts";
import { type Condition, changesOf, containsText, type Filter } from "../../feed/conditions.ts";
import type { Context, Settings } from "../context.ts";
import { badInput } from "../errors.ts";
import { agencyScope, withinAgencies } from "./agency-scope.ts";

type Maybe<T> = T | null | undefined;
type Reader = Pick<Context, "viewer" | "settings">;

interface ReportFilter {
  readonly tableName?: Maybe<string>;
  readonly agencySlug?: Maybe<string>;
  readonly reportType?: Maybe<ReportTypeWord>;
  readonly status?: Maybe<readonly SeederStatusWord[]>;
}

export interface SeederJobFilter extends ReportFilter {
  readonly isFailing?: Maybe<boolean>;
  readonly isLongRunning?: Maybe<boolean>;
  readonly search?: Maybe<string>;
}

export interface SeederRunFilter extends ReportFilter {
  readonly startedAfter?: Maybe<string>;
  readonly startedBefore?: Maybe<string>;
}

/** Whether a job is failing, by the database's own definition. */
export function isFailing({ failingAfter }: Settings): SQL {
  return sql`reporting.is_failing(${seederJobs.consecutiveFailures}, ${failingAfter}::integer)`;
}

/** Whether a job is running for too long, by the database's own definition. */
export function isLongRunning({ longRunningMinutes }: Settings): SQL {
  return sql`reporting.is_long_running(${seederJobs.tableName}, ${seederJobs.status}, ${seederJobs.startTime}, ${longRunningMinutes}::integer)`;
}

function whereReport(columns: typeof seederJobs | typeof seederRuns, filter: ReportFilter): SQL | undefined {
  return and(
    filter.tableName == null ? undefined : eq(columns.tableName, filter.tableName),
    filter.agencySlug == null ? undefined : eq(columns.agencySlug, filter.agencySlug),
    filter.reportType == null ? undefined : eq(columns.reportType, filter.reportType),
    filter.status == null ? undefined : inArray(columns.status, [...filter.status]),
  );
}

export function whereJob(context: Reader, filter: SeederJobFilter): SQL | undefined {
  const { settings } = context;
  return and(
    withinAgencies(agencyScope(context), seederJobs.agencySlug),
    whereReport(seederJobs, filter),
    whereFlag(filter.isFailing, isFailing(settings)),
    // The status first, and by its index: few of many jobs run.
    filter.isLongRunning === true ? eq(seederJobs.status, "running") : undefined,
    whereFlag(filter.isLongRunning, isLongRunning(settings)),
    filter.search == null
      ? undefined
      : containsText(
          [sql`${seederJobs.tableName}`, sql`${seederJobs.reportName}`, sql`${seederJobs.agencySlug}`],
          filter.search,
        ),
  );
}

function whereFlag(wanted: Maybe<boolean>, flag: SQL): SQL | undefined {
  if (wanted == null) return undefined;
  return wanted ? flag : sql`not ${flag}`;
}

export function whereRun(context: Pick<Context, "viewer">, filter: SeederRunFilter): SQL | undefined {
  return and(
    withinAgencies(agencyScope(context), seederRuns.agencySlug),
    whereReport(seederRuns, filter),
    filter.startedAfter == null ? undefined : gt(seederRuns.startTime, filter.startedAfter),
    filter.startedBefore == null ? undefined : lt(seederRuns.startTime, filter.startedBefore),
  );
}

/**
 * The same filter for the feed, whose conditions hold in memory too: failing is what `reporting.is_failing` says, of a streak
 * that the database never leaves null. Throws BAD_USER_INPUT for what no change can tell.
 */
export function jobChanges(context: Reader, filter: SeederJobFilter): Filter {
  const { failingAfter } = context.settings;
  if (filter.isLongRunning != null) {
    throw badInput(
      "isLongRunning can't filter changes: a job begins to run for too long by the clock, without a change. Query seederJobs for it.",
    );
  }
  const conditions: Condition<keyof SeederJobRow>[] = scopeConditions(context);
  if (filter.tableName != null) conditions.push({ column: "tableName", in: [filter.tableName] });
  if (filter.agencySlug != null) conditions.push({ column: "agencySlug", in: [filter.agencySlug] });
  if (filter.reportType != null) conditions.push({ column: "reportType", in: [filter.reportType] });
  if (filter.status != null) conditions.push({ column: "status", in: filter.status });
  if (filter.isFailing === true) conditions.push({ column: "consecutiveFailures", atLeast: failingAfter });
  if (filter.isFailing === false) conditions.push({ column: "consecutiveFailures", below: failingAfter });
  if (filter.search != null)
    conditions.push({ column: "tableName", others: ["reportName", "agencySlug"], contains: filter.search });
  return changesOf("SEEDER_JOB", conditions);
}

export function runChanges(context: Pick<Context, "viewer">, tableName: Maybe<string>): Filter {
  const ofTable = tableName == null ? [] : [{ column: "tableName", in: [tableName] } as const];
  return changesOf("SEEDER_RUN", [...ofTable, ...scopeConditions(context)]);
}

function scopeConditions(context: Pick<Context, "viewer">): { column: "agencySlug"; in: readonly string[] }[] {
  const scope = agencyScope(context);
  return scope === null ? [] : [{ column: "agencySlug", in: scope }];
}
