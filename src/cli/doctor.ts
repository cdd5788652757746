import { statfs } from "node:fs/promises";
import path from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { Database, Sql } from "../db/client.ts";
import { compareMigrations } from "../db/migrate.ts";
import type { Config } from "../server/config.ts";
import { readState } from "../server/state.ts";
import type { UnknownSetting } from "../server/unknown-settings.ts";
import { describeTarget, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

interface Finding {
  readonly level: "ok" | "warn" | "FAIL";
  readonly text: string;
}

const ok = (text: string): Finding => ({ level: "ok", text });
const warn = (text: string): Finding => ({ level: "warn", text });
const bad = (text: string): Finding => ({ level: "FAIL", text });

/** Seconds between the two clocks beyond which a report's time is hardly right. */
const CLOCK_WARN = 2;
/** Bytes that a file system should have left. */
const LEAST_FREE = 2 * 1024 ** 3;
const LEAST_CONNECTIONS_FREE = 10;

/** Looks at what a service needs, and prints one line for each finding. Exit code 1 when one of them has to be mended. */
export async function doctor(
  config: Config,
  unknown: readonly UnknownSetting[],
  { isJson }: { readonly isJson: boolean },
): Promise<Failure | undefined> {
  const print = (finding: Finding) =>
    process.stdout.write(`${isJson ? JSON.stringify(finding) : `${finding.level.padEnd(4)}  ${finding.text}`}\n`);
  print(ok(`Weir ${manifest.version} on Node ${process.versions.node}`));
  const findings = unknown.map(({ name, nearest }) =>
    warn(`${name} is no setting${nearest === null ? "" : `; ${nearest} is`}`),
  );
  const unreachable = await withDatabase(
    config,
    async (database) => {
      findings.push(ok(`The database is ${describeTarget(config)}`), ...(await lookAt(database)));
      return undefined;
    },
    { mustExist: true, migrates: false },
  );
  if (unreachable !== undefined) findings.push(bad(unreachable.message));
  if (config.DATABASE_URL === undefined) findings.push(await disk(path.resolve(config.WEIR_DATA_DIR)));
  for (const finding of findings) print(finding);
  const failures = findings.filter(({ level }) => level === "FAIL").length;
  return failures === 0 ? undefined : { exitCode: 1, message: `${failures} to be mended.` };
}

async function lookAt({ sql }: Database): Promise<readonly Finding[]> {
  const [server] = await sql<ServerRow[]>`/* doctor.server */
    select current_setting('server_version') as version, extract(epoch from clock_timestamp())::float8 as clock,
      current_setting('max_connections')::int - (select count(*) from pg_stat_activity where backend_type = 'client backend')::int
        as free_connections,
      (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as may_make_roles,
      pg_size_pretty(pg_database_size(current_database())) as size`;
  if (server === undefined) throw new Error("the database does not answer");
  const apart = Math.abs(server.clock - Date.now() / 1_000);
  const schema = await schemaOf(sql);
  // What an older or newer schema has is not known here.
  if (schema.level !== "ok") return [ok(`PostgreSQL ${server.version}, ${server.size}`), schema];
  const { unsettled, partitionsAhead, pipelinesOverdue, ...others } = await readState(sql);
  return [
    ok(`PostgreSQL ${server.version}, ${server.size}`),
    schema,
    apart > CLOCK_WARN
      ? warn(`The clocks of this machine and of the database are ${apart.toFixed(1)} seconds apart: set both by NTP`)
      : ok("The clocks of this machine and of the database agree"),
    server.free_connections < LEAST_CONNECTIONS_FREE
      ? warn(`Only ${server.free_connections} connections are free: raise max_connections`)
      : ok(`${server.free_connections} connections are free`),
    server.may_make_roles
      ? ok("The database user may make the login of reports")
      : warn("The database user may make no roles: no reports are made unless WEIR_SEEDER_DATABASE_URL is set"),
    unsettled > 0
      ? warn(`${unsettled} rows are not settled: if they stay, a transaction holds them`)
      : ok("Every row is settled"),
    partitionsOf(partitionsAhead),
    pipelinesOverdue > 0 ? warn(`${pipelinesOverdue} pipelines are overdue`) : ok("No pipeline is overdue"),
    ok(`Under way: ${others.runsUnderWay} runs, ${others.leases} stages, ${others.reportsQueued} reports`),
  ];
}

interface ServerRow {
  readonly version: string;
  readonly clock: number;
  readonly free_connections: number;
  readonly may_make_roles: boolean;
  readonly size: string;
}

async function schemaOf(sql: Sql): Promise<Finding> {
  const { newer, pending } = await compareMigrations(sql);
  if (newer !== null) return bad(`The schema is of a newer version (${newer}): start that one`);
  return pending > 0
    ? warn(`${pending} migrations are to come: the service applies them when it starts`)
    : ok("The schema is this version's");
}

function partitionsOf(ahead: number): Finding {
  if (ahead >= 2) return ok(`The feed has partitions for ${ahead} days ahead`);
  const text = `The feed has partitions for ${Math.max(ahead, 0)} days ahead: a running service makes three`;
  return ahead < 1 ? bad(text) : warn(text);
}

async function disk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB are free in ${folder}`;
  return free < LEAST_FREE ? warn(text) : ok(text);
}
