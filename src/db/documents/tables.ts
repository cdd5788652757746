import { isNotNull, sql } from "drizzle-orm";
import { bigint, type ExtraConfigColumn, index, integer, jsonb, pgSchema, text, unique } from "drizzle-orm/pg-core";
import { instant, knownWord } from "../columns.ts";

/** The documents system: how far the processing of each file has come, step by step, and every event on the way. */
export const documents = pgSchema("documents");

/** Words of `file_processing_steps.status`. A direct writer may write others; they are stored as they are. */
export const STEP_STATUSES = ["pending", "in_progress", "success", "failure", "skipped"] as const;
export type StepStatusWord = (typeof STEP_STATUSES)[number];

/** Words of `files.overall_status`, which PostgreSQL computes. */
export const FILE_OVERALL_STATUSES = ["pending", "processing", "completed", "failed"] as const;
export type FileOverallStatusWord = (typeof FILE_OVERALL_STATUSES)[number];

/** What becomes of a file that comes without a list of its own, in this order. */
export const MAIN_PROCESSING_STEPS = [
  "hash_file",
  "create_file_record",
  "check_text",
  "extract_text",
  "extract_metadata_with_gpt",
  "embed_metadata_into_pdf",
  "finalize_document_storage",
  "send_to_all_destinations",
] as const;

/** The two steps of an upload. */
export function uploadStepsOf(destination: string): readonly string[] {
  return [`queue_${destination}`, `upload_to_${destination}`];
}

/** Whether a step belongs to an upload; `documents.is_upload_step` says the same in SQL. */
export function isUploadStep(name: string): boolean {
  return name.startsWith("queue_") || name.startsWith("upload_to_");
}

/** An index for `ORDER BY x DESC` puts nulls first, or the planner does not use it. */
const newest = (column: ExtraConfigColumn) => column.desc().nullsFirst();

const count = (name: string) => integer(name).notNull().default(0);

/**
 * The one definition of a file's overall status. `_total` counts every step, also one with a status of no known meaning:
 * such a step is neither done nor failed, so its file is not completed.
 */
const OVERALL_STATUS = sql`case
  when main_total + upload_total = 0 then 'pending'
  when main_failure + upload_failure > 0 then 'failed'
  when main_success + upload_success + main_skipped + upload_skipped = main_total + upload_total then 'completed'
  when main_in_progress + upload_in_progress + main_success + upload_success + main_skipped + upload_skipped > 0 then 'processing'
  else 'pending' end`;

/**
 * One row for each file. The counts of its steps by status are kept by triggers and by nothing else; the overall status
 * follows from them in the same row, so that a list, a filter, the counts and the feed can't disagree.
 */
export const documentFiles = documents.table(
  "files",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    filehash: text().notNull(),
    originalFilename: text("original_filename"),
    fileSize: bigint("file_size", { mode: "number" }),
    mimeType: text("mime_type"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    mainTotal: count("main_total"),
    mainPending: count("main_pending"),
    mainInProgress: count("main_in_progress"),
    mainSuccess: count("main_success"),
    mainFailure: count("main_failure"),
    mainSkipped: count("main_skipped"),
    uploadTotal: count("upload_total"),
    uploadPending: count("upload_pending"),
    uploadInProgress: count("upload_in_progress"),
    uploadSuccess: count("upload_success"),
    uploadFailure: count("upload_failure"),
    uploadSkipped: count("upload_skipped"),
    overallStatus: text("overall_status").notNull().generatedAlwaysAs(OVERALL_STATUS),
  },
  (t) => [
    index("files_by_time").on(newest(t.createdAt), newest(t.id)),
    index("files_by_status").on(t.overallStatus, newest(t.createdAt), newest(t.id)),
    index("files_by_hash").on(sql`weir.path_key(${t.filehash})`, newest(t.createdAt), newest(t.id)),
  ],
);
export type DocumentRow = typeof documentFiles.$inferSelect;

