import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Viewer } from "../../src/resolvers/viewer.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type CountedStatements, countStatements } from "../support/statements.ts";

const JOBS = 500;

let database: TestDatabase;
let counted: CountedStatements;
const opened = new AsyncDisposableStack();

beforeAll(async () => {
  database = opened.use(await createTestDatabase());
  // 500 reports of 10 agencies with 200 runs each; every seventh fails, every fiftieth runs, for an hour.
  await database.sql`
    insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type,
      status, start_time, finish_time, duration_seconds, records_processed, consecutive_failures, errors)
    select 'run-' || j.n || '-' || r.n, j.n, 'report_' || lpad(j.n::text, 3, '0'), 'Report ' || j.n, j.n % 10, 'agency-' || j.n % 10,
           case j.n % 2 when 0 then 'custom' else 'canned' end, s.status, now() - (201 - r.n) * interval '1 hour',
           case s.status when 'running' then null else now() - (201 - r.n) * interval '1 hour' end,
           case s.status when 'running' then null else j.n end, 10, case s.status when 'error' then r.n else 0 end,
           case s.status when 'error' then 'broken' end
    from generate_series(1, ${JOBS}) j(n), generate_series(1, 200) r(n),
      lateral (select case when j.n % 7 = 0 then 'error' when j.n % 50 = 0 and r.n = 200 then 'running' else 'success' end as status) s
    order by r.n, j.n`;
  await database.sql`vacuum analyze reporting.seeder_run_history`;
  await database.sql`vacuum analyze reporting.seeder_job_status`;
  counted = opened.use(await countStatements(database.url));
});
afterAll(() => opened.disposeAsync());

interface Page {
  readonly nodes: readonly { readonly tableName: string; readonly [field: string]: unknown }[];
  readonly totalCount: number;
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
}

async function run(query: string, variables: object = {}, viewer?: Viewer) {
  const { data, names } = await counted.run(query, variables, viewer);
  return { data: data as { seederJobs: Page }, names };
}

const LIST = `query ($first: Int, $filter: SeederJobFilter, $orderBy: SeederJobOrder, $after: String) {
  seederJobs(first: $first, filter: $filter, orderBy: $orderBy, after: $after) {
    nodes { tableName agencySlug status isFailing isLongRunning durationSeconds consecutiveFailures
      runs(first: 1) { nodes { runId status job { tableName } } } }
    pageInfo { endCursor hasNextPage }
    totalCount
  }
}`;

describe("the monitoring list of 500 jobs", () => {
  it("answers flags, agency and last run in the same few statements as for one job", async () => {
    const one = await run(LIST, { first: 1 });
    const all = await run(LIST, { first: JOBS });
    expect(all.names).toEqual(one.names);
    expect(all.names).toMatchInlineSnapshot(`
      [
        "reports.count_jobs",
        "reports.flags_of_jobs",
        "reports.jobs",
        "reports.jobs_by_name",
        "reports.runs_of_jobs",
      ]
    `);
    expect(all.data.seederJobs.nodes).toHaveLength(JOBS);
    expect(all.data.seederJobs.totalCount).toBe(JOBS);
    for (const [at, { tableName, isFailing, isLongRunning, runs }] of all.data.seederJobs.nodes.entries()) {
      const n = at + 1;
      expect(tableName).toBe(`report_${String(n).padStart(3, "0")}`);
      expect(isFailing).toBe(n % 7 === 0);
      // Twice the median of its successes, n seconds, is below the hour that it runs for.
      expect(isLongRunning).toBe(n % 50 === 0 && n % 7 !== 0);
      expect(runs).toMatchObject({ nodes: [{ runId: `run-${n}-200`, job: { tableName } }] });
    }
  });

  it.each([
    ["TABLE_NAME", "tableName"],
    ["STATUS", "status"],
    ["LONGEST_FIRST", "durationSeconds"],
    ["MOST_FAILURES_FIRST", "consecutiveFailures"],
    ["RECENTLY_UPDATED_FIRST", "tableName"],
  ] as const)("pages by %s without a gap or a double, in order", async (orderBy, column) => {
    const seen: Page["nodes"][number][] = [];
    let after: string | null = null;
    do {
      const { seederJobs }: { seederJobs: Page } = (await run(LIST, { first: 70, orderBy, after })).data;
      seen.push(...seederJobs.nodes);
      after = seederJobs.pageInfo.hasNextPage ? seederJobs.pageInfo.endCursor : null;
    } while (after !== null);
    expect(new Set(seen.map(({ tableName }) => tableName)).size).toBe(JOBS);
    // Numbers as texts of one length, a missing duration as the least of them.
    const values = seen.map((node) => {
      const value = node[column];
      return typeof value === "string" ? value : String(typeof value === "number" ? value : 0).padStart(9, "0");
    });
    const sorted = values.toSorted();
    expect(values).toEqual(orderBy === "TABLE_NAME" || orderBy === "STATUS" ? sorted : sorted.toReversed());
  });

  it.each([
    [{ isFailing: true }, (n: number) => n % 7 === 0],
    [{ isFailing: false }, (n: number) => n % 7 !== 0],
    [{ isLongRunning: true }, (n: number) => n % 50 === 0 && n % 7 !== 0],
    [{ isLongRunning: false }, (n: number) => n % 50 !== 0 || n % 7 === 0],
    [{ agencySlug: "agency-3" }, (n: number) => n % 10 === 3],
    [{ reportType: "CANNED", status: ["ERROR"] }, (n: number) => n % 2 === 1 && n % 7 === 0],
    [{ search: "REPORT_05" }, (n: number) => n >= 50 && n < 60],
    [{ search: "gency-4" }, (n: number) => n % 10 === 4],
    [{ search: "%" }, () => false],
    [{ tableName: "report_001" }, (n: number) => n === 1],
  ])("filtered by %o has those alone, and counts as many", async (filter, holds) => {
    const { seederJobs } = (await run(LIST, { first: JOBS, filter })).data;
    const expected = Array.from({ length: JOBS }, (_, at) => at + 1).filter(holds);
    expect(seederJobs.nodes.map(({ tableName }) => Number(tableName.slice(-3)))).toEqual(expected);
    expect(seederJobs.totalCount).toBe(expected.length);
  });

  it("shows a viewer of one agency nothing of the others: in lists, counts, single reads and the dashboard", async () => {
    const viewer: Viewer = { name: "north", role: "VIEWER", agencySlugs: ["agency-3"] };
    const { data } = await run(
      `{ seederJobs(first: 500) { nodes { agencySlug } totalCount }
         seederRuns(first: 5) { nodes { agencySlug } }
         other: seederJob(tableName: "report_001") { tableName } own: seederJob(tableName: "report_003") { tableName }
         otherRun: seederRun(runId: "run-1-1") { runId } ownRun: seederRun(runId: "run-3-1") { runId }
         seederDashboard { total failing { agencySlug } recordsProcessed24h }
         overview { recentFailures(first: 50) { key } } }`,
      {},
      viewer,
    );
    const answer: unknown = data;
    expect(answer).toMatchObject({
      other: null,
      own: { tableName: "report_003" },
      otherRun: null,
      ownRun: { runId: "run-3-1" },
      seederDashboard: { total: 50, failing: Array.from({ length: 7 }, () => ({ agencySlug: "agency-3" })) },
    });
    expect(data.seederJobs.totalCount).toBe(50);
    expect(new Set(JSON.stringify(answer).match(/agency-\d/g))).toEqual(new Set(["agency-3"]));
    const keys = JSON.stringify(answer).match(/"key":"report_\d+"/g) ?? [];
    expect(keys).toHaveLength(50);
    expect(keys.every((key) => key.endsWith('3"'))).toBe(true);
  });
});

