import type { Config } from "../server/config.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";

const OPTIONS = {
  "dry-run": { type: "boolean" },
  "keep-unfinished": { type: "boolean" },
  paused: { type: "boolean" },
} as const;
type Options = Partial<Readonly<Record<keyof typeof OPTIONS, boolean>>>;

type Importer = (config: Config, file: string, options: Options) => Promise<Failure | undefined>;

/** What can be imported, by the word that names it. */
const KINDS: Readonly<Record<string, Importer>> = {
  "config-db": async (config, file, options) =>
    (await import("./config-db/import.ts")).importConfigDb(config, file, {
      isDryRun: options["dry-run"] === true,
      keepsUnfinished: options["keep-unfinished"] === true,
      isPaused: options.paused === true,
    }),
  "processing-logs": async (config, file, options) => {
    const [option] = Object.keys(options);
    if (option !== undefined)
      throw new UsageError(`weir import processing-logs has no --${option}: it loads all of the file or nothing.`);
    return (await import("./import-processing-logs.ts")).importProcessingLogs(config, file);
  },
};

/** `weir import <kind> <file>`. */
export async function importKind(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  const { positionals, values } = readArguments(args, OPTIONS);
  const [kind = "", file, ...rest] = positionals;
  const importer = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (importer === undefined || file === undefined || rest.length > 0) {
    throw new UsageError(`weir import takes one of ${Object.keys(KINDS).join(", ")}, and a file.`);
  }
  return importer(config, file, { ...values });
}
