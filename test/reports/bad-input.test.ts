import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, makeReport, refresh, refreshed, until } from "../support/reports.ts";
import { ask, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let reportId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql.unsafe(
    "create table reporting.plain (n integer); create materialized view reporting.foreign_view as select 1 as one",
  );
  app = await startService(database.url);
  await makeReport(app.url, "taken", "SELECT 1 AS one");
  const { createCannedReport } = await ask<{ createCannedReport: { id: string } }>(app.url, CANNED, {
    input: { tableName: "shared", reportName: "Shared", query: "SELECT 1 AS one" },
  });
  reportId = createCannedReport.id;
  await ask(app.url, CANNED_MANIFEST, { input: { agencyId: 1, agencySlug: "north", cannedReportId: reportId } });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const CUSTOM = "mutation ($input: CustomReportManifestInput!) { createCustomReportManifest(input: $input) { id } }";
const UPDATE =
  "mutation ($id: ID!, $input: CustomReportManifestInput!) { updateCustomReportManifest(id: $id, input: $input) { tableName query enabled scheduleMinutes } }";
const CANNED = "mutation ($input: CannedReportInput!) { createCannedReport(input: $input) { id } }";
const CANNED_MANIFEST =
  "mutation ($input: CannedReportManifestInput!) { createCannedReportManifest(input: $input) { id tableName } }";
const good = { tableName: "fine", reportName: "Fine", agencyId: 1, agencySlug: "north", query: "SELECT 1 AS one" };
const long = (length: number) => "x".repeat(length);

type Case = readonly [what: string, wrong: Readonly<Record<string, unknown>>, named: RegExp, code?: string];

const wrongs: readonly Case[] = [
  ["no name", { tableName: "" }, /tableName is not a plain identifier/],
  ["a name with a quote", { tableName: 'a"b' }, /tableName is not a plain identifier/],
  ["a name with a schema", { tableName: "public.a" }, /tableName is not a plain identifier/],
  ["a name that begins with a digit", { tableName: "1a" }, /tableName is not a plain identifier/],
  ["a name of 57 characters", { tableName: long(57) }, /57 characters; it can have 56/],
  ["a name of the service's own", { tableName: "a__new" }, /ends like the names/],
  ["a name that another manifest has", { tableName: "taken" }, /custom manifest \d+ makes taken already/, "CONFLICT"],
  [
    "a name that a canned manifest makes",
    { tableName: "shared_north" },
    /canned manifest \d+ makes shared_north/,
    "CONFLICT",
  ],
  ["a name that a table has", { tableName: "plain" }, /reporting\.plain exists already/, "CONFLICT"],
  ["a name that another's view has", { tableName: "foreign_view" }, /foreign_view exists already/, "CONFLICT"],
  ["a name of the seeder's own tables", { tableName: "seeder_run_history" }, /exists already/, "CONFLICT"],
  ["no report name", { reportName: " " }, /reportName is empty/],
  ["a report name of 513 characters", { reportName: long(513) }, /reportName is longer than 512/],
  ["a negative agency", { agencyId: -1 }, /agencyId is negative/],
  ["a slug with a space", { agencySlug: "a b" }, /agencySlug is not a slug/],
  ["a slug with a NUL", { agencySlug: "a\0" }, /NUL/],
  ["a schedule of no minutes", { scheduleMinutes: 0 }, /scheduleMinutes is less than a minute/],
  ["a database that is not configured", { databaseId: 2 }, /databaseId is 2, which is not configured; there are 1/],
  ["a negative database", { databaseId: -1 }, /databaseId is negative/],
  ["an empty query", { query: "" }, /query is empty/],
  ["a comment for a query", { query: "-- nothing" }, /syntax error at end of input/],
  ["a query of 262,145 characters", { query: long(262_145) }, /query is longer than 262144/],
  [
    "a syntax error",
    { query: "SELECT 1\nFROM WHERE" },
    /refused by PostgreSQL: syntax error at or near "WHERE" \(line 2, column 6\)/,
  ],
  [
    "a missing column, after what is bound",
    { query: "SELECT :agency_slug AS s, :agency_id AS i, 'ä😀' AS t, nowhere" },
    /column "nowhere" does not exist \(line 1, column 55\)/,
  ],
  ["a missing table", { query: "SELECT * FROM nowhere" }, /relation "nowhere" does not exist \(line 1, column 15\)/],
  ["two statements", { query: "SELECT 1; SELECT 2" }, /refused by PostgreSQL/],
  ["a statement that writes", { query: "DELETE FROM reporting.plain" }, /refused by PostgreSQL: syntax error/],
  [
    "WITH that writes",
    { query: "WITH d AS (DELETE FROM reporting.plain RETURNING n) SELECT * FROM d" },
    /data-modifying/,
  ],
  ["a parameter that is none", { query: "SELECT $1" }, /refused by PostgreSQL/],
];

const cases = wrongs.map(([what, wrong, named, code = "BAD_USER_INPUT"]) => [what, wrong, named, code] as const);

async function expectRefused(query: string, variables: object, named: RegExp, code = "BAD_USER_INPUT"): Promise<void> {
  const { data, errors } = await post(app.url, query, { ...variables });
  expect(errors?.[0]?.message).toMatch(named);
  expect(errors?.[0]?.extensions.code).toBe(code);
  expect(data ?? null).toBeNull();
}

describe("a custom manifest", () => {
  it.each(cases)("is refused with %s", async (_what, wrong, named, code) => {
    await expectRefused(CUSTOM, { input: { ...good, ...wrong } }, named, code);
    expect(await database.sql`select table_name from reporting.seeder_custom_report_manifest`).toHaveLength(1);
  });

  it("keeps its own name when it is changed, and what is left out", async () => {
    const id = await makeReport(app.url, "own", "SELECT 1 AS one", { scheduleMinutes: 1_000, enabled: false });
    expect(await ask(app.url, UPDATE, { id, input: { ...good, tableName: "own", query: "SELECT 2 AS two" } })).toEqual({
      updateCustomReportManifest: {
        tableName: "own",
        query: "SELECT 2 AS two",
        enabled: false,
        scheduleMinutes: 1_000,
      },
    });
    await expectRefused(UPDATE, { id, input: { ...good, tableName: "taken" } }, /makes taken already/, "CONFLICT");
    await expectRefused(UPDATE, { id: "999", input: good }, /no manifest 999/, "NOT_FOUND");
    await expectRefused(UPDATE, { id: "x", input: good }, /no manifest x/, "NOT_FOUND");
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
  });

  it("of another agency has its job there at once; an id beyond 32 bits is none", async () => {
    const id = await makeReport(app.url, "moving", "SELECT 1 AS one");
    await refreshed(app.url, "moving");
    await ask(app.url, UPDATE, { id, input: { ...good, tableName: "moving", agencyId: 77, agencySlug: "elsewhere" } });
    expect(
      await ask(app.url, '{ seederJobs(filter: { agencySlug: "elsewhere" }) { nodes { tableName agencyId } } }'),
    ).toEqual({
      seederJobs: { nodes: [{ tableName: "moving", agencyId: 77 }] },
    });
    await expectRefused(UPDATE, { id: "3000000000", input: good }, /no manifest 3000000000/, "NOT_FOUND");
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
  });

  it("under another name loses the old view, and the next refresh makes the new one", async () => {
    const id = await makeReport(app.url, "before", "SELECT 1 AS one");
    await refreshed(app.url, "before");
    await ask(app.url, UPDATE, { id, input: { ...good, tableName: "after" } });
    await refreshed(app.url, "after");
    const views = await database.sql`select matviewname from pg_matviews where matviewname in ('before', 'after')`;
    expect(views.map((row) => row["matviewname"])).toEqual(["after"]);
    expect(await ask(app.url, '{ seederJob(tableName: "before") { status } }')).toEqual({ seederJob: null });
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
  });

  it("is not deleted while it is being refreshed, or while other views read it", async () => {
    const REMOVE = "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }";
    const id = await makeReport(app.url, "busy", "SELECT 1 AS x FROM (SELECT pg_advisory_xact_lock_shared(816)) l");
    await refreshed(app.url, "busy");
    await database.sql`create view public.reader as select * from reporting.busy`;
    await expectRefused(REMOVE, { id }, /Other views read reporting\.busy/, "CONFLICT");
    await database.sql`drop view public.reader`;
    await database.sql.begin(async (holder) => {
      // The refresh waits for it until it was refused.
      await holder`select pg_advisory_xact_lock(816)`;
      const { runId } = await refresh(app.url, "busy");
      await until(
        async () =>
          (await database.sql`select status from reporting.seeder_run_history where run_id = ${runId}`)[0]?.[
            "status"
          ] as string,
        (status) => status === "running",
      );
      await expectRefused(REMOVE, { id }, /busy is being refreshed/, "CONFLICT");
    });
  });

  it("is one when several are made at once under one name", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post(app.url, CUSTOM, { input: { ...good, tableName: "raced" } })),
    );
    expect(answers.filter(({ errors }) => errors === undefined)).toHaveLength(1);
    await database.sql`delete from reporting.seeder_custom_report_manifest where table_name <> 'taken'`;
  });
});

