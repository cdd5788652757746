import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

const AGENCIES = ["north", "south", "east"];
const STATUSES = ["pending", "running", "success", "error", "odd"];
/** Runs of random reports, and each of the random limits. */
const RUNS = 150;
const LIMITS = 12;

/** Numbers that look random, the same at each run: what fails can be looked at again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}
const below = random(20_261_125);
const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;

let database: TestDatabase;
let app: App;
let all: string;
let start: string;
beforeAll(async () => {
  database = await createTestDatabase();
  all = (await makeToken(database, { name: "all", role: "VIEWER" })).secret;
  app = await startService(database.url, { WEIR_SEEDER_PARALLEL: "0", WEIR_MAX_COMPLEXITY: "10000000" });
  start = (await read<{ liveCursor: string }>("{ liveCursor }", all)).liveCursor;
  for (const [at, slug] of AGENCIES.entries()) {
    await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query)
      values (${`custom_${slug}`}, ${slug}, ${at}, ${slug}, 'select 1')`;
    const [report] = await database.sql`insert into reporting.seeder_canned_report (table_name, report_name, query)
      values (${`canned_${slug}`}, ${slug}, 'select 1') returning id`;
    for (const given of AGENCIES.slice(at)) {
      await database.sql`insert into reporting.seeder_canned_report_manifest (agency_id, agency_slug, canned_report_id)
        values (${AGENCIES.indexOf(given)}, ${given}, ${Number(report?.["id"])})`;
    }
  }
  for (let count = 0; count < RUNS; count += 1) {
    const slug = oneOf(AGENCIES);
    const status = oneOf(STATUSES);
    // Tables of one agency and of several; run ids that several runs have.
    const table = oneOf([`custom_${slug}`, `t${below(8)}`]);
    await database.sql`insert into reporting.seeder_run_history
      (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status, start_time, finish_time, errors, records_processed)
      values (${`run-${below(60)}`}, 1, ${table}, ${table}, ${AGENCIES.indexOf(slug)}, ${slug}, ${oneOf(["custom", "canned"])}, ${status},
        now() - make_interval(mins => ${below(3_000)}), ${status === "success" || status === "error" ? database.sql`now() - make_interval(mins => ${below(2_000)})` : null},
        ${status === "error" ? "failed" : null}, ${below(100)})`;
  }
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

interface Row {
  readonly id: string;
  readonly tableName: string;
  readonly agencySlug: string;
  readonly runId: string;
  readonly status: string;
  readonly finishTime: string | null;
  readonly recordsProcessed: number;
  readonly isFailing: boolean;
  readonly manifests: readonly Row[];
  readonly cannedReport: { readonly id: string };
  readonly startTime: string | null;
  readonly errors: string | null;
  readonly runs: { readonly nodes: readonly Row[]; readonly totalCount: number };
  readonly job: Row | null;
}
interface List {
  readonly nodes: readonly Row[];
  readonly totalCount: number;
}
interface State {
  readonly seederJobs: List;
  readonly seederRuns: List;
  readonly customReportManifests: readonly Row[];
  readonly cannedReportManifests: readonly Row[];
  readonly cannedReports: readonly Row[];
}

const JOB = "tableName agencySlug status startTime isFailing runs(first: 500) { totalCount nodes { id agencySlug } }";
const STATE = `{
  seederJobs(first: 500) { totalCount nodes { ${JOB} } }
  seederRuns(first: 500) { totalCount nodes { id runId agencySlug status tableName finishTime recordsProcessed errors job { tableName agencySlug } } }
  customReportManifests { id tableName agencySlug job { tableName agencySlug } }
  cannedReportManifests { id tableName agencySlug cannedReport { id } job { tableName agencySlug } }
  cannedReports { id manifests { id agencySlug } }
}`;

/** What a state is to somebody who sees these agencies alone: filtered by hand. */
function within({ seederJobs, seederRuns, ...state }: State, slugs: readonly string[]): object {
  const sees = ({ agencySlug }: { readonly agencySlug: string }) => slugs.includes(agencySlug);
  const job = (row: Row | null) => (row !== null && sees(row) ? row : null);
  const withJob = (rows: readonly Row[]) => rows.filter(sees).map((row) => ({ ...row, job: job(row.job) }));
  const jobs = seederJobs.nodes.filter(sees).map((row) => {
    const nodes = row.runs.nodes.filter(sees);
    return { ...row, runs: { totalCount: nodes.length, nodes } };
  });
  const runs = withJob(seederRuns.nodes);
  return {
    seederJobs: { totalCount: jobs.length, nodes: jobs },
    seederRuns: { totalCount: runs.length, nodes: runs },
    customReportManifests: withJob(state.customReportManifests),
    cannedReportManifests: withJob(state.cannedReportManifests),
    cannedReports: state.cannedReports
      .map((row) => ({ ...row, manifests: row.manifests.filter(sees) }))
      .filter(({ manifests }) => manifests.length > 0),
  };
}

