import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import {
  changeReport,
  ended,
  insertManifest,
  makeReport,
  refresh,
  refreshed,
  runOf,
  until,
} from "../support/reports.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql.unsafe(`
    create schema source;
    create table source.crimes (id integer primary key, agency_id integer not null, agency text not null, city text);
    insert into source.crimes select n, n % 3, 'agency-' || n % 3, 'City ' || n from generate_series(1, 300) n;
    create table source.audit (word text);
    create function source.writes() returns integer language plpgsql as 'begin insert into source.audit values (''x''); return 1; end';
    create function source.hides() returns integer language plpgsql stable as 'begin return source.writes(); end';
    grant usage on schema source to public;
    grant select on source.crimes to public;`);
  app = await startService(database.url, { WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: "2" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const rowsOf = async (name: string) => (await database.sql.unsafe(`select * from reporting."${name}"`)).length;
const oidOf = async (name: string) =>
  (await database.sql`select to_regclass(${`reporting."${name}"`})::oid::text as oid`)[0]?.["oid"] as string | null;

describe("a refresh", () => {
  it("creates the view, refreshes it afterwards as the same view, and measures it", async () => {
    await makeReport(app.url, "cities", "SELECT id, city FROM source.crimes WHERE id < 101");
    const first = await refreshed(app.url, "cities");
    expect(first).toMatchObject({ status: "SUCCESS", errors: null, recordsProcessed: 100, consecutiveFailures: 0 });
    const [size] = await database.sql`select pg_total_relation_size('reporting.cities') as bytes`;
    expect(first.bytesProcessed).toBe(Number(size?.["bytes"]));
    const oid = await oidOf("cities");
    await database.sql`insert into source.crimes values (0, 0, 'agency-0', 'Zero')`;
    expect(await refreshed(app.url, "cities")).toMatchObject({ status: "SUCCESS", recordsProcessed: 101 });
    expect(await oidOf("cities")).toBe(oid);
    await database.sql`delete from source.crimes where id = 0`;
  });

  it("is announced from PENDING to its end, the run before its job", async () => {
    await makeReport(app.url, "announced", "SELECT 1 AS one");
    const { client } = connect(app.url);
    const seen = collect<{ key: string; topic: string; run?: { status: string }; job?: { status: string } }>(
      client,
      `subscription ($after: Cursor) { changes(topics: [SEEDER_RUN, SEEDER_JOB], after: $after) { key topic
        ... on SeederRunChange { run { status } } ... on SeederJobChange { job { status } } } }`,
      { after: (await ask<{ liveCursor: string }>(app.url, "{ liveCursor }")).liveCursor },
    );
    await refreshed(app.url, "announced");
    const mine = () => seen.items.filter(({ key }) => key === "announced");
    await seen.until(() => mine().some(({ job }) => job?.status === "SUCCESS"));
    expect(mine().map(({ topic, run, job }) => [topic, (run ?? job)?.status])).toEqual([
      ["SEEDER_RUN", "PENDING"],
      ["SEEDER_JOB", "PENDING"],
      ["SEEDER_RUN", "RUNNING"],
      ["SEEDER_JOB", "RUNNING"],
      ["SEEDER_RUN", "SUCCESS"],
      ["SEEDER_JOB", "SUCCESS"],
    ]);
    await client.dispose();
  });

  it("that waits or is under way answers for another one, however many ask", async () => {
    await insertManifest(database.sql, "slow", "SELECT 1 AS x FROM (SELECT pg_advisory_xact_lock_shared(815)) l");
    const runs = await database.sql.begin(async (holder) => {
      // None ends before the last was asked for.
      await holder`select pg_advisory_xact_lock(815)`;
      return Promise.all(Array.from({ length: 10 }, () => refresh(app.url, "slow")));
    });
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(1);
    await ended(app.url, runs[0] ?? { runId: "" });
    expect((await refreshed(app.url, "slow")).runId).not.toBe(runs[0]?.runId);
  });

  it("uses a unique index to refresh beside its readers", async () => {
    await makeReport(app.url, "unique_cities", "SELECT id, city FROM source.crimes");
    await refreshed(app.url, "unique_cities");
    await database.sql`create unique index on reporting.unique_cities (id)`;
    await database.sql.begin(async (reader) => {
      // A reader's lock would hold up a plain refresh until it is over.
      await reader`select count(*) from reporting.unique_cities`;
      expect(await refreshed(app.url, "unique_cities")).toMatchObject({ status: "SUCCESS", recordsProcessed: 300 });
    });
  });

  it("of all reports, or of one agency's, takes those that are enabled", async () => {
    await makeReport(app.url, "off", "SELECT 1 AS one", { agencySlug: "solo", enabled: false });
    await makeReport(app.url, "on", "SELECT 1 AS one", { agencySlug: "solo" });
    const { refreshAllReports } = await ask<{ refreshAllReports: { runId: string; tableName: string }[] }>(
      app.url,
      'mutation { refreshAllReports(agencySlug: "solo") { runId tableName } }',
    );
    expect(refreshAllReports.map(({ tableName }) => tableName)).toEqual(["on"]);
    expect(await ended(app.url, refreshAllReports[0] ?? { runId: "" })).toMatchObject({ status: "SUCCESS" });
    const { errors } = await post(app.url, 'mutation { refreshReport(tableName: "off") { runId } }');
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining("disabled"),
      extensions: { code: "CONFLICT" },
    });
  });

  it("follows a schedule, and asks once however long nobody looked", async () => {
    await makeReport(app.url, "scheduled", "SELECT 1 AS one", { scheduleMinutes: 1 });
    const runs = async () => {
      const { seederRuns } = await ask<{ seederRuns: { nodes: { status: string }[] } }>(
        app.url,
        '{ seederRuns(filter: { tableName: "scheduled" }) { nodes { status } } }',
      );
      return seederRuns.nodes.map(({ status }) => status);
    };
    await until(runs, (all) => all.length === 1 && all[0] === "SUCCESS");
    await database.sql`update reporting.seeder_custom_report_manifest set scheduled_at = now() - interval '1 day' where table_name = 'scheduled'`;
    await until(runs, (all) => all.length === 2 && all[0] === "SUCCESS");
    const [manifest] = await database.sql`select scheduled_at > now() - interval '30 seconds' as is_new
      from reporting.seeder_custom_report_manifest where table_name = 'scheduled'`;
    expect(manifest).toEqual({ is_new: true });
  });
});

describe("a view", () => {
  it("is never missing or empty for a reader while its query is changed and it is refreshed", async () => {
    const query = (n: number) => `SELECT id, ${n} AS version FROM source.crimes WHERE id <= ${100 + n}`;
    const id = await makeReport(app.url, "changing", query(0));
    await refreshed(app.url, "changing");
    const stop = { isDone: false };
    const counts = new Map<number, number>();
    const problems: unknown[] = [];
    const read = async () => {
      while (!stop.isDone) {
        try {
          const rows = await database.sql<{ version: number; count: string }[]>`
            select version, count(*) from reporting.changing group by version`;
          if (rows.length !== 1 || Number(rows[0]?.count) !== 100 + Number(rows[0]?.version)) problems.push(rows);
          counts.set(Number(rows[0]?.version), (counts.get(Number(rows[0]?.version)) ?? 0) + 1);
        } catch (error) {
          problems.push(error);
        }
      }
    };
    const readers = [read(), read(), read()];
    for (let n = 1; n <= 8; n += 1) {
      await changeReport(app.url, id, "changing", query(n));
      expect(await refreshed(app.url, "changing")).toMatchObject({ status: "SUCCESS", recordsProcessed: 100 + n });
      expect(await refreshed(app.url, "changing")).toMatchObject({ status: "SUCCESS" });
    }
    stop.isDone = true;
    await Promise.all(readers);
    expect(problems).toEqual([]);
    expect(counts.size).toBeGreaterThan(5);
  });

  it("keeps its indexes and grants when its query changes, but an index without its column", async () => {
    const id = await makeReport(app.url, "indexed", "SELECT id, city, agency FROM source.crimes");
    await refreshed(app.url, "indexed");
    const role = `reader_${database.name}`;
    await database.sql.unsafe(`create unique index indexed_key on reporting.indexed (id);
      create index "odd USING name" on reporting.indexed (lower(city)) where id > 5;
      create index indexed_agency on reporting.indexed (agency);
      create role ${role}; grant select on reporting.indexed to ${role}`);
    await changeReport(app.url, id, "indexed", "SELECT id, city, 'new' AS word FROM source.crimes");
    expect(await refreshed(app.url, "indexed")).toMatchObject({ status: "SUCCESS", recordsProcessed: 300 });
    const indexes =
      await database.sql`select indexname, indexdef from pg_indexes where tablename = 'indexed' order by 1`;
    expect(indexes.map((row) => Object.values(row))).toEqual([
      ["indexed_key", "CREATE UNIQUE INDEX indexed_key ON reporting.indexed USING btree (id)"],
      ["odd USING name", 'CREATE INDEX "odd USING name" ON reporting.indexed USING btree (lower(city)) WHERE (id > 5)'],
    ]);
    const [right] = await database.sql`select has_table_privilege(${role}, 'reporting.indexed', 'select') as may`;
    expect(right).toEqual({ may: true });
    await database.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  });

  it("is one for each agency of a canned report, with a job and a streak for each", async () => {
    const { createCannedReport: report } = await ask<{ createCannedReport: { id: string } }>(
      app.url,
      "mutation ($input: CannedReportInput!) { createCannedReport(input: $input) { id } }",
      {
        input: {
          tableName: "by_agency",
          reportName: "By agency",
          query:
            "SELECT id, :agency_slug::text AS slug, ':agency_id' AS kept FROM source.crimes WHERE agency_id = :agency_id AND 3 / (:agency_id - 2) IS NOT NULL",
        },
      },
    );
    for (const [agencyId, agencySlug] of [
      [1, "it's"],
      [1, "agency-1"],
      [2, "agency-2"],
    ]) {
      const answer = await post(
        app.url,
        "mutation ($input: CannedReportManifestInput!) { createCannedReportManifest(input: $input) { tableName } }",
        { input: { agencyId, agencySlug, cannedReportId: report.id } },
      );
      expect(answer.errors?.[0]?.message ?? answer.data).toEqual(
        agencySlug === "it's"
          ? "input.agencySlug is not a slug; use letters, digits, underscores and hyphens."
          : agencyId === 2
            ? expect.stringContaining("division by zero")
            : { createCannedReportManifest: { tableName: `by_agency_${String(agencySlug)}` } },
      );
    }
    // PostgreSQL folds what is constant when it plans; a program's manifest is not planned before it is run.
    await database.sql`insert into reporting.seeder_canned_report_manifest (agency_id, agency_slug, canned_report_id) values (2, 'agency-2', ${report.id})`;
    for (let repeat = 0; repeat < 2; repeat += 1) {
      expect(await refreshed(app.url, "by_agency_agency-1")).toMatchObject({
        status: "SUCCESS",
        recordsProcessed: 100,
      });
      expect(await refreshed(app.url, "by_agency_agency-2")).toMatchObject({
        status: "ERROR",
        consecutiveFailures: repeat + 1,
      });
    }
    const rows = await database.sql`select distinct slug, kept from reporting."by_agency_agency-1"`;
    expect(rows.map((row) => ({ ...row }))).toEqual([{ slug: "agency-1", kept: ":agency_id" }]);
    const { cannedReports } = await ask<{ cannedReports: object[] }>(
      app.url,
      "{ cannedReports { manifests { tableName job { status consecutiveFailures } } } }",
    );
    expect(cannedReports).toEqual([
      {
        manifests: [
          { tableName: "by_agency_agency-1", job: { status: "SUCCESS", consecutiveFailures: 0 } },
          { tableName: "by_agency_agency-2", job: { status: "ERROR", consecutiveFailures: 2 } },
        ],
      },
    ]);
  });

  it("goes with its manifest, and its history stays", async () => {
    const id = await makeReport(app.url, "gone", "SELECT 1 AS one");
    const { runId } = await refreshed(app.url, "gone");
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
    expect(await oidOf("gone")).toBeNull();
    expect(await ask(app.url, '{ seederJob(tableName: "gone") { status } }')).toEqual({ seederJob: null });
    expect(await runOf(app.url, runId)).toMatchObject({ status: "SUCCESS" });
  });
});

describe("a query that goes wrong is recorded with the reason, and harms nothing:", () => {
  beforeAll(async () => {
    await makeReport(app.url, "steady", "SELECT id FROM source.crimes WHERE id < 101");
    await refreshed(app.url, "steady");
  });

  it.each([
    ["syntax", "SELEC 1", /syntax error at or near "SELEC" \(line 1, column 1\)/],
    [
      "a missing table",
      "SELECT *\nFROM source.nowhere",
      /relation "source.nowhere" does not exist \(line 2, column 6\)/,
    ],
    ["a division by zero", "SELECT 1 / (agency_id - agency_id) FROM source.crimes", /division by zero/],
    ["a timeout", "SELECT pg_sleep(60)::text AS x", /statement timeout/],
    ["a second statement", "SELECT 1; DROP TABLE source.crimes", /cannot insert multiple commands|syntax error/],
    ["a statement that drops", "DROP TABLE source.crimes", /syntax error/],
    ["one that deletes", "DELETE FROM source.crimes", /syntax error/],
    ["WITH that deletes", "WITH d AS (DELETE FROM source.crimes RETURNING *) SELECT * FROM d", /data-modifying/],
    ["SELECT INTO", "SELECT 1 AS one INTO source.made", /INTO is not allowed/],
    ["a way out of the transaction", "SELECT 1) ; COMMIT; DROP TABLE source.crimes; --", /syntax error/],
    ["a comment that is left open", "SELECT 1 /*", /unterminated/],
    ["a function that writes", "SELECT source.writes() AS one", /permission denied for table audit/],
    ["a function that hides that it writes", "SELECT source.hides() AS one", /permission denied for table audit/],
    [
      "a sequence that is moved",
      "SELECT setval('reporting.seeder_run_history_id_seq', 1) AS one",
      /permission denied for sequence/,
    ],
    ["locks", "SELECT * FROM source.crimes FOR UPDATE", /permission denied for table crimes/],
  ])("%s", async (what, query, reason) => {
    const name = `bad_${what.replaceAll(/\W/g, "_")}`;
    await insertManifest(database.sql, name, query);
    const [bad, good] = await Promise.all([refreshed(app.url, name), refreshed(app.url, "steady")]);
    expect(bad).toMatchObject({ status: "ERROR", consecutiveFailures: 1, recordsProcessed: 0 });
    expect(bad.errors).toMatch(reason);
    expect(good).toMatchObject({ status: "SUCCESS" });
    expect(await rowsOf("steady")).toBe(100);
    expect(await oidOf(name)).toBeNull();
    const [harm] =
      await database.sql`select (select count(*)::int from source.crimes) as crimes, (select count(*)::int from source.audit) as audit,
      to_regclass('source.made') as made`;
    expect(harm).toEqual({ crimes: 300, audit: 0, made: null });
  });

  it("a function that begins to write when the view is there already", async () => {
    await database.sql.unsafe("create function source.turns() returns integer language sql volatile as 'select 1'");
    await makeReport(app.url, "turning", "SELECT source.turns() AS one");
    expect(await refreshed(app.url, "turning")).toMatchObject({ status: "SUCCESS" });
    await database.sql.unsafe(
      "create or replace function source.turns() returns integer language sql volatile as 'select source.writes()'",
    );
    expect(await refreshed(app.url, "turning")).toMatchObject({
      status: "ERROR",
      errors: expect.stringMatching(/permission denied for table audit/),
    });
    expect(await database.sql`select from source.audit`).toHaveLength(0);
    expect(await rowsOf("turning")).toBe(1);
  });

  it("a changed query that fails: the view shows what it showed before", async () => {
    await insertManifest(database.sql, "kept", "SELECT 1 AS one");
    await refreshed(app.url, "kept");
    await database.sql`update reporting.seeder_custom_report_manifest set query = 'SELECT 1 / (id - id) FROM source.crimes' where table_name = 'kept'`;
    expect(await refreshed(app.url, "kept")).toMatchObject({ status: "ERROR" });
    expect((await database.sql`select * from reporting.kept`).map((row) => ({ ...row }))).toEqual([{ one: 1 }]);
  });

  it("a database that is not configured, and a name that is none", async () => {
    await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query, database_id)
      values ('elsewhere', 'x', 1, 'x', 'select 1', 9), ('bad"name', 'x', 1, 'x', 'select 1', 1), ('seeder_run_history', 'x', 1, 'x', 'select 1', 1)`;
    expect((await refreshed(app.url, "elsewhere")).errors).toMatch(/databaseId is 9, which is not configured/);
    expect((await refreshed(app.url, 'bad"name')).errors).toMatch(/not a plain identifier/);
    expect((await refreshed(app.url, "seeder_run_history")).errors).toMatch(/no materialized view/);
  });
});

