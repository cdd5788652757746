import type { Config } from "../server/config.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";

type Importer = (config: Config, file: string) => Promise<Failure | undefined>;

/** What can be imported, by the word that names it. */
const KINDS: Readonly<Record<string, Importer>> = {
  "processing-logs": async (config, file) =>
    (await import("./import-processing-logs.ts")).importProcessingLogs(config, file),
};

/** `weir import <kind> <file>`. */
export async function importKind(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  const [kind = "", file, ...rest] = readArguments(args, {}).positionals;
  const importer = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (importer === undefined || file === undefined || rest.length > 0) {
    throw new UsageError(`weir import takes one of ${Object.keys(KINDS).join(", ")}, and a file.`);
  }
  return importer(config, file);
}
