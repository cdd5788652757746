import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { lockNumbers } from "./locks.ts";

const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));

const OLDEST_SERVER = 150_000;

/** The database can't be used as it is; the message says what to do. */
export class DatabaseUnfitError extends Error {}

/**
 * Brings the database to the newest schema. Any number of instances may call this at once: the migrations run under an
 * advisory lock, since drizzle's own migrator fails when two run side by side.
 *
 * Throws {@link DatabaseUnfitError} for a server older than PostgreSQL 15 or an encoding other than UTF8.
 */
export async function migrateDatabase(url: string): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connect_timeout: 10,
    connection: { application_name: "weir migrate", TimeZone: "UTC" },
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
    const [space, number] = lockNumbers("migration");
    await sql`select pg_advisory_lock(${space}, ${number})`;
    await migrate(drizzle({ client: sql }), { migrationsFolder: MIGRATIONS });
  } finally {
    // The lock goes with its session.
    await sql.end({ timeout: 5 });
  }
}
