import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest } from "../support/reports.ts";
import { startService } from "../support/service.ts";

const run = promisify(execFile);
const EXAMPLES = path.resolve(import.meta.dirname, "../../examples");
const PYTHON = "/usr/bin/python3";
const JAVA = "/usr/bin/java";
const JDBC = "/usr/share/java/postgresql.jar";

/** Whether a program of Debian's is here; says so where it is not. */
async function has(program: string, ...args: string[]): Promise<boolean> {
  const isThere = await run(program, args).then(
    () => true,
    () => false,
  );
  if (!isThere) console.log(`languages.test.ts: skipped what needs ${program} ${args.join(" ")}`);
  return isThere;
}
const hasPython = await has(PYTHON, "--version");
const hasPsycopg = await has(PYTHON, "-c", "import psycopg");
const hasJava = (await has(JAVA, "--list-modules")) && existsSync(JDBC);
const hasShell = (await has("jq", "--version")) && (await has("curl", "--version"));

let database: TestDatabase;
let app: App;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-languages-"));
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = (more: Readonly<Record<string, string>> = {}) => ({
  env: {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    TMPDIR: os.tmpdir(),
    WEIR_URL: new URL(app.url).origin,
    ...more,
  },
});
const stored = (prefix: string) => database.sql`select file_path, type, status from ingest.file_statuses
  where file_path like ${`${prefix}%`} order by id`;

it("examples have sixty lines at most", async () => {
  for (const name of [
    "python/report.py",
    "python/follow.py",
    "python/copy_statuses.py",
    "java/Report.java",
    "shell/report.sh",
  ]) {
    const lines = (await readFile(path.join(EXAMPLES, name), "utf8")).trimEnd().split("\n");
    expect({ name, isShort: lines.length <= 60 }).toEqual({ name, isShort: true });
  }
});

describe.skipIf(!hasPython)("Python", () => {
  const report = path.join(EXAMPLES, "python/report.py");
  const follow = path.join(EXAMPLES, "python/follow.py");

  it("reports over HTTP, and says why the service refuses", async () => {
    const { stdout } = await run(PYTHON, [report, "/python/a.log", "/python/ü.log"], environment());
    expect(stdout).toMatch(/^\d+ \/python\/a\.log PARSED\n\d+ \/python\/ü\.log PARSED\n$/);
    expect(await stored("/python/")).toHaveLength(2);
    await expect(run(PYTHON, [report, ""], environment())).rejects.toMatchObject({
      stderr: expect.stringContaining("filePath is empty"),
    });
  });

  it("follows changes by server-sent events, and goes on where it was, here after a restart of its own", async () => {
    const place = path.join(folder, "place");
    const seen: string[] = [];
    for (const round of [1, 2, 3]) {
      const follower = spawn(PYTHON, [follow, place], { ...environment(), stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(follower, "exit");
      const timer = setInterval(() => {
        void database.sql`insert into ingest.file_statuses (file_path, type, status)
          values (${`/followed/${round}`}, 'Log', 'parsed')`.execute();
      }, 50);
      let lines = 0;
      for await (const line of createInterface({ input: follower.stdout })) {
        seen.push(line);
        lines += 1;
        if (lines === 5) break;
      }
      clearInterval(timer);
      follower.kill("SIGKILL");
      await exited;
    }
    // What was written while nobody followed came first.
    const keys = seen.map((line) => /^FILE_STATUS INSERT (\S+)$/.exec(line)?.[1]);
    expect(keys.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => "/followed/1"));
    expect(new Set(keys)).toContain("/followed/1");
    expect(keys).not.toContain(undefined);
  });

  it.skipIf(!hasPsycopg)("writes by COPY", async () => {
    const copy = spawn(
      PYTHON,
      [path.join(EXAMPLES, "python/copy_statuses.py")],
      environment({ DATABASE_URL: database.url }),
    );
    copy.stdin.end("/copied/a\tHL7\tstaged\n/copied/b\tLog\tparsed\n");
    expect(await text(copy.stdout)).toBe("2 statuses\n");
    expect(await stored("/copied/")).toEqual([
      { file_path: "/copied/a", type: "HL7", status: "staged" },
      { file_path: "/copied/b", type: "Log", status: "parsed" },
    ]);
  });
});

describe.skipIf(!hasJava)("Java", () => {
  const report = path.join(EXAMPLES, "java/Report.java");

  it("reports over HTTP and by JDBC", async () => {
    const { stdout } = await run(JAVA, [report, '/java/"a"\\.log', "PARSED"], environment());
    expect(JSON.parse(stdout)).toMatchObject({
      data: { recordFileStatus: { status: "PARSED", filePath: '/java/"a"\\.log' } },
    });
    await expect(run(JAVA, [report, "/java/b.log", "GONE"], environment())).rejects.toMatchObject({
      stderr: expect.stringContaining("GONE"),
    });
    const { username, password, host, pathname } = new URL(database.url);
    const jdbc = `jdbc:postgresql://${host}${pathname}?user=${username}&password=${password}`;
    const bySql = await run(
      JAVA,
      ["-cp", JDBC, report, "/java/sql.log", "parsed"],
      environment({ DATABASE_URL: jdbc }),
    );
    expect(bySql.stdout).toBe("1 row\n");
    expect((await stored("/java/")).map(({ file_path }) => file_path)).toEqual(['/java/"a"\\.log', "/java/sql.log"]);
  });
});

describe.skipIf(!hasShell)("a shell", () => {
  it("reports a refresh around a command: its success, and its failure with what it said", async () => {
    await insertManifest(database.sql, "by_shell", "SELECT 1");
    const script = path.join(EXAMPLES, "shell/report.sh");
    expect((await run(script, ["by_shell", "true"], environment())).stdout).toBe(
      '{"startSeederRun":{"status":"RUNNING"}}\n{"finishSeederRun":{"status":"SUCCESS"}}\n',
    );
    const failed = run(script, ["by_shell", "sh", "-c", 'echo "no \\"rows\\"" >&2; exit 3'], environment());
    await expect(failed).rejects.toMatchObject({ code: 3 });
    const runs = await database.sql`select status, errors from reporting.seeder_run_history order by id`;
    expect(runs).toEqual([
      { status: "success", errors: null },
      { status: "error", errors: 'ended with 3: no "rows"' },
    ]);
    await expect(run(script, ["nobody", "true"], environment())).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No manifest makes the table nobody"),
    });
  });
});
