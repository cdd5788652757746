import { isNotNull, sql } from "drizzle-orm";
import { bigint, date, type ExtraConfigColumn, index, integer, pgSchema, primaryKey, text } from "drizzle-orm/pg-core";
import { bytewiseText, instant } from "../columns.ts";

/** The ingest status system: which HL7-ish logs and HL7 files were processed, and how that went. */
export const ingest = pgSchema("ingest");

/** Words of `file_statuses.type`, as the programs write them. */
export const FILE_TYPES = ["HL7", "Log"] as const;
export type FileTypeWord = (typeof FILE_TYPES)[number];

/** Words of `file_statuses.status`. A direct writer may write others; they are stored as they are. */
export const INGEST_STATUSES = ["parsed", "staged", "ingested", "failed"] as const;
export type IngestStatusWord = (typeof INGEST_STATUSES)[number];

/** Which status may be reported of which type of file. */
export const STATUSES_OF_TYPE: Readonly<Record<FileTypeWord, readonly IngestStatusWord[]>> = {
  Log: ["parsed", "failed"],
  HL7: ["staged", "ingested", "failed"],
};

/** Words found in the wild that mean one of ours. */
const INGEST_STATUS_SYNONYMS: ReadonlyMap<string, IngestStatusWord> = new Map([["success", "ingested"]]);

/** The status that a stored word means; undefined for a word that means none. */
export function ingestStatusOf(word: string): IngestStatusWord | undefined {
  return INGEST_STATUSES.find((status) => status === word) ?? INGEST_STATUS_SYNONYMS.get(word);
}

/** Every stored word that means this status: what a filter by the status looks for. */
export function wordsOf(status: IngestStatusWord): readonly string[] {
  return [status, ...[...INGEST_STATUS_SYNONYMS].filter(([, meaning]) => meaning === status).map(([word]) => word)];
}

/** Append-only history: one row for each report about a file. UPDATE, DELETE and TRUNCATE are refused by the database. */
export const fileStatuses = ingest.table(
  "file_statuses",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    filePath: text("file_path").notNull(),
    type: text().notNull(),
    status: text().notNull(),
    errorMessage: text("error_message"),
    workflowId: text("workflow_id"),
    activityId: text("activity_id"),
    processedAt: instant("processed_at").notNull().default(sql`now()`),
  },
  (t) => [
    index("file_statuses_by_path").on(
      sql`(weir.path_key(${t.filePath}) collate "C")`,
      t.type,
      t.processedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index("file_statuses_by_time").on(t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("file_statuses_by_status").on(t.status, t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("file_statuses_by_workflow")
      .on(t.workflowId, t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(isNotNull(t.workflowId)),
    index("file_statuses_by_activity")
      .on(t.activityId, t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst())
      .where(isNotNull(t.activityId)),
  ],
);
export type FileStatusRow = typeof fileStatuses.$inferSelect;

/** Which HL7 file was split from which segment of which HL7-ish log. */
export const hl7Files = ingest.table(
  "hl7_files",
  {
    hl7FilePath: text("hl7_file_path").notNull(),
    logFilePath: text("log_file_path").notNull(),
    segmentNumber: integer("segment_number").notNull(),
    date: date({ mode: "string" }),
  },
  (t) => [
    primaryKey({ columns: [t.logFilePath, t.segmentNumber] }),
    index("hl7_files_by_path").on(sql`weir.path_key(${t.hl7FilePath})`),
  ],
);
export type Hl7FileRow = typeof hl7Files.$inferSelect;

/** An index for `ORDER BY x DESC` puts nulls first, or the planner does not use it. */
const newest = (column: ExtraConfigColumn) => column.desc().nullsFirst();
/** Keyset paging compares, and null compares with nothing: a file without a date sorts as the oldest of all. */
const latestDate = (column: ExtraConfigColumn) => sql`coalesce(${column}, '-infinity'::date) desc`;

/**
 * Current state: one row for each file that either table knows, kept by triggers and by nothing else.
 *
 * `status` and its companions are null for a file that no status was reported of yet; `log_file_path` and
 * `segment_number` are set for a HL7 file that `hl7_files` maps to its log. `previous_*` is the status that the newest
 * one replaced: with it a trigger tells which rows of one statement were current for a moment.
 */
export const files = ingest.table(
  "files",
  {
    type: text().notNull(),
    /** `weir.path_key(file_path)`: the path itself, or a bounded stand-in where it is too long for an index. */
    pathKey: bytewiseText("path_key").notNull(),
    filePath: text("file_path").notNull(),
    logPathKey: bytewiseText("log_path_key"),
    logFilePath: text("log_file_path"),
    segmentNumber: integer("segment_number"),
    date: date({ mode: "string" }),
    statusId: bigint("status_id", { mode: "number" }),
    status: text(),
    errorMessage: text("error_message"),
    workflowId: text("workflow_id"),
    activityId: text("activity_id"),
    processedAt: instant("processed_at"),
    previousId: bigint("previous_id", { mode: "number" }),
    previousProcessedAt: instant("previous_processed_at"),
  },
  (t) => [
    // The only index that a look-up by type and path can use: every other one is partial on one type. A plan that was
    // made while the table was empty, where all indexes cost the same, can't take a wrong one then.
    primaryKey({ columns: [t.pathKey, t.type] }),
    // The lists of latest statuses, newest first.
    index("files_recent_logs")
      .on(newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'Log' and status_id is not null`),
    index("files_recent_logs_by_status")
      .on(t.status, newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'Log' and status_id is not null`),
    index("files_recent_hl7")
      .on(newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'HL7' and status_id is not null`),
    index("files_recent_hl7_by_status")
      .on(t.status, newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'HL7' and status_id is not null`),
    // The lists by date, latest first; the summary is answered from those with the status alone.
    index("files_logs").on(latestDate(t.date), t.pathKey).where(sql`type = 'Log'`),
    index("files_logs_by_status").on(t.status, latestDate(t.date), t.pathKey).where(sql`type = 'Log'`),
    index("files_hl7")
      .on(latestDate(t.date), t.logPathKey, t.segmentNumber)
      .where(sql`type = 'HL7' and log_path_key is not null`),
    index("files_hl7_by_status")
      .on(t.status, latestDate(t.date), t.logPathKey, t.segmentNumber)
      .where(sql`type = 'HL7' and log_path_key is not null`),
    // The segments of one log in order, and their counts by status, from the index alone.
    index("files_of_log").on(t.logPathKey, t.segmentNumber, t.status).where(sql`log_path_key is not null`),
  ],
);
export type FileRow = typeof files.$inferSelect;

const latestStatus = {
  id: bigint({ mode: "number" }).notNull(),
  filePath: text("file_path").notNull(),
  type: text().notNull(),
  status: text().notNull(),
  errorMessage: text("error_message"),
  workflowId: text("workflow_id"),
  activityId: text("activity_id"),
  processedAt: instant("processed_at").notNull(),
};

/** The most recent status of each log file. */
export const recentLogFileStatuses = ingest.view("recent_log_file_statuses", latestStatus).existing();
/** The most recent status of each HL7 file. */
export const recentHl7FileStatuses = ingest.view("recent_hl7_file_statuses", latestStatus).existing();

/**
 * Files whose current state a trigger could not set, because another transaction held its row (a deadlock, a wait of
 * more than two seconds, a serialisation conflict): the writer's own statement must not fail for that. The service
 * settles them from the history.
 */
export const unsettledFiles = ingest.table("unsettled_files", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  type: text().notNull(),
  filePath: text("file_path").notNull(),
});
