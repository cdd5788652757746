import { rangeOfLogs } from "../db/documents/rebuild.ts";
import { verifyAllFiles } from "../resolvers/documents/migration.ts";
import type { Config } from "../server/config.ts";
import { takesNoArguments } from "./arguments.ts";
import { untilSignalled, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";
import { createProgress } from "./progress.ts";

const BATCH = 500;

/** `weir verify`: compares the steps of every document that has logs with what these imply. */
export function verify(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  takesNoArguments("verify", args);
  return withDatabase(config, async (database) => {
    const signal = untilSignalled();
    const progress = createProgress(process.stdout);
    const range = (await rangeOfLogs(database.db)) ?? { first: 0, last: 0 };
    let files = 0;
    let invalid = 0;
    let missing = 0;
    for await (const batch of verifyAllFiles(database, BATCH)) {
      files += batch.length;
      for (const { fileId, isValid, isMissing, discrepancies } of batch) {
        if (isMissing) {
          missing += 1;
          progress.end();
          process.stdout.write(`File ${fileId} is not there: it was deleted, or is yet to come.\n`);
          continue;
        }
        if (!isValid) invalid += 1;
        if (discrepancies.length === 0) continue;
        progress.end();
        process.stdout.write(`File ${fileId} is ${isValid ? "right" : "wrong"}: ${discrepancies.join(" ")}\n`);
      }
      const last = batch.at(-1)?.fileId ?? range.last;
      progress.report((last - range.first + 1) / (range.last - range.first + 1), `${files} files`);
      if (signal.aborted) break;
    }
    progress.end();
    process.stdout.write(
      `${files} files with logs: ${files - invalid - missing} right, ${invalid} wrong, ${missing} not there.\n`,
    );
    if (signal.aborted) return { exitCode: 130, message: "Stopped." };
    return invalid > 0 ? { exitCode: 1, message: `${invalid} files are not as their logs imply.` } : undefined;
  });
}
