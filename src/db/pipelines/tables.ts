import { isNotNull, sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  boolean,
  type ExtraConfigColumn,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  unique,
} from "drizzle-orm/pg-core";
import { bytewiseText, instant, type Known, knownWord } from "../columns.ts";

/** The pipeline system: which tables are to be synced, how, and every run of it. */
export const pipeline = pgSchema("pipeline");

export const LOAD_TYPES = ["full", "incremental"] as const;
export type LoadTypeWord = (typeof LOAD_TYPES)[number];

/** Words of `pipeline_runs_master.status`. A direct writer may write others; they are stored as they are. */
export const RUN_STATUSES = ["pending", "running", "success", "failed", "cancelled"] as const;
export type RunStatusWord = (typeof RUN_STATUSES)[number];
/** As a literal: indexes are partial on it, and a parameter would hide that. */
export const IS_UNFINISHED = sql`known_status in ('pending', 'running')`;
/** A run in one of these goes on. */
export const UNFINISHED: readonly Known<RunStatusWord>[] = ["pending", "running"];

/** Words of `pipeline_run_stage_logs.status`. */
export const STAGE_STATUSES = ["running", "success", "failed", "cancelled"] as const;
export type StageStatusWord = (typeof STAGE_STATUSES)[number];

export const TRIGGERS = ["manual", "schedule", "api"] as const;
export type TriggerWord = (typeof TRIGGERS)[number];

/** Both legs: from the source to the data lake, and from there to the sink. */
export const LEGS = ["sourceToDl", "dlToSink"] as const;
export type Leg = (typeof LEGS)[number];

/** When the leg that is due first is due, plus so many of its intervals. */
function dueAt(intervals: number) {
  return sql`pipeline.due_at(${sql.raw(String(intervals))}, dl_to_sink_last_loader_run_timestamp, created_at,
    source_to_dl_is_active, source_to_dl_schedule, dl_to_sink_is_active, dl_to_sink_schedule)`;
}

