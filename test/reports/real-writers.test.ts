import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { changeReport, makeReport, refreshed } from "../support/reports.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_FAILING_AFTER: "2",
    WEIR_LONG_RUNNING_MINUTES: "5",
    WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: "1",
  });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

interface Run {
  run_id: string;
  status: string;
  table_name: string;
  start_time?: string;
  finish_time?: string;
  report_type?: string;
  errors?: string;
}
const insertRuns = (runs: readonly Run[]) =>
  database.sql`insert into reporting.seeder_run_history ${database.sql(
    runs.map((run) => ({
      manifest_id: 1,
      report_name: "Crimes",
      agency_id: 7,
      agency_slug: "north",
      report_type: "custom",
      start_time: new Date(),
      finish_time: null,
      errors: null,
      ...run,
    })),
  )}`;

const problemOf = async (tableName: string, query: string) =>
  (
    await post(
      app.url,
      "mutation ($input: CustomReportManifestInput!) { createCustomReportManifest(input: $input) { id } }",
      { input: { tableName, reportName: tableName, agencyId: 7, agencySlug: "north", query } },
    )
  ).errors?.[0];

describe("words of programs", () => {
  it("that mean none of ours are UNKNOWN beside the stored word; case alone is no difference", async () => {
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    await insertRuns([
      { run_id: "w1", table_name: "words_a", status: "cancelled" },
      { run_id: "w2", table_name: "words_b", status: "SUCCESS", report_type: "Custom" },
      { run_id: "w3", table_name: "words_c", status: "success", report_type: "adhoc" },
    ]);
    const JOBS = `query ($filter: SeederJobFilter) { seederJobs(filter: $filter) {
      nodes { tableName status statusText reportType reportTypeText } totalCount } }`;
    const jobs = async (filter: object) =>
      (await ask<{ seederJobs: { nodes: Record<string, string>[] } }>(app.url, JOBS, { filter })).seederJobs.nodes;
    expect(await jobs({ search: "WORDS_" })).toEqual([
      {
        tableName: "words_a",
        status: "UNKNOWN",
        statusText: "cancelled",
        reportType: "CUSTOM",
        reportTypeText: "custom",
      },
      {
        tableName: "words_b",
        status: "SUCCESS",
        statusText: "SUCCESS",
        reportType: "CUSTOM",
        reportTypeText: "Custom",
      },
      {
        tableName: "words_c",
        status: "SUCCESS",
        statusText: "success",
        reportType: "UNKNOWN",
        reportTypeText: "adhoc",
      },
    ]);
    expect(await jobs({ search: "words_", status: ["UNKNOWN"] })).toMatchObject([{ tableName: "words_a" }]);
    expect(await jobs({ search: "words_", reportType: "UNKNOWN" })).toMatchObject([{ tableName: "words_c" }]);
    const { client } = connect(app.url);
    const seen = collect<{ job: { tableName: string; status: string } }>(
      client,
      `subscription ($after: Cursor) { seederJobChanged(after: $after, filter: { status: [UNKNOWN], search: "words_" }) {
        cursor job { tableName status } } }`,
      { after: liveCursor },
    );
    await seen.until((items) => items.length === 1);
    expect(seen.items.map(({ job }) => job)).toEqual([{ tableName: "words_a", status: "UNKNOWN" }]);
    const { seederDashboard } = await ask<{ seederDashboard: { byStatus: { status: string; count: number }[] } }>(
      app.url,
      "{ seederDashboard { byStatus { status count } } }",
    );
    expect(seederDashboard.byStatus).toContainEqual({ status: "UNKNOWN", count: 1 });
    await client.dispose();
  });
});

