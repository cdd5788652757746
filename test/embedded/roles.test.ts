import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { startEmbeddedPostgres } from "../../src/embedded/launcher.ts";
import { insertManifest, makeReport, refreshed } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

const QUIET = { info() {}, warn() {}, error() {} };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-roles-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

const start = (dataDir: string) => startEmbeddedPostgres({ dataDir, log: QUIET });

async function query<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** The URL for another role and database of the same server. */
async function asRole(url: string, dataDir: string, role: string, database = "weir"): Promise<string> {
  const other = new URL(url);
  other.username = role;
  other.password = (await readFile(path.join(dataDir, "postgres-password"), "utf8")).trim();
  other.pathname = `/${database}`;
  return other.href;
}

const isSuperuser = (url: string) =>
  query(url, async (sql) => (await sql`select current_setting('is_superuser') as is_superuser`)[0]?.["is_superuser"]);

describe("the database user of the service's own PostgreSQL", () => {
  it("is no superuser, owns its database, and does all that the service does", async () => {
    const dataDir = path.join(folder, "first");
    await using embedded = await start(dataDir);
    expect(await isSuperuser(embedded.url)).toBe("off");
    await expect(query(embedded.url, (sql) => sql`select pg_read_file('PG_VERSION')`)).rejects.toMatchObject({
      code: "42501",
    });
    await using app = await startService(embedded.url);
    await ask(app.url, 'mutation { recordFileStatus(input: { filePath: "/f", type: LOG, status: PARSED }) { id } }');
    await query(
      embedded.url,
      (sql) => sql`insert into ingest.file_statuses (file_path, type, status) values ('/g', 'Log', 'parsed')`,
    );
    await makeReport(app.url, "files", "SELECT file_path, session_user::text AS who FROM ingest.file_statuses");
    expect(await refreshed(app.url, "files")).toMatchObject({ status: "SUCCESS", recordsProcessed: 2 });
    const rows = await query(embedded.url, (sql) => sql`select distinct who from reporting.files`);
    expect(rows).toEqual([{ who: "weir_reports" }]);
    const [limit] = await query(
      embedded.url,
      (sql) => sql`select rolconfig::text from pg_roles where rolname = 'weir_reports'`,
    );
    expect(limit).toEqual({ rolconfig: "{temp_file_limit=10240MB}" });
  });

  it("keeps from reports what PostgreSQL lets every role do, and writers of other names are announced", async () => {
    const dataDir = path.join(folder, "kept");
    await using embedded = await start(dataDir);
    await using app = await startService(embedded.url);
    for (const [name, call] of Object.entries({
      object: "lo_from_bytea(0, 'x')",
      message: "pg_logical_emit_message(false, 'weir', 'x')",
      lock: "pg_advisory_lock(1464158546, 0)",
      try_lock: "pg_try_advisory_xact_lock(1464158546, 2)",
      end: "(SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = session_user)",
      cancel: "(SELECT bool_and(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE usename = session_user)",
    })) {
      await query(embedded.url, (sql) => insertManifest(sql, name, `SELECT ${call}::text AS x`));
      expect(await refreshed(app.url, name)).toMatchObject({
        status: "ERROR",
        errors: expect.stringMatching(/^permission denied for function/),
      });
    }
    const writer = new URL(embedded.url);
    writer.username = "writer";
    await query(embedded.url, async (sql) => {
      await sql.unsafe(`create role writer login password '${writer.password}';
        grant usage on schema ingest to writer; grant insert on ingest.file_statuses to writer`);
    });
    await query(
      writer.href,
      (sql) => sql`insert into ingest.file_statuses (file_path, type, status) values ('/w', 'Log', 'parsed')`,
    );
    expect(await ask(app.url, "{ recentLogFileStatuses { nodes { filePath } } }")).toEqual({
      recentLogFileStatuses: { nodes: [{ filePath: "/w" }] },
    });
  });

  it("is one no more where an earlier version made it one, and keeps what it had", async () => {
    const dataDir = path.join(folder, "earlier");
    await makeEarlier(dataDir);
    for (let repeat = 0; repeat < 2; repeat += 1) {
      await using embedded = await start(dataDir);
      expect(await isSuperuser(embedded.url)).toBe("off");
      await query(embedded.url, async (sql) => {
        const foreign = await sql`
          select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.oid >= 16384
            and c.relowner not in (select oid from pg_roles where rolname in ('weir', 'weir_reports'))`;
        expect(foreign).toEqual([]);
        expect(await sql`select own.next() as n, 'low'::own.level as level`).toEqual([{ n: 1 + repeat, level: "low" }]);
        await sql`insert into own.kept values (default, 'x')`;
        await sql`alter table own.kept add column if not exists more text`;
        expect((await sql`select rolname from pg_roles where rolsuper`).map(({ rolname }) => rolname)).toEqual([
          "weir_superuser",
        ]);
        await sql`alter role older connection limit 5`;
      });
      await using app = await startService(embedded.url);
      await query(embedded.url, (sql) => insertManifest(sql, `after_${repeat}`, "SELECT n FROM reporting.before"));
      expect(await refreshed(app.url, "before")).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
      expect(await refreshed(app.url, `after_${repeat}`)).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
    }
  });
});

/** A data directory as versions before made it, in which the service's user was the superuser. */
async function makeEarlier(dataDir: string): Promise<void> {
  await using embedded = await start(dataDir);
  const helper = new URL(await asRole(embedded.url, dataDir, "helper", "postgres"));
  await query(await asRole(embedded.url, dataDir, "weir_superuser", "postgres"), async (sql) => {
    await sql.unsafe(`create role helper superuser login password '${helper.password}'`);
    await sql.unsafe("drop database weir");
    await sql.unsafe("revoke set on parameter temp_file_limit from weir");
    await sql.unsafe("drop role weir");
  });
  await query(helper.href, (sql) => sql.unsafe("alter role weir_superuser rename to weir"));
  const superuser = await asRole(embedded.url, dataDir, "weir", "postgres");
  await query(superuser, async (sql) => {
    await sql.unsafe("drop role helper");
    await sql.unsafe("create database weir");
    // Left by a start that was killed in the middle.
    await sql.unsafe("create role weir_upgrade superuser; create role older login");
  });
  const url = await asRole(embedded.url, dataDir, "weir");
  await migrateDatabase(url);
  await query(url, async (sql) => {
    await sql.unsafe(`create schema own; create table own.kept (id integer generated by default as identity, word text);
      create sequence own.numbers; create type own.level as enum ('low', 'high'); create domain own.short as text;
      create function own.next() returns integer language sql as 'select nextval(''own.numbers'')::integer';
      create view own.words as select word from own.kept; select lo_from_bytea(0, 'x')`);
    await insertManifest(sql, "before", "SELECT 1 AS n");
    await sql.unsafe("create materialized view reporting.before as select 1 as n");
    await sql.unsafe("comment on materialized view reporting.before is 'weir:old'");
  });
  await rm(path.join(dataDir, "service-password"));
}
