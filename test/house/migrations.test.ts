import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";

describe("migrations", () => {
  it("run once however many instances start on an empty database at once", async () => {
    await using database = await createTestDatabase({ isEmpty: true });
    await Promise.all(Array.from({ length: 6 }, () => migrateDatabase(database.url)));
    const applied = await database.sql`select name from drizzle.__drizzle_migrations`;
    expect(new Set(applied.map((row) => row["name"])).size).toBe(applied.length);
    expect(applied.length).toBeGreaterThan(2);
  });

  it("of a newer version are refused at the start, and leave a version that runs already as it is", async () => {
    await using database = await createTestDatabase();
    await using running = await startService(database.url);
    await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at, name) values ('later', 9e15, '29990101000000_of_later')`;
    await expect(migrateDatabase(database.url)).rejects.toThrow(/newer version of Weir \(29990101000000_of_later\)/);
    expect(await ask(running.url, "{ recentLogFileStatuses { totalCount } }")).toEqual({
      recentLogFileStatuses: { totalCount: 0 },
    });
  });

  it("are tried again where a session at work holds a table, and hold up nobody for long meanwhile", async () => {
    await using database = await createTestDatabase({ isEmpty: true });
    await migrateDatabase(database.url);
    // As before a migration that replaces what is on a table.
    await database.sql`delete from drizzle.__drizzle_migrations where name = '20261125161203_keep_backups_restorable'`;
    const said: string[] = [];
    const log = { warn: (_: object, message: string) => void said.push(message) };
    const release = Promise.withResolvers<void>();
    const isHeld = Promise.withResolvers<void>();
    const holder = database.sql.begin(async (held) => {
      await held`lock table documents.file_processing_steps in share row exclusive mode`;
      isHeld.resolve();
      await release.promise;
    });
    await isHeld.promise;
    const migrated = migrateDatabase(database.url, { log });
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(0);
    // Whoever came for the table behind the migration has it.
    await database.sql`select from documents.file_processing_steps`;
    release.resolve();
    await Promise.all([holder, migrated]);
    expect(said[0]).toContain("tried again");
  });

  it("are applied by the service when it starts, on data that is there", async () => {
    await using database = await createTestDatabase({ isEmpty: true });
    const apps = await Promise.all([1, 2, 3].map(() => startService(database.url)));
    await ask(
      apps[0]?.url ?? "",
      'mutation { recordFileStatus(input: { filePath: "/f", type: LOG, status: PARSED }) { id } }',
    );
    await Promise.all(apps.map((app) => app.stop()));
    await using again = await startService(database.url);
    expect(await ask(again.url, "{ recentLogFileStatuses { totalCount } }")).toEqual({
      recentLogFileStatuses: { totalCount: 1 },
    });
  });
});

/** The newest migration of before the promise in docs/operate.md. A new minor version may move it. */
const PROMISED_AFTER = "20261125161203_keep_backups_restorable";
const MIGRATIONS = path.resolve(import.meta.dirname, "../../drizzle");

/** Statements that an older version which still runs would fail by. */
function breakingIn(sql: string): string[] {
  const statements = sql.replaceAll(/--[^\n]*/g, "").split(";");
  return statements
    .map((statement) => statement.replaceAll(/\s+/g, " ").trim())
    .filter((statement) => {
      if (/\bdrop (?:column|function|table|view|schema|type)\b|\brename\b/i.test(statement)) return true;
      const column = /\balter column ("?\w+"?) set not null\b/i.exec(statement)?.[1];
      if (column !== undefined)
        return !statements.some((other) => other.toLowerCase().includes(`${column.toLowerCase()} set default`));
      return /^alter table .*\badd column\b.*\bnot null\b/i.test(statement) && !/\bdefault\b/i.test(statement);
    });
}

describe("a migration within a minor version", () => {
  it.each(readdirSync(MIGRATIONS).filter((name) => name > PROMISED_AFTER))("%s only adds", (name) => {
    expect(breakingIn(readFileSync(path.join(MIGRATIONS, name, "migration.sql"), "utf8"))).toEqual([]);
  });

  it.each([
    "ALTER TABLE a DROP COLUMN b",
    "DROP FUNCTION a.b()",
    "ALTER TABLE a RENAME COLUMN b TO c",
    'ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL',
    "ALTER TABLE a ADD COLUMN b text NOT NULL",
  ])("is refused for %s", (statement) => {
    expect(breakingIn(`select 1;--> statement-breakpoint\n${statement};`)).toEqual([statement]);
  });

  it("may add a column, and need a value that has a default", () => {
    const sql =
      "ALTER TABLE a ADD COLUMN b int; ALTER TABLE a ALTER COLUMN b SET DEFAULT 1; ALTER TABLE a ALTER COLUMN b SET NOT NULL";
    expect(breakingIn(sql)).toEqual([]);
  });
});
