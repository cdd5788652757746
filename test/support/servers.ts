import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { buildWeb } from "../../scripts/build-web.ts";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { startEmbeddedPostgres } from "../../src/embedded/launcher.ts";
import { superuser, superuserPasswordFile } from "../../src/embedded/secrets.ts";
import { makeRunFolder } from "./run-folder.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** URLs of the maintenance databases of the servers that the tests use; null: not installed here. */
    postgres18: string;
    postgres15: string | null;
  }
}

export const TEMPLATE = "weir_template";
const DEBIAN_15 = "/usr/lib/postgresql/15/bin";
const run = promisify(execFile);

/** Several files run at once, and one of them may open some fifty connections. */
const MOST_CONNECTIONS = 400;

/**
 * Starts the servers once for all test files, with a migrated database to clone from. Afterwards it fails the run when
 * anything is left of it: processes, folders, databases.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using starting = new AsyncDisposableStack();
  const folder = await makeRunFolder();
  const left: string[] = [];
  starting.defer(() => folder.removeEmpty(left));
  const newest = async () => {
    const dataDir = path.join(folder.path, "18");
    const server = starting.use(await startEmbedded(dataDir));
    return makeTemplate(await maintenanceUrl(server.url, dataDir));
  };
  const oldest = async () => {
    const isWanted = project.vitest.projects.some(({ name }) => name === "postgres 15");
    if (isWanted && !existsSync(`${DEBIAN_15}/postgres`))
      process.stdout.write(`PostgreSQL 15 is not installed in ${DEBIAN_15}: the tests run on 18 alone.\n`);
    else if (isWanted) {
      const server = await startDebian15(path.join(folder.path, "15"));
      starting.defer(server.stop);
      return makeTemplate(server.url);
    }
    return null;
  };
  // The pages that a service serves are those of these sources.
  const [postgres18, postgres15] = await Promise.all([newest(), oldest(), buildWeb()]);
  project.provide("postgres18", postgres18);
  project.provide("postgres15", postgres15);
  const servers = starting.move();
  return async () => {
    for (const url of [postgres18, postgres15]) if (url !== null) left.push(...(await leftDatabases(url)));
    await servers.disposeAsync();
  };
}

/** Started twice: the number of connections is a setting of the start. */
async function startEmbedded(dataDir: string) {
  const log = { info() {}, warn() {}, error() {} };
  const first = await startEmbeddedPostgres({ dataDir, log });
  await settle(await maintenanceUrl(first.url, dataDir));
  await first.stop();
  return startEmbeddedPostgres({ dataDir, log });
}

/** As the superuser: tests look into what the service's own user can't. */
async function maintenanceUrl(url: string, dataDir: string): Promise<string> {
  const maintenance = new URL(url);
  maintenance.username = superuser;
  maintenance.password = (await readFile(path.join(dataDir, superuserPasswordFile), "utf8")).trim();
  maintenance.pathname = "/postgres";
  return maintenance.href;
}

/** What a test database holds need not survive a crash of the machine. */
const SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_wal_size: "256MB",
  max_connections: String(MOST_CONNECTIONS),
  max_prepared_transactions: "10",
};

async function settle(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  for (const [name, value] of Object.entries(SETTINGS)) await sql.unsafe(`alter system set ${name} = '${value}'`);
  await sql.end();
}

/** Answers the same URL. */
async function makeTemplate(url: string): Promise<string> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql.unsafe(`create database ${TEMPLATE}`);
  await sql.end();
  const template = new URL(url);
  template.pathname = `/${TEMPLATE}`;
  await migrateDatabase(template.href);
  return url;
}

async function leftDatabases(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const rows = await sql<{ name: string; sessions: number }[]>`
    select datname as name, (select count(*)::int from pg_stat_activity a where a.datname = d.datname) as sessions
    from pg_database d where datname not in ('postgres', 'template0', 'template1', 'weir', ${TEMPLATE})`;
  await sql.end();
  return rows.map(({ name, sessions }) => `the database ${name}, with ${sessions} sessions`);
}

/** Debian's PostgreSQL 15 in a folder of its own, as user postgres when this is root. */
async function startDebian15(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const account: { uid?: number; gid?: number } = process.getuid?.() === 0 ? await accountOf("postgres") : {};
  const options = { ...account, cwd: "/" };
  await run("mkdir", ["-p", folder]);
  if (account.uid !== undefined && account.gid !== undefined) await chown(folder, account.uid, account.gid);
  await run(
    `${DEBIAN_15}/initdb`,
    ["-D", folder, "-U", "weir", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
    options,
  );
  const port = await freePort();
  const settings = { ...SETTINGS, listen_addresses: "127.0.0.1", unix_socket_directories: "" };
  const server = spawn(
    `${DEBIAN_15}/postgres`,
    [
      "-D",
      folder,
      "-p",
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    { ...options, stdio: "ignore" },
  );
  const url = `postgres://weir@127.0.0.1:${port}/postgres`;
  await untilReachable(url);
  return {
    url,
    async stop() {
      server.kill("SIGINT");
      if (server.exitCode === null) await once(server, "exit");
    },
  };
}

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string) => Number((await run("id", [flag, name])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function untilReachable(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const sql = postgres(url, { max: 1, connect_timeout: 2 });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(100);
    } finally {
      await sql.end();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