describe("a canned report", () => {
  it("is checked as a custom one is, and for each agency", async () => {
    const input = { tableName: "c", reportName: "C", query: "SELECT 1 AS one" };
    await expectRefused(CANNED, { input: { ...input, tableName: "a b" } }, /tableName is not a plain identifier/);
    await expectRefused(CANNED, { input: { ...input, query: "SELECT *\n FROM :agency_slug.x" } }, /line 2, column 7/);
    await expectRefused(CANNED, { input: { ...input, databaseId: 5 } }, /databaseId is 5/);
    const manifest = { agencyId: 2, agencySlug: "south", cannedReportId: reportId };
    await expectRefused(
      CANNED_MANIFEST,
      { input: { ...manifest, agencySlug: "north" } },
      /makes shared_north/,
      "CONFLICT",
    );
    await expectRefused(
      CANNED_MANIFEST,
      { input: { ...manifest, agencySlug: "x".repeat(60) } },
      /view's name of 67 characters/,
    );
    await expectRefused(
      CANNED_MANIFEST,
      { input: { ...manifest, cannedReportId: "999" } },
      /no canned report 999/,
      "NOT_FOUND",
    );
    await insertManifest(database.sql, "shared_south", "SELECT 1");
    await expectRefused(CANNED_MANIFEST, { input: manifest }, /makes shared_south/, "CONFLICT");
  });

  it("is not deleted while agencies have it", async () => {
    const REMOVE = "mutation ($id: ID!) { deleteCannedReport(id: $id) }";
    await expectRefused(REMOVE, { id: reportId }, /Agencies have the canned report \d+: north/, "CONFLICT");
    await expectRefused(REMOVE, { id: "999" }, /no canned report 999/, "NOT_FOUND");
    const { createCannedReport } = await ask<{ createCannedReport: { id: string } }>(app.url, CANNED, {
      input: { tableName: "spare", reportName: "Spare", query: "SELECT 1 AS one" },
    });
    expect(await ask(app.url, REMOVE, { id: createCannedReport.id })).toEqual({ deleteCannedReport: true });
  });
});

