import { and, getColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import {
  type FileRow,
  type FileStatusRow,
  type FileTypeWord,
  fileStatuses,
  files,
  IS_PRIMARY,
} from "../../db/ingest/tables.ts";
import { groupByPlace, textArray } from "../batches.ts";
import { countUpTo, type List, listRows } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";
import type { Settings } from "../settings.ts";
import {
  type FileStatusFilter,
  type Hl7FileFilter,
  type LogFileFilter,
  SORT_DATE,
  SORT_LOG,
  SORT_SEGMENT,
  whereHl7File,
  whereLogFile,
  whereRecent,
  whereStatus,
} from "./filters.ts";

/** Newest first, in the history. */
export const STATUS_ORDER: Order<FileStatusRow> = {
  name: "status",
  columns: [
    { expression: sql`${fileStatuses.processedAt}`, direction: "desc", type: "timestamptz" },
    { expression: sql`${fileStatuses.id}`, direction: "desc", type: "bigint" },
  ],
  keyOf: (row) => [row.processedAt, row.id],
};

/** Newest first, in the current state: files that have a status. */
const RECENT_ORDER: Order<FileRow> = {
  name: "recent",
  columns: [
    { expression: sql`${files.processedAt}`, direction: "desc", type: "timestamptz" },
    { expression: sql`${files.statusId}`, direction: "desc", type: "bigint" },
  ],
  keyOf: (row) => [row.processedAt ?? "-infinity", row.statusId ?? 0],
};

/** Latest date first, then by path. */
const LOG_FILE_ORDER: Order<FileRow> = {
  name: "log",
  columns: [
    { expression: SORT_DATE, direction: "desc", type: "date" },
    { expression: sql`${files.pathKey}`, direction: "asc", type: "text" },
  ],
  keyOf: (row) => [row.date ?? "-infinity", row.pathKey],
};

/** Latest date first, then by log, then in the order of the log. */
export const HL7_FILE_ORDER: Order<FileRow> = {
  name: "hl7",
  columns: [
    { expression: SORT_DATE, direction: "desc", type: "date" },
    { expression: SORT_LOG, direction: "asc", type: "text" },
    { expression: SORT_SEGMENT, direction: "asc", type: "integer" },
    { expression: sql`${files.pathKey}`, direction: "asc", type: "text" },
  ],
  keyOf: (row) => [row.date ?? "-infinity", row.logPathKey ?? "", row.segmentNumber ?? -1, row.pathKey],
};

/** The history. */
export function listStatuses(
  db: Db,
  filter: FileStatusFilter,
  args: PageArgs,
  maxSize: number,
): Promise<List<FileStatusRow>> {
  const where = whereStatus(filter);
  return listRows(db, { name: "ingest.file_statuses", table: fileStatuses, order: STATUS_ORDER, where, args, maxSize });
}

/** The files of a type that have a status, by the latest. */
export function listRecent(
  db: Db,
  type: FileTypeWord,
  filter: FileStatusFilter,
  args: PageArgs,
  maxSize: number,
): Promise<List<FileRow>> {
  return listRows(db, {
    name: "ingest.recent_file_statuses",
    table: files,
    order: RECENT_ORDER,
    where: whereRecent(type, filter),
    args,
    maxSize,
  });
}

/** By the log's own latest status, newest first; those without one are left out. */
const RECENT_LOG_ORDER: Order<FileRow> = { ...RECENT_ORDER, name: "recent_log" };

const LOG_FILE_ORDERS = { DATE: LOG_FILE_ORDER, RECENT_FIRST: RECENT_LOG_ORDER } as const;
export type LogFileOrder = keyof typeof LOG_FILE_ORDERS;

export function listLogFiles(
  db: Db,
  filter: LogFileFilter,
  args: PageArgs & { readonly orderBy?: LogFileOrder | null | undefined },
  settings: Settings,
): Promise<List<FileRow>> {
  const order = args.orderBy ?? "DATE";
  return listRows(db, {
    name: "ingest.log_files",
    table: files,
    order: LOG_FILE_ORDERS[order],
    where: and(whereLogFile(filter, settings), order === "DATE" ? undefined : sql`${files.statusId} is not null`),
    args,
    maxSize: settings.maxPageSize,
  });
}

export function listHl7Files(
  db: Db,
  filter: Hl7FileFilter,
  args: PageArgs,
  settings: Settings,
): Promise<List<FileRow>> {
  return listRows(db, {
    name: "ingest.hl7_files",
    table: files,
    order: HL7_FILE_ORDER,
    where: whereHl7File(filter, settings),
    args,
    maxSize: settings.maxPageSize,
  });
}

/** The status that the current state of a file holds; null when none was reported yet. */
export function currentStatusOf(file: FileRow): FileStatusRow | null {
  const { statusId, status, knownStatus, processedAt } = file;
  if (statusId === null || status === null || knownStatus === null || processedAt === null) return null;
  return {
    id: statusId,
    filePath: file.filePath,
    type: file.storedType ?? file.type,
    knownType: file.type,
    status,
    knownStatus,
    errorMessage: file.errorMessage,
    workflowId: file.workflowId,
    activityId: file.activityId,
    processedAt,
  };
}

/** How many statuses one file has. */
export function countStatusesOf(db: Db, type: FileTypeWord, path: string): Promise<number | null> {
  return countUpTo(
    db,
    "ingest.count_statuses_of_file",
    sql`${fileStatuses} where ${whereStatus({ type, filePath: path })}`,
  );
}

/** How many HL7 files of one log pass the filter. */
export function countHl7FilesOf(
  db: Db,
  logFilePath: string,
  filter: Hl7FileFilter,
  settings: Settings,
): Promise<number | null> {
  const where = and(whereHl7File(filter, settings), whereHl7File({ logFilePath }, settings));
  return countUpTo(db, "ingest.count_hl7_files_of_log", sql`${files} where ${where}`);
}

/** What names a file. */
export interface FileKey {
  readonly type: FileTypeWord;
  readonly path: string;
}

function fileKeys(keys: readonly FileKey[]): SQL {
  const [types, paths] = [keys.map(({ type }) => type), keys.map(({ path }) => path)];
  return sql`unnest(${textArray(types)}, ${textArray(paths)}) with ordinality as k(type, path, at)`;
}

/** The current state of files by type and path, null for those that are not known. */
export async function loadFiles(db: Db, keys: readonly FileKey[]): Promise<readonly (FileRow | null)[]> {
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(files) })
    .from(fileKeys(keys))
    .innerJoin(files, sql`${files.pathKey} = weir.path_key(k.path) and ${files.type} = k.type and ${IS_PRIMARY}`)
    .comment("ingest.files_by_path");
  const found = new Map(rows.map((row) => [row.at, row]));
  return keys.map((_, at) => found.get(at + 1) ?? null);
}

