import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { instantFromPostgres } from "../../src/db/columns.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, makeReport, refreshed } from "../support/reports.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

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

const START =
  "mutation ($table: String!, $id: String) { startSeederRun(tableName: $table, runId: $id) { runId status consecutiveFailures } }";
const FINISH =
  "mutation ($id: String!, $input: FinishSeederRunInput) { finishSeederRun(runId: $id, input: $input) { status consecutiveFailures recordsProcessed durationSeconds finishTime errors } }";
const FAIL =
  'mutation ($id: String!) { failSeederRun(runId: $id, errors: "broken") { status consecutiveFailures errors durationSeconds } }';
const JOB =
  "query ($table: String!) { seederJob(tableName: $table) { status consecutiveFailures lastErrors lastRunId durationSeconds isFailing } }";

const start = async (table: string, id?: string) =>
  (await ask<{ startSeederRun: { runId: string; consecutiveFailures: number } }>(app.url, START, { table, id }))
    .startSeederRun;
const jobOf = async (table: string) =>
  (await ask<{ seederJob: Record<string, unknown> }>(app.url, JOB, { table })).seederJob;
const codeOf = async (query: string, variables: object) =>
  (await post(app.url, query, { ...variables })).errors?.[0]?.extensions.code;

/** Reports one run from its start to its end, or leaves it running; answers the streaks of history and job. */
async function report(table: string, status: string): Promise<[unknown, unknown]> {
  const { runId } = await start(table);
  if (status === "success") await ask(app.url, FINISH, { id: runId });
  if (status === "error") await ask(app.url, FAIL, { id: runId });
  const { seederRun } = await ask<{ seederRun: { consecutiveFailures: number } }>(
    app.url,
    "query ($id: String!) { seederRun(runId: $id) { consecutiveFailures } }",
    { id: runId },
  );
  return [seederRun.consecutiveFailures, (await jobOf(table))["consecutiveFailures"]];
}

