import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, refreshed } from "../support/reports.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SEEDER_PARALLEL: "0" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const code = async (query: string, variables: Readonly<Record<string, unknown>> = {}) =>
  (await post(app.url, query, variables)).errors?.[0]?.extensions.code;
const CANCEL = "mutation ($table: String!) { cancelRefresh(tableName: $table) { runId status errors isSkipped } }";
const REFRESH = "mutation ($table: String!) { refreshReport(tableName: $table) { runId status } }";

describe("cancelRefresh", () => {
  it("takes back what waits: it counts for nothing, and the report can be refreshed again", async () => {
    await insertManifest(database.sql, "beds", "SELECT 1 AS one");
    const { refreshReport } = await ask<{ refreshReport: { runId: string } }>(app.url, REFRESH, { table: "beds" });
    expect(await ask(app.url, CANCEL, { table: "beds" })).toEqual({
      cancelRefresh: {
        runId: refreshReport.runId,
        status: "ERROR",
        errors: "Cancelled before it began.",
        isSkipped: true,
      },
    });
    const JOB = '{ seederJob(tableName: "beds") { consecutiveFailures isFailing } }';
    expect(await ask(app.url, JOB)).toEqual({ seederJob: { consecutiveFailures: 0, isFailing: false } });
    expect(await code(CANCEL, { table: "beds" })).toBe("NOT_FOUND");
    const again = await ask<{ refreshReport: { runId: string; status: string } }>(app.url, REFRESH, { table: "beds" });
    expect(again.refreshReport.runId).not.toBe(refreshReport.runId);
    expect(again.refreshReport.status).toBe("PENDING");
  });

  it("leaves one alone that is being made, and knows no other", async () => {
    await database.sql`update reporting.seeder_queue set claimed_by = 'somebody', lease_until = now() + interval '1 hour' where table_name = 'beds'`;
    expect(await code(CANCEL, { table: "beds" })).toBe("INVALID_TRANSITION");
    expect(await code(CANCEL, { table: "none" })).toBe("NOT_FOUND");
  });
});

describe("canned manifests", () => {
  const MANIFESTS = "{ cannedReportManifests { id } }";
  const UPDATE =
    "mutation ($id: ID!, $input: UpdateCannedReportManifestInput!) { updateCannedReportManifest(id: $id, input: $input) { enabled scheduleMinutes } }";
  let id: string;
  beforeAll(async () => {
    await database.sql`insert into reporting.seeder_canned_report (table_name, report_name, query) values ('staff', 'Staff', 'select 1')`;
    // As a program writes it that knows no such column.
    await database.sql`insert into reporting.seeder_canned_report_manifest (agency_id, agency_slug, canned_report_id, schedule_minutes)
      select g, 'a' || g, 1, 30 from generate_series(1, 2) g`;
    const { cannedReportManifests } = await ask<{ cannedReportManifests: { id: string }[] }>(app.url, MANIFESTS);
    id = cannedReportManifests[0]?.id ?? "";
  });

  it("are enabled when a program makes them, and changed in part: what is not given stays as it is", async () => {
    expect(await ask(app.url, "{ cannedReportManifests { enabled } }")).toEqual({
      cannedReportManifests: [{ enabled: true }, { enabled: true }],
    });
    expect(await ask(app.url, UPDATE, { id, input: { enabled: false } })).toEqual({
      updateCannedReportManifest: { enabled: false, scheduleMinutes: 30 },
    });
    expect(await ask(app.url, UPDATE, { id, input: { scheduleMinutes: null } })).toEqual({
      updateCannedReportManifest: { enabled: false, scheduleMinutes: null },
    });
    expect(await ask(app.url, UPDATE, { id, input: { scheduleMinutes: 60, enabled: null } })).toEqual({
      updateCannedReportManifest: { enabled: false, scheduleMinutes: 60 },
    });
    expect(await code(UPDATE, { id, input: { scheduleMinutes: 0 } })).toBe("BAD_USER_INPUT");
    expect(await code(UPDATE, { id: "999", input: {} })).toBe("NOT_FOUND");
  });

  it("are not refreshed while they are disabled, neither by hand nor with all", async () => {
    expect(await code(REFRESH, { table: "staff_a1" })).toBe("CONFLICT");
    const ALL = "mutation ($type: ReportType) { refreshAllReports(reportType: $type) { tableName } }";
    expect(await ask(app.url, ALL, { type: "CANNED" })).toEqual({ refreshAllReports: [{ tableName: "staff_a2" }] });
    const { refreshAllReports } = await ask<{ refreshAllReports: { tableName: string }[] }>(app.url, ALL, {
      type: "CUSTOM",
    });
    expect(refreshAllReports).toEqual([{ tableName: "beds" }]);
  });
});

