import { rangeOfLogs } from "../db/documents/rebuild.ts";
import { type MigrationSummary, migrateAllFiles } from "../resolvers/documents/migration.ts";
import { SERVICE } from "../resolvers/viewer.ts";
import type { Config } from "../server/config.ts";
import { untilSignalled, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";
import { createProgress } from "./progress.ts";

interface Options {
  readonly dryRun: boolean;
  /** Files of one transaction. */
  readonly batchSize: number;
  readonly json: boolean;
}

/** `weir backfill`: rebuilds the steps of documents from their logs. */
export async function backfill(config: Config, { dryRun, batchSize, json }: Options): Promise<Failure | undefined> {
  return withDatabase(config, async (database) => {
    const signal = untilSignalled();
    const progress = createProgress(json ? process.stderr : process.stdout);
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
    process.stdout.write(json ? `${JSON.stringify(summary)}\n` : `${describe(summary)}\n`);
    for (const error of summary.errors) process.stderr.write(`${error}\n`);
    const unnamed = summary.filesFailed + summary.filesMissing - summary.errors.length;
    if (unnamed > 0) process.stderr.write(`And ${unnamed} more files.\n`);
    if (signal.aborted) return { exitCode: 130, message: "Stopped. Run it again to go on." };
    const { filesFailed } = summary;
    return filesFailed > 0 ? { exitCode: 1, message: `${filesFailed} files could not be rebuilt.` } : undefined;
  });
}

function describe(summary: MigrationSummary): string {
  const { dryRun, totalFiles, filesMigrated, filesFailed, filesMissing, stepsCreated, stepsUpdated, stepsSkipped } =
    summary;
  const steps = `${stepsCreated} created, ${stepsUpdated} updated, ${stepsSkipped} right already`;
  const text = `${totalFiles} files lacked steps: ${filesMigrated} rebuilt, ${filesFailed} failed, ${filesMissing} not there. Steps: ${steps}.`;
  return dryRun ? `Dry run, nothing written. ${text}` : text;
}
