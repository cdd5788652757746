import type { Config } from "../server/config.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";

type Importer = (config: Config, file: string, options: { isDryRun: boolean }) => Promise<Failure | undefined>;

/** What can be imported, by the word that names it. */
const KINDS: Readonly<Record<string, Importer>> = {
  "config-db": async (config, file, options) =>
    (await import("./import-config-db.ts")).importConfigDb(config, file, options),
  "processing-logs": async (config, file, { isDryRun }) => {
    if (isDryRun)
      throw new UsageError("weir import processing-logs has no --dry-run: it loads all of the file or nothing.");
    return (await import("./import-processing-logs.ts")).importProcessingLogs(config, file);
  },
};

/** `weir import <kind> <file>`. */
export async function importKind(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  const { positionals, values } = readArguments(args, { "dry-run": { type: "boolean" } });
  const [kind = "", file, ...rest] = positionals;
  const importer = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (importer === undefined || file === undefined || rest.length > 0) {
    throw new UsageError(`weir import takes one of ${Object.keys(KINDS).join(", ")}, and a file.`);
  }
  return importer(config, file, { isDryRun: values["dry-run"] === true });
}