/** WHAT is to be synced, one row for each source table. */
export const pipelineConfig = pipeline.table(
  "pipeline_config",
  {
    sourceTablename: bytewiseText("source_tablename").primaryKey(),
    sinkTablename: text("sink_tablename"),
    /** Minutes between two runs; null: on demand only. */
    sourceToDlSchedule: integer("source_to_dl_schedule"),
    sourceToDlLoadType: text("source_to_dl_load_type").notNull().default("full"),
    sourceToDlIsActive: boolean("source_to_dl_is_active").notNull().default(true),
    sourceType: text("source_type").notNull().default("postgres"),
    sourceToDlIncrementalKey: text("source_to_dl_incremental_key"),
    sourceToDlLastIncrementalValue: text("source_to_dl_last_incremental_value"),
    dlToSinkSchedule: integer("dl_to_sink_schedule"),
    dlToSinkLoadType: text("dl_to_sink_load_type").notNull().default("full"),
    dlToSinkIsActive: boolean("dl_to_sink_is_active").notNull().default(true),
    sinkType: text("sink_type").notNull().default("postgres"),
    dlToSinkIncrementalKey: text("dl_to_sink_incremental_key"),
    dlToSinkLastIncrementalValue: text("dl_to_sink_last_incremental_value"),
    /**
     * When the last run ended, whichever way: stamped for both legs, which a run loads together. The schedules of both count
     * from it.
     */
    lastRunAt: instant("dl_to_sink_last_loader_run_timestamp"),
    lastRunStatus: text("dl_to_sink_last_loader_run_status"),
    /** Also stamped by a program that loads this leg alone; null where nobody did. */
    sourceToDlLastRunAt: instant("source_to_dl_last_loader_run_timestamp"),
    sourceToDlLastRunStatus: text("source_to_dl_last_loader_run_status"),
    // Ours, behind the columns that direct writers know.
    sourceName: text("source_name"),
    destinationName: text("destination_name"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    // What the stored words mean.
    knownSourceToDlLoadType: knownWord("known_source_to_dl_load_type", "source_to_dl_load_type", LOAD_TYPES).notNull(),
    knownDlToSinkLoadType: knownWord("known_dl_to_sink_load_type", "dl_to_sink_load_type", LOAD_TYPES).notNull(),
    knownLastRunStatus: knownWord("known_last_run_status", "dl_to_sink_last_loader_run_status", RUN_STATUSES),
    knownSourceToDlLastRunStatus: knownWord(
      "known_source_to_dl_last_run_status",
      "source_to_dl_last_loader_run_status",
      RUN_STATUSES,
    ),
    /** The one definition of when it is due; null when no active leg has a schedule. */
    nextRunAt: instant("next_run_at").generatedAlwaysAs(dueAt(0)),
    /** The one definition of when it becomes overdue: one interval after it was due. */
    overdueAt: instant("overdue_at").generatedAlwaysAs(dueAt(1)),
  },
  (t) => [
    index("pipeline_config_by_due").on(t.nextRunAt).where(isNotNull(t.nextRunAt)),
    index("pipeline_config_by_overdue").on(t.overdueAt, t.sourceTablename).where(isNotNull(t.overdueAt)),
    index("pipeline_config_by_last_status").on(t.knownLastRunStatus, t.sourceTablename),
    index("pipeline_config_by_source_type").on(t.sourceType, t.sourceTablename),
    index("pipeline_config_by_sink_type").on(t.sinkType, t.sourceTablename),
  ],
);
export type PipelineRow = typeof pipelineConfig.$inferSelect;

/** Where data comes from. `source_creds` is a JWE, or plain JSON where a direct writer wrote it. */
export const sourcesConfig = pipeline.table("sources_config", {
  id: text().primaryKey(),
  name: bytewiseText("source_name").notNull().unique(),
  type: text("source_type").notNull(),
  creds: text("source_creds"),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

/** Where data goes to. */
export const destinationsConfig = pipeline.table("destinations_config", {
  id: text().primaryKey(),
  name: bytewiseText("destination_name").notNull().unique(),
  type: text("destination_type").notNull(),
  creds: text("destination_creds"),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});
export type EndpointRow = typeof sourcesConfig.$inferSelect;

/** HOW a pipeline works: the stages of each template, in order. */
export const pipelineStages = pipeline.table(
  "pipeline_stages",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    pipelineName: bytewiseText("pipeline_name").notNull(),
    stageOrder: integer("stage_order").notNull(),
    stageName: text("stage_name").notNull(),
    stageType: text("stage_type").notNull(),
    driverContainer: text("driver_container").notNull(),
    /** A run gets the active ones only. */
    isActive: boolean("is_active").notNull().default(true),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (t) => [unique("pipeline_stages_order").on(t.pipelineName, t.stageOrder)],
);
export type PipelineStageRow = typeof pipelineStages.$inferSelect;

/** A stage as a run keeps it: `to_jsonb` of its template's row when the run was made. */
export interface StageOfRun {
  readonly id: number;
  readonly pipeline_name: string;
  readonly stage_order: number;
  readonly stage_name: string;
  readonly stage_type: string;
  readonly driver_container: string;
}

const newest = (column: ExtraConfigColumn) => column.desc().nullsFirst();
/** When a run began, or was asked for: what charts and time windows go by. */
export const RUN_TIME = sql`coalesce(started_at, created_at)`;

/** When a run ended; a direct writer may not have said so. */
export const RUN_END = sql`coalesce(completed_at, started_at, created_at)`;

/** One row for each run. */
export const pipelineRuns = pipeline.table(
  "pipeline_runs_master",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    sourceTablename: bytewiseText("source_tablename").notNull(),
    pipelineName: text("pipeline_name").notNull().default("default"),
    status: text().notNull().default("pending"),
    currentStage: integer("current_stage").notNull().default(0),
    totalStages: integer("total_stages").notNull().default(0),
    triggeredBy: text("triggered_by").notNull().default("manual"),
    startedAt: instant("started_at"),
    completedAt: instant("completed_at"),
    errorMessage: text("error_message"),
    // Ours.
    createdAt: instant("created_at").notNull().default(sql`now()`),
    retryOf: bigint("retry_of", { mode: "number" }).references((): AnyPgColumn => pipelineRuns.id, {
      onDelete: "set null",
    }),
    /** The stages that it was made with: a template that is replaced does not change it. */
    stages: jsonb().$type<readonly StageOfRun[]>().notNull().default([]),
    /** The stage that waits for a driver, and for which; null when none does. */
    nextStage: integer("next_stage"),
    nextDriver: text("next_driver"),
    /** New watermarks that its stages reported: stored in the pipeline when the run succeeds. */
    sourceToDlIncrementalValue: text("source_to_dl_incremental_value"),
    dlToSinkIncrementalValue: text("dl_to_sink_incremental_value"),
    /** Its id in the config.db that it was imported from. */
    originId: text("origin_id"),
    // What the stored words mean.
    knownStatus: knownWord("known_status", "status", RUN_STATUSES).notNull(),
    knownTriggeredBy: knownWord("known_triggered_by", "triggered_by", TRIGGERS).notNull(),
  },
  (t) => [
    index("pipeline_runs_of_table").on(t.sourceTablename, newest(t.id)),
    index("pipeline_runs_by_status").on(t.knownStatus, newest(t.id)),
    index("pipeline_runs_of_table_by_time").on(t.sourceTablename, RUN_TIME),
    index("pipeline_runs_by_template").on(t.pipelineName, newest(t.id)),
    index("pipeline_runs_by_trigger").on(t.knownTriggeredBy, newest(t.id)),
    index("pipeline_runs_by_time").on(RUN_TIME),
    index("pipeline_runs_by_start").on(t.startedAt),
    index("pipeline_runs_successes").on(t.sourceTablename, newest(t.completedAt)).where(sql`known_status = 'success'`),
    index("pipeline_runs_unfinished").on(t.sourceTablename).where(IS_UNFINISHED),
    index("pipeline_runs_failures").on(sql`${RUN_END} desc`, newest(t.id)).where(sql`known_status = 'failed'`),
    index("pipeline_runs_waiting").on(t.nextDriver, t.id).where(sql`next_driver is not null and ${IS_UNFINISHED}`),
    // A run that is deleted looks for its retries.
    index("pipeline_runs_retries").on(t.retryOf).where(isNotNull(t.retryOf)),
    index("pipeline_runs_origin").on(t.originId).where(isNotNull(t.originId)),
  ],
);
export type RunRow = typeof pipelineRuns.$inferSelect;

/** What happened to each stage that a run reached. */
export const stageLogs = pipeline.table(
  "pipeline_run_stage_logs",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    /** A log that comes without a run makes one of its own. */
    pipelineRunId: bigint("pipeline_run_id", { mode: "number" }).notNull(),
    stageOrder: integer("stage_order").notNull(),
    status: text().notNull(),
    rowsProcessed: bigint("rows_processed", { mode: "number" }),
    /** Joined by commas. */
    filePaths: text("file_paths"),
    /** HH:MM:SS.mmm; others write H:MM:SS.ffffff. */
    timeTaken: text("time_taken"),
    startedAt: instant("started_at").notNull().default(sql`now()`),
    // Ours.
    completedAt: instant("completed_at"),
    errorMessage: text("error_message"),
    /** Who runs it; null when nobody said, or its lease ran out. */
    worker: text(),
    /** Null: nobody leases it, so no silence ends it. */
    leaseExpiresAt: instant("lease_expires_at"),
    /** Leases of it that ran out. */
    lostLeases: integer("lost_leases").notNull().default(0),
    /** Of the run, for programs that read by it. */
    sourceTablename: text("source_tablename"),
    /** The stage's type, or the leg that a driver loads. */
    pipelineType: text("pipeline_type"),
    /** It came without a run and has made one, which goes as it goes. */
    makesRun: boolean("makes_run").notNull().default(false),
    /** Its id in the config.db that it was imported from. */
    originId: text("origin_id"),
    /** What the stored word means. */
    knownStatus: knownWord("known_status", "status", STAGE_STATUSES).notNull(),
  },
  (t) => [
    foreignKey({ name: "stage_logs_run", columns: [t.pipelineRunId], foreignColumns: [pipelineRuns.id] }),
    index("stage_logs_of_run").on(t.pipelineRunId, t.stageOrder, newest(t.id)),
    // The list of all runs' stages, newest first.
    index("stage_logs_by_status").on(t.knownStatus, newest(t.id)),
    index("stage_logs_of_table_by_id").on(t.sourceTablename, newest(t.id)).where(isNotNull(t.sourceTablename)),
    index("stage_logs_of_table").on(t.sourceTablename, newest(t.startedAt)).where(isNotNull(t.sourceTablename)),
    index("stage_logs_origin").on(t.originId).where(isNotNull(t.originId)),
    index("stage_logs_leases")
      .on(t.leaseExpiresAt)
      .where(sql`known_status = 'running' and lease_expires_at is not null`),
  ],
);
export type StageLogRow = typeof stageLogs.$inferSelect;

/** Who asks for work, or has some: written now and then, not with each question. */
export const drivers = pipeline.table(
  "drivers",
  {
    driverContainer: bytewiseText("driver_container").notNull(),
    worker: bytewiseText().notNull(),
    lastSeenAt: instant("last_seen_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.driverContainer, t.worker] }), index("drivers_by_time").on(newest(t.lastSeenAt))],
);

/** Runs whose end could not be stamped at once, because another transaction held their pipeline: the service does it. */
export const unstampedRuns = pipeline.table("unstamped_runs", {
  runId: bigint("run_id", { mode: "number" }).primaryKey(),
});

const TIME_TAKEN = /^(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)$/;

/** Seconds of a `time_taken`, in either of its formats; null for other text. */
export function secondsOf(timeTaken: string | null): number | null {
  const match = timeTaken === null ? null : TIME_TAKEN.exec(timeTaken);
  if (match === null) return null;
  const [, hours, minutes, seconds] = match;
  // Microseconds as whole numbers first: 17.907165 stays that.
  return Math.round((Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1e6) / 1e6;
}
