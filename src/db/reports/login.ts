import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import postgres from "postgres";
import { SQLSTATE, sqlState } from "../client.ts";

/** A login for the queries of reports, or why there is none: one line that says what to do. */
export type ReportLogin = { readonly url: string } | { readonly problem: string };

export interface ReportLoginOptions {
  /** The service's own URL. */
  readonly url: string;
  /** Name of the login that is made; absent: that of the database with `_reports`. */
  readonly name?: string | undefined;
  /** URL of a login that somebody else has made; absent: the service makes one. */
  readonly givenUrl?: string | undefined;
  /** Whether statements are prepared; default true. */
  readonly isPrepared?: boolean;
  /** Most MB of temporary files of one session. */
  readonly temporaryFilesMb: number;
}

type Session = postgres.TransactionSql;

/**
 * Makes sure that reports have a login of their own, which may read what is gauged, and may make views in `reporting`. Any
 * number of instances may do so at once. Throws only what the service itself could not start with.
 */
export async function prepareReportLogin(options: ReportLoginOptions): Promise<ReportLogin> {
  const { url, givenUrl, isPrepared } = options;
  const sql = postgres(url, {
    max: 1,
    prepare: isPrepared ?? true,
    onnotice: () => {},
    connect_timeout: 10,
    connection: { application_name: "weir login", lock_timeout: 10_000 },
  });
  try {
    return await sql.begin(async (session) => {
      // The instances go one after the other.
      await session`lock table weir.report_login in exclusive mode`;
      if (givenUrl === undefined) return makeLogin(session, options);
      const name = decodeURIComponent(new URL(givenUrl).username);
      await attempt(session, (inner) => grantReading(inner, name));
      return { url: givenUrl };
    });
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { problem };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const INSTEAD = "make a login for reports and set WEIR_SEEDER_DATABASE_URL to its URL";

class LoginProblem extends Error {}

function problemOf(error: unknown): string | undefined {
  if (error instanceof LoginProblem) return error.message;
  if (sqlState(error) === SQLSTATE.insufficientPrivilege && error instanceof Error)
    return `The service's database user may not make a login for reports (${error.message}): give it CREATEROLE, or ${INSTEAD}.`;
  return undefined;
}

interface Role {
  readonly comment: string | null;
  readonly is_plain: boolean;
  readonly member_of: string | null;
}

async function makeLogin(session: Session, options: ReportLoginOptions): Promise<ReportLogin> {
  const { url, temporaryFilesMb } = options;
  const [me] = await session<{ database: string; may_make_roles: boolean; is_superuser: boolean }[]>`
    select current_database() as database, r.rolsuper or r.rolcreaterole as may_make_roles, r.rolsuper as is_superuser
    from pg_roles r where r.rolname = current_user`;
  if (me === undefined) throw new Error("the session has no user");
  // A name has 63 bytes.
  const name = options.name ?? `${Buffer.from(me.database).subarray(0, 55).toString()}_reports`;
  const mark = `Runs the reports of Weir in the database ${JSON.stringify(me.database)}.`;
  const [role] = await session<Role[]>`
    select shobj_description(r.oid, 'pg_authid') as comment,
      not (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls) and r.rolcanlogin as is_plain,
      (select string_agg(m.roleid::regrole::text, ', ') from pg_auth_members m where m.member = r.oid) as member_of
    from pg_roles r where r.rolname = ${name}`;
  const [kept] = await session<{ password: string }[]>`select password from weir.report_login where name = ${name}`;
  if (role !== undefined) assertOurs(name, role, mark);
  if (role === undefined && !me.may_make_roles)
    throw new LoginProblem(
      `The service's database user may not make a login for reports: give it CREATEROLE, or ${INSTEAD}.`,
    );
  const password = (role === undefined ? undefined : kept?.password) ?? randomBytes(24).toString("base64url");
  if (role === undefined) {
    await session.unsafe(
      `CREATE ROLE ${quoted(name)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT`,
    );
    await session.unsafe(`COMMENT ON ROLE ${quoted(name)} IS '${mark.replaceAll("'", "''")}'`);
  }
  if (password !== kept?.password) {
    // Not the password itself: statements of this kind are logged by many servers.
    await session.unsafe(`ALTER ROLE ${quoted(name)} PASSWORD '${scramSecret(password)}'`);
    await session`insert into weir.report_login (name, password) values (${name}, ${password})
      on conflict (name) do update set password = excluded.password`;
  }
  // Its views are dropped and handed over, and its sessions ended, by whoever is a member of it. Never the other way round.
  if (!me.is_superuser)
    await attempt(
      session,
      (inner) => inner.unsafe(`GRANT ${quoted(name)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`),
      (inner) => inner.unsafe(`GRANT ${quoted(name)} TO CURRENT_USER`),
    );
  // A session can't raise this one by itself; only some may set it.
  await attempt(session, (inner) =>
    inner.unsafe(`ALTER ROLE ${quoted(name)} SET temp_file_limit = '${temporaryFilesMb}MB'`),
  );
  await grantReading(session, name);
  const login = new URL(url);
  login.username = encodeURIComponent(name);
  login.password = password;
  return { url: login.href };
}

function assertOurs(name: string, role: Role, mark: string): void {
  const other = `Set WEIR_SEEDER_ROLE to another name, or ${INSTEAD}.`;
  if (role.comment !== mark)
    throw new LoginProblem(
      `The role ${name} is there already, and was not made for the reports of this database. ${other}`,
    );
  if (!role.is_plain)
    throw new LoginProblem(`The role ${name} may more than log in. Take that from it again. ${other}`);
  if (role.member_of !== null)
    throw new LoginProblem(
      `The role ${name} is a member of ${role.member_of}. REVOKE that: reports could take its rights.`,
    );
}

/**
 * What is gauged can be read, but for credentials, and views be made in `reporting`. Given anew at each start, so that it covers
 * tables that a migration has brought. Views that the service made under another user become the login's.
 */
async function grantReading(session: Session, name: string): Promise<void> {
  const statements = await session<{ statement: string }[]>`
    with gauged as (
      select n.oid, n.nspname from pg_namespace n where n.nspname in ('ingest', 'pipeline', 'documents', 'reporting')
    )
    select format('GRANT %s ON SCHEMA %I TO %I', case g.nspname when 'reporting' then 'USAGE, CREATE' else 'USAGE' end, g.nspname, ${name}::text) as statement
    from gauged g
    where not has_schema_privilege(${name}, g.oid, 'USAGE')
       or (g.nspname = 'reporting' and not has_schema_privilege(${name}, g.oid, 'CREATE'))
    union all
    select format('GRANT SELECT%s ON %s TO %I',
                  case when bool_or(a.attname ~ '_creds$')
                    then ' (' || string_agg(quote_ident(a.attname), ', ') filter (where a.attname !~ '_creds$') || ')' else '' end,
                  c.oid::regclass, ${name}::text)
    from gauged g
    join pg_class c on c.relnamespace = g.oid and c.relkind in ('r', 'p', 'v') and pg_has_role(c.relowner, 'USAGE')
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    group by c.oid
    having bool_or(a.attname !~ '_creds$' and not has_column_privilege(${name}, c.oid, a.attnum, 'SELECT'))`;
  for (const { statement } of statements) await session.unsafe(statement);
  const views = await session<{ name: string; schema_owner: string }[]>`
    select c.oid::regclass::text as name, n.nspowner::regrole::text as schema_owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'reporting' and c.relkind = 'm' and starts_with(obj_description(c.oid, 'pg_class'), 'weir:')
      and pg_get_userbyid(c.relowner) <> ${name} and pg_has_role(c.relowner, 'USAGE')`;
  for (const view of views) {
    await attempt(session, async (inner) => {
      await inner.unsafe(`ALTER MATERIALIZED VIEW ${view.name} OWNER TO ${quoted(name)}`);
      await inner.unsafe(`GRANT SELECT ON ${view.name} TO ${view.schema_owner}`);
    });
  }
}

/** It is not allowed, this PostgreSQL does not know it yet, or there is no such role. */
const NOT_HERE = new Set<string | undefined>([
  SQLSTATE.insufficientPrivilege,
  SQLSTATE.syntaxError,
  SQLSTATE.undefinedObject,
]);

/** Does what the user may not be allowed to, each way after the other: what is not granted is done without. */
async function attempt(session: Session, ...ways: readonly ((inner: Session) => Promise<unknown>)[]): Promise<void> {
  for (const way of ways) {
    try {
      await session.savepoint(way);
      return;
    } catch (error) {
      if (!NOT_HERE.has(sqlState(error))) throw error;
    }
  }
}

/** What PostgreSQL keeps of a password (RFC 5803). */
function scramSecret(password: string): string {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const key = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${key("Server Key").toString("base64")}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