describe("after five failures in a row", () => {
  it("a report is left alone for a while, which a run says and the streak does not count", async () => {
    await insertManifest(database.sql, "broken", "SELECT 1 / (id - id) FROM source.crimes");
    for (let n = 1; n <= 5; n += 1)
      expect(await refreshed(app.url, "broken")).toMatchObject({ consecutiveFailures: n });
    const skipped = await refresh(app.url, "broken");
    expect(skipped).toMatchObject({ status: "ERROR", consecutiveFailures: 5, durationSeconds: 0 });
    expect(skipped.errors).toMatch(
      /^Skipped until \d{4}-.*Z, because of 5 failures in a row\. The last one: division by zero/,
    );
    // The time is over: one try, and its failure counts.
    await database.sql`update reporting.seeder_cooling set until = now() where table_name = 'broken'`;
    expect(await refreshed(app.url, "broken")).toMatchObject({ status: "ERROR", consecutiveFailures: 6 });
    expect((await refresh(app.url, "broken")).errors).toMatch(/^Skipped/);
    // Mended by its writer: it need not wait.
    const [{ id } = { id: "" }] = await database.sql<
      { id: string }[]
    >`select id::text from reporting.seeder_custom_report_manifest where table_name = 'broken'`;
    await changeReport(app.url, id, "broken", "SELECT 1 AS one");
    expect(await refreshed(app.url, "broken")).toMatchObject({ status: "SUCCESS", consecutiveFailures: 0 });
  });
});

