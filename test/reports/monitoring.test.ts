import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
let all: string;
let north: string;
beforeAll(async () => {
  database = await createTestDatabase();
  all = (await makeToken(database, { name: "all", role: "VIEWER" })).secret;
  north = (await makeToken(database, { name: "north", role: "VIEWER", agencySlugs: ["north"] })).secret;
  app = await startService(database.url, { WEIR_SEEDER_PARALLEL: "0", WEIR_SCHEDULER: "off" });
  await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query, enabled, schedule_minutes, scheduled_at)
    values ('beds', 'Beds', 1, 'north', 'select 1', true, 30, '2026-01-01T00:00:00Z'), ('stays', 'Stays', 2, 'south', 'select 1', false, 30, null),
      ('visits', 'Visits', 2, 'south', 'select 1', true, null, null)`;
  await database.sql`insert into reporting.seeder_canned_report (table_name, report_name, query) values ('staff', 'Staff', 'select 1')`;
  await database.sql`insert into reporting.seeder_canned_report_manifest (agency_id, agency_slug, canned_report_id) values (1, 'north', 1), (2, 'south', 1)`;
  for (let run = 1; run <= 40; run += 1) {
    // The five oldest were slow; every third failed.
    const status = run % 3 === 0 ? "error" : "success";
    await database.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status,
        start_time, finish_time, duration_seconds, records_processed, bytes_processed)
      values (${`r${run}`}, 1, 'beds', 'Beds', 1, 'north', 'custom', ${status}, '2026-01-01T00:00:00Z'::timestamptz + make_interval(hours => ${run}),
        '2026-01-01T00:00:00Z'::timestamptz + make_interval(hours => ${run}, secs => 10), ${run < 5 ? 5_000 : 10 + (run % 2)}, ${run}, ${run * 100})`;
  }
  await database.sql`insert into reporting.seeder_cooling (table_name, until, errors) values ('beds', '2100-01-01T00:00:00Z', 'broken')`;
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

async function read<Data>(query: string, secret: string, variables: object = {}): Promise<Data> {
  const { data, errors } = await post<Data>(app.url, query, { ...variables }, bearer(secret));
  if (data == null || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

const DETAILS =
  "scheduleMinutes nextRefreshAt nextRunAt coolingUntil lastSuccessAt recordsProcessed bytesProcessed usualDurationSeconds";

it("a job tells its schedule, its cooling, how old it is and what it usually takes, by one statement for a page", async () => {
  const { seederJob } = await read<{ seederJob: object }>(`{ seederJob(tableName: "beds") { ${DETAILS} } }`, all);
  expect(seederJob).toEqual({
    scheduleMinutes: 30,
    nextRefreshAt: "2026-01-01T00:30:00.000000Z",
    nextRunAt: "2026-01-01T00:30:00.000000Z",
    coolingUntil: "2100-01-01T00:00:00.000000Z",
    lastSuccessAt: "2026-01-02T16:00:10.000000Z",
    recordsProcessed: 40,
    bytesProcessed: 4000,
    usualDurationSeconds: 10.5,
  });
  await using counted = await countStatements(database.url);
  const { names } = await counted.run(`{ seederJobs { nodes { tableName ${DETAILS} } } }`);
  expect(names).toEqual(["reports.details_of_jobs", "reports.jobs"]);
});

const REPORTS = `query ($filter: ReportFilter, $first: Int, $after: String) { reports(filter: $filter, first: $first, after: $after) {
  totalCount nodes { tableName reportType agencySlug enabled scheduleMinutes nextRefreshAt job { status } } pageInfo { hasNextPage endCursor } } }`;
interface Reports {
  readonly reports: {
    readonly totalCount: number;
    readonly nodes: readonly { readonly tableName: string; readonly job: { readonly status: string } | null }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}
const names = async (filter: object, secret = all) => {
  const { reports } = await read<Reports>(REPORTS, secret, { filter });
  expect(reports.totalCount).toBe(reports.nodes.length);
  return reports.nodes.map(({ tableName }) => tableName);
};

it("reports has those that never ran as well, found and paged", async () => {
  const { reports } = await read<Reports>(REPORTS, all);
  expect(reports.nodes.map(({ tableName, job }) => [tableName, job?.status ?? null])).toEqual([
    ["beds", "SUCCESS"],
    ["staff_north", null],
    ["staff_south", null],
    ["stays", null],
    ["visits", null],
  ]);
  expect(await names({ neverRan: false })).toEqual(["beds"]);
  expect(await names({ neverRan: true, agencySlug: "south" })).toEqual(["staff_south", "stays", "visits"]);
  expect(await names({ reportType: "CANNED" })).toEqual(["staff_north", "staff_south"]);
  expect(await names({ enabled: false })).toEqual(["stays"]);
  expect(await names({ search: "BED" })).toEqual(["beds"]);
  const paged: string[] = [];
  let after: string | null = null;
  do {
    const page: Reports = await read(REPORTS, all, { first: 2, after });
    paged.push(...page.reports.nodes.map(({ tableName }) => tableName));
    after = page.reports.pageInfo.hasNextPage ? page.reports.pageInfo.endCursor : null;
  } while (after !== null);
  expect(paged).toEqual(reports.nodes.map(({ tableName }) => tableName));
});

it("nothing of other agencies is told: no report, no agency, and no number of their runs", async () => {
  expect(await names({}, north)).toEqual(["beds", "staff_north"]);
  const AGENCIES = "{ agencies { agencySlug agencyId reports } }";
  expect(await read(AGENCIES, all)).toEqual({
    agencies: [
      { agencySlug: "north", agencyId: 1, reports: 2 },
      { agencySlug: "south", agencyId: 2, reports: 3 },
    ],
  });
  expect(await read(AGENCIES, north)).toEqual({ agencies: [{ agencySlug: "north", agencyId: 1, reports: 2 }] });
  // A run of another agency's for the same table.
  await database.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status,
      start_time, finish_time, duration_seconds, records_processed)
    values ('late', 1, 'beds', 'Beds', 2, 'south', 'custom', 'success', '2025-01-01T00:00:00Z', '2025-01-01T00:00:09Z', 100000, 1)`;
  await database.sql`update reporting.seeder_run_history set start_time = '2026-02-02T00:00:00Z', finish_time = '2026-02-02T00:00:09Z' where run_id = 'late'`;
  await database.sql`update reporting.seeder_job_status set agency_slug = 'north' where table_name = 'beds'`;
  const JOB = '{ seederJob(tableName: "beds") { lastSuccessAt } }';
  expect(await read(JOB, all)).toEqual({ seederJob: { lastSuccessAt: "2026-02-02T00:00:09.000000Z" } });
  expect(await read(JOB, north)).toEqual({ seederJob: { lastSuccessAt: "2026-01-02T16:00:10.000000Z" } });
});
