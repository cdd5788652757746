import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError } from "./error.ts";
import { disownPidFile, isForeignProcess, readPidFile } from "./pid-file.ts";
import { hasExited, type Server, spawnPostmaster, stopChild } from "./postmaster.ts";
import { probeLeftServer, probePort } from "./probe.ts";
import { failureInServerLog, serverLogFile, serverLogSize } from "./server-log.ts";
import type { Site } from "./site.ts";

/** How long remains of an earlier server may be in the way: backends that have not yet noticed that it is gone. */
const remainsMs = 10_000;
/** How long a server may be silent before it counts as stuck. One that says it is recovering may take its time. */
const silenceMs = 60_000;

/** Finds the cluster's running server or starts one, on that port if one is given. Safe to be done by two at once. */
export async function bringUp(site: Site, signal: AbortSignal, port?: number): Promise<Server> {
  const deadline = Date.now() + remainsMs;
  let announceAt = Date.now() + remainsMs;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    const left = await probeLeftServer(site);
    if (left.kind === "ours") return { ...left, child: undefined };
    if (left.kind === "busy") {
      if (Date.now() >= announceAt) {
        site.log.info({ cluster: site.cluster }, "waiting for a PostgreSQL that is starting up or shutting down");
        announceAt = Date.now() + remainsMs;
      }
      await pause(attempt, signal);
      continue;
    }
    const result = await startOnce(site, signal, port ?? (await freePort()));
    if ("server" in result) return result.server;
    const passes = result.obstacle !== "other" && (result.obstacle !== "port" || port === undefined);
    if (!passes || Date.now() >= deadline) {
      if (left.kind === "refused") throw passwordRefused(site);
      throw new EmbeddedPostgresError("START_FAILED", explain(site, result));
    }
    if (result.obstacle === "pid file") await disownIfForeign(site);
    await pause(attempt, signal);
  }
}

type Obstacle = "port" | "pid file" | "shared memory" | "other";
type Failure = { obstacle: Obstacle; said: string };

async function startOnce(site: Site, signal: AbortSignal, port: number): Promise<{ server: Server } | Failure> {
  const logFrom = await serverLogSize(site.dataDir);
  const child = await spawnPostmaster(site, port);
  let silentSince = Date.now();
  for (let attempt = 0; ; attempt++) {
    const found = hasExited(child) ? undefined : await probePort(site, port);
    // Two starts can be after one port: what answers is another's server if ours has ended.
    if (found?.kind === "ours") return { server: { ...found, child: found.pid === child.pid ? child : undefined } };
    if (hasExited(child)) {
      const said = await failureInServerLog(site.dataDir, logFrom, child.pid);
      return { obstacle: obstacleIn(said), said };
    }
    if (found?.kind === "busy") silentSince = Date.now();
    const stuck = Date.now() - silentSince > silenceMs;
    if (signal.aborted || stuck || found?.kind === "refused") {
      await stopChild(child);
      signal.throwIfAborted();
      if (stuck) return { obstacle: "other", said: `it did not answer within ${silenceMs / 1000} s` };
      throw passwordRefused(site);
    }
    await exitOr(child, Math.min(10 + attempt * 5, 200));
  }
}

/** PostgreSQL's own words (lc_messages is C). */
function obstacleIn(said: string): Obstacle {
  if (said.includes("shared memory block")) return "shared memory";
  if (said.includes("postmaster.pid")) return "pid file";
  if (/could not (bind|create any TCP\/IP sockets)|in use/.test(said)) return "port";
  return "other";
}

function explain(site: Site, { obstacle, said }: Failure): string {
  const log = serverLogFile(site.dataDir);
  const reason = said === "" ? "it ended without a word" : said;
  const advice = {
    port: "another program took the port; start again",
    "pid file": `another PostgreSQL seems to run there; stop it, or see ${log}`,
    "shared memory": "processes of a killed PostgreSQL are still busy there; start again when they have ended",
    other: `see ${log}`,
  }[obstacle];
  return `PostgreSQL did not start in ${site.cluster}: ${reason} (${advice})`;
}

function passwordRefused(site: Site): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "PASSWORD_REFUSED",
    `the PostgreSQL of ${site.dataDir} does not accept the password in ${site.dataDir}/postgres-password: put the original file back`,
  );
}

async function disownIfForeign(site: Site): Promise<void> {
  const file = await readPidFile(site.cluster);
  if (!file || !(await isForeignProcess(file.pid, site.cluster))) return;
  site.log.info({ pid: file.pid }, "postmaster.pid names a process that is not PostgreSQL; it is out of date");
  await disownPidFile(site.cluster, file, site.account);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}

async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(25 * 2 ** attempt, 500), undefined, { signal });
}

async function exitOr(child: ChildProcess, ms: number): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([
    once(child, "exit", { signal: waiting.signal }),
    sleep(ms, undefined, { signal: waiting.signal }),
  ]).finally(() => waiting.abort());
}