describe("a report of a run is refused with", () => {
  const FAIL = "mutation ($id: String!, $errors: String!) { failSeederRun(runId: $id, errors: $errors) { id } }";
  const FINISH =
    "mutation ($id: String!, $input: FinishSeederRunInput) { finishSeederRun(runId: $id, input: $input) { id } }";
  it.each([
    ["an empty run id", 'mutation { startSeederRun(tableName: "taken", runId: "") { id } }', {}, /runId is empty/],
    [
      "a run id of 256 characters",
      'mutation ($id: String) { startSeederRun(tableName: "taken", runId: $id) { id } }',
      { id: long(256) },
      /runId is longer than 255/,
    ],
    ["no errors", FAIL, { id: "x", errors: " " }, /errors is empty/],
    ["errors with a NUL", FAIL, { id: "x", errors: "a\0" }, /NUL/],
    ["negative rows", FINISH, { id: "x", input: { recordsProcessed: -1 } }, /recordsProcessed is negative/],
    ["rows beyond 2^53", FINISH, { id: "x", input: { bytesProcessed: 2 ** 60 } }, /1152921504606846976|SafeInt|safe/i],
    ["negative percent", FINISH, { id: "x", input: { cpuPercentage: -5 } }, /cpuPercentage is negative/],
  ])("%s", async (_what, query, variables, named) => {
    const { errors } = await post(app.url, query, variables);
    expect(errors?.[0]?.message).toMatch(named);
    expect(await database.sql`select from reporting.seeder_run_history where table_name = 'taken'`).toHaveLength(0);
  });
});
