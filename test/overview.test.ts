import { expect, it } from "vitest";
import { createTestDatabase } from "./support/database.ts";
import { insertManifest, refreshed } from "./support/seeder.ts";
import { ask, post, startService } from "./support/service.ts";

const FAILURES =
  "query ($first: Int! = 20) { overview { recentFailures(first: $first) { topic key title message at } } }";
interface Failures {
  readonly overview: {
    readonly recentFailures: readonly { topic: string; key: string; title: string; message: string; at: string }[];
  };
}

it("the overview has the newest failures of all systems, newest first, and the numbers of each", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  await ask(
    app.url,
    `mutation { recordHl7Files(input: [{ hl7FilePath: "/out/b.hl7", logFilePath: "/in/mended.log", segmentNumber: 0 }]) { date }
      recordFileStatuses(input: [
      { filePath: "/in/a.log", type: LOG, status: FAILED, errorMessage: "unreadable", processedAt: "2024-01-01T00:00:00Z" },
      { filePath: "/in/mended.log", type: LOG, status: FAILED, processedAt: "2024-01-01T00:00:00Z" },
      { filePath: "/in/mended.log", type: LOG, status: PARSED, processedAt: "2024-01-02T00:00:00Z" },
      { filePath: "/out/b.hl7", type: HL7, status: FAILED, errorMessage: "no MSH", processedAt: "2024-01-03T00:00:00Z" }]) { id } }`,
  );
  await insertManifest(database.sql, "broken", "SELECT * FROM nowhere");
  await refreshed(app.url, "broken");
  const { overview } = await ask<Failures>(app.url, FAILURES);
  expect(overview.recentFailures.map(({ topic, key, title, message }) => [topic, key, title, message])).toEqual([
    ["SEEDER_RUN", "broken", "broken", 'relation "nowhere" does not exist (line 1, column 15)'],
    ["FILE_STATUS", "/out/b.hl7", "b.hl7", "no MSH"],
    ["FILE_STATUS", "/in/a.log", "a.log", "unreadable"],
  ]);
  expect((await ask<Failures>(app.url, FAILURES, { first: 1 })).overview.recentFailures).toHaveLength(1);
  expect((await post(app.url, FAILURES, { first: -1 })).errors?.[0]?.message).toMatch(
    /first is -1; it can be 0 to 500/,
  );
  expect(
    await ask(
      app.url,
      `{ overview { ingest { logFiles { failed parsed } hl7Files { failed } }
        seeder { total byStatus { status count } successRate24h recordsProcessed24h failing { tableName } longRunning { tableName } } } }`,
    ),
  ).toEqual({
    overview: {
      ingest: { logFiles: { failed: 1, parsed: 1 }, hl7Files: { failed: 1 } },
      seeder: {
        total: 1,
        byStatus: [
          { status: "PENDING", count: 0 },
          { status: "RUNNING", count: 0 },
          { status: "SUCCESS", count: 0 },
          { status: "ERROR", count: 1 },
        ],
        successRate24h: 0,
        recordsProcessed24h: 0,
        failing: [],
        longRunning: [],
      },
    },
  });
});
