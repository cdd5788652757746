import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createLogin, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, makeReport, refreshed } from "../support/reports.ts";
import { ask, post, startService } from "../support/service.ts";

const ownerOf = async (database: TestDatabase, view: string) =>
  (await database.sql`select matviewowner as owner from pg_matviews where matviewname = ${view}`)[0]?.["owner"];

/** A service that logs into a list. */
async function startLogged(url: string, settings: Readonly<Record<string, string>> = {}) {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  return { app: await startService(url, settings, log), lines };
}

async function expectNoReports(url: string, lines: readonly string[], why: RegExp): Promise<void> {
  expect(lines.filter((line) => line.includes("No reports are made"))).toEqual([expect.stringMatching(why)]);
  const { errors } = await post(url, 'mutation { refreshReport(tableName: "stored") { runId } }');
  expect(errors?.[0]).toMatchObject({
    message: expect.stringMatching(why),
    extensions: { code: "UNAVAILABLE" },
  });
}

describe("the login of reports", () => {
  it("is made at the start, owns the views, and is the same for every instance and every start", async () => {
    await using database = await createTestDatabase();
    const login = `${database.name}_reports`;
    for (let start = 0; start < 2; start += 1) {
      const apps = await Promise.all([startService(database.url), startService(database.url)]);
      for (const [at, app] of apps.entries()) {
        await insertManifest(database.sql, `own_${start}_${at}`, "SELECT count(*) AS n FROM ingest.file_statuses");
        expect(await refreshed(app.url, `own_${start}_${at}`)).toMatchObject({ status: "SUCCESS" });
        expect(await ownerOf(database, `own_${start}_${at}`)).toBe(login);
      }
      await Promise.all(apps.map((app) => app.stop()));
    }
    const [role] = await database.sql`
      select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconfig,
        (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships
      from pg_roles r where rolname = ${login}`;
    expect(role).toEqual({
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      rolbypassrls: false,
      rolconfig: "{temp_file_limit=10240MB}",
      memberships: 0,
    });
  });

  it("reads all that is gauged, and neither credentials nor the feed nor the secrets beside it", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const gauged = await database.sql<{ name: string; columns: string }[]>`
      select c.oid::regclass::text as name,
        string_agg(quote_ident(a.attname), ', ') filter (where a.attname !~ '_creds$') as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace in ('ingest'::regnamespace, 'pipeline'::regnamespace, 'documents'::regnamespace, 'reporting'::regnamespace)
        and c.relkind in ('r', 'v') group by c.oid order by 1`;
    expect(gauged.length).toBeGreaterThan(15);
    const all = gauged.map(({ name, columns }) => `(SELECT count(*) FROM (SELECT ${columns} FROM ${name}) t)`);
    await insertManifest(database.sql, "all", `SELECT ${all.join(" + ")} AS n`);
    expect(await refreshed(app.url, "all")).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
    for (const [name, query] of Object.entries({
      creds: "SELECT source_creds FROM pipeline.sources_config",
      all_of_source: "SELECT * FROM pipeline.sources_config",
      other_creds: "SELECT destination_creds FROM pipeline.destinations_config",
      feed: 'SELECT "row" FROM weir.change',
      secrets: "SELECT password FROM weir.report_login",
    })) {
      await insertManifest(database.sql, name, query);
      expect(await refreshed(app.url, name)).toMatchObject({
        status: "ERROR",
        errors: expect.stringMatching(/permission denied for (table|schema) .*GRANT it what they shall read$/),
      });
    }
  });

  it("takes over the views that the service made under another user, and whoever read them still does", async () => {
    await using database = await createTestDatabase();
    await using reader = await createLogin(database);
    const first = await startService(database.url);
    await makeReport(first.url, "moved", "SELECT 1 AS one");
    await refreshed(first.url, "moved");
    await first.stop();
    await database.sql.unsafe(`alter materialized view reporting.moved owner to current_user;
      grant usage on schema reporting to ${reader.name}; grant select on reporting.moved to ${reader.name}`);
    const [before] = await database.sql`select 'reporting.moved'::regclass::oid::text as oid`;
    await using second = await startService(database.url);
    expect(await refreshed(second.url, "moved")).toMatchObject({ status: "SUCCESS" });
    expect(await ownerOf(database, "moved")).toBe(`${database.name}_reports`);
    expect(await database.sql`select 'reporting.moved'::regclass::oid::text as oid`).toEqual([before]);
    const [may] = await database.sql`select has_table_privilege(${reader.name}, 'reporting.moved', 'SELECT') as may`;
    expect(may).toEqual({ may: true });
  });

  it("has the name that WEIR_SEEDER_ROLE gives it", async () => {
    await using database = await createTestDatabase();
    const name = `named ${database.name}`;
    const app = await startService(database.url, { WEIR_SEEDER_ROLE: name });
    await makeReport(app.url, "named", "SELECT session_user::text AS who");
    await refreshed(app.url, "named");
    expect(await database.sql`select who from reporting.named`).toEqual([{ who: name }]);
    await app.stop();
    await database.sql.unsafe(`drop owned by "${name}" cascade; drop role "${name}"`);
  });

  it("is not a role that somebody else has made, and the log and the answers say so", async () => {
    await using database = await createTestDatabase();
    await using taken = await createLogin(database);
    await insertManifest(database.sql, "stored", "SELECT 1 AS one");
    const { app, lines } = await startLogged(database.url, { WEIR_SEEDER_ROLE: taken.name });
    await expectNoReports(app.url, lines, /is there already, and was not made .*WEIR_SEEDER_DATABASE_URL/);
    expect(await ask(app.url, "{ seederRuns { totalCount } }")).toEqual({ seederRuns: { totalCount: 0 } });
    await app.stop();
  });

  it("that was made a member of another role is used no more", async () => {
    await using database = await createTestDatabase();
    await using high = await createLogin(database);
    await (await startService(database.url)).stop();
    await database.sql.unsafe(`grant ${high.name} to ${database.name}_reports`);
    await insertManifest(database.sql, "stored", "SELECT 1 AS one");
    const { app, lines } = await startLogged(database.url);
    await expectNoReports(app.url, lines, /is a member of login_\w+\. REVOKE that/);
    await app.stop();
  });
});