describe("every statement of a dashboard", () => {
  it("is answered from indexes: none reads a history or a list as a whole", async () => {
    const before = await readsOfHistory();
    const { names } = await run(
      `{ jobs: seederJobs(first: 50, orderBy: MOST_FAILURES_FIRST) { nodes { isFailing isLongRunning runs(first: 3) { nodes { runId } } } }
         longest: seederJobs(first: 50, orderBy: LONGEST_FIRST) { nodes { tableName } }
         updated: seederJobs(first: 50, orderBy: RECENTLY_UPDATED_FIRST) { nodes { tableName } }
         byStatus: seederJobs(first: 50, orderBy: STATUS) { nodes { tableName } }
         failing: seederJobs(filter: { isFailing: true }, first: 50, orderBy: MOST_FAILURES_FIRST) { nodes { tableName } }
         long: seederJobs(filter: { isLongRunning: true }, first: 50) { nodes { tableName } }
         agency: seederJobs(filter: { agencySlug: "agency-3" }, first: 50) { nodes { tableName } }
         one: seederJob(tableName: "report_001") { tableName }
         run: seederRun(runId: "run-1-1") { runId }
         runs: seederRuns(first: 50) { nodes { runId } }
         ofTable: seederRuns(first: 50, filter: { tableName: "report_001" }) { nodes { runId } }
         ofAgency: seederRuns(first: 50, filter: { agencySlug: "agency-3" }) { nodes { runId } }
         failed: seederRuns(first: 50, filter: { status: [ERROR] }) { nodes { runId } }
         seederDashboard { failing { tableName } longRunning { tableName } }
         overview { recentFailures { key } } }`,
    );
    expect(names.length).toBeGreaterThan(15);
    const after = await readsOfHistory();
    expect(after.scans).toBe(before.scans);
    // Of 100,000: the pages themselves, and 20 successes of each report that runs.
    expect(after.rows - before.rows).toBeLessThan(3_000);
  });
});

/** How often the history was read from its beginning to its end, and how many rows were taken from it by indexes. */
async function readsOfHistory(): Promise<{ scans: number; rows: number }> {
  // The session that ran the statements says now what it counted, and not up to a second later.
  await counted.database.sql`select pg_stat_force_next_flush()`;
  await counted.database.sql`select 1`;
  const [row] = await database.sql`select seq_scan, idx_tup_fetch from pg_stat_user_tables
    where relid = 'reporting.seeder_run_history'::regclass`;
  return { scans: Number(row?.["seq_scan"]), rows: Number(row?.["idx_tup_fetch"]) };
}
