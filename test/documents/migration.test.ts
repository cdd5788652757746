import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, logsOf, overallOf, stepsOf, update } from "../support/documents.ts";
import { ask, post, startService } from "../support/service.ts";

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

/** The fixture's logs of five files, and the files themselves. */
beforeEach(async () => {
  const { sql } = database;
  await sql`truncate documents.files cascade`;
  await sql`alter table documents.processing_logs disable trigger refuse_rewriting`;
  await sql`truncate documents.processing_logs`;
  await sql`alter table documents.processing_logs enable trigger refuse_rewriting`;
  const text = await readFile(new URL("../fixtures/processing_logs.csv", import.meta.url), "utf8");
  const [, ...lines] = text.trimEnd().split("\n");
  const rows = lines.map((line) => {
    const [id = "", file_id = "", task_id, step_name, status, message, , timestamp = ""] = line.split(",");
    return { id, file_id: file_id || null, task_id, step_name, status, message: message || null, timestamp };
  });
  // In any order: a history is sorted by its times.
  await sql`insert into documents.processing_logs ${sql(rows.toReversed())}`;
  await sql`insert into documents.files (id, filehash) select n, 'hash-' || n from generate_series(1, 5) n`;
  await sql`select setval('documents.processing_logs_id_seq', 1000), setval('documents.files_id_seq', 1000)`;
});

const MIGRATE = `mutation ($id: ID!, $dryRun: Boolean! = false) {
  migrateLogsToSteps(fileId: $id, dryRun: $dryRun) { fileId dryRun stepsCreated stepsUpdated stepsSkipped errors }
}`;
const MIGRATE_ALL = `mutation ($dryRun: Boolean! = false, $batchSize: Int! = 100) {
  migrateAllFiles(dryRun: $dryRun, batchSize: $batchSize) {
    dryRun totalFiles filesMigrated filesFailed filesMissing stepsCreated stepsUpdated stepsSkipped errors
  }
}`;
const VERIFY = "query ($id: ID!) { verifyMigration(fileId: $id) { fileId isValid logSteps tableSteps discrepancies } }";

const migrate = async (id: string, dryRun = false) =>
  (await ask<{ migrateLogsToSteps: object }>(app.url, MIGRATE, { id, dryRun })).migrateLogsToSteps;
const migrateAll = async (more: Readonly<Record<string, unknown>> = {}) =>
  (await ask<{ migrateAllFiles: object }>(app.url, MIGRATE_ALL, more)).migrateAllFiles;
const verify = async (id: string) =>
  (await ask<{ verifyMigration: { isValid: boolean; discrepancies: string[] } }>(app.url, VERIFY, { id }))
    .verifyMigration;

/** Steps as "name STATUS start end error", times within the fixture's day. */
async function statesOf(id: string): Promise<readonly string[]> {
  const time = (at: string | null) => (at === null ? "-" : at.slice(11, 19));
  return (await stepsOf(app.url, id)).map(({ stepName, status, startedAt, completedAt, errorMessage }) =>
    [stepName, status, time(startedAt), time(completedAt), errorMessage ?? ""].join(" ").trimEnd(),
  );
}

/** Everything that the migration may change, as text. */
async function everything(): Promise<string> {
  const { sql } = database;
  const rows = await sql`select s.*, s.xmin::text from documents.file_processing_steps s order by id`;
  const files = await sql`select f.*, f.xmin::text from documents.files f order by id`;
  return JSON.stringify([rows, files]);
}

