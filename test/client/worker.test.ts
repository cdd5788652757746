import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWeirClient, type WeirClient } from "../../src/client/index.ts";
import { createReporter, Skipped, withReport, withStage, withStep } from "../../src/client/worker.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, logsOf, stepsOf } from "../support/documents.ts";
import { createPipeline, STAGES, setStages, triggerRun } from "../support/pipelines.ts";
import { insertManifest } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let client: WeirClient;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
  client = createWeirClient({ url: app.url });
  await setStages(
    app.url,
    STAGES.slice(1, 2).map((stage) => ({ ...stage, stageOrder: 1, driverContainer: "driver" })),
  );
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const DRIVER = { driverContainer: "driver", worker: "w" };

async function begun(name: string): Promise<string> {
  await createPipeline(app.url, name);
  return triggerRun(app.url, name);
}

async function runOf(id: string) {
  const { run } = await ask<{ run: { status: string; errorMessage: string | null; stages: { log: object | null }[] } }>(
    app.url,
    "query ($id: ID!) { run(id: $id) { status errorMessage stages { log { rowsProcessed filePaths } } } }",
    { id },
  );
  return run;
}

describe("a stage", () => {
  it("is claimed, done, and reported with what came of it; there is none after it", async () => {
    const run = await begun("done");
    const took = await withStage(client, DRIVER, async ({ runId }) => {
      expect(runId).toBe(run);
      return { rowsProcessed: 7, filePaths: ["/lake/a"] };
    });
    expect(took).toBe(true);
    expect(await runOf(run)).toMatchObject({
      status: "SUCCESS",
      stages: [{ log: { rowsProcessed: 7, filePaths: ["/lake/a"] } }],
    });
    expect(await withStage(client, DRIVER, () => Promise.reject(new Error("not called")))).toBe(false);
  });

  it("fails with what the work throws, also where that is no sentence", async () => {
    const run = await begun("failing");
    await expect(withStage(client, DRIVER, () => Promise.reject(new Error("disk full")))).rejects.toThrow("disk full");
    expect(await runOf(run)).toMatchObject({ status: "FAILED", errorMessage: "disk full" });
    const other = await begun("silent");
    await expect(withStage(client, DRIVER, () => Promise.reject(new Error(" ")))).rejects.toThrow(" ");
    expect(await runOf(other)).toMatchObject({ status: "FAILED", errorMessage: "failed without a message" });
  });

  it("keeps its lease while the work goes on, and ends it when the run was cancelled", async () => {
    const run = await begun("long");
    let isTold = false;
    const working = withStage(client, { ...DRIVER, leaseSeconds: 1 }, async (_claim, signal) => {
      signal.addEventListener("abort", () => (isTold = true));
      // Three leases.
      await sleep(3_000);
      expect((await runOf(run)).status).toBe("RUNNING");
      await ask(app.url, 'mutation ($id: ID!) { cancelRun(id: $id, reason: "enough") { status } }', { id: run });
      await sleep(20_000, undefined, { signal }).catch(() => {});
      return {};
    });
    await expect(working).rejects.toMatchObject({ code: "INVALID_TRANSITION" });
    expect(isTold).toBe(true);
    expect(await runOf(run)).toMatchObject({ status: "CANCELLED", errorMessage: "enough" });
  });
});

it("a stage whose work is done is not failed because nobody could be told of it", async () => {
  const run = await begun("untold");
  const deaf = createWeirClient({
    url: app.url,
    retry: { attempts: 0 },
    fetch: (input, init) =>
      typeof init?.body === "string" && init.body.includes("completeStage")
        ? Promise.reject(new TypeError("fetch failed"))
        : fetch(input, init),
  });
  await expect(withStage(deaf, DRIVER, () => Promise.resolve({ rowsProcessed: 1 }))).rejects.toMatchObject({
    code: "UNREACHABLE",
  });
  expect((await runOf(run)).status).toBe("RUNNING");
  await ask(app.url, "mutation ($id: ID!) { cancelRun(id: $id) { status } }", { id: run });
});

describe("a step", () => {
  it("is reported when it begins and how it ended, and its result is the work's", async () => {
    const fileId = await createFile(app.url, { steps: ["a", "b", "c"] });
    expect(await withStep(client, { fileId, stepName: "a", taskId: "t", message: "Attempt 1" }, async () => 42)).toBe(
      42,
    );
    const failing = withStep(client, { fileId, stepName: "b" }, () => Promise.reject(new Error("torn")));
    await expect(failing).rejects.toThrow("torn");
    expect(await withStep(client, { fileId, stepName: "c" }, () => Promise.reject(new Skipped("no PDF")))).toBe(
      undefined,
    );
    expect((await stepsOf(app.url, fileId)).map(({ status, errorMessage }) => [status, errorMessage])).toEqual([
      ["SUCCESS", null],
      ["FAILURE", "torn"],
      ["SKIPPED", "no PDF"],
    ]);
    expect(await logsOf(app.url, fileId)).toHaveLength(6);
  });
});

describe("a report", () => {
  it("is told of when it begins and when it ends, well or badly", async () => {
    await insertManifest(database.sql, "told", "SELECT 1");
    const good = await withReport(client, "told", async () => ({ recordsProcessed: 9 }));
    await expect(withReport(client, "told", () => Promise.reject(new Error("no rows")))).rejects.toThrow("no rows");
    const rows = await database.sql`select run_id, status, records_processed::int as records, errors
      from reporting.seeder_run_history where table_name = 'told' order by id`;
    expect(rows).toEqual([
      { run_id: good, status: "success", records: 9, errors: null },
      { run_id: expect.not.stringMatching(good), status: "error", records: 0, errors: "no rows" },
    ]);
  });
});

describe("reports of files", () => {
  it("travel together, in their order, and one that is refused fails alone", async () => {
    let requests = 0;
    const counting = createWeirClient({
      url: app.url,
      fetch: (input, init) => {
        requests += 1;
        return fetch(input, init);
      },
    });
    const paths = Array.from({ length: 25 }, (_, at) => `/reported/${at}`);
    {
      await using reporter = createReporter(counting, { most: 10, longestWait: 60_000 });
      for (const filePath of paths) void reporter.report({ filePath, type: "LOG", status: "PARSED" });
    }
    expect(requests).toBe(3);
    const stored =
      await database.sql`select file_path from ingest.file_statuses where file_path like '/reported/%' order by id`;
    expect(stored.map(({ file_path }) => file_path)).toEqual(paths);

    await using reporter = createReporter(counting, { longestWait: 10 });
    const answers = await Promise.allSettled(
      ["/mixed/a", "", "/mixed/b"].map((filePath) => reporter.report({ filePath, type: "LOG", status: "PARSED" })),
    );
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const mixed =
      await database.sql`select file_path from ingest.file_statuses where file_path like '/mixed/%' order by id`;
    expect(mixed).toHaveLength(2);
  });
});
