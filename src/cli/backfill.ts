import { rangeOfLogs } from "../db/documents/rebuild.ts";
import { type MigrationSummary, migrateAllFiles } from "../resolvers/documents/migration.ts";
import { SERVICE } from "../resolvers/viewer.ts";
import type { Config } from "../server/config.ts";
import { readArguments, UsageError } from "./arguments.ts";
import { untilSignalled, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";
import { createProgress } from "./progress.ts";

const DEFAULT_BATCH = 500;
const MOST_BATCH = 10_000;

/** `weir backfill`: rebuilds the steps of documents from their logs. */
export async function backfill(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  const { values, positionals } = readArguments(args, {
    "dry-run": { type: "boolean" },
    "batch-size": { type: "string" },
  });
  if (positionals[0] !== undefined) throw new UsageError(`weir backfill takes no "${positionals[0]}".`);
  const dryRun = values["dry-run"] === true;
  const batchSize = readBatchSize(values["batch-size"]);
  return withDatabase(config, async (database) => {
    const signal = untilSignalled();
    const progress = createProgress(process.stdout);
    const range = (await rangeOfLogs(database.db)) ?? { first: 0, last: 0 };
    // A running service finds the changes by its own looks.
    const context = { database, viewer: SERVICE, written() {} };
    const summary = await migrateAllFiles(context, {
      batchSize,
      dryRun,
      signal,
      onBatch: (last, { totalFiles, stepsCreated }) =>
        progress.report(
          (last - range.first + 1) / (range.last - range.first + 1),
          `${totalFiles} files, ${stepsCreated} steps`,
        ),
    });
    progress.end();
    process.stdout.write(`${describe(summary)}\n`);
    for (const error of summary.errors) process.stderr.write(`${error}\n`);
    const unnamed = summary.filesFailed + summary.filesMissing - summary.errors.length;
    if (unnamed > 0) process.stderr.write(`And ${unnamed} more files.\n`);
    if (signal.aborted) return { exitCode: 130, message: "Stopped. Run it again to go on." };
    const { filesFailed } = summary;
    return filesFailed > 0 ? { exitCode: 1, message: `${filesFailed} files could not be rebuilt.` } : undefined;
  });
}

function readBatchSize(text: string | undefined): number {
  if (text === undefined) return DEFAULT_BATCH;
  const size = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > MOST_BATCH) {
    throw new UsageError(`--batch-size is ${text}; a batch has 1 to ${MOST_BATCH} files.`);
  }
  return size;
}

function describe(summary: MigrationSummary): string {
  const { dryRun, totalFiles, filesMigrated, filesFailed, filesMissing, stepsCreated, stepsUpdated, stepsSkipped } =
    summary;
  const steps = `${stepsCreated} created, ${stepsUpdated} updated, ${stepsSkipped} right already`;
  const text = `${totalFiles} files lacked steps: ${filesMigrated} rebuilt, ${filesFailed} failed, ${filesMissing} not there. Steps: ${steps}.`;
  return dryRun ? `Dry run, nothing written. ${text}` : text;
}
