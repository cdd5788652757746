import { lstat, readFile } from "node:fs/promises";
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
 * as it takes unless a service runs it already. Answers why it could not be had; with `mustExist` also when no service has made
 * it yet, instead of making an empty one in a place that was named by mistake. Without `migrates` the schema stays as it is.
 */
export async function withDatabase(
  config: Config,
  work: (database: Database) => Promise<Failure | undefined>,
  { mustExist = false, migrates = true }: { readonly mustExist?: boolean; readonly migrates?: boolean } = {},
): Promise<Failure | undefined> {
  await using opened = new AsyncDisposableStack();
  try {
    if (mustExist && config.DATABASE_URL === undefined && !(await hasEmbedded(config))) return notThere(config);
    const url = config.DATABASE_URL ?? (await embeddedUrl(path.resolve(config.WEIR_DATA_DIR), opened));
    const isPrepared = config.WEIR_PREPARED === "on";
    if (mustExist && !(await isOfWeir(url, isPrepared))) return notThere(config);
    if (migrates) await migrateDatabase(url, { isPrepared });
    return await work(opened.use(openDatabase(url, { max: 3, name: "weir cli", isPrepared })));
  } catch (error) {
    const failure = explainStart(error);
    if (failure === undefined) throw error;
    return failure;
  }
}

/** The database that a command works on, without its password. */
export function describeTarget(config: Config): string {
  if (config.DATABASE_URL === undefined) return `the database in ${path.resolve(config.WEIR_DATA_DIR)}`;
  const { host, pathname } = new URL(config.DATABASE_URL);
  return `the database ${decodeURIComponent(pathname.slice(1))} on ${host}`;
}

function notThere(config: Config): Failure {
  const message = `There are no tables of Weir in ${describeTarget(config)}. Start the service on it once, or set DATABASE_URL or WEIR_DATA_DIR to the service's own.`;
  return { exitCode: 2, message };
}

function hasEmbedded({ WEIR_DATA_DIR }: Config): Promise<boolean> {
  return lstat(path.resolve(WEIR_DATA_DIR, "postgres")).then(
    () => true,
    () => false,
  );
}

/** Whether a service has been started on it. */
async function isOfWeir(url: string, isPrepared: boolean): Promise<boolean> {
  await using database = openDatabase(url, { max: 1, name: "weir cli", isPrepared });
  const [found] = await database.sql<{ is_there: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null and to_regnamespace('weir') is not null as is_there`;
  return found?.is_there === true;
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
