import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { program } from "./binaries.ts";
import type { Connection } from "./connection.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { isAlive } from "./folders.ts";
import { readPidFile } from "./pid-file.ts";
import { boundServerLog, openServerLog } from "./server-log.ts";
import type { Site } from "./site.ts";

/** A PostgreSQL that has proven to be ours. */
export interface Server {
  readonly connection: Connection;
  readonly port: number;
  /** Told by the server itself; meant to be signalled only while the connection is open. */
  readonly pid: number;
  /** Missing if the server was taken over. */
  readonly child: ChildProcess | undefined;
}

/** Fast shutdown waits for a checkpoint; after this many milliseconds it is asked to drop everything. */
const fastShutdownMs = 8_000;

/**
 * Nothing of the service's environment, which may hold secrets that any user of that account could read, and none of
 * the PG… variables, which would change where and how PostgreSQL starts.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "SystemDrive", "TEMP", "TMP", "TMPDIR"];
  const environment: NodeJS.ProcessEnv = { LC_ALL: "C", TZ: "UTC" };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/**
 * Starts the server without waiting for it. Here stand only the settings that the launcher depends on; the others are
 * in postgresql.conf, where ALTER SYSTEM can change them.
 */
export async function spawnPostmaster(site: Site, port: number): Promise<ChildProcess> {
  await boundServerLog(site.dataDir);
  const log = await openServerLog(site.dataDir);
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "logging_collector=off"];
  try {
    const child = spawn(
      program(site.native, "postgres"),
      ["-D", site.cluster, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
      {
        ...site.account,
        // Its own process group: Ctrl-C then reaches the service alone, which drains before it stops PostgreSQL.
        detached: true,
        // The service's folder may be closed to the account; PostgreSQL enters its own.
        cwd: path.parse(site.cluster).root,
        env: serverEnvironment(),
        stdio: ["ignore", log.fd, log.fd],
        windowsHide: true,
      },
    );
    child.unref();
    await once(child, "spawn");
    return child;
  } catch (error) {
    throw new EmbeddedPostgresError(
      "NO_BINARIES",
      `the PostgreSQL in ${site.native} does not run on this system (${errorCode(error) ?? "unknown error"}): set DATABASE_URL to use a PostgreSQL of your own`,
      { cause: error },
    );
  } finally {
    await log.close();
  }
}

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Fast shutdown; resolves when the server is gone. The lock is kept until then, so that nobody adopts a dying server. */
export async function stopServer(site: Site, server: Server): Promise<void> {
  try {
    if (await isGone(site, server)) return;
    await signal(site, server, "SIGINT");
    if (await waitUntilGone(site, server, fastShutdownMs)) return;
    site.log.warn({ pid: server.pid }, "PostgreSQL did not shut down in time; stopping it at once");
    await signal(site, server, "SIGQUIT");
    if (await waitUntilGone(site, server, fastShutdownMs)) return;
  } finally {
    await server.connection.end();
  }
  throw new EmbeddedPostgresError("STOP_FAILED", `PostgreSQL (pid ${server.pid}) does not stop: end that process`);
}

/** Stops a server that we started and that never became ready. */
export async function stopChild(child: ChildProcess): Promise<void> {
  child.kill("SIGINT");
  for (let waited = 0; !hasExited(child) && waited < fastShutdownMs; waited += 10) await sleep(10);
  if (!hasExited(child)) child.kill("SIGQUIT");
  while (!hasExited(child)) await sleep(10);
}

async function signal(site: Site, server: Server, name: "SIGINT" | "SIGQUIT"): Promise<void> {
  if (process.platform === "win32") {
    // Windows has no such signals; pg_ctl speaks PostgreSQL's substitute for them.
    const mode = name === "SIGINT" ? "fast" : "immediate";
    await promisify(execFile)(program(site.native, "pg_ctl"), ["stop", "-D", site.cluster, "-m", mode, "-W"], {
      env: serverEnvironment(),
      windowsHide: true,
    });
  } else if (server.child) {
    server.child.kill(name);
  } else {
    try {
      process.kill(server.pid, name);
    } catch (error) {
      if (errorCode(error) !== "ESRCH") throw error;
    }
  }
}

async function waitUntilGone(site: Site, server: Server, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!(await isGone(site, server))) {
    if (Date.now() >= deadline) return false;
    await sleep(10);
  }
  return true;
}

async function isGone(site: Site, server: Server): Promise<boolean> {
  if (server.child) return hasExited(server.child);
  if (!isAlive(server.pid)) return true;
  if (!server.connection.isClosed()) return false;
  // An orphan whose new parent never waits for it stays a zombie, so a living pid alone is no proof of life: the file
  // is the last thing that a server removes.
  const file = await readPidFile(site.cluster);
  if (file?.pid === server.pid) return false;
  for (let waited = 0; isAlive(server.pid) && waited < 500; waited += 10) await sleep(10);
  return true;
}
