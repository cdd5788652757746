import postgres from "postgres";
import { expect, it } from "vitest";
import { LockHeldError, lock, lockNumbers } from "../../src/db/locks.ts";
import { DatabaseUnfitError, migrateDatabase } from "../../src/db/migrate.ts";
import { explain } from "../../src/resolvers/errors.ts";
import { createTestDatabase } from "../support/database.ts";

/** A session that holds the lock of migrations until it is disposed. */
async function holdMigrations(url: string, application: string) {
  const session = postgres(url, { max: 1, connection: { application_name: application } });
  const [space, number] = lockNumbers("migration");
  const [row] = await session`select pg_backend_pid() as pid, pg_advisory_lock(${space}, ${number})`;
  return { pid: Number(row?.["pid"]), [Symbol.asyncDispose]: () => session.end() };
}

it("starts no service silently behind a lock: who holds it is named, and given up on where he is no migration", async () => {
  await using database = await createTestDatabase();
  await using holder = await holdMigrations(database.url, "a forgotten shell");
  const lines: string[] = [];
  const log = { warn: (_fields: object, message: string) => lines.push(message) };
  const started = migrateDatabase(database.url, { log, longestWait: 300 });
  await expect(started).rejects.toThrow(DatabaseUnfitError);
  await expect(started).rejects.toThrow(new RegExp(`session ${holder.pid} \\(a forgotten shell, user`));
  expect(lines[0]).toContain(`held by the session ${holder.pid}`);
});

it("waits for a migration that is under way, however long it takes", async () => {
  await using database = await createTestDatabase();
  const holder = await holdMigrations(database.url, "weir migrate");
  const waiting = Promise.withResolvers<void>();
  const log = { warn: () => waiting.resolve() };
  const started = migrateDatabase(database.url, { log, longestWait: 0 });
  await waiting.promise;
  await holder[Symbol.asyncDispose]();
  await expect(started).resolves.toBeUndefined();
});

it("tells the caller who holds what he waited for", async () => {
  await using database = await createTestDatabase();
  await database.db.transaction(async (holding) => {
    await lock(holding, "manifests");
    const error = await database.db.transaction((tx) => lock(tx, "manifests", 100)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LockHeldError);
    expect(explain(error)).toMatchObject({
      message: expect.stringMatching(
        /^The lock "manifests" is held by the session \d+ \(test, user \w+, idle in transaction/,
      ),
      extensions: { code: "UNAVAILABLE" },
    });
  });
});
