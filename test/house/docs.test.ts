import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ended } from "../support/reports.ts";
import { ask, collect, connect, startService } from "../support/service.ts";
import { ROOT, readPage, snippet, snippets } from "../support/snippets.ts";

const run = promisify(execFile);

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SECRET_KEY: Buffer.alloc(32, 5).toString("base64") });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});
const here = (text: string) => text.replaceAll("127.0.0.1:4000", new URL(app.url).host);

/** Lines of a page that call the command line. */
async function commandsOf(page: string): Promise<readonly string[]> {
  const all = (await snippets(page, "sh")).filter((text) => text.startsWith("node bin/weir.js"));
  return all.flatMap((text) => text.trimEnd().split("\n"));
}

async function expectCommands(lines: readonly string[]): Promise<void> {
  const helpOf = async (...of: string[]) =>
    (await run(process.execPath, [path.join(ROOT, "bin/weir.js"), ...of, "--help"])).stdout;
  const [help, imports] = await Promise.all([helpOf(), helpOf("import")]);
  for (const line of lines) {
    const [, command = "", kind = ""] = /weir\.js ([\w]+) ?([a-z-]*)/.exec(line) ?? [];
    expect(help).toContain(`weir ${command}`);
    if (command === "import") expect(imports).toContain(`weir ${command} ${kind}`);
  }
}

/** Answers what the statements' last one does. */
async function lastResult(statements: string): Promise<unknown> {
  return (await database.sql.unsafe(statements)).at(-1);
}

describe("README", () => {
  it("is a screen and a half", async () => {
    const lines = (await readPage("README.md")).split("\n");
    expect(lines.length).toBeLessThan(130);
  });

  it("gives commands that package.json has", async () => {
    const commands = (await snippets("README.md", "sh")).filter((text) => text.startsWith("npm"));
    expect(commands).toEqual(["npm ci && npm run demo\n", "npm ci && npm test\n"]);
    const { scripts } = JSON.parse(await readPage("package.json")) as { scripts: Record<string, string> };
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["start", "demo", "test", "check", "codegen"]));
  });

  it("names commands that there are, and looks and reports by them", async () => {
    const lines = await commandsOf("README.md");
    await expectCommands(lines);
    const asked = lines
      .filter((line) => /weir\.js (?:status|report)/.test(line))
      .map((line) => line.replace(" --watch", ""));
    expect(asked).toHaveLength(2);
    for (const line of asked) {
      await run("bash", ["-c", line.replace("node", process.execPath)], {
        cwd: ROOT,
        env: { ...process.env, WEIR_URL: app.url },
      });
    }
  });

  it("reports by curl, and queries what came of it", async () => {
    await reportTwice("README.md");
    const answer = await ask<{ logFiles: { nodes: object[] } }>(app.url, await snippet("README.md", "graphql"));
    expect(answer.logFiles.nodes).toContainEqual(
      expect.objectContaining({ logFilePath: "/logs/20240115_radiology.log", date: "2024-01-15" }),
    );
  });

  it("subscribes by graphql-ws and by curl", async () => {
    const code = await snippet("README.md", "ts");
    const file = path.join(ROOT, "test", `snippet-${process.pid}.ts`);
    await writeFile(file, here(code));
    const stream = await snippet("README.md", "sh", "curl -sN");
    const subscribers = [spawn(process.execPath, [file]), spawn("bash", ["-c", `exec ${here(stream)}`])];
    try {
      const outputs = subscribers.map(async ({ stdout }) => {
        let output = "";
        for await (const chunk of stdout) {
          output += String(chunk);
          if (output.includes("/seen")) return output;
        }
        throw new Error(`ended with: ${output}`);
      });
      const state = { isSeen: false };
      const seen = Promise.all(outputs).finally(() => (state.isSeen = true));
      while (!state.isSeen) {
        await ask(
          app.url,
          'mutation { recordFileStatus(input: { filePath: "/seen", type: LOG, status: FAILED, errorMessage: "for README" }) { id } }',
        );
        await Promise.race([seen, new Promise((resolve) => setTimeout(resolve, 200))]);
      }
      const [overSocket, overHttp] = await seen;
      expect(overSocket).toContain("for README");
      expect(overHttp).toContain("event: next");
    } finally {
      for (const subscriber of subscribers) {
        subscriber.kill("SIGKILL");
        if (subscriber.exitCode === null && subscriber.signalCode === null) await once(subscriber, "exit");
      }
      await rm(file, { force: true });
    }
  });
});