describe("a service whose database user is no superuser", () => {
  /** Makes that user the owner of the database before anything is in it. */
  async function createFor(attributes: string) {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await createTestDatabase({ isEmpty: true }));
    const login = opened.use(await createLogin(database, attributes));
    await database.sql.unsafe(`alter database ${database.name} owner to ${login.name}`);
    opened.defer(async () => {
      await database.sql.unsafe(`alter database ${database.name} owner to current_user`);
    });
    const kept = opened.move();
    return { database, url: login.url, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  it("makes the login when it may make roles", async () => {
    await using own = await createFor("createrole");
    const app = await startService(own.url);
    const id = await makeReport(app.url, "made", "SELECT session_user::text AS who");
    for (let repeat = 0; repeat < 2; repeat += 1)
      expect(await refreshed(app.url, "made")).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
    expect(await ownerOf(own.database, "made")).toBe(`${own.database.name}_reports`);
    // Its own user reads it, and removes it.
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
    expect(await ownerOf(own.database, "made")).toBeUndefined();
    await app.stop();
    await own.database.sql.unsafe(
      `drop owned by ${own.database.name}_reports cascade; drop role ${own.database.name}_reports`,
    );
  });

  it("makes no reports when it may not, but as the login of WEIR_SEEDER_DATABASE_URL", async () => {
    await using own = await createFor("");
    const without = await startLogged(own.url);
    await insertManifest(own.database.sql, "stored", "SELECT session_user::text AS who FROM ingest.file_statuses");
    await expectNoReports(without.app.url, without.lines, /may not make a login.*CREATEROLE.*WEIR_SEEDER_DATABASE_URL/);
    await without.app.stop();
    await using given = await createLogin(own.database);
    const app = await startService(own.url, { WEIR_SEEDER_DATABASE_URL: given.url });
    expect(await refreshed(app.url, "stored")).toMatchObject({ status: "SUCCESS" });
    expect(await ownerOf(own.database, "stored")).toBe(given.name);
    await app.stop();
  });

  it.each([
    ["a superuser", "superuser", "", /is a superuser/],
    ["one that replicates", "replication", "", /may replicate/],
    ["one that makes roles", "createrole", "", /may make roles/],
    ["one that reads files of the server", "", "pg_read_server_files", /is a member of pg_read_server_files/],
    ["one that reads everything", "", "pg_read_all_data", /may use the schema weir/],
  ])("makes no report as %s, even if it is told to", async (_who, attributes, membership, why) => {
    await using database = await createTestDatabase();
    await using given = await createLogin(database, attributes);
    if (membership !== "") await database.sql.unsafe(`grant ${membership} to ${given.name}`);
    await using app = await startService(database.url, { WEIR_SEEDER_DATABASE_URL: given.url });
    await insertManifest(database.sql, "stored", "SELECT 1 AS one");
    expect(await refreshed(app.url, "stored")).toMatchObject({
      status: "ERROR",
      errors: expect.stringMatching(why),
    });
  });
});