describe("when the service ends during a refresh", () => {
  const SLOW =
    "SELECT n, pg_sleep(case when n = 1 then (select seconds from source.pace) else 0 end)::text FROM generate_series(1, 3) n";

  async function withSlowReport(own: TestDatabase): Promise<void> {
    await own.sql.unsafe(
      "create schema source; create table source.pace as select 0::float8 as seconds; grant usage on schema source to public; grant select on source.pace to public",
    );
    await insertManifest(own.sql, "slow", SLOW);
  }
  /** The refresh is in the middle of its query. */
  const asleep = (own: TestDatabase) =>
    until(
      () => own.sql`select from pg_stat_activity where datname = ${own.name} and wait_event = 'PgSleep'`,
      (sessions) => sessions.length === 1,
    );

  it("by SIGTERM, the run is an error that says so, and the old view is there", async () => {
    await using own = await createTestDatabase();
    await withSlowReport(own);
    const first = await startService(own.url);
    await refreshed(first.url, "slow");
    await own.sql`update source.pace set seconds = 60`;
    const { runId } = await refresh(first.url, "slow");
    await asleep(own);
    await first.stop();
    const [run] =
      await own.sql`select status, errors, consecutive_failures from reporting.seeder_run_history where run_id = ${runId}`;
    expect(run).toEqual({ status: "error", errors: "Cancelled: the service stopped.", consecutive_failures: 1 });
    expect(await own.sql`select from reporting.slow`).toHaveLength(3);
    expect(await own.sql`select from reporting.seeder_queue`).toHaveLength(0);
    const left =
      await own.sql`select query from pg_stat_activity where datname = ${own.name} and application_name = 'weir seeder'`;
    expect(left).toHaveLength(0);
  });

  it("by kill -9, the run is made again after the next start, the streak is right, and the old view is there", async () => {
    await using own = await createTestDatabase();
    await withSlowReport(own);
    const first = await spawnService({ DATABASE_URL: own.url });
    await refreshed(first.url, "slow");
    await own.sql`update source.pace set seconds = 3`;
    const { runId } = await refresh(first.url, "slow");
    await asleep(own);
    first.child.kill("SIGKILL");
    await first.exited;
    expect(await own.sql`select from reporting.slow`).toHaveLength(3);
    // As if its lease had run out: the clock is the database's.
    await own.sql`update reporting.seeder_queue set lease_until = now()`;
    await own.sql`update source.pace set seconds = 0`;
    await using second = await spawnService({ DATABASE_URL: own.url });
    expect(await ended(second.url, { runId })).toMatchObject({
      status: "SUCCESS",
      consecutiveFailures: 0,
      recordsProcessed: 3,
    });
    expect(await own.sql`select from reporting.seeder_run_history`).toHaveLength(2);
    expect(await ask(second.url, '{ seederJob(tableName: "slow") { status lastRunId consecutiveFailures } }')).toEqual({
      seederJob: { status: "SUCCESS", lastRunId: runId, consecutiveFailures: 0 },
    });
  });

  it("three times in the same refresh, the run is an error", async () => {
    await using own = await createTestDatabase();
    await withSlowReport(own);
    await own.sql`insert into reporting.seeder_run_history (id, run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
      values (99, 'killer', 1, 'slow', 'slow', 7, 'north', 'custom', 'running')`;
    await own.sql`insert into reporting.seeder_queue (table_name, history_id, claimed_by, lease_until, attempts) values ('slow', 99, 'gone', now(), 3)`;
    await using service = await startService(own.url);
    expect(await ended(service.url, { runId: "killer" })).toMatchObject({
      status: "ERROR",
      consecutiveFailures: 1,
      errors: "The service ended during this refresh 3 times.",
    });
  });

  it("two instances share the queue and make no report twice", async () => {
    await using own = await createTestDatabase();
    for (let at = 0; at < 12; at += 1)
      await insertManifest(own.sql, `shared_${at}`, "SELECT pg_sleep(0.05)::text AS x");
    await using one = await startService(own.url);
    await using two = await startService(own.url);
    const all = await Promise.all(
      [one, two].map(({ url }) =>
        ask<{ refreshAllReports: { runId: string }[] }>(url, "mutation { refreshAllReports { runId } }"),
      ),
    );
    const ids = new Set(all.flatMap(({ refreshAllReports }) => refreshAllReports.map(({ runId }) => runId)));
    expect(ids.size).toBe(12);
    for (const runId of ids) expect(await ended(one.url, { runId })).toMatchObject({ status: "SUCCESS" });
    const changes =
      await own.sql`select count(*)::int from weir.change where topic = 'SEEDER_RUN' and "row" ->> 'status' = 'running'`;
    expect(changes[0]).toEqual({ count: 12 });
  });
});

