import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPipeline, STAGES, setStages, triggerRun } from "../support/pipelines.ts";
import { insertManifest } from "../support/reports.ts";
import { ask, collect, connect, startService } from "../support/service.ts";
import { ROOT, snippet } from "../support/snippets.ts";

const run = promisify(execFile);
const PYTHON = "/usr/bin/python3";
const JAVA = "/usr/bin/java";

let database: TestDatabase;
let app: App;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-pages-"));
  await insertManifest(database.sql, "agency_files", "SELECT 1");
  await setStages(
    app.url,
    STAGES.slice(1, 2).map((stage) => ({ ...stage, stageOrder: 1, driverContainer: "extractor" })),
  );
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = (more: Readonly<Record<string, string>> = {}) => ({
  cwd: ROOT,
  env: { PATH: process.env["PATH"], HOME: folder, TMPDIR: os.tmpdir(), WEIR_URL: new URL(app.url).origin, ...more },
});

async function begun(name: string): Promise<string> {
  await createPipeline(app.url, name);
  return triggerRun(app.url, name);
}

describe("feed.md", () => {
  const graphql = (beginning: string) => snippet("docs/feed.md", "graphql", beginning);

  it("reads a state, and follows it behind the cursor and from the state on", async () => {
    const before = new Date(Date.now() - 1_000).toISOString();
    const first = await begun("a");
    const state = await ask<{ liveCursor: string; runs: object }>(app.url, await graphql("query State"));
    expect(state.runs).toEqual({ nodes: [{ id: first, status: "PENDING" }] });
    const second = await begun("b");
    const { client } = connect(app.url);
    const { cursorSince } = await ask<{ cursorSince: string }>(app.url, await graphql("query Since"), { at: before });
    const follow = await graphql("subscription Follow");
    const behind = collect(client, follow, { after: state.liveCursor });
    const since = collect(client, follow, { after: cursorSince });
    const whole = collect(client, await graphql("subscription FromTheState"), { after: null });
    await Promise.all([
      behind.until((items) => items.length === 1),
      since.until((items) => items.length === 2),
      whole.until((items) => items.length === 2),
    ]);
    expect(behind.items).toMatchObject([{ operation: "INSERT", isReplay: true, run: { id: second } }]);
    expect(since.items).toMatchObject([{ run: { id: first } }, { run: { id: second } }]);
    expect(whole.items).toMatchObject([{ operation: "SNAPSHOT" }, { operation: "SNAPSHOT" }]);
    await client.dispose();
  });

  it("is told the overview anew", async () => {
    const { client } = connect(app.url);
    const seen = collect(client, await graphql("subscription Overview"));
    await seen.until((items) => items.length === 1);
    await createPipeline(app.url, "overview");
    await seen.until((items) => items.length === 2);
    await client.dispose();
  });
});

describe("report.md", () => {
  it("reports from a shell", async () => {
    const lines = (await snippet("docs/report.md", "sh", "node bin/weir.js")).trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    for (const line of lines) await run("bash", ["-c", line.replace("node", process.execPath)], environment());
    const [runs] = await database.sql`select status from reporting.seeder_run_history where run_id = 'nightly-2'`;
    expect(runs).toEqual({ status: "success" });
  });

  it.skipIf(!existsSync(PYTHON))("reports from Python", async () => {
    const code = await snippet("docs/report.md", "python");
    const paths = { PYTHONPATH: path.join(ROOT, "examples/python"), PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await run(PYTHON, ["-c", code], environment(paths));
    expect(stdout).toBe("/logs/20240115_python.log PARSED\n");
  });

  it.skipIf(!existsSync(JAVA))("reports from Java", async () => {
    const { stdout } = await run("bash", ["-c", await snippet("docs/report.md", "sh", "java")], environment());
    expect(JSON.parse(stdout)).toMatchObject({ data: { recordFileStatus: { status: "PARSED" } } });
  });

  it("reports by SQL", async () => {
    const results = await database.sql.unsafe(await snippet("docs/report.md", "sql"));
    expect(results.at(-1)).toEqual([{ status: "in_progress" }]);
  });

  it("reports from Node with the worker's helpers", async () => {
    const id = await begun("node");
    // Other runs of this file wait for the same driver.
    const { runs } = await ask<{ runs: { nodes: { id: string }[] } }>(
      app.url,
      "{ runs(filter: { status: [PENDING] }) { nodes { id } } }",
    );
    for (const other of runs.nodes)
      if (other.id !== id) await ask(app.url, "mutation ($id: ID!) { cancelRun(id: $id) { status } }", other);
    const source = (name: string) => pathToFileURL(path.join(ROOT, "src/client", name)).href;
    const code = (await snippet("docs/report.md", "js"))
      .replace('"weir-client"', JSON.stringify(source("index.ts")))
      .replace('"weir-client/worker"', JSON.stringify(source("worker.ts")))
      .replace("http://127.0.0.1:4000", app.url);
    const file = path.join(folder, "worker.js");
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(file, code);
    await run(process.execPath, [file], environment());
    const answer = await ask(
      app.url,
      `query ($id: ID!) { run(id: $id) { status stages { log { filePaths } } } files { nodes { steps { stepName status } } }
        fileStatuses(filter: { status: [STAGED] }) { totalCount } }`,
      { id },
    );
    expect(answer).toMatchObject({
      fileStatuses: { totalCount: 3 },
      run: { status: "SUCCESS", stages: [{ log: { filePaths: [`/lake/${id}.parquet`] } }] },
      files: {
        nodes: expect.arrayContaining([
          { steps: expect.arrayContaining([{ stepName: "hash_file", status: "SUCCESS" }]) },
        ]),
      },
    });
    const told = await database.sql`select records_processed::int as rows from reporting.seeder_run_history
      where run_id <> 'nightly-2'`;
    expect(told).toEqual([{ rows: 1_000 }]);
  });
});