describe("a streak", () => {
  it("of four errors in one statement, newest first, is four", async () => {
    await insertRuns(
      [4, 3, 2, 1].map((hour) => ({
        run_id: `s${hour}`,
        table_name: "streak",
        status: "error",
        start_time: `2024-01-15T0${hour}:00:00Z`,
        finish_time: `2024-01-15T0${hour}:00:07Z`,
      })),
    );
    const rows = await database.sql`select consecutive_failures as streak, duration_seconds as seconds
      from reporting.seeder_run_history where table_name = 'streak' order by start_time`;
    expect(rows.map((row) => [row["streak"], row["seconds"]])).toEqual([
      [1, 7],
      [2, 7],
      [3, 7],
      [4, 7],
    ]);
    const [job] =
      await database.sql`select consecutive_failures as streak from reporting.seeder_job_status where table_name = 'streak'`;
    expect(job?.["streak"]).toBe(4);
  });

  it("goes on from the history, and begins anew behind a success, in whatever order the statement has them", async () => {
    await insertRuns([{ run_id: "h0", table_name: "mixed", status: "error", start_time: "2024-01-15T00:00:00Z" }]);
    await insertRuns([
      { run_id: "h4", table_name: "mixed", status: "ERROR", start_time: "2024-01-15T04:00:00Z" },
      { run_id: "h1", table_name: "mixed", status: "error", start_time: "2024-01-15T01:00:00Z" },
      { run_id: "h3", table_name: "mixed", status: "error", start_time: "2024-01-15T03:00:00Z" },
      { run_id: "h2", table_name: "mixed", status: "success", start_time: "2024-01-15T02:00:00Z" },
    ]);
    const rows = await database.sql`select consecutive_failures as streak from reporting.seeder_run_history
      where table_name = 'mixed' order by start_time`;
    expect(rows.map((row) => row["streak"])).toEqual([1, 2, 0, 1, 2]);
  });
});

it("a worker that ends a run by SQL and says no time gets a duration", async () => {
  await insertRuns([
    { run_id: "d1", table_name: "timed", status: "running", start_time: new Date(Date.now() - 60_000).toISOString() },
  ]);
  await database.sql`update reporting.seeder_run_history set status = 'error', errors = 'boom' where run_id = 'd1'`;
  const { seederRun } = await ask<{ seederRun: { durationSeconds: number; finishTime: string } }>(
    app.url,
    '{ seederRun(runId: "d1") { durationSeconds finishTime } }',
  );
  expect(seederRun.durationSeconds).toBeGreaterThanOrEqual(60);
  expect(seederRun.finishTime).not.toBeNull();
});

it("the view for SQL has the flags of GraphQL, under the service's settings", async () => {
  await insertRuns([
    { run_id: "f1", table_name: "flags_failing", status: "error", start_time: "2024-01-15T01:00:00Z" },
    { run_id: "f2", table_name: "flags_failing", status: "error", start_time: "2024-01-15T02:00:00Z" },
    {
      run_id: "f3",
      table_name: "flags_long",
      status: "running",
      start_time: new Date(Date.now() - 6 * 60_000).toISOString(),
    },
    { run_id: "f4", table_name: "flags_none", status: "running" },
  ]);
  const { seederJobs } = await ask<{ seederJobs: { nodes: object[] } }>(
    app.url,
    '{ seederJobs(filter: { search: "flags_" }) { nodes { tableName isFailing isLongRunning } } }',
  );
  const rows =
    await database.sql`select table_name as "tableName", is_failing as "isFailing", is_long_running as "isLongRunning"
    from reporting.seeder_dashboard where table_name like 'flags%' order by table_name`;
  expect(seederJobs.nodes).toEqual([
    { tableName: "flags_failing", isFailing: true, isLongRunning: false },
    { tableName: "flags_long", isFailing: false, isLongRunning: true },
    { tableName: "flags_none", isFailing: false, isLongRunning: false },
  ]);
  expect([...rows]).toEqual(seederJobs.nodes);
});

