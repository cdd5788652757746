import { rangeOfLogs } from "../db/documents/rebuild.ts";
import { verifyAllFiles } from "../resolvers/documents/migration.ts";
import type { Config } from "../server/config.ts";
import { untilSignalled, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";
import { createProgress } from "./progress.ts";

const BATCH = 500;

/** `weir verify`: compares the steps of every document that has logs with what these imply. */
export function verify(config: Config, { json }: { readonly json: boolean }): Promise<Failure | undefined> {
  const tell = (told: object, line: string) => process.stdout.write(`${json ? JSON.stringify(told) : line}\n`);
  return withDatabase(config, async (database) => {
    const signal = untilSignalled();
    const progress = createProgress(json ? process.stderr : process.stdout);
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
          tell({ fileId, isMissing }, `File ${fileId} is not there: it was deleted, or is yet to come.`);
          continue;
        }
        if (!isValid) invalid += 1;
        if (discrepancies.length === 0) continue;
        progress.end();
        tell(
          { fileId, isValid, discrepancies },
          `File ${fileId} is ${isValid ? "right" : "wrong"}: ${discrepancies.join(" ")}`,
        );
      }
      const last = batch.at(-1)?.fileId ?? range.last;
      progress.report((last - range.first + 1) / (range.last - range.first + 1), `${files} files`);
      if (signal.aborted) break;
    }
    progress.end();
    tell(
      { files, right: files - invalid - missing, wrong: invalid, missing },
      `${files} files with logs: ${files - invalid - missing} right, ${invalid} wrong, ${missing} not there.`,
    );
    if (signal.aborted) return { exitCode: 130, message: "Stopped." };
    return invalid > 0 ? { exitCode: 1, message: `${invalid} files are not as their logs imply.` } : undefined;
  });
}
