import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgress } from "../../src/cli/progress.ts";
import type { Sql } from "../../src/db/client.ts";
import { ImportError, importLogs } from "../../src/db/documents/import.ts";
import { createTestDatabase } from "../support/database.ts";
import { runWeir, spawnService } from "../support/process.ts";
import { collect, connect } from "../support/service.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/processing_logs.csv", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-cli-"));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const weir = (args: readonly string[], settings: Readonly<Record<string, string>>) => runWeir(args, settings, folder);

async function csv(name: string, ...lines: string[]): Promise<string> {
  const file = path.join(folder, `${name}.csv`);
  await writeFile(file, lines.join("\n"));
  return file;
}

const addFiles = (sql: Sql) =>
  sql`insert into documents.files (id, filehash) select n, 'hash-' || n from generate_series(1, 5) n`;
const HEADER = "id,file_id,task_id,step_name,status,message,detail,timestamp";

describe("weir import processing-logs, weir backfill and weir verify", () => {
  it("load a history, rebuild the steps from it and find them right, again and again", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url };
    const { sql } = database;
    await addFiles(sql);
    expect(await weir(["import", "processing-logs", FIXTURE], settings)).toEqual({
      out: "38 log entries imported, 0 were there already.\n",
      err: "",
      code: 0,
    });
    expect((await weir(["import", "processing-logs", FIXTURE], settings)).out).toBe(
      "0 log entries imported, 38 were there already.\n",
    );
    // The next number is free.
    await sql`insert into documents.processing_logs (step_name) values ('next')`;

    const wrong = await weir(["verify"], settings);
    expect(wrong).toMatchObject({ code: 1, err: "5 files are not as their logs imply.\n" });
    expect(wrong.out).toContain("File 4 is wrong: Step check_text is missing; its logs imply in_progress.\n");
    expect(wrong.out).toMatch(/5 files with logs: 0 right, 5 wrong, 0 not there\.\n$/);

    const dry = await weir(["backfill", "--dry-run", "--batch-size", "2"], settings);
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toContain(
      "Dry run, nothing written. 5 files lacked steps: 5 rebuilt, 0 failed, 0 not there. Steps: 21 created, 0 updated, 0 right already.\n",
    );
    expect(await sql`select from documents.file_processing_steps`).toHaveLength(0);
    const done = await weir(["backfill", "--batch-size", "2"], settings);
    // Two batches at a time: either may be done first.
    expect(done.out).toMatch(
      /^(?:\d+ % {2}\d files, \d+ steps\n)*100 % {2}\d files, \d+ steps\n5 files lacked steps: 5 rebuilt/,
    );
    expect((await weir(["backfill"], settings)).out).toContain(
      "0 files lacked steps: 0 rebuilt, 0 failed, 0 not there.",
    );
    expect(await weir(["verify"], settings)).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining("5 right, 0 wrong"),
    });
  });

  it("name files that are not there, rebuild the others, and end well, again and again", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url };
    await database.sql`insert into documents.files (id, filehash) values (1, 'h')`;
    await weir(["import", "processing-logs", FIXTURE], settings);
    for (const rebuilt of [1, 0]) {
      const { code, err, out } = await weir(["backfill"], settings);
      expect({ code, out: out.split("\n").at(-2) }).toEqual({
        code: 0,
        out: `${rebuilt + 4} files lacked steps: ${rebuilt} rebuilt, 0 failed, 4 not there. Steps: ${rebuilt * 12} created, 0 updated, 0 right already.`,
      });
      expect(err).toContain("File 3 has logs and no row in documents.files. Insert it first, with this id.\n");
    }
    const verified = await weir(["verify"], settings);
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified.out).toContain("File 3 is not there: it was deleted, or is yet to come.\n");
    expect(verified.out).toContain("5 files with logs: 1 right, 0 wrong, 4 not there.\n");
  });

  it("work beside a service on the same data directory, whose subscribers see it, and without one", async () => {
    const dataDir = path.join(folder, "data");
    const settings = { WEIR_DATA_DIR: dataDir };
    const { out } = await weir(["import", "processing-logs", "--json", FIXTURE], settings);
    expect(JSON.parse(out)).toEqual({ imported: 38, known: 0 });
    {
      await using service = await spawnService({ ...settings, PATH: process.env["PATH"] ?? "" });
      const sql = postgres((await readFile(path.join(dataDir, "database-url"), "utf8")).trim(), { max: 1 });
      await addFiles(sql);
      await sql.end();
      const { client } = connect(service.url);
      const response = await fetch(service.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"query":"{ liveCursor }"}',
      });
      const { data } = (await response.json()) as { data: { liveCursor: string } };
      const steps = collect(client, "subscription ($after: Cursor) { fileStepChanged(after: $after) { key } }", {
        after: data.liveCursor,
      });
      expect(await weir(["backfill"], settings)).toMatchObject({ code: 0, err: "" });
      await steps.until((items) => items.length === 21);
      await client.dispose();
    }
    expect((await weir(["verify"], settings)).out).toContain("5 files with logs: 5 right, 0 wrong, 0 not there.");
  });

  it("are refused with 2 and one line when they are called wrongly", async () => {
    const settings = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
    for (const args of [
      ["backfill", "--batch-size", "0"],
      ["backfill", "--batch-size", "many"],
      ["backfill", "--force"],
      ["backfill", "all"],
      ["verify", "now"],
      ["import"],
      ["import", "processing-logs"],
      ["import", "logs", FIXTURE],
      ["import", "processing-logs", FIXTURE, FIXTURE],
    ]) {
      const { out, err, code } = await weir(args, settings);
      expect({ out, code }, args.join(" ")).toEqual({ out: "", code: 2 });
      expect(err).toMatch(/^[^\n]+Try: weir help\n$/);
    }
    expect(await weir(["backfill"], settings)).toMatchObject({
      code: 1,
      err: expect.stringContaining("can't be reached"),
    });
  });
});

