import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, stepsOf } from "../support/documents.ts";
import { insertManifest } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

const BIN = path.resolve("bin/weir.js");
const run = promisify(execFile);
let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function weir(args: readonly string[], url = app.url): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", WEIR_URL: url };
  try {
    const { stdout, stderr } = await run(process.execPath, [BIN, ...args], { env });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}

describe("weir report", () => {
  it("stores a file's status and a step, once under a key", async () => {
    for (let times = 0; times < 2; times += 1) {
      const told = await weir([
        "report",
        "file",
        "log",
        "/logs/a.log",
        "failed",
        "--error",
        "no messages",
        "--key",
        "k1",
      ]);
      expect(told).toMatchObject({ code: 0, stderr: "" });
      expect(told.stdout).toMatch(/^\d+ {2}\/logs\/a\.log {2}FAILED {2}\S+Z\n$/);
    }
    const rows = await database.sql`select status, error_message from ingest.file_statuses`;
    expect(rows).toEqual([{ status: "failed", error_message: "no messages" }]);
    const id = await createFile(app.url, { steps: ["extract_text"] });
    expect((await weir(["report", "step", id, "extract_text", "in-progress", "--json"])).code).toBe(0);
    expect((await stepsOf(app.url, id))[0]?.status).toBe("IN_PROGRESS");
  });

  it.each([
    [["report"], 2, "Say what: file, step, start, finish, fail"],
    [
      ["report", "file", "log", "/a", "gone"],
      2,
      'Argument: status, Given: "gone", Choices: "parsed", "staged", "ingested", "failed"',
    ],
    [["report", "file", "log"], 2, "Not enough non-option arguments: got 1, need at least 3"],
    [["report", "step", "999", "a", "success"], 1, "There is no file 999"],
    [["report", "finish", "none"], 1, "There is no run none"],
    [["tail", "--topic", "nothing"], 2, 'Argument: topic, Given: "nothing", Choices: "file-status"'],
    [["status", "--url", "ftp://x"], 2, "is no URL"],
  ])("%j ends with %d and a line that says why", async (args, code, why) => {
    const ended = await weir(args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(why);
    expect(ended.stderr).not.toContain("    at ");
  });

  it("says that there is no service", async () => {
    const ended = await weir(["status"], "http://127.0.0.1:9");
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("Start it by `weir serve`");
  }, 20_000);
});

describe("weir status", () => {
  it("tells what needs someone, within the columns of a terminal, and ends with 1 when it is to check", async () => {
    const { code, stdout } = await weir(["status"]);
    expect(code).toBe(0);
    expect(stdout).toContain("1 thing needs you");
    expect(stdout).toContain("a.log failed");
    expect(stdout).toContain("no messages");
    // A pipe is no terminal.
    expect(stdout).not.toContain("\u001b");
    expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect((await weir(["status", "--check"])).code).toBe(1);
    expect(JSON.parse((await weir(["status", "--json"])).stdout)).toMatchObject({
      attention: [{ title: "a.log failed" }],
    });
  });
});

describe("weir tail", () => {
  /** With what would ring the bell, and write in red. */
  async function insert(name: string): Promise<void> {
    const error = "bell\u0007 and\u001b[31m red";
    await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
      values (${name}, 'Log', 'failed', ${error})`;
  }

  it("prints changes as they come, without control characters, and ends cleanly when its reader has enough", async () => {
    const shell = spawn("sh", ["-c", `"${process.execPath}" "${BIN}" tail --topic file_status | head -2`], {
      env: { PATH: process.env["PATH"] ?? "", WEIR_URL: app.url },
    });
    let stdout = "";
    let stderr = "";
    shell.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    shell.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const timer = setInterval(() => void insert("/logs/tailed.log"), 100);
    await once(shell, "close");
    clearInterval(timer);
    expect(stderr).toBe("");
    const [line = ""] = stdout.split("\n");
    expect(line).toMatch(/Z {2}FILE_STATUS {5}insert {4}\/logs\/tailed\.log {2}failed {2}bell {2}and \[31m red$/);
  }, 30_000);

  it("goes on behind a cursor, as JSON", async () => {
    await insert("/logs/first.log");
    const first = await weir(["tail", "--count", "1", "--json", "--after", await cursorBefore("/logs/second.log")]);
    const change = JSON.parse(first.stdout) as { key: string; cursor: string };
    expect(change).toMatchObject({ topic: "FILE_STATUS", key: "/logs/second.log" });
    expect(change.cursor).toBeTruthy();
  });

  async function cursorBefore(name: string): Promise<string> {
    const response = await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ liveCursor }" }),
    });
    const { data } = (await response.json()) as { data: { liveCursor: string } };
    await insert(name);
    return data.liveCursor;
  }
});

describe("weir export", () => {
  it.each(["file-statuses", "logs", "hl7-files", "pipelines", "runs", "documents", "reports", "report-runs"])(
    "of %s prints an object in each line",
    async (what) => {
      await database.sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values ('/h', '/l', 1)
      on conflict do nothing`;
      await database.sql`insert into pipeline.pipeline_config (source_tablename) values ('orders') on conflict do nothing`;
      await database.sql`insert into pipeline.pipeline_runs_master (source_tablename) values ('orders')`;
      await insertManifest(database.sql, `exported ${what}`, "SELECT 1");
      await ask(app.url, "mutation ($table: String!) { startSeederRun(tableName: $table) { runId } }", {
        table: `exported ${what}`,
      });
      await createFile(app.url, { steps: ["a"] });
      const { code, stdout, stderr } = await weir(["export", what]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const lines = stdout.trimEnd().split("\n");
      expect(lines.map((line) => typeof JSON.parse(line))).toContain("object");
      expect((await weir(["export", what, "--limit", "1"])).stdout).toBe(`${lines[0]}\n`);
    },
  );
});

describe("weir tail since", () => {
  it("gives what was written since, and of it what its filter finds", async () => {
    await database.sql`insert into ingest.file_statuses (file_path, type, status)
      values ('/since/a', 'Log', 'parsed'), ('/since/b', 'Log', 'FAILED')`;
    const { stdout } = await weir([
      "tail",
      "--since",
      "1m",
      "--topic",
      "file-status",
      "--filter",
      "since/B.*failed",
      "--count",
      "1",
    ]);
    expect(stdout).toMatch(/FILE_STATUS {5}insert {4}\/since\/b {2}FAILED\n$/);
    expect(stdout.split("\n")).toHaveLength(2);
    const none = await weir(["tail", "--since", "2h", "--after", "x"]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("since and after are mutually exclusive") });
    expect((await weir(["tail", "--filter", "("])).stderr).toContain("is no regular expression");
  });
});

