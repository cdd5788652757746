import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ended } from "../support/reports.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

async function snippets(file: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, file), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? "");
}

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

describe("README", () => {
  it("gives commands that package.json has", async () => {
    const commands = (await snippets("README.md", "sh")).filter((text) => text.startsWith("npm"));
    expect(commands).toEqual(["npm ci && npm run demo\n", "npm ci && npm test\n"]);
    const { scripts } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["start", "demo", "test", "check", "codegen"]));
  });

  it("reports by curl, by SQL, and queries what came of it", async () => {
    const [report] = (await snippets("README.md", "sh")).filter((text) => text.startsWith("curl -s "));
    for (let repeat = 0; repeat < 2; repeat += 1) {
      const { stdout } = await run("bash", ["-c", here(report ?? "")]);
      expect((JSON.parse(stdout) as { data: { recordFileStatuses: unknown[] } }).data.recordFileStatuses).toHaveLength(
        3,
      );
    }
    const [statements] = await snippets("README.md", "sql");
    const results = await database.sql.unsafe(statements ?? "");
    expect(results.at(-1)).toEqual(
      expect.arrayContaining([{ file_path: "s3://staging/2024/01/15/20240115_radiology_0.hl7", status: "ingested" }]),
    );
    const [query] = await snippets("README.md", "graphql");
    const answer = await ask<{ logFiles: { nodes: object[] }; ingestSummary: object }>(app.url, query ?? "");
    expect(answer.logFiles.nodes).toMatchObject([
      { logFilePath: "/logs/20240115_radiology.log", date: "2024-01-15", hl7FileCounts: { ingested: 1 } },
    ]);
  });

  it("reports documents by a mutation and by SQL, and names commands that there are", async () => {
    const created = await ask<{ createFile: { id: string } }>(
      app.url,
      'mutation { createFile(input: { filehash: "abc123" }) { id } }',
    );
    const report = (await snippets("README.md", "graphql")).find((text) => text.startsWith("mutation Report"));
    const answer = await ask<{ failed: { file: object } }>(app.url, report ?? "", { file: created.createFile.id });
    expect(answer.failed.file).toMatchObject({
      overallStatus: { status: "FAILED", failedSteps: 1, totalSteps: 10 },
      stepSummary: { main: { pending: 7, failure: 1 }, uploads: { queued: 2 } },
      logs: { nodes: [{ status: "in_progress" }, { status: "failure", message: "disk full" }] },
    });
    const [, statements] = await snippets("README.md", "sql");
    const results = await database.sql.unsafe(statements ?? "");
    expect(results.at(-1)).toEqual([{ overall_status: "completed" }]);
    const commands = (await snippets("README.md", "sh")).filter((text) => text.startsWith("node bin/weir.js"));
    const helpOf = async (...of: string[]) =>
      (await run(process.execPath, [path.join(ROOT, "bin/weir.js"), ...of, "--help"])).stdout;
    const [help, imports] = await Promise.all([helpOf(), helpOf("import")]);
    const lines = commands.flatMap((text) => text.trimEnd().split("\n"));
    expect(lines).toHaveLength(9);
    for (const line of lines) {
      const [, command = "", kind = ""] = /weir\.js ([\w]+) ?([a-z-]*)/.exec(line) ?? [];
      expect(help).toContain(`weir ${command}`);
      if (command === "import") expect(imports).toContain(`weir ${command} ${kind}`);
    }
    // Those that ask a service, against this one: a look, and a report.
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

  it("makes a pipeline, and claims the first stage of its run", async () => {
    const mutations = await snippets("README.md", "graphql");
    const make = mutations.find((text) => text.startsWith("mutation MakePipeline"));
    const creds = { host: "erp.internal", password: "hunter2" };
    expect(await ask(app.url, make ?? "", { creds })).toMatchObject({
      createSource: { sourceCreds: { host: "erp.internal", password: "********" } },
      triggerRun: { status: "PENDING", totalStages: 2 },
    });
    const claim = mutations.find((text) => text.startsWith("mutation Claim"));
    expect(await ask(app.url, claim ?? "")).toMatchObject({ claimStage: { stageOrder: 1, sourceCreds: creds } });
  });

  it("makes a report", async () => {
    const mutation = (await snippets("README.md", "graphql")).find((text) => text.startsWith("mutation MakeReport"));
    const { refreshReport } = await ask<{ refreshReport: { runId: string } }>(app.url, mutation ?? "");
    expect(await ended(app.url, refreshReport)).toMatchObject({ status: "SUCCESS", errors: null });
  });

  it("subscribes by graphql-ws and by curl", async () => {
    const [code] = await snippets("README.md", "ts");
    const file = path.join(ROOT, "test", `snippet-${process.pid}.ts`);
    await writeFile(file, here(code ?? ""));
    const [, stream] = (await snippets("README.md", "sh")).filter((text) => text.startsWith("curl"));
    const subscribers = [spawn(process.execPath, [file]), spawn("bash", ["-c", `exec ${here(stream ?? "")}`])];
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

describe("PROTOCOL.md", () => {
  it("shows a query and a subscription that go together", async () => {
    const [query, subscription] = await snippets("PROTOCOL.md", "graphql");
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, query ?? "");
    await ask(
      app.url,
      'mutation { recordFileStatus(input: { filePath: "/protocol", type: HL7, status: STAGED }) { id } }',
    );
    const { client } = connect(app.url);
    const seen = collect(client, subscription ?? "", { after: liveCursor });
    await seen.until((items) => items.length === 1);
    expect(seen.items).toMatchObject([{ isCurrent: true, fileStatus: { filePath: "/protocol" } }]);
    await client.dispose();
  });
});

describe("every document", () => {
  it.each(["README.md", "PROTOCOL.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])(
    "%s has GraphQL that parses and links that lead somewhere",
    async (file) => {
      for (const text of await snippets(file, "graphql")) expect(() => parse(text), text).not.toThrow();
      const text = await readFile(path.join(ROOT, file), "utf8");
      for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) await readOrList(path.join(ROOT, link));
    },
  );
});

async function readOrList(target: string): Promise<void> {
  await run("ls", [target]);
}
