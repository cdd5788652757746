import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, refreshed } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

const CANARY = "canary-7f3a";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: "5",
    WEIR_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    WEIR_SCHEDULER: "off",
  });
  await ask(
    app.url,
    `mutation ($creds: JSONObject!) { createSource(input: { sourceName: "s", sourceType: "postgres", sourceCreds: $creds }) { sourceName } }`,
    { creds: { password: CANARY } },
  );
  await ask(app.url, 'mutation { recordFileStatus(input: { filePath: "/f", type: LOG, status: PARSED }) { id } }');
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

let reports = 0;
/** Makes a report of the query, twice: once as a view that is made, once as one that is refreshed. */
async function attack(query: string): Promise<{ status: string; errors: string | null; rows: string }> {
  const name = `attack_${(reports += 1)}`;
  await insertManifest(database.sql, name, query);
  await refreshed(app.url, name);
  const { status, errors } = await refreshed(app.url, name);
  const rows = status === "SUCCESS" ? JSON.stringify(await database.sql.unsafe(`select * from reporting.${name}`)) : "";
  return { status, errors, rows };
}

/** What no report may change, whatever it calls. */
async function state(sql: Sql, { withFeed }: { readonly withFeed: boolean }): Promise<object> {
  const tables = await sql<{ name: string; digest: string }[]>`
    select c.oid::regclass::text as name,
      query_to_xml(format('select md5(string_agg(md5(t::text), '''' order by md5(t::text))) as d from %s t', c.oid::regclass), true, true, '')::text as digest
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('ingest', 'pipeline', 'documents', ${withFeed ? "weir" : "ingest"}) and c.relkind in ('r', 'p') order by 1`;
  const [rest] = await sql`
    select (select case when ${withFeed} then last_value end from weir.change_seq) as change_seq, (select count(*)::int from pg_replication_slots) as slots,
      (select string_agg(rolname || rolsuper || coalesce(rolconfig::text, ''), ' ' order by rolname)
         from pg_roles where rolname in (current_user, ${`${database.name}_reports`})) as roles,
      (select count(*)::int from pg_auth_members m where m.member = (select oid from pg_roles where rolname = ${`${database.name}_reports`})) as memberships,
      pg_conf_load_time()::text as configured, pg_postmaster_start_time()::text as started,
      (select count(*)::int from pg_proc where pronamespace <> 'pg_catalog'::regnamespace) as functions,
      (select count(*)::int from pg_class where relkind in ('r', 'v', 'S', 'f')) as relations`;
  return { tables: tables.map((row) => ({ ...row })), ...rest };
}