describe("where a service is", () => {
  it("is said by an option, else the environment, else a file, which says so when it is wrong", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "weir-config-"));
    const file = path.join(folder, "weir/config.json");
    await mkdir(path.dirname(file));
    const status = async (args: readonly string[], environment: Readonly<Record<string, string>>) => {
      const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_CONFIG_HOME: folder, ...environment };
      return await run(process.execPath, [BIN, "status", "--json", ...args], { env }).then(
        ({ stdout }) => Object.keys(JSON.parse(stdout)).join(),
        ({ stderr }: Ended) => stderr,
      );
    };
    await writeFile(file, JSON.stringify({ url: app.url }));
    expect(await status([], {})).toBe("overview,attention");
    expect(await status([], { WEIR_URL: "http://127.0.0.1:9" })).toContain("127.0.0.1:9/graphql can't be reached");
    expect(await status(["--url", app.url], { WEIR_URL: "http://127.0.0.1:9" })).toBe("overview,attention");
    await writeFile(file, "{ url: no }");
    expect(await status([], {})).toContain('config.json is not like {"url"');
    expect(await status(["--config", path.join(folder, "none")], {})).toContain("none can't be read (ENOENT)");
    await rm(folder, { recursive: true });
  });
});

describe("the command line", () => {
  it("prints the schema that code generators take, as text and as an introspection", async () => {
    expect((await weir(["schema"])).stdout).toBe(await readFile("schema.graphql", "utf8"));
    const { data } = JSON.parse((await weir(["schema", "--json"])).stdout);
    expect(data.__schema.queryType).toEqual({ name: "Query", kind: "OBJECT" });
  });

  it("guesses what was meant, and tells of each command", async () => {
    expect((await weir(["statsu"])).stderr).toBe(
      'weir: There is no command "statsu". Did you mean status? Try: weir help\n',
    );
    const { stdout } = await weir(["report", "file", "--help"]);
    expect(stdout).toContain("weir report file <type> <path> <status>");
    expect((await weir(["completion"])).stdout).toContain("weir-completions");
    expect((await weir(["--get-yargs-completions", "weir", "tok"])).stdout).toContain("token");
  });

  it("migrates a database, and says how many migrations that were", async () => {
    const settings = { env: { PATH: process.env["PATH"] ?? "", DATABASE_URL: database.url } };
    const { stdout } = await run(process.execPath, [BIN, "migrate", "--dry-run"], settings);
    expect(stdout).toMatch(/^No migrations to come: the database \S+ on \S+\.\n$/);
    expect(JSON.parse((await run(process.execPath, [BIN, "migrate", "--dry-run", "--json"], settings)).stdout)).toEqual(
      {
        isDryRun: true,
        migrations: 0,
      },
    );
    await database.sql`delete from drizzle.__drizzle_migrations where name = (select max(name) from drizzle.__drizzle_migrations)`;
    expect((await run(process.execPath, [BIN, "migrate", "--dry-run"], settings)).stdout).toMatch(/^1 to come/);
  });
});
