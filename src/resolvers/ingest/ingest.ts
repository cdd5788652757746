import type { FileRow, FileStatusRow, FileTypeWord, Hl7FileRow } from "../../db/ingest/tables.ts";
import type { Context } from "../context.ts";
import { badInput } from "../errors.ts";
import { checkIdempotencyKey } from "../input.ts";
import { connect } from "../lists.ts";
import { type Connection, type FilterArgs, type PageArgs, toConnection } from "../paging.ts";
import { countStuckStaged, type IngestCounts, type IngestSummary, readOldestStaged, summarize } from "./counts.ts";
import type { FileStatusFilter, Hl7FileFilter, LogFileFilter } from "./filters.ts";
import {
  checkFileStatus,
  checkFileStatuses,
  checkHl7Files,
  type FileStatusInput,
  type NewFileStatus,
  type NewHl7File,
} from "./input.ts";
import {
  countHl7FilesOf,
  countStatusesOf,
  currentStatusOf,
  HL7_FILE_ORDER,
  type LogFileOrder,
  listHl7Files,
  listLogFiles,
  listRecent,
  listStatuses,
  STATUS_ORDER,
} from "./reads.ts";

/** A log as the schema shows it. Its current status is missing where it was not read along. */
export interface LogFile {
  readonly logFilePath: string;
  readonly date: string | null;
  readonly currentStatus?: FileStatusRow | null;
}

/** What a HL7 file of no log has in the place of its log and segment. */
const NO_LOG = { logFilePath: "", segmentNumber: -1 } as const;

/** A HL7 file as the schema shows it. Its current status is missing where it was not read along. */
export interface Hl7File extends Hl7FileRow {
  readonly currentStatus?: FileStatusRow | null;
}

export async function fileStatuses(
  context: Context,
  args: FilterArgs<FileStatusFilter>,
): Promise<Connection<FileStatusRow>> {
  const { database, settings } = context;
  return connect(await listStatuses(database.db, args.filter ?? {}, args, settings.maxPageSize), (row) => row);
}

export async function recentFileStatuses(
  context: Context,
  type: FileTypeWord,
  args: FilterArgs<FileStatusFilter>,
): Promise<Connection<FileStatusRow>> {
  const { database, settings } = context;
  return connect(await listRecent(database.db, type, args.filter ?? {}, args, settings.maxPageSize), (file) => {
    const status = currentStatusOf(file);
    if (status === null) throw new Error("a file without a status is among those that have one");
    return status;
  });
}

export async function logFiles(
  context: Context,
  args: FilterArgs<LogFileFilter> & { readonly orderBy?: LogFileOrder | null | undefined },
): Promise<Connection<LogFile>> {
  const { database, settings } = context;
  return connect(await listLogFiles(database.db, args.filter ?? {}, args, settings), toLogFile);
}

export async function hl7Files(context: Context, args: FilterArgs<Hl7FileFilter>): Promise<Connection<Hl7File>> {
  const { database, settings } = context;
  return connect(await listHl7Files(database.db, args.filter ?? {}, args, settings), toHl7File);
}

/** Null when neither table names the log. */
export async function logFile(context: Context, logFilePath: string): Promise<LogFile | null> {
  const file = await context.loaders.ingest.file.load({ type: "Log", path: logFilePath });
  return file === null ? null : toLogFile(file);
}

/** The row of a path that was mapped last, or the file of no log; null when nothing was reported of the path. */
export async function hl7File(context: Context, hl7FilePath: string): Promise<Hl7File | null> {
  const file = await context.loaders.ingest.file.load({ type: "HL7", path: hl7FilePath });
  return file === null ? null : toHl7File(file);
}

/** Of one row of `hl7_files`, its segment and log; of a file of no log, -1 and its own path. */
export function hl7FileId({ hl7FilePath, logFilePath, segmentNumber }: Hl7File): string {
  return `${segmentNumber} ${logFilePath === NO_LOG.logFilePath ? hl7FilePath : logFilePath}`;
}

const HL7_FILE_ID = /^(-1|\d{1,10}) (.*)$/s;

/** By {@link hl7FileId}; null when it is not there, undefined for text that is no such id. */
export function hl7FileById(context: Context, id: string): Promise<Hl7File | null> | undefined {
  const [, segment, path] = HL7_FILE_ID.exec(id) ?? [];
  if (segment === undefined || path === undefined) return undefined;
  return Number(segment) < 0 ? fileOfNoLog(context, path) : mappedFile(context, path, Number(segment));
}

async function fileOfNoLog(context: Context, path: string): Promise<Hl7File | null> {
  const found = await hl7File(context, path);
  return found?.logFilePath === NO_LOG.logFilePath ? found : null;
}

async function mappedFile({ loaders }: Context, logFilePath: string, segmentNumber: number): Promise<Hl7File | null> {
  const file = await loaders.nodes.mapping.load({ logFilePath, segmentNumber });
  return file === null ? null : toHl7File(file);
}