it("a refresh leaves the planner with the number of rows, at the first time as later", async () => {
  const maker = await startService(database.url);
  const rows = async () =>
    Number(
      (await database.sql`select reltuples from pg_class where oid = 'reporting.numbers'::regclass`)[0]?.["reltuples"],
    );
  await database.sql`create table public.amount as select 300 as rows`;
  await database.sql`grant select on public.amount to public`;
  await insertManifest(database.sql, "numbers", "SELECT generate_series(1, rows) AS n FROM public.amount");
  await refreshed(maker.url, "numbers");
  expect(await rows()).toBe(300);
  await database.sql`update public.amount set rows = 500`;
  await refreshed(maker.url, "numbers");
  expect(await rows()).toBe(500);
  await maker.stop();
});

describe("subscriptions", () => {
  it("tell HL7 files by their type, of one log or of all", async () => {
    const { client } = connect(app.url);
    const query =
      "subscription ($log: String) { hl7FileChanged(logFilePath: $log) { operation key hl7File { id segmentNumber date } } }";
    const all = collect<{ key: string }>(client, query);
    const one = collect<{ key: string }>(client, query, { log: "/in/b.log" });
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    expect(liveCursor).not.toBe("");
    const RECORD = "mutation ($input: [Hl7FileInput!]!) { recordHl7Files(input: $input) { id } }";
    const input = ["a", "b"].map((log) => ({
      hl7FilePath: `/out/${log}.hl7`,
      logFilePath: `/in/${log}.log`,
      segmentNumber: 2,
      date: "2026-01-02",
    }));
    // Until both have begun.
    while (all.items.length === 0 || one.items.length === 0) {
      await ask(app.url, RECORD, { input });
      await ask(app.url, RECORD, { input: input.map((file) => ({ ...file, date: "2026-01-03" })) });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(one.items[0]).toMatchObject({ key: "/out/b.hl7", hl7File: { id: "2 /in/b.log", segmentNumber: 2 } });
    expect(new Set(one.items.map(({ key }) => key))).toEqual(new Set(["/out/b.hl7"]));
    await all.until((items) => new Set(items.map(({ key }) => key)).size === 2);
    await client.dispose();
  });

  it("begin with the state where it is asked for: runs of reports, entries of a document's log", async () => {
    const { client } = connect(app.url);
    const { createFile } = await ask<{ createFile: { id: string } }>(
      app.url,
      'mutation { createFile(input: { filehash: "x" }) { id } }',
    );
    for (const message of ["one", "two"])
      await ask(
        app.url,
        "mutation ($id: ID!, $m: String!) { logProcessingEvent(input: { fileId: $id, message: $m }) { id } }",
        {
          id: createFile.id,
          m: message,
        },
      );
    const logs = collect<{ operation: string; log: { message: string } }>(
      client,
      "subscription ($id: ID!) { processingLogAdded(fileId: $id, snapshot: true) { operation log { message } } }",
      { id: createFile.id },
    );
    await logs.until((items) => items.length === 2);
    expect(logs.items.map(({ operation, log }) => [operation, log.message])).toEqual([
      ["SNAPSHOT", "one"],
      ["SNAPSHOT", "two"],
    ]);
    const runs = collect<{ operation: string; run: { tableName: string } }>(
      client,
      'subscription { seederRunChanged(tableName: "beds", snapshot: true) { operation run { tableName status } } }',
    );
    const { seederRuns } = await ask<{ seederRuns: { totalCount: number } }>(
      app.url,
      '{ seederRuns(filter: { tableName: "beds" }) { totalCount } }',
    );
    await runs.until((items) => items.length === seederRuns.totalCount);
    expect(new Set(runs.items.map(({ operation }) => operation))).toEqual(new Set(["SNAPSHOT"]));
    await client.dispose();
  });
});