describe("a report can't become somebody else:", () => {
  const SECRET = "array_to_tsvector(array_agg(source_creds)) from pipeline.sources_config";
  it.each([
    [
      "set_config of role, then ts_stat",
      `SELECT s.word FROM (SELECT set_config('role','none',true) AS r OFFSET 0) a, LATERAL ts_stat('select ${SECRET}'||left(a.r,0)) s`,
    ],
    [
      "set_config of session_authorization",
      `SELECT s.word FROM (SELECT set_config('session_authorization','weir',false) AS r OFFSET 0) a, LATERAL ts_stat('select ${SECRET}'||left(a.r,0)) s`,
    ],
    [
      "set_config of role to the service's",
      "SELECT set_config('role','weir',false) AS r, source_creds FROM pipeline.sources_config",
    ],
    [
      "query_to_xml",
      "SELECT query_to_xml('select source_creds from pipeline.sources_config', true, true, '')::text AS x",
    ],
    [
      "query_to_xml of the passwords",
      "SELECT query_to_xml('select password from weir.report_login', true, true, '')::text AS x",
    ],
    ["table_to_xml", "SELECT table_to_xml('pipeline.sources_config', true, true, '')::text AS x"],
    ["schema_to_xml", "SELECT schema_to_xml('pipeline', true, true, '')::text AS x"],
    ["database_to_xml", "SELECT database_to_xml(true, true, '')::text AS x"],
    ["cursor_to_xml", "SELECT cursor_to_xml('weir_check', 10, true, true, '')::text AS x"],
    [
      "ts_rewrite",
      "SELECT ts_rewrite('a'::tsquery, 'select source_creds::tsquery, source_creds::tsquery from pipeline.sources_config')::text AS x",
    ],
    [
      "the statistics",
      "SELECT most_common_vals::text AS x FROM pg_stats WHERE tablename = 'sources_config' AND attname = 'source_creds'",
    ],
    ["the text of passwords", "SELECT rolpassword FROM pg_authid"],
    ["a file of the server", "SELECT pg_read_file('postgresql.auto.conf') AS x"],
    ["a file as bytes", "SELECT pg_read_binary_file('PG_VERSION')::text AS x"],
    ["a folder of the server", "SELECT pg_ls_dir('.') AS x"],
    ["a file as a large object", "SELECT lo_import('/etc/passwd')::text AS x"],
    ["dblink", "SELECT * FROM dblink('dbname=weir', 'select source_creds from pipeline.sources_config') AS t(x text)"],
  ])("%s", async (_how, query) => {
    const { status, errors, rows } = await attack(query);
    const [{ source_creds: creds } = { source_creds: "" }] = await database.sql<{ source_creds: string }[]>`
      select source_creds from pipeline.sources_config`;
    const told = `${errors} ${rows}`;
    expect(creds.length).toBeGreaterThan(50);
    expect(told).not.toContain(creds.slice(0, 40));
    expect(told).not.toContain("SCRAM-SHA-256");
    expect(told).not.toContain("root:");
    // What may not be read is left out of what asks for everything.
    if (status === "ERROR")
      expect(errors).toMatch(/permission denied|must be|does not exist|can't be|cannot|not allowed/);
  });
});

describe("a query with two faces, which behaves while it is tried and then does not,", () => {
  const hidden = (call: string) =>
    `SELECT CASE WHEN current_setting('transaction_read_only') = 'on' THEN NULL ELSE ${call}::text END AS x`;

  it.each([
    ["moves no number of the feed", "nextval('weir.change_seq')"],
    ["moves no number of a history", "nextval('reporting.seeder_run_history_id_seq')"],
    ["sets none", "setval('reporting.seeder_run_history_id_seq', 1)"],
    ["writes no file", "lo_export(1, '/tmp/weir-attack')"],
    ["makes no slot", "pg_create_physical_replication_slot('attack', true)"],
    ["loads no settings", "pg_reload_conf()"],
    ["switches no WAL", "pg_switch_wal()"],
    ["resets no statistics", "pg_stat_reset()"],
    [
      "ends no session of the service",
      "(SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'weir%' AND pid <> pg_backend_pid())",
    ],
    [
      "cancels none either",
      "(SELECT bool_and(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'weir%' AND pid <> pg_backend_pid())",
    ],
    ["calls none of the service's functions that write", "documents.settle_file(1)"],
    ["nor announces anything", "weir.ring(NULL)"],
  ])("%s", async (_what, call) => {
    const before = await state(database.sql, { withFeed: false });
    const { status, errors } = await attack(hidden(call));
    expect({ status, errors }).toMatchObject({
      status: "ERROR",
      errors: expect.stringMatching(/permission denied|must be/),
    });
    // Its run is announced, as all are.
    expect(await state(database.sql, { withFeed: false })).toEqual(before);
  });
});

describe("what a report makes of its session", () => {
  it.each([
    ["a lock of the service's migrations", "SELECT pg_advisory_lock(1464158546, 0)::text AS x"],
    ["a setting", "SELECT set_config('search_path', 'nowhere', false) AS x"],
    ["a timeout", "SELECT set_config('statement_timeout', '0', false) AS x"],
    ["a random seed", "SELECT setseed(0.5)::text AS x"],
  ])("%s is gone with it", async (_what, query) => {
    await attack(query);
    const left = await database.sql`select pid from pg_stat_activity
      where usename = ${`${database.name}_reports`}`;
    expect(left).toEqual([]);
    expect(await attack("SELECT current_setting('statement_timeout') AS x")).toMatchObject({
      status: "SUCCESS",
      rows: '[{"x":"5s"}]',
    });
    const locks =
      await database.sql`select 1 from pg_locks where locktype = 'advisory' and classid = 1464158546 and objid = 0
      and database = (select oid from pg_database where datname = current_database())`;
    expect(locks).toEqual([]);
  });

  it("takes no more temporary files than it may, though it asks for more", async () => {
    await database.sql.unsafe(`alter role ${database.name}_reports set temp_file_limit = '10MB'`);
    const { errors } = await attack(
      "SELECT count(*) AS n FROM (SELECT n, md5(n::text) AS h FROM generate_series(1, 1000000) n ORDER BY h) t WHERE h > ''",
    );
    expect(errors).toMatch(/temporary file size exceeds "?temp_file_limit/);
    expect((await attack("SELECT set_config('temp_file_limit', '-1', false) AS x")).errors).toMatch(
      /permission denied/,
    );
    await database.sql.unsafe(`alter role ${database.name}_reports set temp_file_limit = '10240MB'`);
  });
});

/** A value for an argument of each type, such that a call does what it can do. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  text: ["'weir'", "'select 1'"],
  name: ["'weir'"],
  cstring: ["'1'"],
  oid: ["(select oid from pg_class where relname = 'file_statuses')"],
  regclass: ["(select oid from pg_class where relname = 'file_statuses')::regclass"],
  int4: ["1", "(select min(pid) from pg_stat_activity where pid <> pg_backend_pid())"],
  int8: ["1"],
  int2: ["1::int2"],
  bool: ["true"],
  float8: ["0.01"],
  float4: ["1::float4"],
  bytea: ["'x'::bytea"],
  pg_lsn: ["pg_current_wal_lsn()"],
  interval: ["interval '1 ms'"],
  timestamptz: ["clock_timestamp()"],
  xid: ["'3'::xid"],
  xid8: ["'3'::xid8"],
  jsonb: ["'{}'::jsonb"],
  json: ["'{}'::json"],
  xml: ["'<a/>'::xml"],
};
/** They take a report's time, and no more: others are cut off by the statement timeout like these. */
const SLEEPS = ["pg_sleep", "pg_sleep_for", "pg_sleep_until"];

it("calling every function that PostgreSQL lets it call changes nothing of what is gauged, of the service or of the server", async () => {
  const login = new URL(database.url);
  login.username = `${database.name}_reports`;
  const [kept] = await database.sql<{ password: string }[]>`select password from weir.report_login`;
  login.password = kept?.password ?? "";
  const { default: postgres } = await import("postgres");
  const nobody = postgres(login.href, { max: 1, onnotice: () => {}, connection: { statement_timeout: 300 } });
  const calls: string[] = [];
  try {
    const functions = await nobody<{ name: string; types: string[] }[]>`
      select p.oid::regproc::text as name,
        array_to_json(array(select t.typname from unnest(p.proargtypes::oid[]) with ordinality a(type, at)
                            join pg_type t on t.oid = a.type order by a.at)) as types
      from pg_proc p
      where p.provolatile in ('v', 's') and p.prokind = 'f' and has_function_privilege(p.oid, 'EXECUTE')
        and has_schema_privilege(p.pronamespace, 'USAGE')
        and p.prorettype not in ('trigger'::regtype, 'internal'::regtype, 'event_trigger'::regtype)
      order by 1`;
    for (const { name, types } of functions) {
      if (SLEEPS.includes(name)) continue;
      for (const choice of [0, 1]) {
        const values = types.map((type) => VALUES[type]?.[choice] ?? VALUES[type]?.[0]);
        if (values.every((value) => value !== undefined)) calls.push(`select ${name}(${values.join(", ")})`);
      }
    }
    const before = await state(database.sql, { withFeed: true });
    const others = await sessionsOf(database);
    for (const call of new Set(calls)) {
      // Also within a report's own way: a query that writes.
      await nobody.unsafe(call).catch(() => {});
    }
    expect(new Set(calls).size).toBeGreaterThan(400);
    expect(await state(database.sql, { withFeed: true })).toEqual(before);
    expect(await sessionsOf(database)).toEqual(expect.arrayContaining(others));
    await ask(app.url, "{ liveCursor }");
  } finally {
    await nobody.end({ timeout: 1 });
  }
});

/** The service's sessions, by pid. */
async function sessionsOf({ sql, name }: TestDatabase): Promise<number[]> {
  const rows = await sql<
    { pid: number }[]
  >`select pid from pg_stat_activity where datname = ${name} and application_name like 'weir%'`;
  return rows.map(({ pid }) => pid);
}