/** Sends what the page sends by curl, and again. */
async function reportTwice(page: string): Promise<void> {
  const report = here(await snippet(page, "sh", "curl -s "));
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const { stdout } = await run("bash", ["-c", report]);
    const { data } = JSON.parse(stdout) as { data: { recordFileStatuses: unknown[] } };
    expect(data.recordFileStatuses).toHaveLength(3);
  }
}

describe("the pages of the systems", () => {
  it("ingest.md reports by curl and by SQL, and asks what came of it", async () => {
    await reportTwice("docs/ingest.md");
    expect(await lastResult(await snippet("docs/ingest.md", "sql"))).toEqual(
      expect.arrayContaining([{ file_path: "s3://staging/2024/01/15/20240115_radiology_0.hl7", status: "ingested" }]),
    );
    const answer = await ask(app.url, await snippet("docs/ingest.md", "graphql"), {
      path: "s3://staging/2024/01/15/20240115_radiology_0.hl7",
    });
    expect(answer).toMatchObject({
      ingestSummary: { stuckStaged: 0 },
      hl7File: { currentStatus: { status: "INGESTED" }, logFile: { date: "2024-01-15" } },
    });
  });

  it("documents.md reports by a mutation and by SQL, and names commands that there are", async () => {
    const created = await ask<{ createFile: { id: string } }>(
      app.url,
      'mutation { createFile(input: { filehash: "abc123" }) { id } }',
    );
    const report = await snippet("docs/documents.md", "graphql");
    const answer = await ask<{ failed: { file: object } }>(app.url, report, { file: created.createFile.id });
    expect(answer.failed.file).toMatchObject({
      overallStatus: { status: "FAILED", failedSteps: 1, totalSteps: 10 },
      stepSummary: { main: { pending: 7, failure: 1 }, uploads: { queued: 2 } },
      logs: { nodes: [{ status: "in_progress" }, { status: "failure", message: "disk full" }] },
    });
    expect(await lastResult(await snippet("docs/documents.md", "sql"))).toEqual([{ overall_status: "completed" }]);
    await expectCommands(await commandsOf("docs/documents.md"));
  });

  it("pipelines.md makes a pipeline, and claims the first stage of its run", async () => {
    const creds = { host: "erp.internal", password: "hunter2" };
    expect(await ask(app.url, await snippet("docs/pipelines.md", "graphql"), { creds })).toMatchObject({
      createSource: { sourceCreds: { host: "erp.internal", password: "********" } },
      triggerRun: { status: "PENDING", totalStages: 2 },
    });
    const claim = await snippet("docs/pipelines.md", "graphql", "mutation Claim");
    expect(await ask(app.url, claim)).toMatchObject({ claimStage: { stageOrder: 1, sourceCreds: creds } });
    await expectCommands(await commandsOf("docs/pipelines.md"));
  });

  it("reports.md makes a report, and grants its login what it shall read besides", async () => {
    const { refreshReport } = await ask<{ refreshReport: { runId: string } }>(
      app.url,
      await snippet("docs/reports.md", "graphql"),
    );
    expect(await ended(app.url, refreshReport)).toMatchObject({ status: "SUCCESS", errors: null });
    const grants = (await snippet("docs/reports.md", "sql")).replaceAll("weir_reports", `${database.name}_reports`);
    await database.sql.unsafe(`create schema sales; create table sales.orders (id int); ${grants}`);
    const [can] =
      await database.sql`select has_table_privilege(${`${database.name}_reports`}, 'sales.orders', 'SELECT') as it`;
    expect(can).toEqual({ it: true });
  });
});

describe("PROTOCOL.md", () => {
  it("shows a query and a subscription that go together", async () => {
    const query = await snippet("PROTOCOL.md", "graphql", "query State");
    const subscription = await snippet("PROTOCOL.md", "graphql", "subscription Follow");
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, query);
    await ask(
      app.url,
      'mutation { recordFileStatus(input: { filePath: "/protocol", type: HL7, status: STAGED }) { id } }',
    );
    const { client } = connect(app.url);
    const seen = collect(client, subscription, { after: liveCursor });
    await seen.until((items) => items.length === 1);
    expect(seen.items).toMatchObject([{ isCurrent: true, fileStatus: { filePath: "/protocol" } }]);
    await client.dispose();
  });
});