describe("the fixture's logs", () => {
  it("rebuild to the states that the rules imply", async () => {
    expect(await migrateAll()).toEqual({
      dryRun: false,
      totalFiles: 5,
      filesMigrated: 5,
      filesFailed: 0,
      filesMissing: 0,
      stepsCreated: 21,
      stepsUpdated: 0,
      stepsSkipped: 0,
      errors: [],
    });
    const first = await statesOf("1");
    expect(first).toHaveLength(12);
    expect(first.slice(0, 2)).toEqual([
      "hash_file SUCCESS 10:00:00 10:00:05",
      "create_file_record SUCCESS 10:00:10 10:00:15",
    ]);
    expect(first.slice(8)).toEqual([
      "queue_dropbox SUCCESS 10:01:20 10:01:20",
      "queue_s3 SUCCESS 10:01:20 10:01:20",
      "upload_to_dropbox SUCCESS 10:01:21 10:01:25",
      "upload_to_s3 SUCCESS 10:01:21 10:01:25",
    ]);
    expect(await statesOf("2")).toEqual([
      "hash_file SUCCESS 10:00:00 10:00:00",
      "check_text SUCCESS 10:01:00 10:01:06",
      "extract_text IN_PROGRESS 10:01:10 -",
    ]);
    expect(await statesOf("3")).toEqual([
      "hash_file SUCCESS 10:00:00 10:00:00",
      "extract_text FAILURE 10:00:09 10:00:09 corrupt PDF",
      "upload_to_s3 SKIPPED - 10:00:12",
    ]);
    // Three events of one instant: the ids decide, and the last one began a new attempt.
    expect(await statesOf("4")).toEqual(["check_text IN_PROGRESS 10:00:05 -"]);
    expect(await statesOf("5")).toEqual(["hash_file PENDING - -", "check_text PENDING - -"]);
    const overall = await Promise.all(["1", "2", "3", "4", "5"].map((id) => overallOf(app.url, id)));
    expect(overall.map(({ overallStatus }) => overallStatus.status)).toEqual([
      "COMPLETED",
      "PROCESSING",
      "FAILED",
      "PROCESSING",
      "PENDING",
    ]);
    for (const id of ["1", "2", "3", "4", "5"])
      expect(await verify(id)).toMatchObject({ isValid: true, discrepancies: [] });
    expect(await database.sql`select from documents.processing_logs`).toHaveLength(38);
  });

  it("are counted the same by a dry run, which writes nothing", async () => {
    const before = await everything();
    const dry = await migrateAll({ dryRun: true, batchSize: 2 });
    expect(await everything()).toBe(before);
    expect(dry).toMatchObject({ dryRun: true, totalFiles: 5, stepsCreated: 21 });
    const one = await migrate("2", true);
    expect(one).toEqual({ fileId: "2", dryRun: true, stepsCreated: 3, stepsUpdated: 0, stepsSkipped: 0, errors: [] });
    expect(await everything()).toBe(before);
    expect(await migrate("2")).toEqual({ ...one, dryRun: false });
    expect(await migrateAll({ batchSize: 2 })).toMatchObject({ totalFiles: 4, filesMigrated: 4, stepsCreated: 18 });
  });

  it("change nothing when they are migrated again", async () => {
    await migrateAll();
    const before = await everything();
    const { sql } = database;
    const [changes] = await sql`select count(*) from weir.change`;
    expect(await migrateAll()).toMatchObject({ totalFiles: 0, stepsCreated: 0, stepsUpdated: 0 });
    for (const [id, steps] of [
      ["1", 12],
      ["2", 3],
      ["3", 3],
      ["4", 1],
      ["5", 2],
    ] as const) {
      expect(await migrate(id)).toMatchObject({ stepsCreated: 0, stepsUpdated: 0, stepsSkipped: steps, errors: [] });
    }
    expect(await everything()).toBe(before);
    expect((await sql`select count(*) from weir.change`)[0]).toEqual(changes);
  });
});

describe("a file that has some of its steps", () => {
  it("is taken by migrateAllFiles when one is missing, and only what differs is updated", async () => {
    await migrateAll();
    const { sql } = database;
    await sql`delete from documents.file_processing_steps where file_id = 1 and step_name = 'hash_file'`;
    await sql`update documents.file_processing_steps set status = 'failure', error_message = 'x' where file_id = 1 and step_name = 'check_text'`;
    await sql`update documents.file_processing_steps set error_message = 'kept' where file_id = 1 and step_name = 'extract_text'`;
    expect(await migrateAll({ dryRun: true })).toMatchObject({
      totalFiles: 1,
      stepsCreated: 1,
      stepsUpdated: 1,
      stepsSkipped: 10,
    });
    expect(await migrateAll()).toMatchObject({ totalFiles: 1, stepsCreated: 1, stepsUpdated: 1, stepsSkipped: 10 });
    const states = await statesOf("1");
    expect(states).toContain("check_text SUCCESS 10:00:20 10:00:25");
    expect(states).toContain("extract_text SUCCESS 10:00:30 10:00:35 kept");
  });

  it("keeps a step that no log tells of", async () => {
    await database.sql`insert into documents.file_processing_steps (file_id, step_name, status) values (2, 'extra', 'success')`;
    expect(await migrate("2")).toMatchObject({ stepsCreated: 3, stepsSkipped: 0 });
    expect(await statesOf("2")).toContain("extra SUCCESS - -");
  });

  it("is migrated while workers report: the step is as its last log entry says", async () => {
    const id = await createFile(app.url);
    const reports = Array.from({ length: 20 }, async (_, at) => {
      await update(app.url, id, `step_${at % 4}`, at % 3 === 0 ? "IN_PROGRESS" : "SUCCESS");
      if (at % 4 === 0) await migrate(id);
    });
    await Promise.all(reports);
    const last = new Map((await logsOf(app.url, id)).map(({ stepName, status }) => [stepName, status?.toUpperCase()]));
    for (const { stepName, status } of await stepsOf(app.url, id)) expect(status).toBe(last.get(stepName) ?? "PENDING");
  });

  it("that was written by mutations is as its logs imply, however often it began anew", async () => {
    const id = await createFile(app.url, { steps: ["hash_file", "put_back"] });
    await update(app.url, id, "hash_file", "IN_PROGRESS");
    await update(app.url, id, "hash_file", "FAILURE");
    await update(app.url, id, "hash_file", "IN_PROGRESS");
    await update(app.url, id, "hash_file", "SUCCESS");
    await update(app.url, id, "check_text", "IN_PROGRESS", { startedAt: "2024-01-15T10:00:00Z" });
    await update(app.url, id, "check_text", "FAILURE", { completedAt: "2024-01-15T10:00:09Z", errorMessage: "broken" });
    await update(app.url, id, "upload_to_s3", "SKIPPED");
    await update(app.url, id, "at_once", "SUCCESS", {
      startedAt: "2024-01-15T10:00:00Z",
      completedAt: "2024-01-15T10:00:03Z",
    });
    await update(app.url, id, "put_back", "SUCCESS");
    await update(app.url, id, "put_back", "PENDING");
    expect(await migrate(id)).toMatchObject({ stepsCreated: 0, stepsUpdated: 0, stepsSkipped: 5 });
    expect(await verify(id)).toMatchObject({ isValid: true });
  });

  it("goes on from the last report of the service where a program logs more", async () => {
    const id = await createFile(app.url, { steps: ["hash_file"] });
    await update(app.url, id, "hash_file", "IN_PROGRESS", { startedAt: "2024-01-15T10:00:00Z" });
    await update(app.url, id, "hash_file", "FAILURE", { completedAt: "2024-01-15T10:00:09Z" });
    await database.sql`insert into documents.processing_logs (file_id, step_name, status, "timestamp") values
      (${id}, 'hash_file', 'In_Progress', '2024-01-15T10:01:00Z'), (${id}, 'hash_file', 'SUCCESS', '2024-01-15T10:02:00Z')`;
    expect(await migrate(id)).toMatchObject({ stepsUpdated: 1 });
    expect((await stepsOf(app.url, id))[0]).toMatchObject({
      status: "SUCCESS",
      startedAt: "2024-01-15T10:01:00.000000Z",
      completedAt: "2024-01-15T10:02:00.000000Z",
    });
  });
});

