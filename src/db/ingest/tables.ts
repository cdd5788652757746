import { isNotNull, sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  date,
  type ExtraConfigColumn,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { bytewiseText, instant, type Known, knownWord } from "../columns.ts";

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

/** What the stored words mean; `success` is found in the wild. */
const knownType = () => knownWord("known_type", "type", FILE_TYPES).notNull();
const STATUS_SYNONYMS = { success: "ingested" } as const;

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
    // Ours, behind the columns that direct writers know.
    knownType: knownType(),
    knownStatus: knownWord("known_status", "status", INGEST_STATUSES, STATUS_SYNONYMS).notNull(),
  },
  (t) => [
    // For programs that look a path up by SQL: a hash has room for a path of any length.
    index("file_statuses_file_path").using("hash", t.filePath),
    index("file_statuses_by_path").on(
      sql`(weir.path_key(${t.filePath}) collate "C")`,
      t.knownType,
      t.processedAt.desc().nullsFirst(),
      t.id.desc().nullsFirst(),
    ),
    index("file_statuses_by_time").on(t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("file_statuses_by_status").on(t.knownStatus, t.processedAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
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
    // A hash has room for a path of any length.
    index("hl7_files_hl7_file_path").using("hash", t.hl7FilePath),
    index("hl7_files_date").on(t.date),
  ],
);
export type Hl7FileRow = typeof hl7Files.$inferSelect;

/** As a literal: indexes are partial on it, and a parameter would hide that. */
export const IS_PRIMARY = sql`is_primary`;

/** An index for `ORDER BY x DESC` puts nulls first, or the planner does not use it. */
const newest = (column: ExtraConfigColumn) => column.desc().nullsFirst();
/**
 * Keyset paging compares, and null compares with nothing: a file without a date sorts as the oldest of all, one without a log
 * before those of logs.
 */
const latestDate = (column: ExtraConfigColumn) => sql`coalesce(${column}, '-infinity'::date) desc`;
const logKey = (column: ExtraConfigColumn) => sql`coalesce(${column}, '')`;
const segment = (column: ExtraConfigColumn) => sql`coalesce(${column}, -1)`;

/**
 * Current state, kept by triggers and by nothing else: one row for each log, one for each row of `hl7_files`, and one for each
 * HL7 file that only statuses name. All rows of one path have its latest status.
 *
 * The *primary* row of a path stands for it where paths are counted and looked up: of several in `hl7_files`, the one that was
 * mapped last. `previous_*` is the status that the newest one replaced: with it a trigger tells which rows of one statement were
 * current for a moment.
 */
export const files = ingest.table(
  "files",
  {
    /** What the type means, in the words of {@link FILE_TYPES}, or `unknown`. */
    type: text().$type<Known<FileTypeWord>>().notNull(),
    /** `weir.path_key(file_path)`: the path itself, or a bounded stand-in where it is too long for an index. */
    pathKey: bytewiseText("path_key").notNull(),
    filePath: text("file_path").notNull(),
    isPrimary: boolean("is_primary").notNull().default(true),
    /** Null for a log, and for a HL7 file of no log. */
    logPathKey: bytewiseText("log_path_key"),
    logFilePath: text("log_file_path"),
    segmentNumber: integer("segment_number"),
    /** Of two rows of one path the greater was mapped later. */
    mapping: bigint({ mode: "number" }),
    /** Of a log and all of its HL7 files alike: as reported last, else from the log's name. */
    date: date({ mode: "string" }),
    // The latest status; null when none was reported yet.
    statusId: bigint("status_id", { mode: "number" }),
    /** The type as it was stored with that status. */
    storedType: text("stored_type"),
    status: text(),
    knownStatus: knownWord("known_status", "status", INGEST_STATUSES, STATUS_SYNONYMS),
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
    uniqueIndex("files_primary").on(t.pathKey, t.type).where(IS_PRIMARY),
    index("files_others").on(t.pathKey).where(sql`not is_primary`),
    // For programs that look a path up in the views.
    index("files_file_path").using("hash", t.filePath),
    // The lists of latest statuses, newest first.
    index("files_recent_logs")
      .on(newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'Log' and status_id is not null`),
    index("files_recent_logs_by_status")
      .on(t.knownStatus, newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'Log' and status_id is not null`),
    index("files_recent_hl7")
      .on(newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'HL7' and is_primary and status_id is not null`),
    index("files_recent_hl7_by_status")
      .on(t.knownStatus, newest(t.processedAt), newest(t.statusId))
      .where(sql`type = 'HL7' and is_primary and status_id is not null`),
    // The lists by date, latest first.
    index("files_logs").on(latestDate(t.date), t.pathKey).where(sql`type = 'Log'`),
    index("files_logs_by_status").on(t.knownStatus, latestDate(t.date), t.pathKey).where(sql`type = 'Log'`),
    index("files_hl7")
      .on(latestDate(t.date), logKey(t.logPathKey), segment(t.segmentNumber), t.pathKey)
      .where(sql`type = 'HL7'`),
    index("files_hl7_by_status")
      .on(t.knownStatus, latestDate(t.date), logKey(t.logPathKey), segment(t.segmentNumber), t.pathKey)
      .where(sql`type = 'HL7'`),
    // The segments of one log in order, and their counts by status, from the index alone.
    index("files_of_log").on(t.logPathKey, t.segmentNumber, t.knownStatus).where(sql`log_path_key is not null`),
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
 * Statuses that a trigger could not settle, because another transaction held their file's row (a deadlock, a wait of more than
 * two seconds, a serialisation conflict): the writer's own statement must not fail for that. The service settles and announces
 * them, in the order of their ids.
 */
export const unsettledStatuses = ingest.table("unsettled_statuses", {
  statusId: bigint("status_id", { mode: "number" }).primaryKey(),
  type: text().notNull(),
  pathKey: bytewiseText("path_key").notNull(),
  /** Who wrote it, as in the feed. */
  actor: text(),
  at: instant().notNull().default(sql`clock_timestamp()`),
});

/** HL7 files, and logs, whose mapping could not be settled for the same reason. */
export const unsettledFiles = ingest.table("unsettled_files", {
  id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
  type: text().notNull(),
  filePath: text("file_path").notNull(),
});

/**
 * Numbers of files by latest status, as sums: a trigger adds rows for what its statement changed and never locks one, so that
 * no writer waits for another. The service adds them up into few rows.
 */
export const fileCounts = ingest.table(
  "file_counts",
  {
    id: bigint({ mode: "number" }).generatedByDefaultAsIdentity().primaryKey(),
    type: text().notNull(),
    /** Null: none is known. */
    date: date({ mode: "string" }),
    /** Null: no status was reported yet. */
    status: text(),
    hasLog: boolean("has_log").notNull(),
    count: bigint({ mode: "number" }).notNull(),
  },
  (t) => [index("file_counts_by_date").on(t.date)],
);