/** When a step ended; a direct writer may not have said so. */
export const STEP_END = sql`coalesce(completed_at, updated_at, created_at)`;

/** When a step that goes on began; a direct writer may not have said so. */
const STEP_BEGIN = sql`coalesce(started_at, updated_at)`;

/** Current state: one row for each step of each file. */
export const fileProcessingSteps = documents.table(
  "file_processing_steps",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    fileId: bigint("file_id", { mode: "number" })
      .notNull()
      .references(() => documentFiles.id, { onDelete: "cascade" }),
    stepName: text("step_name").notNull(),
    status: text().notNull(),
    startedAt: instant("started_at"),
    completedAt: instant("completed_at"),
    errorMessage: text("error_message"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
    // Ours, behind the columns that direct writers know.
    knownStatus: knownWord("known_status", "status", STEP_STATUSES).notNull(),
  },
  (t) => [
    unique("file_processing_steps_of_file").on(t.fileId, t.stepName),
    index("file_processing_steps_failures")
      .on(sql`${STEP_END} desc`, newest(t.id))
      .where(sql`known_status = 'failure'`),
    index("file_processing_steps_in_progress").on(STEP_BEGIN).where(sql`known_status = 'in_progress'`),
    index("file_processing_steps_by_name").on(sql`weir.path_key(${t.stepName})`, t.knownStatus, t.fileId),
  ],
);
export type StepRow = typeof fileProcessingSteps.$inferSelect;

/** Numbers of steps by name and status, as sums: triggers only ever add rows, the service adds them up. */
export const stepCounts = documents.table("step_counts", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  stepName: text("step_name").notNull(),
  status: text().notNull(),
  count: bigint({ mode: "number" }).notNull(),
});

export interface StepState {
  readonly status: StepStatusWord;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/**
 * Append-only history: one row for each event. UPDATE, DELETE and TRUNCATE are refused by the database. A log may tell of
 * a file that has no row in `files`, or of none: histories are loaded in any order.
 */
export const processingLogs = documents.table(
  "processing_logs",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    fileId: bigint("file_id", { mode: "number" }),
    taskId: text("task_id"),
    stepName: text("step_name"),
    status: text(),
    message: text(),
    detail: text(),
    timestamp: instant("timestamp").notNull().default(sql`now()`),
    // Ours, behind the columns that direct writers know.
    /** What the report that this entry tells of made of its step: status, started_at, completed_at. Null: no such report. */
    stepState: jsonb("step_state").$type<StepState>(),
  },
  (t) => [
    index("processing_logs_of_file").on(t.fileId, t.timestamp, t.id),
    index("processing_logs_by_time").on(newest(t.timestamp), newest(t.id)),
    index("processing_logs_by_task")
      .on(sql`weir.path_key(${t.taskId})`, newest(t.timestamp), newest(t.id))
      .where(isNotNull(t.taskId)),
    index("processing_logs_by_step").on(sql`weir.path_key(${t.stepName})`, newest(t.timestamp), newest(t.id)),
    index("processing_logs_by_status").on(sql`weir.path_key(lower(${t.status}))`, newest(t.timestamp), newest(t.id)),
  ],
);
export type ProcessingLogRow = typeof processingLogs.$inferSelect;

/**
 * Numbers of files by overall status, as sums: a trigger adds a row for what its statement changed and never locks one, so
 * that no writer waits for another. The service adds them up into few rows.
 */
export const fileCounts = documents.table("file_counts", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  status: text().notNull(),
  count: bigint({ mode: "number" }).notNull(),
});

/**
 * Files whose counts of steps a trigger could not set, because another transaction held the file's row (a deadlock, a wait
 * of more than two seconds, a serialisation conflict): the writer's own statement must not fail for that. The service
 * settles them from the steps.
 */
export const unsettledFiles = documents.table("unsettled_files", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  fileId: bigint("file_id", { mode: "number" }).notNull(),
});