const CHANGES = `subscription ($after: Cursor) { changes(after: $after, topics: [SEEDER_JOB, SEEDER_RUN, FILE]) {
  topic key operation cursor
  ... on SeederJobChange { job { tableName agencySlug status } } ... on SeederRunChange { run { id agencySlug status } } } }`;

interface Change {
  readonly topic: string;
  readonly key: string;
  readonly cursor: string;
  readonly job?: Row;
  readonly run?: Row;
}

/** Everything that a subscription delivers, up to the document that ends it. */
async function deliveries(
  secret: string,
  query: string,
  variables: object,
  end: string | null,
): Promise<readonly Change[]> {
  const socket = await openSocket(app.url);
  await socket.init({ token: secret });
  socket.subscribe("1", query, { variables });
  const found = (): readonly Change[] =>
    socket.frames
      .filter(({ type }) => type === "next")
      .flatMap(({ payload }) => Object.values((payload as { data: Record<string, Change> }).data));
  if (end !== null) await socket.frame(() => found().some(({ key }) => key === end));
  socket.socket.terminate();
  await socket.closed;
  return found().filter(({ key }) => key !== end);
}

const limits = Array.from({ length: LIMITS }, (_, at) => (at === 0 ? [] : AGENCIES.filter(() => below(2) === 0))).map(
  (slugs, at) => [`${at}: ${slugs.join(", ") || "none"}`, slugs] as const,
);

describe.each(limits)("a token that is limited to agencies (%s)", (name, slugs) => {
  let limited: string;
  beforeAll(async () => {
    limited = (await makeToken(database, { name: `limited ${name.split(":")[0]}`, role: "VIEWER", agencySlugs: slugs }))
      .secret;
  });
  const sees = ({ agencySlug }: { readonly agencySlug: string }) => slugs.includes(agencySlug);

  it("gets of lists, counts and what is below entries what a filter by hand leaves", async () => {
    expect(await read<object>(STATE, limited)).toEqual(within(await read<State>(STATE, all), slugs));
  });

  it("gets of filters, orders and pages the same", async () => {
    const filter = { status: ["ERROR", "RUNNING"] };
    const query = `query ($filter: SeederRunFilter) { seederRuns(filter: $filter, first: 500) { totalCount nodes { id agencySlug } } }`;
    const whole = await read<{ seederRuns: List }>(query, all, { filter });
    const nodes = whole.seederRuns.nodes.filter(sees);
    expect(await read(query, limited, { filter })).toEqual({ seederRuns: { totalCount: nodes.length, nodes } });
    for (const agencySlug of AGENCIES) {
      const { seederRuns } = await read<{ seederRuns: List }>(query, limited, { filter: { agencySlug } });
      expect(seederRuns.totalCount > 0).toBe(slugs.includes(agencySlug));
    }
    const pages: string[] = [];
    let after: string | null = null;
    do {
      const page: { seederRuns: List & { pageInfo: { endCursor: string | null; hasNextPage: boolean } } } = await read(
        "query ($after: String) { seederRuns(first: 7, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }",
        limited,
        { after },
      );
      pages.push(...page.seederRuns.nodes.map(({ id }) => id));
      after = page.seederRuns.pageInfo.hasNextPage ? page.seederRuns.pageInfo.endCursor : null;
    } while (after !== null);
    const { seederRuns } = await read<State>(STATE, all);
    expect(pages).toEqual(seederRuns.nodes.filter(sees).map(({ id }) => id));
  });

  it("finds by key what it sees, and nothing else", async () => {
    const { seederJobs, seederRuns } = await read<State>(STATE, all);
    for (const row of seederJobs.nodes) {
      const query = "query ($name: String!) { seederJob(tableName: $name) { tableName } }";
      const found = await read(query, limited, { name: row.tableName });
      expect(found).toEqual({ seederJob: sees(row) ? { tableName: row.tableName } : null });
    }
    for (const runId of new Set(seederRuns.nodes.map((row) => row.runId))) {
      const query = "query ($id: String!) { seederRun(runId: $id) { id } }";
      const own = seederRuns.nodes.filter((row) => row.runId === runId && sees(row)).map(({ id }) => Number(id));
      const { seederRun } = await read<{ seederRun: { id: string } | null }>(query, limited, { id: runId });
      expect(seederRun?.id ?? null).toBe(own.length === 0 ? null : String(Math.max(...own)));
    }
  });

  it("gets of the dashboard, the overview and recent failures the same", async () => {
    const { seederJobs, seederRuns } = await read<State>(STATE, all);
    const dashboard = "{ total byStatus { status count } failing { tableName } successRate24h recordsProcessed24h }";
    const answer = await read<{
      seederDashboard: {
        total: number;
        byStatus: { status: string; count: number }[];
        failing: Row[];
        successRate24h: number | null;
        recordsProcessed24h: number;
      };
      overview: { seeder: unknown; recentFailures: { topic: string; key: string }[] };
    }>(
      `{ seederDashboard ${dashboard} overview { seeder ${dashboard} recentFailures(first: 500) { topic key } } }`,
      limited,
    );
    const jobs = seederJobs.nodes.filter(sees);
    expect(answer.overview.seeder).toEqual(answer.seederDashboard);
    expect(answer.seederDashboard.total).toBe(jobs.length);
    for (const { status, count } of answer.seederDashboard.byStatus)
      expect(count, status).toBe(jobs.filter((row) => row.status === status).length);
    expect(answer.seederDashboard.failing.map(({ tableName }) => tableName).toSorted()).toEqual(
      jobs
        .filter(({ isFailing }) => isFailing)
        .map(({ tableName }) => tableName)
        .toSorted(),
    );
    const day = Date.now() - 86_400_000;
    const ended = seederRuns.nodes.filter(
      (row) => sees(row) && row.finishTime !== null && Date.parse(row.finishTime) > day,
    );
    const successes = ended.filter(({ status }) => status === "SUCCESS").length;
    const judged = ended.filter(({ status }) => status === "SUCCESS" || status === "ERROR").length;
    expect(answer.seederDashboard.successRate24h).toBe(judged === 0 ? null : successes / judged);
    expect(answer.seederDashboard.recordsProcessed24h).toBe(ended.reduce((sum, row) => sum + row.recordsProcessed, 0));
    const failed = seederRuns.nodes
      .filter((row) => sees(row) && row.status === "ERROR")
      .map(({ tableName }) => tableName);
    expect(answer.overview.recentFailures.map(({ key }) => key).toSorted()).toEqual(failed.toSorted());
  });

  it("is delivered by replays, live changes and snapshots what a filter by hand leaves", async () => {
    const end = `end ${name}`;
    const [file] = await database.sql`insert into documents.files (filehash) values (${end}) returning id`;
    const key = String(file?.["id"]);
    const whole = await deliveries(all, CHANGES, { after: start }, key);
    const own = await deliveries(limited, CHANGES, { after: start }, key);
    const isSeen = ({ topic, job, run }: Change) => topic === "FILE" || sees(job ?? run ?? { agencySlug: "" });
    const bare = ({ cursor: _cursor, ...change }: Change) => change;
    expect(own.map(bare)).toEqual(whole.filter(isSeen).map(bare));

    const snapshot =
      "subscription { seederJobChanged(snapshot: true) { topic key operation cursor job { agencySlug } } }";
    const { seederJobs } = await read<State>(STATE, all);
    const seen = seederJobs.nodes
      .filter(sees)
      .map(({ tableName }) => tableName)
      .toSorted();
    const last = seen.at(-1);
    const state = await deliveries(limited, snapshot, {}, last ?? null);
    expect(state.map((change) => change.key)).toEqual(seen.slice(0, -1));
  });
});

