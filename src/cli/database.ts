import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Database, openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { EmbeddedPostgresError } from "../embedded/error.ts";
import { startEmbeddedPostgres } from "../embedded/launcher.ts";
import { urlFile } from "../embedded/secrets.ts";
import type { Config } from "../server/config.ts";
import { explainStart, type Failure } from "./failure.ts";

const QUIET = { info() {}, warn() {}, error() {} };

/**
 * Does something with the service's database: that of DATABASE_URL, or the one in WEIR_DATA_DIR, which is started for as long
 * as it takes unless a service runs it already. Answers why it could not be had.
 */
export async function withDatabase(
  config: Config,
  work: (database: Database) => Promise<Failure | undefined>,
): Promise<Failure | undefined> {
  await using opened = new AsyncDisposableStack();
  try {
    const url = config.DATABASE_URL ?? (await embeddedUrl(path.resolve(config.WEIR_DATA_DIR), opened));
    const isPrepared = config.WEIR_PREPARED === "on";
    await migrateDatabase(url, { isPrepared });
    return await work(opened.use(openDatabase(url, { max: 3, name: "weir cli", isPrepared })));
  } catch (error) {
    const failure = explainStart(error);
    if (failure === undefined) throw error;
    return failure;
  }
}

async function embeddedUrl(dataDir: string, opened: AsyncDisposableStack): Promise<string> {
  try {
    return opened.use(await startEmbeddedPostgres({ dataDir, log: QUIET })).url;
  } catch (error) {
    // A service runs it, and has written down where.
    if (!(error instanceof EmbeddedPostgresError) || error.code !== "DATA_DIR_IN_USE") throw error;
    return (await readFile(urlFile(dataDir), "utf8")).trim();
  }
}

/** Aborted by Ctrl-C or SIGTERM: what is under way is finished, and nothing new is begun. */
export function untilSignalled(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  return stop.signal;
}