describe("a worker that reports its runs", () => {
  it("gets streaks 0, 1, 2, 2, 3, 0 for success, error, error, running, error, success", async () => {
    await insertManifest(database.sql, "streaky", "SELECT 1");
    const streaks = [];
    for (const status of ["success", "error", "error", "running", "error", "success"])
      streaks.push(await report("streaky", status));
    expect(streaks).toEqual([0, 1, 2, 2, 3, 0].map((streak) => [streak, streak]));
  });

  it("does not mix the streaks of two reports that others report at the same time", async () => {
    const names = ["left", "right", "third"];
    for (const name of names) await insertManifest(database.sql, name, "SELECT 1");
    const all = await Promise.all(
      names.map(async (name, place) => {
        const streaks = [];
        for (let at = 0; at < 8; at += 1)
          streaks.push((await report(name, at % (place + 2) === 0 ? "success" : "error"))[0]);
        return streaks;
      }),
    );
    expect(all).toEqual([
      [0, 1, 0, 1, 0, 1, 0, 1],
      [0, 1, 2, 0, 1, 2, 0, 1],
      [0, 1, 2, 3, 0, 1, 2, 3],
    ]);
  });

  it("shows what it measured, in the run and in the job", async () => {
    await insertManifest(database.sql, "measured", "SELECT 1");
    await report("measured", "error");
    expect(await jobOf("measured")).toMatchObject({ status: "ERROR", lastErrors: "broken", durationSeconds: 0 });
    const { runId } = await start("measured", "run-1");
    expect(runId).toBe("run-1");
    expect(await jobOf("measured")).toMatchObject({ status: "RUNNING", lastErrors: "broken", durationSeconds: null });
    const { finishSeederRun } = await ask<{ finishSeederRun: object }>(app.url, FINISH, {
      id: "run-1",
      input: { recordsProcessed: 12, bytesProcessed: 34, memoryUsageMb: 5, cpuPercentage: 6 },
    });
    expect(finishSeederRun).toMatchObject({
      status: "SUCCESS",
      consecutiveFailures: 0,
      recordsProcessed: 12,
      durationSeconds: 0,
      errors: null,
    });
    expect(await jobOf("measured")).toMatchObject({ status: "SUCCESS", lastErrors: null, lastRunId: "run-1" });
  });

  it("may say everything twice", async () => {
    await insertManifest(database.sql, "twice", "SELECT 1");
    await insertManifest(database.sql, "other", "SELECT 1");
    const both = await Promise.all([start("twice", "t1"), start("twice", "t1")]);
    expect(both.map(({ runId }) => runId)).toEqual(["t1", "t1"]);
    for (let repeat = 0; repeat < 2; repeat += 1)
      expect(await ask(app.url, FAIL, { id: "t1" })).toMatchObject({ failSeederRun: { consecutiveFailures: 1 } });
    expect(await jobOf("twice")).toMatchObject({ consecutiveFailures: 1 });
    expect(await database.sql`select from reporting.seeder_run_history where table_name = 'twice'`).toHaveLength(1);
    expect(await codeOf(START, { table: "other", id: "t1" })).toBe("CONFLICT");
    expect(await codeOf(FINISH, { id: "t1" })).toBe("INVALID_TRANSITION");
  });

  it("is told what it may not say", async () => {
    expect(await codeOf(START, { table: "nobody" })).toBe("NOT_FOUND");
    expect(await codeOf(FINISH, { id: "nobody" })).toBe("NOT_FOUND");
    await makeReport(app.url, "own", "SELECT 1 AS one");
    await refreshed(app.url, "own");
    await database.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
      values ('waits', 1, 'own', 'x', 7, 'north', 'custom', 'pending')`;
    expect(await codeOf(FINISH, { id: "waits" })).toBe("INVALID_TRANSITION");
  });
});

describe("a job", () => {
  it("answers every field of the monitoring list under its camelCase name, and a run those of the history", async () => {
    await makeReport(app.url, "mapped", "SELECT 1 AS one");
    const { runId } = await refreshed(app.url, "mapped");
    const { seederJob, seederRun } = await ask<{ seederJob: object; seederRun: object }>(
      app.url,
      `query ($id: String!) {
        seederJob(tableName: "mapped") { manifestId reportName tableName reportType status durationSeconds startTime consecutiveFailures agencyId agencySlug lastRunId lastErrors updatedAt }
        seederRun(runId: $id) { runId status startTime finishTime durationSeconds recordsProcessed bytesProcessed memoryUsageMb cpuPercentage errors isSkipped
          id manifestId tableName reportName reportType agencyId agencySlug consecutiveFailures createdAt updatedAt job { tableName } }
      }`,
      { id: runId },
    );
    const [job] = await database.sql`select * from reporting.seeder_job_status where table_name = 'mapped'`;
    const [run] = await database.sql`select * from reporting.seeder_run_history where run_id = ${runId}`;
    const camel = (row: Readonly<Record<string, unknown>> | undefined) =>
      Object.fromEntries(
        Object.entries(row ?? {})
          .filter(([key]) => !key.startsWith("known_"))
          .map(([key, value]) => [
            key.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase()),
            key === "status" || key === "report_type"
              ? String(value).toUpperCase()
              : /^\d{4}-\d\d-\d\d /.test(String(value))
                ? instantFromPostgres(String(value))
                : key.endsWith("_processed")
                  ? Number(value)
                  : value,
          ]),
      );
    expect(seederJob).toEqual(camel(job));
    expect(seederRun).toEqual({ ...camel(run), job: { tableName: "mapped" } });
  });
});

describe("a subscription to jobs", () => {
  it("gets the changes that meet its filter, live and from a cursor alike", async () => {
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const { client } = connect(app.url);
    const query = (filter: string) =>
      `subscription ($after: Cursor) { seederJobChanged(filter: ${filter}, after: $after) { key job { status consecutiveFailures isFailing } } }`;
    const filters = [
      '{ search: "FAN" }',
      "{ isFailing: true }",
      '{ isFailing: false, search: "fan" }',
      '{ agencySlug: "south" }',
      '{ status: [RUNNING], tableName: "Fans" }',
    ];
    const live = filters.map((filter) =>
      collect<{ key: string; job: { status: string; isFailing: boolean } }>(client, query(filter), {
        after: liveCursor,
      }),
    );
    await insertManifest(database.sql, "Fans", "SELECT 1");
    for (let at = 0; at < 4; at += 1) await report("Fans", "error");
    await report("Fans", "success");
    await live[0]?.until((items) => items.length === 10);
    await live[1]?.until((items) => items.length === 4);
    await live[2]?.until((items) => items.length === 6);
    await live[4]?.until((items) => items.length === 5);
    const replayed = filters.map((filter) => collect(client, query(filter), { after: liveCursor }));
    for (const [at, seen] of live.entries()) {
      await replayed[at]?.until((items) => items.length >= seen.items.length);
      expect(replayed[at]?.items).toEqual(seen.items);
    }
    expect(live[1]?.items.every(({ job }) => job.isFailing)).toBe(true);
    expect(live[3]?.items).toEqual([]);
    await client.dispose();
  });

  it("begins with the jobs that meet its filter where it is asked to", async () => {
    await insertManifest(database.sql, "Pumps", "SELECT 1");
    for (let at = 0; at < 3; at += 1) await report("Pumps", "error");
    const { client } = connect(app.url);
    const seen = collect<{ operation: string; key: string; job: { consecutiveFailures: number } }>(
      client,
      `subscription { seederJobChanged(filter: { search: "PUMP", isFailing: true, status: [ERROR] }, snapshot: true) {
        operation key job { consecutiveFailures } } }`,
    );
    await seen.until((items) => items.length === 1);
    await report("Pumps", "error");
    await seen.until((items) => items.length === 2);
    expect(seen.items).toEqual([
      { operation: "SNAPSHOT", key: "Pumps", job: { consecutiveFailures: 3 } },
      { operation: "UPDATE", key: "Pumps", job: { consecutiveFailures: 4 } },
    ]);
    await client.dispose();
  });

  it("is refused a filter by the clock, and says why", async () => {
    const { client } = connect(app.url);
    const seen = collect(client, "subscription { seederJobChanged(filter: { isLongRunning: true }) { key } }");
    await seen.ended;
    expect(seen.errors).toMatchObject([
      { message: expect.stringContaining("by the clock"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
    await client.dispose();
  });

  it("of runs of one table gets those alone", async () => {
    await insertManifest(database.sql, "watched", "SELECT 1");
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const { client } = connect(app.url);
    const seen = collect<{ run: { status: string; tableName: string } }>(
      client,
      'subscription ($after: Cursor) { seederRunChanged(tableName: "watched", after: $after) { run { status tableName } } }',
      { after: liveCursor },
    );
    await report("Fans", "error");
    await report("watched", "error");
    await seen.until((items) => items.length === 2);
    expect(seen.items.map(({ run }) => [run.tableName, run.status])).toEqual([
      ["watched", "RUNNING"],
      ["watched", "ERROR"],
    ]);
    await client.dispose();
  });
});