describe("what can't be migrated", () => {
  it("is an error of its file and hinders no other", async () => {
    await database.sql`insert into documents.processing_logs (file_id, step_name, status) values
      (4711, 'hash_file', 'success'), (3, ${"x".repeat(9_000)}, 'success'), (3, '', 'success'), (3, null, 'success')`;
    const dry = await migrateAll({ dryRun: true, batchSize: 1 });
    expect(dry).toMatchObject({ totalFiles: 6, filesMigrated: 4, filesFailed: 1, filesMissing: 1, stepsCreated: 18 });
    expect(await migrateAll()).toMatchObject({
      totalFiles: 6,
      filesMigrated: 4,
      filesFailed: 1,
      filesMissing: 1,
      stepsCreated: 18,
      errors: [
        expect.stringMatching(/File 3 .*step name/),
        expect.stringMatching(/File 4711 .*no row in documents\.files/),
      ],
    });
    expect(await migrate("4711")).toMatchObject({ errors: [expect.stringContaining("4711")], stepsCreated: 0 });
  });

  it("is refused when nobody knows the file, or the batch has no sensible size", async () => {
    for (const id of ["4712", "x", "-1", "9007199254740993"]) {
      expect((await post(app.url, MIGRATE, { id })).errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
      expect((await post(app.url, VERIFY, { id })).errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
    }
    for (const batchSize of [0, -1, 10_001]) {
      expect((await post(app.url, MIGRATE_ALL, { batchSize })).errors).toMatchObject([
        { extensions: { code: "BAD_USER_INPUT" } },
      ]);
    }
  });
});

describe("verifyMigration", () => {
  it("finds a step that was tampered with, one that is missing, and takes an extra one with a remark", async () => {
    await migrateAll();
    const { sql } = database;
    await sql`insert into documents.file_processing_steps (file_id, step_name, status) values (2, 'extra', 'pending')`;
    expect(await verify("2")).toEqual({
      fileId: "2",
      isValid: true,
      logSteps: ["hash_file", "check_text", "extract_text"],
      tableSteps: ["hash_file", "check_text", "extract_text", "extra"],
      discrepancies: ["Step extra has no logs."],
    });
    await sql`update documents.file_processing_steps set status = 'failure' where file_id = 2 and step_name = 'check_text'`;
    expect(await verify("2")).toMatchObject({
      isValid: false,
      discrepancies: ["Step check_text is failure; its logs imply success.", "Step extra has no logs."],
    });
    await sql`delete from documents.file_processing_steps where file_id = 3 and step_name = 'hash_file'`;
    expect(await verify("3")).toMatchObject({
      isValid: false,
      tableSteps: ["extract_text", "upload_to_s3"],
      discrepancies: ["Step hash_file is missing; its logs imply success."],
    });
    const id = await createFile(app.url, { steps: ["hash_file"] });
    expect(await verify(id)).toMatchObject({
      isValid: false,
      discrepancies: ["The file has no logs of any step.", "Step hash_file has no logs."],
    });
  });
});
