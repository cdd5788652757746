import type { GraphQLError } from "graphql";
import { type Database, openDatabase, type Sql } from "../../db/client.ts";
import type { ReportLogin } from "../../db/reports/login.ts";
import { OWN_DATABASE } from "../../db/reports/tables.ts";
import { badInput, userError } from "../errors.ts";

/** What refreshes need: sessions on each database that manifests name, and a bell for the runner. */
export interface ReportEngine {
  /**
   * Does something in a session of its own, which is ended afterwards: nothing that a query makes of its session, no setting
   * and no lock, is there for another one. Throws BAD_USER_INPUT for a database that is not configured, UNAVAILABLE where
   * there is no login that queries may run as.
   */
  inSession<Result>(databaseId: number, work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /** What {@link inSession} would throw without having connected; undefined: nothing. */
  refusal(databaseId: number): GraphQLError | undefined;
  readonly coolingMinutes: number;
  /** Tells this process's runner that something was queued. Others find it by themselves. */
  wake(): void;
  onWake(listener: () => void): void;
}

export interface ReportEngineOptions {
  readonly login: ReportLogin;
  /** Of the other databases, by id. */
  readonly urls: ReadonlyMap<number, string>;
  readonly isPrepared: boolean;
  readonly statementTimeoutSeconds: number;
  readonly memoryMb: number;
  readonly coolingMinutes: number;
}

/** Opens no connection before it is needed. */
export function createReportEngine(options: ReportEngineOptions): ReportEngine {
  const { login, urls, coolingMinutes } = options;
  let ring = () => {};

  function urlOf(databaseId: number): string | GraphQLError {
    if (databaseId === OWN_DATABASE)
      return "url" in login ? login.url : userError("UNAVAILABLE", `No reports are made: ${login.problem}`);
    const ids = [OWN_DATABASE, ...urls.keys()].toSorted((a, b) => a - b).join(", ");
    return (
      urls.get(databaseId) ??
      badInput(`databaseId is ${databaseId}, which is not configured; there are ${ids}. WEIR_DATABASES names others.`)
    );
  }

  return {
    async inSession(databaseId, work) {
      const url = urlOf(databaseId);
      if (typeof url !== "string") throw url;
      await using session = openSession(url, options);
      await assertHarmless(session.sql);
      return await work(session.sql);
    },
    refusal(databaseId) {
      const url = urlOf(databaseId);
      return typeof url === "string" ? undefined : url;
    },
    coolingMinutes,
    wake: () => ring(),
    onWake: (listener) => (ring = listener),
  };
}

/** Milliseconds that the service may keep a transaction waiting: it does nothing in between. */
const IDLE_TIMEOUT = 60_000;

function openSession(url: string, { statementTimeoutSeconds, memoryMb, isPrepared }: ReportEngineOptions): Database {
  return openDatabase(url, {
    max: 1,
    name: "weir seeder",
    isPrepared,
    statementTimeout: statementTimeoutSeconds * 1_000,
    settings: {
      work_mem: `${memoryMb}MB`,
      maintenance_work_mem: `${memoryMb}MB`,
      hash_mem_multiplier: "1",
      max_parallel_workers_per_gather: "0",
      max_parallel_maintenance_workers: "0",
      idle_in_transaction_session_timeout: String(IDLE_TIMEOUT),
      idle_session_timeout: String(IDLE_TIMEOUT),
    },
  });
}

/**
 * A query can call any function that its user may call, and undo any setting, so the user itself has to be harmless. Asked
 * each time: rights are given while the service runs.
 */
async function assertHarmless(sql: Sql): Promise<void> {
  const [user] = await sql<{ name: string; danger: string | null }[]>`/* reports.harmless */
    select r.rolname as name, case
      when r.rolsuper then 'is a superuser'
      when r.rolreplication then 'may replicate'
      when r.rolcreaterole then 'may make roles'
      when r.rolbypassrls then 'passes by row security'
      when o.name is not null then 'is a member of ' || o.name
      when exists (select from pg_namespace n where n.nspname = 'weir' and has_schema_privilege(n.oid, 'USAGE')) then 'may use the schema weir'
      when exists (select from pg_class c where c.relnamespace in (select oid from pg_namespace where nspname = 'weir')
        and has_any_column_privilege(c.oid, 'SELECT')) then 'may read the feed'
      when exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace in (select oid from pg_namespace where nspname = 'pipeline') and a.attname ~ '_creds$'
          and has_column_privilege(c.oid, a.attnum, 'SELECT')) then 'may read credentials'
      end as danger
    from pg_roles r
    left join lateral (
      select m.rolname as name from pg_roles m
      where m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'MEMBER')
        and (m.rolsuper or m.rolreplication or m.rolcreaterole or m.rolbypassrls
          or m.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend',
                           'pg_write_all_data', 'pg_create_subscription')
          or m.oid in (select n.nspowner from pg_namespace n where n.nspname = 'weir'))
      order by 1 limit 1) o on true
    where r.rolname = session_user`;
  if (user?.danger == null) return;
  throw userError(
    "UNAVAILABLE",
    `No report is made as ${user.name}: it ${user.danger}. Take that from it, or set WEIR_SEEDER_DATABASE_URL (WEIR_DATABASES for another database) to the URL of a login that may read what reports show, and nothing else.`,
  );
}
