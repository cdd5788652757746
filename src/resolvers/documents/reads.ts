import { eq, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import type { Known } from "../../db/columns.ts";
import {
  type DocumentRow,
  documentFiles,
  FILE_OVERALL_STATUSES,
  type FileOverallStatusWord,
  fileProcessingSteps,
  type ProcessingLogRow,
  processingLogs,
  type StepRow,
  type StepStatusWord,
  stepCounts,
} from "../../db/documents/tables.ts";
import { bigintArray } from "../batches.ts";
import { countUpTo, type List, listRows } from "../lists.ts";
import { loadPages } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";
import type { Settings } from "../settings.ts";
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

/** Oldest first. */
const OLDEST_ORDER: Order<DocumentRow> = {
  name: "file_oldest",
  columns: [
    { expression: sql`${documentFiles.createdAt}`, direction: "asc", type: "timestamptz" },
    { expression: sql`${documentFiles.id}`, direction: "asc", type: "bigint" },
  ],
  keyOf: (row) => [row.createdAt, row.id],
};

const FILE_ORDERS = { NEWEST_FIRST: FILE_ORDER, OLDEST_FIRST: OLDEST_ORDER } as const;
export type FileOrder = keyof typeof FILE_ORDERS;

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

export function listDocuments(
  db: Db,
  filter: FileFilter,
  args: PageArgs & { readonly orderBy?: FileOrder | null | undefined },
  settings: Settings,
): Promise<List<DocumentRow>> {
  return listRows(db, {
    name: "documents.files",
    table: documentFiles,
    order: FILE_ORDERS[args.orderBy ?? "NEWEST_FIRST"],
    where: whereFile(filter, settings),
    args,
    maxSize: settings.maxPageSize,
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

export interface StepStatusCount {
  readonly stepName: string;
  readonly status: Known<StepStatusWord>;
  readonly count: number;
}

/** Names and statuses that are told. */
const MOST_STEP_COUNTS = 2_000;

/** Steps of all files by name and status, from the sums that triggers keep. By name. */
export async function countSteps(db: Db): Promise<readonly StepStatusCount[]> {
  const rows = await db.execute<{
    step: string;
    status: Known<StepStatusWord>;
    count: string;
  }>(sql`/* documents.step_counts */
    select step_name as step, status, sum(count) as count from ${stepCounts}
    group by step_name, status having sum(count) > 0 order by step_name collate "C", status limit ${MOST_STEP_COUNTS}`);
  return rows.map(({ step, status, count }) => ({ stepName: step, status, count: Number(count) }));
}

/** What names a step. */
export interface StepKey {
  readonly fileId: number;
  readonly stepName: string;
}

/** How often steps were begun, by the logs of their files: an IN_PROGRESS that is the first, or comes after an end, begins an attempt. */
export async function loadAttempts(db: Db, steps: readonly StepKey[]): Promise<readonly number[]> {
  const ids = [...new Set(steps.map(({ fileId }) => fileId))];
  const rows = await db.execute<{ file: string; step: string; attempts: string }>(sql`/* documents.attempts_of_steps */
    select file_id as file, step_name as step, count(*) as attempts from (
      select l.file_id, l.step_name, lower(l.status) as status,
        lag(lower(l.status)) over (partition by l.file_id, l.step_name order by l.timestamp, l.id) as before
      from ${processingLogs} l
      where l.file_id = any(${bigintArray(ids)}) and lower(l.status) in ('in_progress', 'success', 'failure', 'skipped')) moves
    where status = 'in_progress' and before is distinct from 'in_progress'
    group by file_id, step_name`);
  const found = new Map(rows.map(({ file, step, attempts }) => [`${file} ${step}`, Number(attempts)]));
  return steps.map(({ fileId, stepName }) => found.get(`${fileId} ${stepName}`) ?? 0);
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