it("alike subscriptions of tokens with other agencies never get each other's changes live", async () => {
  const tokens = await Promise.all(
    ["north", "south"].map((slug) =>
      makeToken(database, { name: `live ${slug}`, role: "VIEWER", agencySlugs: [slug] }),
    ),
  );
  const sockets = await Promise.all(
    [all, ...tokens.map(({ secret }) => secret)].map(async (secret) => {
      const socket = await openSocket(app.url);
      await socket.init({ token: secret });
      const { liveCursor } = await read<{ liveCursor: string }>("{ liveCursor }", all);
      socket.subscribe(
        "1",
        "subscription ($after: Cursor) { seederRunChanged(after: $after) { key run { agencySlug } } }",
        { variables: { after: liveCursor } },
      );
      return socket;
    }),
  );
  const insert = (slug: string, table: string) => database.sql`insert into reporting.seeder_run_history
    (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
    values (${table}, 1, ${table}, ${table}, 1, ${slug}, 'custom', 'running')`;
  for (let count = 0; count < 10; count += 1)
    for (const slug of ["north", "south", "east"]) await insert(slug, `live_${slug}`);
  for (const slug of ["north", "south"]) await insert(slug, "last");
  const seen = await Promise.all(
    sockets.map(async (socket) => {
      await socket.frame((frame) => JSON.stringify(frame).includes('"last"'));
      const text = JSON.stringify(socket.frames);
      return ["north", "south", "east"].filter((slug) => text.includes(`live_${slug}`));
    }),
  );
  expect(seen).toEqual([["north", "south", "east"], ["north"], ["south"]]);
});
