import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { migrateDatabase } from "../../src/db/migrate.ts";
import { startEmbeddedPostgres } from "../../src/embedded/launcher.ts";
import { superuser, superuserPasswordFile } from "../../src/embedded/secrets.ts";

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

/** Starts the servers once for all test files, with a migrated database to clone from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), "weir-test-"));
  await chmod(folder, 0o755);
  const silent = { info() {}, warn() {}, error() {} };
  const embedded = await startEmbeddedPostgres({ dataDir: path.join(folder, "18"), log: silent });
  const url18 = new URL(embedded.url);
  // Tests look into what the service's own user can't.
  url18.username = superuser;
  url18.password = (await readFile(path.join(folder, "18", superuserPasswordFile), "utf8")).trim();
  url18.pathname = "/postgres";
  const old = existsSync(`${DEBIAN_15}/postgres`) ? await startDebian15(path.join(folder, "15")) : null;
  if (old === null)
    process.stdout.write(`PostgreSQL 15 is not installed in ${DEBIAN_15}: the tests run on 18 alone.\n`);
  for (const url of [url18.href, old?.url]) if (url !== undefined) await makeTemplate(url);
  project.provide("postgres18", url18.href);
  project.provide("postgres15", old?.url ?? null);
  return async () => {
    await embedded.stop();
    await old?.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function makeTemplate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  // What a test database holds need not survive a crash of the machine.
  await sql`alter system set fsync = off`;
  await sql`alter system set max_connections = 100`;
  await sql`select pg_reload_conf()`;
  await sql.unsafe(`create database ${TEMPLATE}`);
  await sql.end();
  const template = new URL(url);
  template.pathname = `/${TEMPLATE}`;
  await migrateDatabase(template.href);
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
  const server = spawn(
    `${DEBIAN_15}/postgres`,
    ["-D", folder, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
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
