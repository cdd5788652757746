import {
  type ComparedStep,
  compareSteps,
  findFilesToRebuild,
  findFilesWithLogs,
  type RebuiltFile,
  rebuildSteps,
} from "../../db/documents/rebuild.ts";
import type { Context } from "../context.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";
import { checkBatchSize, fileIdOf, noSuchFile } from "./input.ts";
import { loadDocuments } from "./reads.ts";

export interface MigrationResult {
  readonly fileId: number;
  readonly dryRun: boolean;
  readonly stepsCreated: number;
  readonly stepsUpdated: number;
  readonly stepsSkipped: number;
  readonly errors: readonly string[];
}

export interface MigrationSummary {
  readonly dryRun: boolean;
  totalFiles: number;
  filesMigrated: number;
  filesFailed: number;
  /** Files that logs tell of and `files` does not have: they were deleted, or are yet to come. */
  filesMissing: number;
  stepsCreated: number;
  stepsUpdated: number;
  stepsSkipped: number;
  /** The first of them. */
  readonly errors: string[];
}

export interface MigrationVerification {
  readonly fileId: number;
  readonly isValid: boolean;
  /** Whether `files` does not have it. */
  readonly isMissing: boolean;
  readonly logSteps: readonly string[];
  readonly tableSteps: readonly string[];
  readonly discrepancies: readonly string[];
}

/** They touch different files, so none waits for another; more than these would take the service's connections. */
const BATCHES_AT_ONCE = 2;
/** Errors that a summary names; the others are counted alone. */
const MOST_ERRORS = 100;

/** Throws NOT_FOUND for a file that neither the table nor the logs know. */
export async function migrateLogsToSteps(context: Context, fileId: string, dryRun: boolean): Promise<MigrationResult> {
  const id = fileIdOf(fileId);
  await assertKnown(context, id);
  const [rebuilt] = await rebuild(context, [id], dryRun);
  if (rebuilt === undefined) throw noSuchFile(fileId);
  const { stepsCreated, stepsUpdated, stepsSkipped, error } = rebuilt;
  return { fileId: id, dryRun, stepsCreated, stepsUpdated, stepsSkipped, errors: error === null ? [] : [error] };
}

/** Each batch is a transaction of its own: after an interruption, calling again goes on. `onBatch` hears how far it is. */
export async function migrateAllFiles(
  context: WriteContext,
  options: {
    readonly batchSize: number;
    readonly dryRun: boolean;
    readonly signal: AbortSignal;
    readonly onBatch?: (lastFileId: number, summary: MigrationSummary) => void;
  },
): Promise<MigrationSummary> {
  const batchSize = checkBatchSize(options.batchSize);
  const { dryRun, signal, onBatch } = options;
  const summary: MigrationSummary = {
    dryRun,
    totalFiles: 0,
    filesMigrated: 0,
    filesFailed: 0,
    filesMissing: 0,
    stepsCreated: 0,
    stepsUpdated: 0,
    stepsSkipped: 0,
    errors: [],
  };
  const underWay = new Set<Promise<void>>();
  const take = async (ids: readonly number[], last: number) => {
    for (const file of await rebuild(context, ids, dryRun)) addTo(summary, file);
    onBatch?.(last, summary);
  };
  for (let last: number | undefined = 0; last !== undefined && !signal.aborted; ) {
    const ids = await findFilesToRebuild(context.database.db, last, batchSize);
    last = ids.at(-1);
    if (last === undefined) break;
    const batch = take(ids, last);
    underWay.add(batch);
    // Also when it fails: whoever waits for it hears of that.
    void batch.catch(() => {}).then(() => underWay.delete(batch));
    if (underWay.size === BATCHES_AT_ONCE) await Promise.race(underWay);
    if (ids.length < batchSize) break;
  }
  await Promise.all(underWay);
  return summary;
}

function addTo(summary: MigrationSummary, file: RebuiltFile): void {
  summary.totalFiles += 1;
  summary.stepsCreated += file.stepsCreated;
  summary.stepsUpdated += file.stepsUpdated;
  summary.stepsSkipped += file.stepsSkipped;
  if (file.error === null) {
    summary.filesMigrated += 1;
    return;
  }
  if (file.isMissing) summary.filesMissing += 1;
  else summary.filesFailed += 1;
  if (summary.errors.length < MOST_ERRORS) summary.errors.push(file.error);
}

/** The files' answers are one row each: the transaction answers nothing, and is repeated as a whole when it collides. */
async function rebuild(
  context: WriteContext,
  ids: readonly number[],
  dryRun: boolean,
): Promise<readonly RebuiltFile[]> {
  let rebuilt: readonly RebuiltFile[] = [];
  await writeInTransaction(context, null, async (tx) => {
    rebuilt = await rebuildSteps(tx, ids, dryRun);
    return rebuilt.length;
  });
  return rebuilt;
}

/** Throws NOT_FOUND for a file that neither the table nor the logs know. */
export async function verifyMigration(context: Context, fileId: string): Promise<MigrationVerification> {
  const id = fileIdOf(fileId);
  await assertKnown(context, id);
  const steps = (await compareSteps(context.database.db, [id])).get(id) ?? [];
  return verificationOf(id, steps, (await context.loaders.documents.file.load(id)) === null);
}

/** Compares every file that has logs, batch by batch. */
export async function* verifyAllFiles(
  database: Context["database"],
  batchSize: number,
): AsyncIterable<readonly MigrationVerification[]> {
  for (let last = 0; ; ) {
    const ids = await findFilesWithLogs(database.db, last, batchSize);
    const newest = ids.at(-1);
    if (newest === undefined) return;
    const [steps, files] = await Promise.all([compareSteps(database.db, ids), loadDocuments(database.db, ids)]);
    yield ids.map((id, at) => verificationOf(id, steps.get(id) ?? [], files[at] === null));
    last = newest;
  }
}

function verificationOf(fileId: number, steps: readonly ComparedStep[], isMissing: boolean): MigrationVerification {
  const logSteps = steps.filter(({ implied }) => implied !== null).map(({ stepName }) => stepName);
  const wrong = steps.flatMap(({ stepName, implied, stored }) => {
    if (implied === null || implied === stored) return [];
    if (stored === null) return [`Step ${stepName} is missing; its logs imply ${implied}.`];
    return [`Step ${stepName} is ${stored}; its logs imply ${implied}.`];
  });
  const extra = steps.filter(({ implied }) => implied === null).map(({ stepName }) => `Step ${stepName} has no logs.`);
  const none = logSteps.length === 0 ? ["The file has no logs of any step."] : [];
  return {
    fileId,
    isValid: none.length === 0 && wrong.length === 0,
    isMissing,
    logSteps,
    tableSteps: steps.filter(({ stored }) => stored !== null).map(({ stepName }) => stepName),
    discrepancies: [...none, ...wrong, ...extra],
  };
}

async function assertKnown({ database, loaders }: Context, id: number): Promise<void> {
  if ((await loaders.documents.file.load(id)) !== null) return;
  const [next] = await findFilesWithLogs(database.db, id - 1, 1);
  if (next !== id) throw noSuchFile(id);
}
