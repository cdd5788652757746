import { eq, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import {
  type DocumentRow,
  documentFiles,
  FILE_OVERALL_STATUSES,
  type FileOverallStatusWord,
  fileProcessingSteps,
  type ProcessingLogRow,
  processingLogs,
  type StepRow,
} from "../../db/documents/tables.ts";
import { bigintArray } from "../batches.ts";
import { countUpTo, type List, listRows } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";
import { type FileFilter, type ProcessingLogFilter, whereFile, whereLog } from "./filters.ts";

/** Newest first. */
const FILE_ORDER: Order<DocumentRow> = {
  name: "file",
  columns: [
    { expression: sql`${documentFiles.createdAt}`, direction: "desc", type: "timestamptz" },
    { expression: sql`${documentFiles.id}`, direction: "desc", type: "bigint" },
  ],
  keyOf: (row) => [row.createdAt, row.id],
};

/** Newest first, over all files. */
const LOG_ORDER: Order<ProcessingLogRow> = {
  name: "processing_log",
  columns: [
    { expression: sql`${processingLogs.timestamp}`, direction: "desc", type: "timestamptz" },
    { expression: sql`${processingLogs.id}`, direction: "desc", type: "bigint" },
  ],
  keyOf: (row) => [row.timestamp, row.id],
};

/** Oldest first, of one file: its timeline. */
export const TIMELINE_ORDER: Order<ProcessingLogRow> = {
  name: "timeline",
  columns: [
    { expression: sql`${processingLogs.timestamp}`, direction: "asc", type: "timestamptz" },
    { expression: sql`${processingLogs.id}`, direction: "asc", type: "bigint" },
  ],
  keyOf: (row) => [row.timestamp, row.id],
};

export interface FileStatusCount {
  readonly status: FileOverallStatusWord;
  readonly count: number;
}

export function listDocuments(db: Db, filter: FileFilter, args: PageArgs, maxSize: number): Promise<List<DocumentRow>> {
  return listRows(db, {
    name: "documents.files",
    table: documentFiles,
    order: FILE_ORDER,
    where: whereFile(filter),
    args,
    maxSize,
  });
}

export function listLogs(
  db: Db,
  filter: ProcessingLogFilter,
  args: PageArgs,
  maxSize: number,
): Promise<List<ProcessingLogRow>> {
  const where = whereLog(filter);
  return listRows(db, {
    name: "documents.processing_logs",
    table: processingLogs,
    order: LOG_ORDER,
    where,
    args,
    maxSize,
  });
}

/** Of every overall status, also one that no file has. */
export async function countFiles(db: Db): Promise<readonly FileStatusCount[]> {
  const rows = await db.execute<{ status: string; count: string }>(
    sql`/* documents.file_counts */ select status, sum(count) as count from documents.file_counts group by status`,
  );
  const counts = new Map(rows.map(({ status, count }) => [status, Number(count)]));
  return FILE_OVERALL_STATUSES.map((status) => ({ status, count: counts.get(status) ?? 0 }));
}

/** How many log entries one file has. */
export function countLogsOf(db: Db, fileId: number): Promise<number | null> {
  const where = sql`${processingLogs.fileId} = ${fileId}`;
  return countUpTo(db, "documents.count_logs_of_file", sql`${processingLogs} where ${where}`);
}

/** Files by id, null for those that are not there. */
export async function loadDocuments(db: Db, ids: readonly number[]): Promise<readonly (DocumentRow | null)[]> {
  const rows = await db
    .select()
    .from(documentFiles)
    .where(sql`${documentFiles.id} = any(${bigintArray(ids)})`)
    .comment("documents.files_by_id");
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** The steps of files, each in the order in which they were added. */
export async function loadSteps(db: Db, fileIds: readonly number[]): Promise<readonly (readonly StepRow[])[]> {
  const rows = await db
    .select()
    .from(fileProcessingSteps)
    .where(sql`${fileProcessingSteps.fileId} = any(${bigintArray(fileIds)})`)
    .orderBy(fileProcessingSteps.id)
    .comment("documents.steps_of_files");
  const found = Map.groupBy(rows, (row) => row.fileId);
  return fileIds.map((id) => found.get(id) ?? []);
}

/** The log entries of files, each oldest first, one page for each file. */
export function loadLogPages(
  db: Db,
  fileIds: readonly number[],
  request: PageRequest,
): Promise<readonly (readonly ProcessingLogRow[])[]> {
  return loadPages(db, {
    name: "documents.logs_of_files",
    table: processingLogs,
    places: fileIds.length,
    keys: sql`unnest(${bigintArray(fileIds)}) with ordinality as k(id, at)`,
    belongs: sql`${processingLogs.fileId} = k.id`,
    request,
  });
}

/** One step by its id; undefined when it was removed. */
/** In the order of the ids; one that was removed is left out. */
export async function stepsByIds(db: Db, ids: readonly number[]): Promise<readonly StepRow[]> {
  const rows = await db
    .select()
    .from(fileProcessingSteps)
    .where(sql`${fileProcessingSteps.id} = any(${bigintArray(ids)})`)
    .comment("documents.steps_by_id");
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export async function readLog(db: Db, id: number): Promise<ProcessingLogRow | undefined> {
  const [row] = await db.select().from(processingLogs).where(eq(processingLogs.id, id)).comment("documents.log_by_id");
  return row;
}
