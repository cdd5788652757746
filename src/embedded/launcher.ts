import { chmod, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { canEnter, isRoot, unprivilegedAccount } from "./account.ts";
import { findBinaries, trustedFolder, usableBinaries } from "./binaries.ts";
import { bringUp } from "./bring-up.ts";
import { locateCluster, moveCluster } from "./cluster.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { makeFolder, removeLeftovers } from "./folders.ts";
import { initCluster } from "./initdb.ts";
import { takeOwnerLock } from "./lock.ts";
import type { Log } from "./log.ts";
import { type Server, stopServer } from "./postmaster.ts";
import { prepareRoles } from "./roles.ts";
import {
  databaseUrl,
  readPassword,
  servicePasswordFile,
  superuserPasswordFile,
  urlFile,
  writeUrlFile,
} from "./secrets.ts";
import { keepServerLogBounded } from "./server-log.ts";
import type { Site } from "./site.ts";
import { watchServer } from "./watch.ts";

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Connection URL for the database `weir` on 127.0.0.1. Holds the password: never log it. */
  readonly url: string;
  /** Stays the same for as long as the service lives, also when PostgreSQL had to be started again. */
  readonly port: number;
  /** true when a server left over from a killed service was taken over instead of started. */
  readonly adopted: boolean;
  /** Fast shutdown; resolves when the server is gone. Calls after the first wait for the same. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** A package folder with `native/` inside. Default: what npm installed for this platform. */
  readonly binaries?: string;
  /**
   * Where root puts what PostgreSQL's unprivileged user must reach and cannot reach in the project. Default:
   * /var/lib/weir. Unused when the service is not root.
   */
  readonly systemFolder?: string;
}

/**
 * Starts the data directory's own PostgreSQL, or takes over the one that a killed service left running, and keeps it
 * running until `stop`. Throws EmbeddedPostgresError where an operator can do something about it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const explain = async (error: unknown) => {
    throw await explainFileError(options.dataDir, error);
  };
  const site = await prepareSite(options).catch(explain);
  const { server, adopted } = await bringUpOwned(site).catch(explain);
  const url = databaseUrl(server.port, site.servicePassword);
  try {
    await prepareRoles(site, server.connection, server.port);
    await writeUrlFile(site.dataDir, url);
  } catch (error) {
    await stopServer(site, server);
    throw await explainFileError(options.dataDir, error);
  }
  site.log.info({ port: server.port, dataDir: site.dataDir }, adopted ? "took over PostgreSQL" : "started PostgreSQL");
  const logTimer = keepServerLogBounded(site.dataDir);
  const watch = watchServer(site, server);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    clearInterval(logTimer);
    stopped ??= watch.stop();
    return stopped;
  };
  return { url, port: server.port, adopted, stop, [Symbol.asyncDispose]: stop };
}

async function prepareSite(options: EmbeddedPostgresOptions): Promise<Site> {
  const { log } = options;
  const binaries = await findBinaries(options.binaries);
  const root = isRoot();
  // Through 0711 PostgreSQL's user passes to its cluster, and sees nothing else.
  const made = await makeFolder(path.resolve(options.dataDir), root ? 0o711 : 0o700);
  const dataDir = await realpath(options.dataDir);
  const systemFolder = options.systemFolder ?? "/var/lib/weir";
  let cluster = await locateCluster(dataDir, binaries.major);
  const account = root ? await accountOf(cluster) : undefined;
  if (account && !(await canEnter(account, path.dirname(cluster.path)))) {
    if (cluster.exists || cluster.moved) throw unreachable(cluster.path, account.uid);
    cluster = await moveCluster(dataDir, await trustedFolder([systemFolder]));
    if (made) await chmod(dataDir, 0o700);
    log.info(
      { cluster: cluster.path, dataDir, uid: account.uid },
      "PostgreSQL's user cannot enter the data directory; the database is kept elsewhere, linked from there",
    );
  }
  const native = await usableBinaries(binaries, account, { system: systemFolder, own: dataDir }, log);
  const secrets = [superuserPasswordFile, servicePasswordFile].map((name) => path.join(dataDir, name));
  const built = [cluster.path, ...secrets, urlFile(dataDir)];
  await Promise.all(built.map(async (target) => await removeLeftovers(target, log)));
  const password = await readPassword(dataDir, superuserPasswordFile, !cluster.exists);
  const servicePassword = await readPassword(dataDir, servicePasswordFile, true);
  // Again if another start has put a link to a place elsewhere in our way, and not made the database there yet.
  while (!cluster.exists) {
    await initCluster(cluster.path, native, account, password, log);
    cluster = await locateCluster(dataDir, binaries.major);
  }
  return { dataDir, cluster: cluster.path, native, account, password, servicePassword, log };
}

/** A server may only run as the owner of its cluster. */
async function accountOf(cluster: { path: string; exists: boolean }) {
  if (!cluster.exists) return await unprivilegedAccount();
  const { uid, gid } = await stat(cluster.path);
  return uid === 0 ? await unprivilegedAccount() : { uid, gid };
}

/** Another start can be first to the lock, and a server that is just being stopped can go while we ask for it. */
async function bringUpOwned(site: Site): Promise<{ server: Server; adopted: boolean }> {
  const never = new AbortController().signal;
  for (let attempt = 0; ; attempt++) {
    const server = await bringUp(site, never);
    const lock = await takeOwnerLock(server.connection).catch((error: unknown) => {
      if (attempt >= 5 || !server.connection.isClosed()) throw error;
    });
    if (lock?.held) return { server, adopted: server.child === undefined };
    // Not stopped, even if it was started here: whoever holds the lock uses it.
    await server.connection.end();
    if (lock) throw inUse(site.dataDir, lock.holder);
    await sleep(100);
  }
}

function inUse(dataDir: string, holder: string | undefined): EmbeddedPostgresError {
  const who = holder === undefined ? "" : ` (pid ${holder})`;
  return new EmbeddedPostgresError(
    "DATA_DIR_IN_USE",
    `${dataDir} is in use by another service${who}: stop that one, or choose another data directory`,
  );
}

function unreachable(cluster: string, uid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    "DATA_DIR_NOT_USABLE",
    `uid ${uid}, which owns the database in ${cluster}, cannot enter that folder: let it pass through the folders above, or start the service as that user`,
  );
}

async function explainFileError(dataDir: string, error: unknown): Promise<unknown> {
  const code = errorCode(error);
  if (error instanceof EmbeddedPostgresError || code === undefined) return error;
  const refused = await whyRefused(dataDir);
  const advice: Record<string, string> = {
    EACCES: refused,
    EPERM: refused,
    EROFS: "it cannot be written to; choose another data directory",
    ENOSPC: "the disk is full; make room, or choose another data directory",
    ENOTDIR: "it is not a folder; choose another data directory",
    EEXIST: "it is not a folder; choose another data directory",
  };
  if (advice[code] === undefined) return error;
  return new EmbeddedPostgresError("DATA_DIR_NOT_USABLE", `cannot use ${dataDir}: ${advice[code]} (${code})`, {
    cause: error,
  });
}

async function whyRefused(dataDir: string): Promise<string> {
  const owner = await stat(dataDir).then(
    ({ uid }) => uid,
    () => undefined,
  );
  return owner !== undefined && owner === process.getuid?.()
    ? "its owner, who starts the service, may not write to it or to what is in it; let him (chmod u+rwx), or choose another data directory"
    : "it belongs to another user; start the service as that user, or choose another data directory";
}
