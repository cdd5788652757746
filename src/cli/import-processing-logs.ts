import { ImportError, importLogs } from "../db/documents/import.ts";
import { errorCode } from "../embedded/error.ts";
import type { Config } from "../server/config.ts";
import { withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

/** `weir import processing-logs <csv>`: loads a history, all of it or nothing. */
export function importProcessingLogs(
  config: Config,
  file: string,
  { json }: { readonly json: boolean },
): Promise<Failure | undefined> {
  return withDatabase(config, async ({ sql }) => {
    try {
      const { imported, known } = await importLogs(sql, file);
      const line = `${imported} log entries imported, ${known} were there already.`;
      process.stdout.write(`${json ? JSON.stringify({ imported, known }) : line}\n`);
      return undefined;
    } catch (error) {
      if (error instanceof ImportError) return { exitCode: 1, message: `Nothing imported.\n${error.message}` };
      if (errorCode(error) === "ENOENT") return { exitCode: 2, message: `There is no file ${file}.` };
      if (errorCode(error) === "EISDIR" || errorCode(error) === "EACCES") {
        return { exitCode: 2, message: `${file} can't be read.` };
      }
      throw error;
    }
  });
}