describe("a run of a worker that is gone", () => {
  it("is ended as an error after the timeout, and one of the timeout's length is not", async () => {
    await using own = await createTestDatabase();
    await insertManifest(own.sql, "external", "SELECT 1");
    await own.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status, start_time)
      select 'gone', 1, 'external', 'x', 7, 'north', 'custom', 'running', now() - interval '121 minutes' union all
      select 'alive', 1, 'other', 'x', 7, 'north', 'custom', 'running', now() - interval '119 minutes'`;
    await using service = await startService(own.url);
    expect(await ended(service.url, { runId: "gone" })).toMatchObject({
      status: "ERROR",
      consecutiveFailures: 1,
      errors: expect.stringContaining("120 minutes"),
    });
    expect(await runOf(service.url, "alive")).toMatchObject({ status: "RUNNING" });
  });
});

describe("what a query makes of its session", () => {
  it("does not outlive it: settings and locks are gone for the other reports", async () => {
    await insertManifest(
      database.sql,
      "poison",
      "SELECT set_config('default_transaction_read_only', 'on', false) AS x",
    );
    await insertManifest(database.sql, "locker", "SELECT 1 AS x FROM (SELECT pg_advisory_lock(4711)) l");
    await refreshed(app.url, "poison");
    await refreshed(app.url, "locker");
    for (let at = 0; at < 4; at += 1) {
      await insertManifest(database.sql, `healthy_${at}`, "SELECT 1 AS x");
      expect(await refreshed(app.url, `healthy_${at}`)).toMatchObject({ status: "SUCCESS" });
    }
    expect(await database.sql`select from pg_locks where locktype = 'advisory' and objid = 4711`).toHaveLength(0);
  });
});
