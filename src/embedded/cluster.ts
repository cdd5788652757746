import { randomBytes } from "node:crypto";
import { lstat, readdir, readFile, readlink, realpath, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { makeFolder } from "./folders.ts";
import { urlFile } from "./secrets.ts";

/** Where the database's files are, or will be. `path` has no symbolic links but, until it exists, its last part. */
export interface Cluster {
  readonly path: string;
  readonly exists: boolean;
  /** Kept elsewhere, because PostgreSQL's user cannot reach the data directory. */
  readonly moved: boolean;
}

export async function locateCluster(dataDir: string, major: number): Promise<Cluster> {
  const name = path.join(dataDir, "postgres");
  const found = await lstat(name).catch(ignoreMissing);
  if (!found) return { path: name, exists: false, moved: false };
  const moved = found.isSymbolicLink();
  if (moved && !(await stat(name).catch(ignoreMissing))) return await danglingCluster(dataDir, name);
  const real = await realpath(name);
  const version = await readFile(path.join(real, "PG_VERSION"), "utf8").catch(ignoreMissing);
  if (version === undefined) {
    // rename() puts the finished cluster in the place of an empty folder.
    if ((await readdir(real)).length === 0) return { path: real, exists: false, moved };
    throw new EmbeddedPostgresError(
      "DATA_DIR_NOT_USABLE",
      `${name} is not empty and no PostgreSQL database: choose another data directory`,
    );
  }
  if (Number.parseInt(version, 10) !== major) {
    throw new EmbeddedPostgresError(
      "VERSION_MISMATCH",
      `${name} was made by PostgreSQL ${version.trim()} and this service brings PostgreSQL ${major}: use pg_upgrade or dump and restore, or choose another data directory; nothing was changed`,
    );
  }
  return { path: real, exists: true, moved };
}

/** The link is made before the first initdb, so it may point to nothing; but never again after a first start. */
async function danglingCluster(dataDir: string, name: string): Promise<Cluster> {
  const target = path.resolve(dataDir, await readlink(name));
  if (await lstat(urlFile(dataDir)).catch(ignoreMissing)) {
    throw new EmbeddedPostgresError(
      "CLUSTER_MISSING",
      `the database of ${dataDir} was in ${target}, which is gone: bring it back, or remove ${dataDir} to begin with an empty one`,
    );
  }
  await makeFolder(path.dirname(target), 0o711);
  return { path: target, exists: false, moved: true };
}

/**
 * Chooses a place outside the data directory for a cluster to be made, and links to it. The link comes first, so that
 * two first starts agree on one place and nothing is ever left there that no link leads to.
 */
export async function moveCluster(dataDir: string, systemFolder: string): Promise<Cluster> {
  const clusters = path.join(systemFolder, "clusters");
  await makeFolder(clusters, 0o711);
  const name = path.join(dataDir, "postgres");
  try {
    await symlink(path.join(await realpath(clusters), randomBytes(8).toString("hex")), name);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  return { path: path.resolve(dataDir, await readlink(name)), exists: false, moved: true };
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}