/** The other rows of a HL7 file's path: those besides the one that was given. */
export async function otherMappings(context: Context, hl7: Hl7File): Promise<readonly Hl7File[]> {
  const [primary, others] = await Promise.all([
    hl7File(context, hl7.hl7FilePath),
    context.loaders.ingest.otherMappings.load(hl7.hl7FilePath),
  ]);
  const all = [...(primary === null ? [] : [primary]), ...others.map(toHl7File)];
  return all.filter(
    ({ logFilePath, segmentNumber }) => logFilePath !== hl7.logFilePath || segmentNumber !== hl7.segmentNumber,
  );
}

/** The latest status of a file; null when none was reported yet. */
export async function currentStatus(
  context: Context,
  type: FileTypeWord,
  path: string,
  known: FileStatusRow | null | undefined,
): Promise<FileStatusRow | null> {
  if (known !== undefined) return known;
  const file = await context.loaders.ingest.file.load({ type, path });
  return file === null ? null : currentStatusOf(file);
}

export async function statusesOf(
  { database, loaders }: Context,
  type: FileTypeWord,
  path: string,
  args: PageArgs,
): Promise<Connection<FileStatusRow>> {
  const page = await loaders.ingest.statuses.page({ type, path }, args);
  const count = () => countStatusesOf(database.db, type, path);
  return toConnection(STATUS_ORDER, page, count, (row) => row);
}

export async function hl7FilesOf(
  { database, loaders, settings }: Context,
  logFilePath: string,
  args: FilterArgs<Hl7FileFilter>,
): Promise<Connection<Hl7File>> {
  const page = await loaders.ingest.hl7Files.page(logFilePath, args);
  const count = () => countHl7FilesOf(database.db, logFilePath, args.filter ?? {}, settings);
  return toConnection(HL7_FILE_ORDER, page, count, toHl7File);
}

export function hl7FileCounts(context: Context, logFilePath: string): Promise<IngestCounts> {
  return context.loaders.ingest.hl7Counts.load(logFilePath);
}

/** Throws BAD_USER_INPUT when the range of dates is the wrong way round. */
export async function ingestSummary(
  context: Context,
  from: string | null | undefined,
  to: string | null | undefined,
): Promise<IngestSummary> {
  if (from != null && to != null && from > to) throw badInput(`from (${from}) is after to (${to}). Swap them.`);
  return summarize(context.database.db, from ?? null, to ?? null);
}

/** When the oldest HL7 file that is still staged was; null when none is. */
export function oldestStagedAt({ database }: Context): Promise<string | null> {
  return readOldestStaged(database.db);
}

export function stuckStaged({ database, settings }: Context): Promise<number> {
  return countStuckStaged(database.db, settings.stuckStagedMinutes);
}

export async function recordFileStatus(
  context: Context,
  input: FileStatusInput,
  idempotencyKey: string | null | undefined,
): Promise<FileStatusRow> {
  const [row] = await record(context, "recordFileStatus", [checkFileStatus(input, context.settings)], idempotencyKey);
  if (row === undefined) throw new Error("a written status was not answered");
  return row;
}

export function recordFileStatuses(
  context: Context,
  input: readonly FileStatusInput[],
  idempotencyKey: string | null | undefined,
): Promise<readonly FileStatusRow[]> {
  const rows = checkFileStatuses(input, context.settings);
  return record(context, "recordFileStatuses", rows, idempotencyKey);
}

async function record(
  { ingestWriters, viewer, written }: Context,
  operation: "recordFileStatus" | "recordFileStatuses",
  rows: readonly NewFileStatus[],
  idempotencyKey: string | null | undefined,
): Promise<readonly FileStatusRow[]> {
  const actor = viewer.name ?? "";
  const key = checkIdempotencyKey(idempotencyKey);
  const answer = await ingestWriters.recordStatuses({ actor, operation, idempotencyKey: key, rows });
  written();
  return answer;
}

export async function recordHl7Files(
  { ingestWriters, viewer, settings, written }: Context,
  input: readonly NewHl7File[],
): Promise<readonly Hl7File[]> {
  const rows = checkHl7Files(input, settings.maxBatchRows);
  const answer = await ingestWriters.recordHl7Files(viewer.name ?? "", rows);
  written();
  return answer;
}

function toLogFile(file: FileRow): LogFile {
  return { logFilePath: file.filePath, date: file.date, currentStatus: currentStatusOf(file) };
}

function toHl7File(file: FileRow): Hl7File {
  return {
    hl7FilePath: file.filePath,
    logFilePath: file.logFilePath ?? NO_LOG.logFilePath,
    segmentNumber: file.segmentNumber ?? NO_LOG.segmentNumber,
    date: file.date,
    currentStatus: currentStatusOf(file),
  };
}
