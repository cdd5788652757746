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
