import { randomBytes } from "node:crypto";
import type { Sql, TransactionSql } from "postgres";
import { type Connection, connect } from "./connection.ts";
import { databaseName, databaseUser, superuser } from "./secrets.ts";
import type { Site } from "./site.ts";

/** The role that initdb made; its number is PostgreSQL's own. */
const BOOTSTRAP = 10;
/** Renames the superuser of before, who can't rename himself. */
const HELPER = "weir_upgrade";
const timeoutMs = 10_000;

/**
 * What PostgreSQL lets every role do, and a report's query must not: objects outside of tables, messages in the WAL, locks of the
 * service's own, the end of sessions.
 */
const KEPT_FROM_ALL = [
  "lo_creat",
  "lo_create",
  "lo_from_bytea",
  "lo_put",
  "lo_truncate",
  "lo_truncate64",
  "lo_unlink",
  "lowrite",
  "pg_advisory_lock",
  "pg_advisory_lock_shared",
  "pg_advisory_xact_lock",
  "pg_advisory_xact_lock_shared",
  "pg_cancel_backend",
  "pg_logical_emit_message",
  "pg_terminate_backend",
  "pg_try_advisory_lock",
  "pg_try_advisory_lock_shared",
  "pg_try_advisory_xact_lock",
  "pg_try_advisory_xact_lock_shared",
] as const;

/**
 * Makes the database and its owner, whom the service and its programs log in as: no superuser, that is for this launcher alone. In
 * a cluster of an earlier version, where it was one, it hands over what it had.
 */
export async function prepareRoles(site: Site, { sql }: Connection, port: number): Promise<void> {
  const [bootstrap] = await sql<{ name: string }[]>`
    /* embedded_superuser */ select rolname as name from pg_roles where oid = ${BOOTSTRAP}`;
  await sql`drop role if exists ${sql(HELPER)}`;
  if (bootstrap?.name === databaseUser) await demote(site, sql, port);
  const [owner] = await sql`/* embedded_find_owner */ select 1 from pg_roles where rolname = ${databaseUser}`;
  if (!owner) await sql.begin(makeOwner);
  await sql.unsafe(`/* embedded_password */ alter role ${databaseUser} password '${site.servicePassword}'`);
  const [found] = await sql`/* embedded_find_database */ select 1 from pg_database where datname = ${databaseName}`;
  if (!found) await sql`/* embedded_create_database */ create database ${sql(databaseName)} owner ${sql(databaseUser)}`;
  await inDatabase(port, { user: superuser, password: site.password }, keepFromAll);
}

async function makeOwner(tx: TransactionSql): Promise<void> {
  await tx.unsafe(`create role ${databaseUser} login createrole`);
  await tx.unsafe(`grant pg_monitor to ${databaseUser}`);
  await tx.unsafe(`grant set on parameter temp_file_limit to ${databaseUser}`);
}

/** All of it or nothing: whoever is killed in between begins again. */
async function demote(site: Site, sql: Sql, port: number): Promise<void> {
  const password = randomBytes(24).toString("base64url");
  await sql.unsafe(`create role ${HELPER} superuser login password '${password}'`);
  await inDatabase(port, { user: HELPER, password }, async (helper) => {
    await helper.begin(async (tx) => {
      await tx.unsafe(`alter role ${databaseUser} rename to ${superuser}`);
      await makeOwner(tx);
      await tx.unsafe(`alter database ${databaseName} owner to ${databaseUser}`);
      for (const { statement } of await tx<{ statement: string }[]>`${tx.unsafe(OWNED)}`) await tx.unsafe(statement);
    });
  });
  await sql`drop role ${sql(HELPER)}`;
  site.log.info({ dataDir: site.dataDir }, "the service's database user is no superuser any more");
}

/** Statements that hand over what the bootstrap superuser owns, but for PostgreSQL's own objects and those of extensions. */
const OWNED = `
  select format('ALTER %s OWNER TO ${databaseUser}', what) as statement from (
    select 1 as step, format('SCHEMA %I', n.nspname) as what from pg_namespace n
    where n.nspowner = ${BOOTSTRAP} and n.oid >= 16384 and n.nspname !~ '^pg_'
    union all
    select 2, format('TABLE %s', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relowner = ${BOOTSTRAP} and c.oid >= 16384 and n.nspname !~ '^pg_' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                        and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i')))
    union all
    select 3, format('ROUTINE %s', p.oid::regprocedure) from pg_proc p
    where p.proowner = ${BOOTSTRAP} and p.oid >= 16384
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select 4, format('TYPE %s', t.oid::regtype) from pg_type t left join pg_class c on c.oid = t.typrelid
    where t.typowner = ${BOOTSTRAP} and t.oid >= 16384
      and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
      and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
    union all
    select 5, format('LARGE OBJECT %s', l.oid) from pg_largeobject_metadata l where l.lomowner = ${BOOTSTRAP}
  ) o
  union all
  select format('GRANT %I TO ${databaseUser} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', r.rolname) from pg_roles r
  where r.oid >= 16384 and not r.rolsuper and r.rolname <> '${databaseUser}'`;

async function keepFromAll(sql: Sql): Promise<void> {
  const functions = await sql<{ name: string }[]>`
    /* embedded_public_functions */
    select p.oid::regprocedure::text as name from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname in ${sql([...KEPT_FROM_ALL])}
      and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)`;
  if (functions.length === 0) return;
  const names = functions.map(({ name }) => name).join(", ");
  await sql.begin(async (tx) => {
    await tx.unsafe(`grant execute on function ${names} to ${databaseUser}`);
    await tx.unsafe(`revoke execute on function ${names} from public`);
  });
}

async function inDatabase(
  port: number,
  login: { readonly user: string; readonly password: string },
  work: (sql: Sql) => Promise<void>,
): Promise<void> {
  const connection = await connect(port, login.password, timeoutMs, { user: login.user, database: databaseName });
  try {
    await work(connection.sql);
  } finally {
    await connection.end();
  }
}
