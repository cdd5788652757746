import { and, eq, gte, inArray, lte, type SQL, sql } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import {
  type FileStatusRow,
  type FileTypeWord,
  fileStatuses,
  files,
  type IngestStatusWord,
  IS_PRIMARY,
} from "../../db/ingest/tables.ts";
import { type Condition, changesOf, conditionsToSql, type Filter, when } from "../../feed/conditions.ts";
import type { Settings } from "../settings.ts";

type Maybe<T> = T | null | undefined;

export interface FileStatusFilter {
  readonly filePath?: Maybe<string>;
  readonly filePathPrefix?: Maybe<string>;
  readonly type?: Maybe<Known<FileTypeWord>>;
  readonly status?: Maybe<readonly Known<IngestStatusWord>[]>;
  readonly workflowId?: Maybe<string>;
  readonly activityId?: Maybe<string>;
  readonly processedAfter?: Maybe<string>;
  readonly processedBefore?: Maybe<string>;
}

interface DatedFilter {
  readonly pathPrefix?: Maybe<string>;
  readonly status?: Maybe<readonly Known<IngestStatusWord>[]>;
  readonly dateFrom?: Maybe<string>;
  readonly dateTo?: Maybe<string>;
}

export interface LogFileFilter extends DatedFilter {
  readonly hl7Status?: Maybe<readonly Known<IngestStatusWord>[]>;
  readonly isStuck?: Maybe<boolean>;
  readonly search?: Maybe<string>;
}

export interface Hl7FileFilter extends DatedFilter {
  readonly isStuck?: Maybe<boolean>;
  readonly logFilePath?: Maybe<string>;
  readonly withoutLog?: Maybe<boolean>;
}

/** What a filter asks of a status. `processedAfter` and `processedBefore` are exclusive. */
function conditionsOf(filter: FileStatusFilter): Condition<keyof StatusColumns>[] {
  return [
    ...when(filter.filePath, (path) => ({ column: "filePath" as const, in: [path] })),
    ...when(filter.filePathPrefix, (prefix) => ({ column: "filePath" as const, startsWith: prefix })),
    ...when(filter.type, (type) => ({ column: "knownType" as const, in: [type] })),
    ...when(filter.status, (statuses) => ({ column: "knownStatus" as const, in: statuses })),
    ...when(filter.workflowId, (id) => ({ column: "workflowId" as const, in: [id] })),
    ...when(filter.activityId, (id) => ({ column: "activityId" as const, in: [id] })),
    ...when(filter.processedAfter, (after) => ({ column: "processedAt" as const, after })),
    ...when(filter.processedBefore, (before) => ({ column: "processedAt" as const, before })),
  ];
}

/** Columns that a filter by status needs. The current state has them too, but for the type: each list there is of one. */
type StatusColumns = Pick<
  FileStatusRow,
  "filePath" | "knownType" | "knownStatus" | "workflowId" | "activityId" | "processedAt"
>;

/** The key under which a path is indexed. */
function pathKey(path: string): SQL {
  return sql`weir.path_key(${path}::text)`;
}

/** For the history: the path is found by its index. */
export function whereStatus(filter: FileStatusFilter): SQL {
  return conditionsToSql(fileStatuses, conditionsOf(filter), {
    filePath: sql`(weir.path_key(${fileStatuses.filePath}) collate "C")`,
  });
}

/** For the latest statuses of one type, in the current state. */
export function whereRecent(type: FileTypeWord, { type: wanted, ...filter }: FileStatusFilter): SQL | undefined {
  return and(
    ofType(type),
    IS_PRIMARY,
    sql`${files.statusId} is not null`,
    wanted == null || wanted === type ? undefined : sql`false`,
    conditionsToSql(files, conditionsOf(filter), { filePath: sql`${files.pathKey}` }),
  );
}

/** The same filter for the feed. */
export function statusChanges(filter: FileStatusFilter): Filter {
  return changesOf("FILE_STATUS", conditionsOf(filter));
}

/** Mappings of HL7 files, of one log or of all. */
export function mappingChanges(logFilePath: Maybe<string>): Filter {
  return changesOf(
    "HL7_FILE",
    when(logFilePath, (path) => ({ column: "logFilePath" as const, in: [path] })),
  );
}

