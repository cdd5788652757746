import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { createPipeline, FAIL, START, setStages, triggerRun } from "../support/pipelines.ts";
import { insertManifest, refreshed } from "../support/reports.ts";
import { ask, post, startService } from "../support/service.ts";

const FAILURES =
  "query ($first: Int! = 20) { overview { recentFailures(first: $first) { topic key title message at } } }";
interface Failures {
  readonly overview: {
    readonly recentFailures: readonly { topic: string; key: string; title: string; message: string; at: string }[];
  };
}

it("the overview has the newest failures of all systems, newest first, and the numbers of each", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
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
  await setStages(app.url);
  await createPipeline(app.url, "public.orders", { sourceToDl: { isActive: false }, dlToSink: { isActive: false } });
  const run = await triggerRun(app.url, "public.orders");
  await ask(app.url, START, { run, stage: 1 });
  await ask(app.url, FAIL, { run, stage: 1 });
  await createPipeline(app.url, "public.late", { sourceToDl: { schedule: 10 } });
  await database.sql`update pipeline.pipeline_config set created_at = now() - interval '1 day' where source_tablename = 'public.late'`;
  const { createFile } = await ask<{ createFile: { id: string } }>(
    app.url,
    'mutation { createFile(input: { filehash: "abc", originalFilename: "report.pdf" }) { id } }',
  );
  await ask(
    app.url,
    `mutation ($id: ID!) { updateStepStatus(input: { fileId: $id, stepName: "check_text", status: FAILURE, errorMessage: "no text" }) { id } }`,
    { id: createFile.id },
  );
  const { overview } = await ask<Failures>(app.url, FAILURES);
  expect(overview.recentFailures.map(({ topic, key, title, message }) => [topic, key, title, message])).toEqual([
    ["FILE_STEP", createFile.id, "check_text of report.pdf", "no text"],
    ["RUN", run, "public.orders", "disk full"],
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
        pipelines { total active overdue runsByStatus24h { status count } } documents { status count }
        seeder { total byStatus { status count } successRate24h recordsProcessed24h failing { tableName } longRunning { tableName } } } }`,
    ),
  ).toEqual({
    overview: {
      ingest: { logFiles: { failed: 1, parsed: 1 }, hl7Files: { failed: 1 } },
      pipelines: {
        total: 2,
        active: 1,
        overdue: 1,
        runsByStatus24h: [
          { status: "PENDING", count: 0 },
          { status: "RUNNING", count: 0 },
          { status: "SUCCESS", count: 0 },
          { status: "FAILED", count: 1 },
          { status: "CANCELLED", count: 0 },
          { status: "UNKNOWN", count: 0 },
        ],
      },
      documents: [
        { status: "PENDING", count: 0 },
        { status: "PROCESSING", count: 0 },
        { status: "COMPLETED", count: 0 },
        { status: "FAILED", count: 1 },
      ],
      seeder: {
        total: 1,
        byStatus: [
          { status: "PENDING", count: 0 },
          { status: "RUNNING", count: 0 },
          { status: "SUCCESS", count: 0 },
          { status: "ERROR", count: 1 },
          { status: "UNKNOWN", count: 0 },
        ],
        successRate24h: 0,
        recordsProcessed24h: 0,
        failing: [],
        longRunning: [],
      },
    },
  });
});
