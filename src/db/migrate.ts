import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { type Db, SQLSTATE, type Sql, sqlState } from "./client.ts";
import { describeHolder, holderOf, lockNumbers } from "./locks.ts";

const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));

const OLDEST_SERVER = 150_000;

/** What the session of a migration is called. */
const APPLICATION = "weir migrate";
/** Milliseconds between tries, and between two lines of the log that say who is waited for. */
const TRY_INTERVAL = 200;
const SAY_INTERVAL = 10_000;
/** Milliseconds after which a lock is not waited for that no migration holds: none of ours lets go of it otherwise. */
const LONGEST_WAIT = 60_000;

/** Milliseconds that a statement waits for a table: whoever comes for the table meanwhile waits behind it. */
const LOCK_TIMEOUT = 2_000;
/** Tries of migrations that others get in the way of. */
const TRIES = 60;
/** Milliseconds between two of them, in which the others get on with their work. */
const RETRY_PAUSE = 1_000;

/** Where a migration says what it waits for; a pino logger is one. */
export interface MigrationLog {
  warn(fields: object, message: string): void;
}

/** The database can't be used as it is; the message says what to do. */
export class DatabaseUnfitError extends Error {}

/**
 * Brings the database to the newest schema. Any number of instances may call this at once: the migrations run under an
 * advisory lock, since drizzle's own migrator fails when two run side by side.
 *
 * Throws {@link DatabaseUnfitError} for a server older than PostgreSQL 15, an encoding other than UTF8, or a schema that a newer
 * version of the service has made.
 */
export async function migrateDatabase(
  url: string,
  {
    log,
    longestWait = LONGEST_WAIT,
    isPrepared = true,
  }: { log?: MigrationLog; longestWait?: number; isPrepared?: boolean } = {},
): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    prepare: isPrepared,
    onnotice: () => {},
    connect_timeout: 10,
    connection: { application_name: APPLICATION, TimeZone: "UTC", lock_timeout: LOCK_TIMEOUT },
  });
  try {
    const [server] = await sql<{ version: number; encoding: string }[]>`
      select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`;
    if (server === undefined || server.version < OLDEST_SERVER) {
      throw new DatabaseUnfitError("The database server is older than PostgreSQL 15. Weir works on 15 to 18.");
    }
    if (server.encoding !== "UTF8") {
      throw new DatabaseUnfitError(`The database's encoding is ${server.encoding}. Create it with ENCODING 'UTF8'.`);
    }
    const db = drizzle({ client: sql });
    await waitForMigrations(sql, db, { log, longestWait });
    await refuseNewerSchema(sql);
    await migrateBeside(db, log);
  } finally {
    // The lock goes with its session.
    await sql.end({ timeout: 5 });
  }
}

/**
 * All of them, or none. An older version may be at work meanwhile, whose transactions lock tables in other orders, or hold one for long:
 * then it is begun anew.
 */
async function migrateBeside(db: Db, log: MigrationLog | undefined): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await migrate(db, { migrationsFolder: MIGRATIONS });
      return;
    } catch (error) {
      const state = sqlState(error);
      if (state !== SQLSTATE.deadlockDetected && state !== SQLSTATE.lockNotAvailable) throw error;
      if (tries === TRIES) {
        throw new DatabaseUnfitError(
          "Other sessions hold tables that are to be migrated. End those that are idle in transaction or run for long (pg_stat_activity), and start again.",
        );
      }
      log?.warn({ state, tries }, "other sessions hold a table that is to be migrated; the migration is tried again");
      await sleep(RETRY_PAUSE);
    }
  }
}

/**
 * Migrations only go forward. A version that runs while a newer one migrates goes on; but one that starts afterwards could not know
 * what it works on.
 */
async function refuseNewerSchema(sql: Sql): Promise<void> {
  const { newer } = await compareMigrations(sql);
  if (newer === null) return;
  throw new DatabaseUnfitError(
    `The database was migrated by a newer version of Weir (${newer}). Start that version or a later one, or restore a backup of before.`,
  );
}

/** How the database's schema differs from this version's: a migration that it does not know, and how many are still to be applied. */
export async function compareMigrations(sql: Sql): Promise<{ newer: string | null; pending: number }> {
  const ours = new Set(await readdir(MIGRATIONS));
  const [found] = await sql<{ is_there: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null as is_there`;
  if (found?.is_there !== true) return { newer: null, pending: ours.size };
  const applied = await sql<{ name: string }[]>`select name from drizzle.__drizzle_migrations order by name`;
  const newer = applied.find(({ name }) => !ours.has(name))?.name ?? null;
  return { newer, pending: ours.size - applied.filter(({ name }) => ours.has(name)).length };
}

/** Another instance migrates: it is waited for, however long that takes. Whoever else holds the lock is named, and given up on. */
async function waitForMigrations(
  sql: Sql,
  db: Db,
  { log, longestWait }: { log: MigrationLog | undefined; longestWait: number },
): Promise<void> {
  const [space, number] = lockNumbers("migration");
  const start = performance.now();
  for (let said = -SAY_INTERVAL; ; await sleep(TRY_INTERVAL)) {
    const [row] = await sql<{ taken: boolean }[]>`select pg_try_advisory_lock(${space}, ${number}) as taken`;
    if (row?.taken === true) return;
    const holder = await holderOf(db, "migration");
    const waited = performance.now() - start;
    const isMigration = holder === null || holder.application === APPLICATION;
    if (!isMigration && waited > longestWait) {
      throw new DatabaseUnfitError(
        `The lock under which the database is migrated is held by ${describeHolder(holder)}, which is no migration. End that session, and start again.`,
      );
    }
    if (waited - said >= SAY_INTERVAL) {
      said = waited;
      log?.warn({ holder }, `waiting for the lock of migrations, held by ${describeHolder(holder)}`);
    }
  }
}