/** The type as a literal: the indexes of the current state are partial on it, and a parameter would hide that. */
function ofType(type: FileTypeWord): SQL {
  return type === "Log" ? sql`${files.type} = 'Log'` : sql`${files.type} = 'HL7'`;
}

/** The date by which lists are ordered: a file without one sorts as the oldest. */
export const SORT_DATE = sql`coalesce(${files.date}, '-infinity'::date)`;

/** The log by which HL7 files of one date are ordered, and the place in it: a file of no log comes before those of logs. */
export const SORT_LOG = sql`coalesce(${files.logPathKey}, '')`;
export const SORT_SEGMENT = sql`coalesce(${files.segmentNumber}, -1)`;

/** Logs that are looked through for a part of their path: the latest. */
const MOST_SEARCHED = 20_000;

export function whereLogFile(filter: LogFileFilter, settings: Thresholds): SQL | undefined {
  const { hl7Status, isStuck, search } = filter;
  return and(
    ofType("Log"),
    whereDated(filter),
    hl7Status == null ? undefined : hasHl7(inWords(hl7Status)),
    isStuck == null ? undefined : isStuck ? hasHl7(isStuckHl7(settings)) : sql`not ${hasHl7(isStuckHl7(settings))}`,
    search == null || search === ""
      ? undefined
      : sql`${files.pathKey} in (
          select path_key from (select path_key, file_path from ingest.files where type = 'Log'
            order by coalesce(date, '-infinity'::date) desc, path_key limit ${MOST_SEARCHED}) latest
          where strpos(lower(file_path), lower(${search}::text)) > 0)`,
  );
}

type Thresholds = Pick<Settings, "stuckStagedMinutes">;

/** Of HL7 files `h`, by index: which logs have one that meets the condition. */
function hasHl7(condition: SQL): SQL {
  return sql`exists (select from ingest.files h where h.type = 'HL7' and h.log_path_key = ${files.pathKey} and ${condition})`;
}

function inWords(words: readonly string[]): SQL {
  // Each word by itself: the planner knows how many files have it.
  return words.length === 0
    ? sql`false`
    : sql`h.known_status in (${sql.join(
        words.map((word) => sql`${word}`),
        sql`, `,
      )})`;
}

function isStuckHl7({ stuckStagedMinutes }: Thresholds): SQL {
  return sql`h.known_status = 'staged' and h.processed_at < now() - make_interval(mins => ${stuckStagedMinutes})`;
}

/** Every row of `hl7_files`, and every file that only statuses name: the one definition for lists. */
export function whereHl7File(filter: Hl7FileFilter, { stuckStagedMinutes }: Thresholds): SQL | undefined {
  const isStuck = sql`${files.knownStatus} = 'staged' and ${files.processedAt} < now() - make_interval(mins => ${stuckStagedMinutes})`;
  return and(
    ofType("HL7"),
    filter.logFilePath == null ? undefined : eq(files.logPathKey, pathKey(filter.logFilePath)),
    filter.withoutLog == null ? undefined : isNull(files.logPathKey, filter.withoutLog),
    filter.isStuck == null ? undefined : filter.isStuck ? isStuck : sql`not coalesce(${isStuck}, false)`,
    whereDated(filter),
  );
}

function isNull(column: typeof files.logPathKey, wanted: boolean): SQL {
  return wanted ? sql`${column} is null` : sql`${column} is not null`;
}

function whereDated(filter: DatedFilter): SQL | undefined {
  return and(
    conditionsToSql(
      files,
      when(filter.pathPrefix, (prefix) => ({ column: "filePath", startsWith: prefix })),
      {
        filePath: sql`${files.pathKey}`,
      },
    ),
    filter.status == null ? undefined : inArray(files.knownStatus, [...filter.status]),
    filter.dateFrom == null ? undefined : gte(SORT_DATE, sql`${filter.dateFrom}::date`),
    filter.dateTo == null ? undefined : lte(SORT_DATE, sql`${filter.dateTo}::date`),
    // A file without a date is in no range of dates.
    filter.dateTo == null ? undefined : sql`${files.date} is not null`,
  );
}