/** The statuses of files, each newest first, one page for each file. */
export function loadStatusPages(
  db: Db,
  keys: readonly FileKey[],
  request: PageRequest,
): Promise<readonly (readonly FileStatusRow[])[]> {
  return loadPages(db, {
    name: "ingest.statuses_of_files",
    table: fileStatuses,
    places: keys.length,
    keys: fileKeys(keys),
    belongs: sql`(weir.path_key(${fileStatuses.filePath}) collate "C") = weir.path_key(k.path) and ${fileStatuses.knownType} = k.type`,
    request,
  });
}

/** The HL7 files of logs, each in the order of its log, one page for each log. */
export function loadHl7Pages(
  db: Db,
  logPaths: readonly string[],
  where: SQL | undefined,
  request: PageRequest,
): Promise<readonly (readonly FileRow[])[]> {
  return loadPages(db, {
    name: "ingest.hl7_files_of_logs",
    table: files,
    places: logPaths.length,
    keys: sql`unnest(${textArray(logPaths)}) with ordinality as k(path, at)`,
    belongs: and(where, sql`${files.logPathKey} = weir.path_key(k.path)`),
    request,
  });
}

/** The rows of HL7 files' paths besides the primary one, each path's newest first. */
export async function loadOtherMappings(db: Db, paths: readonly string[]): Promise<readonly (readonly FileRow[])[]> {
  const rows = await db
    .select({ at: sql<number>`k.at::integer`, ...getColumns(files) })
    .from(sql`unnest(${textArray(paths)}) with ordinality as k(path, at)`)
    .innerJoin(files, sql`${files.pathKey} = weir.path_key(k.path) and not ${IS_PRIMARY}`)
    .orderBy(sql`${files.mapping} desc`)
    .comment("ingest.other_mappings");
  return groupByPlace(paths.length, rows);
}