describe("weir import processing-logs", () => {
  it("takes the columns in any order, quoted texts over several lines, entries without id, and times of any zone", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url };
    const file = await csv(
      "free",
      '\uFEFFtimestamp,step_name,"message",id',
      '2024-01-15 10:00:00,a,"first',
      'second, ""third""",7',
      "2024-01-15T12:00:00.123456+02:00,b,,",
      "",
    );
    expect(await weir(["import", "processing-logs", file], settings)).toMatchObject({ code: 0, err: "" });
    const rows =
      await database.sql`select id, step_name, message, "timestamp"::text as at from documents.processing_logs order by step_name`;
    expect(rows.map((row) => [row["id"], row["message"], row["at"]])).toEqual([
      ["7", 'first\nsecond, "third"', "2024-01-15 10:00:00+00"],
      ["8", null, "2024-01-15 10:00:00.123456+00"],
    ]);
  });

  it("imports nothing when a line is wrong, and names each by its number", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url };
    const { sql } = database;
    await sql`insert into documents.processing_logs (id, step_name, "timestamp") values (5, 'ours', '2024-01-15T10:00:00Z')`;
    const wrong = await csv(
      "wrong",
      HEADER,
      '1,1,t,a,success,"two',
      'lines",,2024-01-15T10:00:00Z',
      "x,1,t,a,success,,,2024-01-15T10:00:00Z",
      "1,1,t,a,success,,,2024-01-15T10:00:00Z",
      "2,-1,t,a,success,,,2024-01-15T10:00:00Z",
      "3,1,t,a,success,,,",
      "4,1,t,a,success,,,yesterday",
      "6,1,t,a,success,,,2024-02-30T10:00:00Z",
      "7,1,t,a,success,,,2024-13-01T10:00:00Z",
      "8,1,t,a,success,,,0000-01-01T10:00:00Z",
      "9,1,t,a,success,,,2024-01-15T24:00:00Z",
    );
    const { out, err, code } = await weir(["import", "processing-logs", wrong], settings);
    expect({ out, code }).toEqual({ out: "", code: 1 });
    const refusalOf = async (name: string, ...lines: string[]) => {
      const imported = importLogs(sql, await csv(name, ...lines));
      return imported.then(
        () => "imported",
        (error: unknown) => (error instanceof ImportError ? error.message : String(error)),
      );
    };
    expect(err.trimEnd().split("\n")).toEqual([
      "Nothing imported.",
      "line 4: id 'x' is no whole number from 1",
      "line 5: id 1 is also in line 2",
      "line 6: file_id '-1' is no whole number from 1",
      "line 7: timestamp is empty",
      "line 8: timestamp 'yesterday' is no instant; write it like 2024-01-15T10:00:00Z",
      "line 9: timestamp '2024-02-30T10:00:00Z' is not in the calendar",
      "line 10: timestamp '2024-13-01T10:00:00Z' is not in the calendar",
      "line 11: timestamp '0000-01-01T10:00:00Z' is not in the calendar",
      "line 12: timestamp '2024-01-15T24:00:00Z' is no instant; write it like 2024-01-15T10:00:00Z",
    ]);
    const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
      [
        "taken",
        [HEADER, "4,1,t,a,success,,,2024-01-15T10:00:00Z", "5,1,t,a,success,,,2024-01-15T10:00:00Z"],
        /line 3: id 5 belongs to another log entry/,
      ],
      [
        "short",
        [HEADER, "4,1,t,a,success,,,2024-01-15T10:00:00Z", "6,1,t"],
        /line 3: has 3 values; the first line names 8 columns/,
      ],
      [
        "quote",
        [HEADER, '4,1,t,"a,success,,,2024-01-15T10:00:00Z'],
        /line 2: begins a record with a quoted text that never ends/,
      ],
      ["column", ["id,when"], /line 1: "when" is no column/],
      ["no-time", ["id,file_id"], /line 1: timestamp is missing/],
      ["middle", [HEADER, '4,1,t,a"b"c,success,,,2024-01-15T10:00:00Z'], /line 2: has a quote in the middle/],
      ["after", [HEADER, '4,1,t,"a"b,success,,,2024-01-15T10:00:00Z'], /line 2: has a quote in the middle/],
      ["nul", [HEADER, "4,1,t,a\0,success,,,2024-01-15T10:00:00Z"], /line 2: contains a NUL/],
      ["empty", [""], /line 1: timestamp is missing/],
    ];
    for (const [name, lines, message] of cases) {
      expect(await refusalOf(name, ...lines), name).toMatch(message);
    }
    const many = Array.from({ length: 30 }, (_, at) => `${at + 1},x,,,,,,2024-01-15T10:00:00Z`);
    expect(await refusalOf("many", HEADER, ...many)).toMatch(/And 10 more\.$/);
    expect(await weir(["import", "processing-logs", path.join(folder, "none.csv")], settings)).toMatchObject({
      code: 2,
    });
    expect(await sql`select from documents.processing_logs`).toHaveLength(1);
  });
});

describe("the progress", () => {
  it("is a bar on a terminal and a line for each tenth elsewhere", () => {
    const written: string[] = [];
    const stream = (isTTY: boolean) => ({
      isTTY,
      write: (words: string | Uint8Array) => written.push(String(words)) > 0,
    });
    const bar = createProgress(stream(true));
    bar.report(0.5, "5 files");
    bar.report(1, "10 files");
    bar.end();
    expect(written.splice(0)).toEqual([
      `\r[${"#".repeat(15)}${".".repeat(15)}]  50 %  5 files\u001b[K`,
      `\r[${"#".repeat(30)}] 100 %  10 files\u001b[K`,
      "\r\u001b[K",
    ]);
    const lines = createProgress(stream(false));
    for (const done of [0.05, 0.11, 0.12, 0.35, 1]) lines.report(done, "x");
    lines.end();
    expect(written).toEqual(["11 %  x\n", "35 %  x\n", "100 %  x\n"]);
  });
});
