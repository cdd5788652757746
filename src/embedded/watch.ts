import { setTimeout as sleep } from "node:timers/promises";
import { bringUp } from "./bring-up.ts";
import { errorCode } from "./error.ts";
import { isAlive } from "./folders.ts";
import { takeOwnerLock } from "./lock.ts";
import { isForeignProcess, readPidFile } from "./pid-file.ts";
import { type Server, stopServer } from "./postmaster.ts";
import { probeLeftServer } from "./probe.ts";
import type { Site } from "./site.ts";

/** How long a server that is shutting down is waited for. */
const dyingMs = 5_000;
const backoffMs = [0, 100, 250, 500, 1_000, 2_000, 5_000] as const;

/**
 * Brings PostgreSQL back on the same port whenever it goes. The end of the lock's connection is the sign, which works
 * for a server that is not our child too, and also tells of a lost lock while the server lives on.
 */
export function watchServer(site: Site, first: Server): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current: Server | undefined = first;

  const watching = (async () => {
    for (let server = first; ; ) {
      await server.connection.closed;
      if (signal.aborted) return;
      site.log.warn({ port: first.port }, "lost the connection to PostgreSQL; bringing it back");
      await server.connection.end();
      current = undefined;
      const next = await bringBack(site, first.port, signal);
      if (!next) return;
      current = next;
      server = next;
    }
  })();

  const stop = async () => {
    stopping.abort();
    const server = current;
    const connected = server !== undefined && !server.connection.isClosed();
    if (connected) await stopServer(site, server);
    await watching;
    // The server may have come back just before the stop, or only the connection to it was lost.
    if (!connected) await stopLeftServer(site);
  };
  return { stop };
}

/** A server that ends closes its port first and removes its file last; a file that a killed one left names no living server. */
async function isStillThere(site: Site): Promise<boolean> {
  const file = await readPidFile(site.cluster);
  return file !== undefined && isAlive(file.pid) && !(await isForeignProcess(file.pid, site.cluster));
}

/** Only under the lock: without it, what runs now belongs to the service that was started after this one. */
async function stopLeftServer(site: Site): Promise<void> {
  let left = await probeLeftServer(site);
  // Told to stop at once with the service, it is about to end by itself.
  const deadline = Date.now() + dyingMs;
  while (left.kind !== "ours" && Date.now() < deadline && (await isStillThere(site))) {
    await sleep(20);
    left = await probeLeftServer(site);
  }
  if (left.kind !== "ours") return;
  const lock = await takeOwnerLock(left.connection);
  if (lock.held) await stopServer(site, { ...left, child: undefined });
  else await left.connection.end();
}

async function bringBack(site: Site, port: number, signal: AbortSignal): Promise<Server | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      await sleep(backoffMs[Math.min(attempt, backoffMs.length - 1)], undefined, { signal });
      const server = await bringUp(site, signal, port);
      const problem = await problemWith(server, port);
      if (problem === undefined) {
        site.log.info({ port, attempt }, "PostgreSQL is back");
        return server;
      }
      site.log.error({ port, attempt }, problem);
      await server.connection.end();
    } catch (error) {
      if (signal.aborted) return undefined;
      const reason = error instanceof Error ? error.message : "unknown error";
      site.log.error({ port, attempt, code: errorCode(error) }, `PostgreSQL is not back yet: ${reason}`);
    }
  }
}

async function problemWith(server: Server, port: number): Promise<string | undefined> {
  if (server.port !== port) return "PostgreSQL was started by another service, on another port";
  const lock = await takeOwnerLock(server.connection);
  if (lock.held) return undefined;
  return `another service (pid ${lock.holder ?? "unknown"}) has taken over the data directory`;
}