it("cooling is one run, however often a refresh is asked for, and counts nowhere", async () => {
  await makeReport(app.url, "cools", "SELECT 1 / (SELECT 0) AS x");
  for (let failures = 0; failures < 5; failures += 1)
    expect(await refreshed(app.url, "cools")).toMatchObject({ status: "ERROR" });
  const skipped = [
    await refreshed(app.url, "cools"),
    await refreshed(app.url, "cools"),
    await refreshed(app.url, "cools"),
  ];
  expect(new Set(skipped.map(({ runId }) => runId)).size).toBe(1);
  expect(skipped[0]?.errors).toMatch(/^Skipped until/);
  const { seederRuns, seederJob, overview } = await ask<{
    seederRuns: { totalCount: number };
    seederJob: { consecutiveFailures: number; lastErrors: string };
    overview: { recentFailures: { key: string; message: string }[] };
  }>(
    app.url,
    `{ seederRuns(filter: { tableName: "cools" }) { totalCount } seederJob(tableName: "cools") { consecutiveFailures lastErrors }
       overview { recentFailures { key message } } }`,
  );
  expect(seederRuns.totalCount).toBe(6);
  expect(seederJob).toEqual({ consecutiveFailures: 5, lastErrors: expect.stringContaining("division by zero") });
  const failures = overview.recentFailures.filter(({ key }) => key === "cools");
  expect(failures).toHaveLength(5);
  expect(failures.some(({ message }) => message.startsWith("Skipped"))).toBe(false);
});

