import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  type ExtraConfigColumn,
  foreignKey,
  index,
  integer,
  pgSchema,
  text,
} from "drizzle-orm/pg-core";
import { bytewiseText, instant, knownWord } from "../columns.ts";

/** The reporting seeder: manifests of reports, their materialized views, and how their runs went. */
export const reporting = pgSchema("reporting");

/** Words of `report_type`. */
export const REPORT_TYPES = ["custom", "canned"] as const;
export type ReportTypeWord = (typeof REPORT_TYPES)[number];

/** Words of `status`. A direct writer may write others; they are stored as they are. */
export const REPORT_STATUSES = ["pending", "running", "success", "error"] as const;
export type ReportStatusWord = (typeof REPORT_STATUSES)[number];

/** The service's own database. */
export const OWN_DATABASE = 1;

/** Columns of ours in both kinds of manifests: a program that does not know of them leaves them null. */
const schedule = {
  /** Minutes between refreshes by the service; null: on demand only. */
  scheduleMinutes: integer("schedule_minutes"),
  /** When the schedule last asked for a refresh; null: never. */
  scheduledAt: instant("scheduled_at"),
};

/** A report of one agency with a query of its own. */
export const customReportManifests = reporting.table(
  "seeder_custom_report_manifest",
  {
    id: integer().generatedByDefaultAsIdentity().primaryKey(),
    tableName: bytewiseText("table_name").notNull(),
    reportName: text("report_name").notNull(),
    agencyId: integer("agency_id").notNull(),
    agencySlug: text("agency_slug").notNull(),
    query: text().notNull(),
    /** Null means {@link OWN_DATABASE}. */
    databaseId: integer("database_id").default(OWN_DATABASE),
    enabled: boolean().notNull().default(true),
    ...schedule,
  },
  // Not unique: a program that writes manifests by SQL is not refused for a reason of ours.
  (t) => [index("seeder_custom_report_manifest_table_name").on(t.tableName)],
);
export type CustomReportManifestRow = typeof customReportManifests.$inferSelect;

/** A report that several agencies have, each with its own view. */
export const cannedReports = reporting.table("seeder_canned_report", {
  id: integer().generatedByDefaultAsIdentity().primaryKey(),
  tableName: bytewiseText("table_name").notNull(),
  reportName: text("report_name").notNull(),
  query: text().notNull(),
  /** Null means {@link OWN_DATABASE}. */
  databaseId: integer("database_id").default(OWN_DATABASE),
});
export type CannedReportRow = typeof cannedReports.$inferSelect;

/** Gives a canned report to an agency. */
export const cannedReportManifests = reporting.table(
  "seeder_canned_report_manifest",
  {
    id: integer().generatedByDefaultAsIdentity().primaryKey(),
    agencyId: integer("agency_id").notNull(),
    agencySlug: text("agency_slug").notNull(),
    cannedReportId: integer("canned_report_id").notNull(),
    ...schedule,
    enabled: boolean().notNull().default(true),
  },
  (t) => [
    foreignKey({
      name: "seeder_canned_report_manifest_report",
      columns: [t.cannedReportId],
      foreignColumns: [cannedReports.id],
    }),
    index("seeder_canned_report_manifest_canned_report_id").on(t.cannedReportId),
  ],
);
export type CannedReportManifestRow = typeof cannedReportManifests.$inferSelect;

/** An index for `ORDER BY x DESC` puts nulls first, or the planner does not use it. */
const newest = (column: ExtraConfigColumn) => column.desc().nullsFirst();

/** One row for each run of a report. */
export const reportRuns = reporting.table(
  "seeder_run_history",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    runId: text("run_id").notNull(),
    manifestId: integer("manifest_id").notNull(),
    tableName: bytewiseText("table_name").notNull(),
    reportName: text("report_name").notNull(),
    agencyId: integer("agency_id").notNull(),
    agencySlug: text("agency_slug").notNull(),
    reportType: text("report_type").notNull(),
    status: bytewiseText().notNull(),
    startTime: instant("start_time").notNull().default(sql`now()`),
    finishTime: instant("finish_time"),
    durationSeconds: integer("duration_seconds"),
    recordsProcessed: bigint("records_processed", { mode: "number" }).default(0),
    bytesProcessed: bigint("bytes_processed", { mode: "number" }).default(0),
    memoryUsageMb: integer("memory_usage_mb"),
    cpuPercentage: integer("cpu_percentage"),
    consecutiveFailures: integer("consecutive_failures").default(0),
    errors: text(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
    // Ours, behind the columns that direct writers know.
    knownStatus: knownWord("known_status", "status", REPORT_STATUSES).notNull(),
    knownReportType: knownWord("known_report_type", "report_type", REPORT_TYPES).notNull(),
    /** A refresh that was left out while the report cooled: it counts for nothing. */
    isSkipped: boolean("is_skipped").notNull().default(false),
  },
  (t) => [
    // The lists, newest first: all, of a table, of an agency, of a status.
    index("seeder_run_history_start_time").on(newest(t.startTime), newest(t.id)),
    index("seeder_run_history_table_name").on(t.tableName, newest(t.startTime), newest(t.id)),
    index("seeder_run_history_agency_slug").on(t.agencySlug, newest(t.startTime), newest(t.id)),
    index("seeder_run_history_status").on(t.knownStatus, newest(t.startTime), newest(t.id)),
    // Hashed by PostgreSQL: a program's run id may be of any length.
    index("seeder_run_history_run_id").using("hash", t.runId),
    // The run before, for the streak; the last successes, for their median.
    index("seeder_run_history_ended")
      .on(t.tableName, newest(t.startTime), newest(t.id))
      .where(sql`known_status in ('success', 'error') and not is_skipped`),
    index("seeder_run_history_successes")
      .on(t.tableName, newest(t.startTime), newest(t.id))
      .where(sql`known_status = 'success' and duration_seconds is not null`),
    index("seeder_run_history_running").on(t.startTime).where(sql`known_status = 'running'`),
    // The last day, and the newest failures.
    index("seeder_run_history_finish_time").on(t.finishTime).where(sql`finish_time is not null`),
    index("seeder_run_history_failures")
      .on(sql`coalesce(${t.finishTime}, ${t.startTime}) desc`, newest(t.id))
      .where(sql`known_status = 'error' and not is_skipped`),
  ],
);
export type ReportRunRow = typeof reportRuns.$inferSelect;

