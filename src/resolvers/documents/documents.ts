import {
  type DocumentRow,
  MAIN_PROCESSING_STEPS,
  type ProcessingLogRow,
  type StepRow,
  uploadStepsOf,
} from "../../db/documents/tables.ts";
import type { Context } from "../context.ts";
import { badInput } from "../errors.ts";
import { checkIdempotencyKey, numberedId } from "../input.ts";
import { connect } from "../lists.ts";
import { type Connection, type FilterArgs, type PageArgs, toConnection } from "../paging.ts";
import type { FileFilter, ProcessingLogFilter } from "./filters.ts";
import {
  checkDestinations,
  checkNewFile,
  checkNewLog,
  checkStepNames,
  checkStepUpdate,
  fileIdOf,
  type NewFile,
  type NewLog,
  noSuchFile,
  type StepUpdateInput,
} from "./input.ts";
import {
  countFiles,
  countLogsOf,
  type FileOrder,
  type FileStatusCount,
  listDocuments,
  listLogs,
  readLog,
  TIMELINE_ORDER,
} from "./reads.ts";
import { reportSteps } from "./steps.ts";
import { addSteps, insertFile, insertLog } from "./writes.ts";

type Key = string | null | undefined;

/** Null when there is no such file. */
export function file(context: Context, id: string): Promise<DocumentRow | null> {
  const number = numberedId(id);
  return number === undefined ? Promise.resolve(null) : context.loaders.documents.file.load(number);
}

/** Throws NOT_FOUND when it was removed. */
export async function fileOf(context: Context, fileId: number): Promise<DocumentRow> {
  const found = await context.loaders.documents.file.load(fileId);
  if (found === null) throw noSuchFile(fileId);
  return found;
}

export async function files(
  { database, settings }: Context,
  args: FilterArgs<FileFilter> & { readonly orderBy?: FileOrder | null | undefined },
): Promise<Connection<DocumentRow>> {
  return connect(await listDocuments(database.db, args.filter ?? {}, args, settings), (row) => row);
}

export async function processingLogs(
  { database, settings }: Context,
  args: FilterArgs<ProcessingLogFilter>,
): Promise<Connection<ProcessingLogRow>> {
  return connect(await listLogs(database.db, args.filter ?? {}, args, settings.maxPageSize), (row) => row);
}

export function fileStatusCounts({ database }: Context): Promise<readonly FileStatusCount[]> {
  return countFiles(database.db);
}

/** When the file, or a step of it, was changed last. */
export async function lastChangeOf(context: Context, { id, createdAt }: DocumentRow): Promise<string> {
  const steps = await stepsOf(context, id);
  return steps.reduce((latest, step) => (step.updatedAt > latest ? step.updatedAt : latest), createdAt);
}

export function stepsOf({ loaders }: Context, fileId: number): Promise<readonly StepRow[]> {
  return loaders.documents.steps.load(fileId);
}

export async function logsOf(
  { database, loaders }: Context,
  fileId: number,
  args: PageArgs,
): Promise<Connection<ProcessingLogRow>> {
  const page = await loaders.documents.logs.page(fileId, args);
  return toConnection(
    TIMELINE_ORDER,
    page,
    () => countLogsOf(database.db, fileId),
    (row) => row,
  );
}

/** In progress for longer than a step may take. */
export function isStalled({ settings }: Context, { knownStatus, startedAt, updatedAt }: StepRow): boolean {
  const since = Date.parse(startedAt ?? updatedAt);
  return knownStatus === "in_progress" && since < Date.now() - settings.stepTimeoutMinutes * 60_000;
}

/** Seconds from start to end; null while one of them is not known. */
export function durationSeconds({ startedAt, completedAt }: StepRow): number | null {
  if (startedAt === null || completedAt === null) return null;
  const milliseconds = Date.parse(completedAt) - Date.parse(startedAt);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1_000;
}

export async function createFile(context: Context, input: NewFile, idempotencyKey: Key): Promise<DocumentRow> {
  const checked = checkNewFile(input);
  const steps = checked.initializeSteps ? (checkStepNames(checked.steps) ?? MAIN_PROCESSING_STEPS) : [];
  const id = await insertFile(context, checked, steps, idempotencyKey);
  return fileOf(context, id);
}

/** Answers the steps of the list, those that were there and those that were added, in its order. */
export function initializeFileSteps(
  context: Context,
  fileId: string,
  steps: readonly string[] | null | undefined,
): Promise<readonly StepRow[]> {
  return addAndRead(context, fileIdOf(fileId), checkStepNames(steps) ?? MAIN_PROCESSING_STEPS);
}

/** Answers two steps for each destination, in the order given. */
export function addUploadSteps(
  context: Context,
  fileId: string,
  destinations: readonly string[],
): Promise<readonly StepRow[]> {
  return addAndRead(context, fileIdOf(fileId), checkDestinations(destinations).flatMap(uploadStepsOf));
}

async function addAndRead(context: Context, fileId: number, names: readonly string[]): Promise<readonly StepRow[]> {
  await addSteps(context, fileId, names);
  const steps = await context.loaders.documents.steps.load(fileId);
  const byName = new Map(steps.map((step) => [step.stepName, step]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

/** A repeated report under its idempotency key is answered with the step as it is now. */
export async function updateStepStatus(
  context: Context,
  input: StepUpdateInput,
  idempotencyKey: Key,
): Promise<StepRow> {
  const step = await context.stepWriters.report({
    ...checkStepUpdate(input),
    fileId: fileIdOf(input.fileId),
    actor: context.viewer.name ?? "",
    idempotencyKey: checkIdempotencyKey(idempotencyKey),
  });
  context.written();
  return step;
}

/** All or none. A repeated list under its idempotency key is answered with the steps as they are now. */
export async function updateStepStatuses(
  context: Context,
  input: readonly StepUpdateInput[],
  idempotencyKey: Key,
): Promise<readonly StepRow[]> {
  const most = context.settings.maxBatchRows;
  if (input.length > most) throw badInput(`input has ${input.length} reports; at most ${most} are written at once.`);
  const reports = input.map((report, at) => ({
    ...checkStepUpdate(report, ["input", at]),
    fileId: fileIdOf(report.fileId),
  }));
  return reportSteps(context, reports, idempotencyKey);
}

export async function logProcessingEvent(
  context: Context,
  input: NewLog,
  idempotencyKey: Key,
): Promise<ProcessingLogRow> {
  const log = checkNewLog(input);
  const fileId = log.fileId == null ? null : fileIdOf(log.fileId);
  const id = await insertLog(context, fileId, log, idempotencyKey);
  const row = await readLog(context.database.db, id);
  if (row === undefined) throw new Error("a log entry that was written is not there");
  return row;
}