describe("a manifest as programs write it", () => {
  it("may have the schema before its table's name, and no database", async () => {
    await database.sql`insert into reporting.seeder_custom_report_manifest
      (table_name, report_name, agency_id, agency_slug, query, database_id)
      values ('reporting.custom_demo', 'Demo', 1, 'a', 'SELECT 1 AS a', null)`;
    expect(await refreshed(app.url, "reporting.custom_demo")).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
    expect(await database.sql`select a from reporting.custom_demo`).toHaveLength(1);
    const { customReportManifests } = await ask<{ customReportManifests: object[] }>(
      app.url,
      '{ customReportManifests(agencySlug: "a") { tableName databaseId job { status } } }',
    );
    expect(customReportManifests).toEqual([
      { tableName: "reporting.custom_demo", databaseId: 1, job: { status: "SUCCESS" } },
    ]);
    // It is the same view.
    expect(await problemOf("custom_demo", "SELECT 2 AS a")).toMatchObject({ extensions: { code: "CONFLICT" } });
  });

  it("of another schema is an error in words", async () => {
    await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query)
      values ('public.elsewhere', 'Elsewhere', 1, 'b', 'SELECT 1 AS a')`;
    expect((await refreshed(app.url, "public.elsewhere")).errors).toMatch(/another schema than reporting/);
  });
});

describe("a report that others read", () => {
  it("is replaced with them when its query changes, also by SQL, and keeps their indexes and grants", async () => {
    const base = await makeReport(app.url, "dep_base", "SELECT 1 AS a, 2 AS b");
    await refreshed(app.url, "dep_base");
    for (const [name, query] of [
      ["dep_top", "SELECT a * 10 AS ten FROM reporting.dep_base"],
      ["dep_peak", "SELECT ten + 1 AS eleven FROM reporting.dep_top"],
    ] as const) {
      await makeReport(app.url, name, query);
      await refreshed(app.url, name);
    }
    await database.sql`create unique index dep_top_ten on reporting.dep_top (ten)`;
    await database.sql`grant select on reporting.dep_peak to public`;
    await changeReport(app.url, base, "dep_base", "SELECT 4 AS a, 2 AS b");
    expect(await refreshed(app.url, "dep_base")).toMatchObject({ status: "SUCCESS", errors: null });
    expect(await database.sql`select eleven from reporting.dep_peak`).toEqual([{ eleven: 41 }]);
    await database.sql`update reporting.seeder_custom_report_manifest set query = 'SELECT 5 AS a' where table_name = 'dep_base'`;
    expect(await refreshed(app.url, "dep_base")).toMatchObject({ status: "SUCCESS", errors: null });
    expect(await database.sql`select eleven from reporting.dep_peak`).toEqual([{ eleven: 51 }]);
    const kept =
      await database.sql`select indexdef from pg_indexes where schemaname = 'reporting' and indexname = 'dep_top_ten'`;
    expect(kept[0]?.["indexdef"]).toMatch(/UNIQUE INDEX dep_top_ten ON reporting\.dep_top/);
    const [granted] =
      await database.sql`select has_table_privilege('public', 'reporting.dep_peak', 'select') as granted`.catch(
        () => database.sql`select exists (select from pg_class c, aclexplode(c.relacl) a
        where c.oid = 'reporting.dep_peak'::regclass and a.grantee = 0) as granted`,
      );
    expect(granted?.["granted"]).toBe(true);
    // They are refreshed as before.
    expect(await refreshed(app.url, "dep_top")).toMatchObject({ status: "SUCCESS", errors: null });
  });

  it("is left as it is, in words, where something reads it that the service did not make", async () => {
    const id = await makeReport(app.url, "read_by_view", "SELECT 1 AS a");
    await refreshed(app.url, "read_by_view");
    await database.sql`create view public.a_view as select a from reporting.read_by_view`;
    await changeReport(app.url, id, "read_by_view", "SELECT 2 AS a");
    expect((await refreshed(app.url, "read_by_view")).errors).toMatch(
      /read by public\.a_view, which the service did not make/,
    );
    expect(await database.sql`select a from public.a_view`).toEqual([{ a: 1 }]);
  });

  it("can't read itself", async () => {
    const id = await makeReport(app.url, "reads_itself", "SELECT 1 AS a");
    await refreshed(app.url, "reads_itself");
    await expect(
      changeReport(app.url, id, "reads_itself", "SELECT a + 1 AS a FROM reporting.reads_itself"),
    ).rejects.toThrow(/the view of this report itself/);
    await database.sql`update reporting.seeder_custom_report_manifest set query = 'SELECT a + 1 AS a FROM reporting.reads_itself'
      where table_name = 'reads_itself'`;
    expect((await refreshed(app.url, "reads_itself")).errors).toMatch(/the view of this report itself/);
  });
});

describe("a query is refused when it is stored", () => {
  it.each([
    ["two columns of one name", "SELECT 1 AS a, 2 AS a", /two columns named "a"/],
    ["a pseudo type", "SELECT pg_sleep(0) AS nothing", /"nothing" of the type void/],
    [
      "more columns than a view has",
      `SELECT ${Array.from({ length: 1_601 }, (_, at) => `1 AS c${at}`).join(", ")}`,
      /1601 columns/,
    ],
    ["a parameter", "SELECT $1::text AS a", /takes no parameters like \$1/],
  ])("for %s", async (_what, query, words) => {
    const problem = await problemOf("refused", query);
    expect(problem).toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
    expect(problem?.message).toMatch(words);
  });
});

it("a query that takes too long is told of the setting", async () => {
  await makeReport(app.url, "too_slow", "SELECT pg_sleep(5)::text AS a");
  expect((await refreshed(app.url, "too_slow")).errors).toContain("WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS");
});

it("an update leaves what it does not name: enabled, and the schedule", async () => {
  const id = await makeReport(app.url, "kept", "SELECT 1 AS a", { enabled: false, scheduleMinutes: 60 });
  await changeReport(app.url, id, "kept", "SELECT 2 AS a");
  const read = async () => {
    const [row] =
      await database.sql`select enabled, schedule_minutes as minutes from reporting.seeder_custom_report_manifest where id = ${id}`;
    return [row?.["enabled"], row?.["minutes"]];
  };
  expect(await read()).toEqual([false, 60]);
  await changeReport(app.url, id, "kept", "SELECT 2 AS a", { enabled: true, scheduleMinutes: null });
  expect(await read()).toEqual([true, null]);
});

it("a canned report under a new name gives it to its jobs at once", async () => {
  const input = { tableName: "renamed", reportName: "Old", query: "SELECT 1 AS a" };
  const { createCannedReport } = await ask<{ createCannedReport: { id: string } }>(
    app.url,
    "mutation ($input: CannedReportInput!) { createCannedReport(input: $input) { id } }",
    { input },
  );
  await ask(
    app.url,
    "mutation ($input: CannedReportManifestInput!) { createCannedReportManifest(input: $input) { id } }",
    { input: { agencyId: 3, agencySlug: "east", cannedReportId: createCannedReport.id } },
  );
  await refreshed(app.url, "renamed_east");
  await ask(
    app.url,
    "mutation ($id: ID!, $input: CannedReportInput!) { updateCannedReport(id: $id, input: $input) { id } }",
    {
      id: createCannedReport.id,
      input: { ...input, reportName: "New" },
    },
  );
  expect(await ask(app.url, '{ seederJob(tableName: "renamed_east") { reportName } }')).toEqual({
    seederJob: { reportName: "New" },
  });
});