/** The state of each report: that of its latest run. Kept by triggers; programs may write it besides. */
export const reportJobs = reporting.table(
  "seeder_job_status",
  {
    tableName: bytewiseText("table_name").primaryKey(),
    manifestId: integer("manifest_id").notNull(),
    reportName: text("report_name").notNull(),
    reportType: text("report_type").notNull(),
    agencyId: integer("agency_id").notNull(),
    agencySlug: text("agency_slug").notNull(),
    status: bytewiseText().notNull(),
    durationSeconds: integer("duration_seconds").default(0),
    startTime: instant("start_time"),
    consecutiveFailures: integer("consecutive_failures").default(0),
    lastRunId: text("last_run_id"),
    lastErrors: text("last_errors"),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
    // Ours, behind the columns that direct writers know.
    knownStatus: knownWord("known_status", "status", REPORT_STATUSES).notNull(),
    knownReportType: knownWord("known_report_type", "report_type", REPORT_TYPES).notNull(),
  },
  (t) => [
    index("seeder_job_status_agency_slug").on(t.agencySlug, t.tableName),
    index("seeder_job_status_status").on(t.knownStatus, t.tableName),
    index("seeder_job_status_longest").on(sql`coalesce(${t.durationSeconds}, -1) desc`, t.tableName),
    index("seeder_job_status_failures").on(sql`coalesce(${t.consecutiveFailures}, 0) desc`, t.tableName),
    index("seeder_job_status_updated").on(newest(t.updatedAt), newest(t.tableName)),
  ],
);
export type ReportJobRow = typeof reportJobs.$inferSelect;

/** Reports whose state a trigger could not set, because another transaction held it. The service settles them. */
export const unsettledJobs = reporting.table("seeder_unsettled_jobs", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  tableName: bytewiseText("table_name").notNull(),
});

/**
 * Refreshes that wait or are under way, one at most for each table. Apart from the history, so that a run which a program
 * records as pending is never taken for one of ours.
 */
export const reportQueue = reporting.table("seeder_queue", {
  tableName: bytewiseText("table_name").primaryKey(),
  historyId: bigint("history_id", { mode: "number" }).notNull(),
  /** The instance that refreshes it; null: none yet. */
  claimedBy: text("claimed_by"),
  /** Renewed while the instance lives; once it has passed, another one may take the run. */
  leaseUntil: instant("lease_until"),
  /** How often it was taken. */
  attempts: integer().notNull().default(0),
});

/** Reports that failed too often in a row, and are not refreshed for a while. */
export const reportCooling = reporting.table("seeder_cooling", {
  tableName: bytewiseText("table_name").primaryKey(),
  until: instant().notNull(),
  /** The failure that began it. */
  errors: text(),
  /** The run that says that refreshes are left out; null: none was asked for yet. */
  skippedRun: bigint("skipped_run", { mode: "number" }),
});

/** The service's thresholds, for those who look by SQL: one row, written by whoever started last. */
export const reportSettings = reporting.table("seeder_settings", {
  singleton: boolean().primaryKey().default(true),
  failingAfter: integer("failing_after").notNull(),
  longRunningMinutes: integer("long_running_minutes").notNull(),
});

/** Both kinds of manifests alike, each with the name of its view. */
export const reportManifests = reporting
  .view("seeder_manifests", {
    reportType: text("report_type").notNull(),
    manifestId: integer("manifest_id").notNull(),
    tableName: bytewiseText("table_name").notNull(),
    reportName: text("report_name").notNull(),
    agencyId: integer("agency_id").notNull(),
    agencySlug: text("agency_slug").notNull(),
    query: text().notNull(),
    databaseId: integer("database_id").notNull(),
    enabled: boolean().notNull(),
    ...schedule,
  })
  .existing();
export type ReportManifest = typeof reportManifests.$inferSelect;
