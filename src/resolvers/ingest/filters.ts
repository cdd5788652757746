import { and, type Column, eq, gt, gte, inArray, lt, lte, type SQL, sql } from "drizzle-orm";
import { type FileTypeWord, fileStatuses, files, type IngestStatusWord, wordsOf } from "../../db/ingest/tables.ts";
import { type Condition, changesOf, type Filter } from "../../feed/conditions.ts";
import type { RowOf } from "../../feed/topics.ts";

type Maybe<T> = T | null | undefined;

export interface FileStatusFilter {
  readonly filePath?: Maybe<string>;
  readonly filePathPrefix?: Maybe<string>;
  readonly type?: Maybe<FileTypeWord>;
  readonly status?: Maybe<readonly IngestStatusWord[]>;
  readonly workflowId?: Maybe<string>;
  readonly activityId?: Maybe<string>;
  readonly processedAfter?: Maybe<string>;
  readonly processedBefore?: Maybe<string>;
}

export interface LogFileFilter {
  readonly pathPrefix?: Maybe<string>;
  readonly status?: Maybe<readonly IngestStatusWord[]>;
  readonly dateFrom?: Maybe<string>;
  readonly dateTo?: Maybe<string>;
}

export interface Hl7FileFilter extends LogFileFilter {
  readonly logFilePath?: Maybe<string>;
}

/** Columns that a filter by status needs: the history has them, and the views of latest statuses. */
interface StatusColumns {
  readonly filePath: Column;
  readonly type: Column;
  readonly status: Column;
  readonly workflowId: Column;
  readonly activityId: Column;
  readonly processedAt: Column;
}

/** The key under which a path is indexed. */
export function pathKey(path: string): SQL {
  return sql`weir.path_key(${path}::text)`;
}

/** Above every text that begins with the same characters, byte by byte. */
const HIGHEST = "\u{10FFFF}";
/** A key of a long path begins like the path itself for this many characters. */
const KEY_PREFIX = 100;

function hasPrefix(key: SQL | Column, path: SQL | Column, prefix: Maybe<string>): SQL | undefined {
  if (prefix == null || prefix === "") return undefined;
  const start = Array.from(prefix).slice(0, KEY_PREFIX).join("");
  return sql`${key} >= ${start} and ${key} < ${start + HIGHEST} and starts_with(${path}, ${prefix})`;
}

function hasStatus(column: Column, statuses: Maybe<readonly IngestStatusWord[]>): SQL | undefined {
  return statuses == null ? undefined : inArray(column, statuses.flatMap(wordsOf));
}

/** For the history: the path is found by its index. */
export function whereStatus(filter: FileStatusFilter): SQL | undefined {
  const key = sql`(weir.path_key(${fileStatuses.filePath}) collate "C")`;
  return and(
    filter.filePath == null ? undefined : sql`${key} = ${pathKey(filter.filePath)}`,
    hasPrefix(key, fileStatuses.filePath, filter.filePathPrefix),
    whereStatusColumns(fileStatuses, filter),
  );
}

/** For the latest statuses of one type, in the current state. */
export function whereRecent(type: FileTypeWord, filter: FileStatusFilter): SQL | undefined {
  return and(
    ofType(type),
    sql`${files.statusId} is not null`,
    filter.filePath == null ? undefined : eq(files.pathKey, pathKey(filter.filePath)),
    hasPrefix(files.pathKey, files.filePath, filter.filePathPrefix),
    whereStatusColumns(files, filter),
  );
}

function whereStatusColumns(columns: StatusColumns, filter: FileStatusFilter): SQL | undefined {
  return and(
    filter.type == null ? undefined : eq(columns.type, filter.type),
    hasStatus(columns.status, filter.status),
    filter.workflowId == null ? undefined : eq(columns.workflowId, filter.workflowId),
    filter.activityId == null ? undefined : eq(columns.activityId, filter.activityId),
    filter.processedAfter == null ? undefined : gt(columns.processedAt, filter.processedAfter),
    filter.processedBefore == null ? undefined : lt(columns.processedAt, filter.processedBefore),
  );
}

/** The type as a literal: the indexes of the current state are partial on it, and a parameter would hide that. */
function ofType(type: FileTypeWord): SQL {
  return type === "Log" ? sql`${files.type} = 'Log'` : sql`${files.type} = 'HL7'`;
}

/** The date by which lists are ordered: a file without one sorts as the oldest. */
export const SORT_DATE = sql`coalesce(${files.date}, '-infinity'::date)`;

export function whereLogFile(filter: LogFileFilter): SQL | undefined {
  return and(ofType("Log"), whereDated(filter));
}

export function whereHl7File(filter: Hl7FileFilter): SQL | undefined {
  return and(
    ofType("HL7"),
    sql`${files.logPathKey} is not null`,
    filter.logFilePath == null ? undefined : eq(files.logPathKey, pathKey(filter.logFilePath)),
    whereDated(filter),
  );
}

function whereDated(filter: LogFileFilter): SQL | undefined {
  return and(
    hasPrefix(files.pathKey, files.filePath, filter.pathPrefix),
    hasStatus(files.status, filter.status),
    filter.dateFrom == null ? undefined : gte(SORT_DATE, sql`${filter.dateFrom}::date`),
    filter.dateTo == null ? undefined : lte(SORT_DATE, sql`${filter.dateTo}::date`),
    // A file without a date is in no range of dates.
    filter.dateTo == null ? undefined : sql`${files.date} is not null`,
  );
}

/** The same filter for the feed. */
export function statusChanges(filter: FileStatusFilter): Filter {
  type StatusColumn = keyof RowOf<"FILE_STATUS">;
  const equal = (column: StatusColumn, value: Maybe<string>): Condition<StatusColumn>[] =>
    value == null ? [] : [{ column, in: [value] }];
  return changesOf("FILE_STATUS", [
    ...equal("filePath", filter.filePath),
    ...equal("type", filter.type),
    ...equal("workflowId", filter.workflowId),
    ...equal("activityId", filter.activityId),
    ...(filter.status == null ? [] : [{ column: "status", in: filter.status.flatMap(wordsOf) } as const]),
    ...(filter.filePathPrefix == null ? [] : [{ column: "filePath", startsWith: filter.filePathPrefix } as const]),
    ...(filter.processedAfter == null ? [] : [{ column: "processedAt", after: filter.processedAfter } as const]),
    ...(filter.processedBefore == null ? [] : [{ column: "processedAt", before: filter.processedBefore } as const]),
  ]);
}
