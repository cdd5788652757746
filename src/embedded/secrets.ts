import { randomBytes } from "node:crypto";
import { chown, link, lstat, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { isRoot } from "./account.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { syncFolder, temporarySibling } from "./folders.ts";

/** Owner of the database, and whom the service logs in as. */
export const databaseUser = "weir";
/** Whom this launcher logs in as. A name that nobody has given to a role of his own. */
export const superuser = "weir_superuser";
export const databaseName = "weir";

export function databaseUrl(port: number, password: string): string {
  return `postgres://${databaseUser}:${password}@127.0.0.1:${port}/${databaseName}`;
}

/** Where `psql "$(cat …)"` finds the running database; also the sign that a first start was completed once. */
export function urlFile(dataDir: string): string {
  return path.join(dataDir, "database-url");
}

export async function writeUrlFile(dataDir: string, url: string): Promise<void> {
  const temporary = await writeTemporary(urlFile(dataDir), `${url}\n`);
  await rename(temporary, urlFile(dataDir));
}

export const superuserPasswordFile = "postgres-password";
export const servicePasswordFile = "service-password";

/**
 * Reads a password of the data directory; makes it if `mayCreate`. Two first starts at once end with the same password,
 * since only one file can get the name: each initdb then uses it, whichever of them wins.
 */
export async function readPassword(dataDir: string, name: string, mayCreate: boolean): Promise<string> {
  const file = path.join(dataDir, name);
  if (mayCreate && !(await exists(file))) await createPassword(file);
  const password = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    return "";
  });
  if (password.trim() !== "") return password.trim();
  throw new EmbeddedPostgresError(
    "PASSWORD_REFUSED",
    `${file} is missing or empty, and the database beside it needs that password: put the file back`,
  );
}

async function createPassword(file: string): Promise<void> {
  const temporary = await writeTemporary(file, `${randomBytes(24).toString("base64url")}\n`);
  try {
    // link, not rename: it fails if another start has made the file in the meantime.
    await link(temporary, file);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    // File systems without hard links (exFAT, some mounts of containers).
    if (await exists(file)) return;
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(path.dirname(file));
}

/** Owned by the owner of its folder, so that a data directory that root has used once stays usable for its owner. */
async function writeTemporary(file: string, content: string): Promise<string> {
  const temporary = temporarySibling(file);
  const handle = await open(temporary, "wx", 0o600);
  try {
    if (isRoot()) {
      const { uid, gid } = await stat(path.dirname(file));
      await handle.chown(uid, gid);
    }
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

/** A short-lived file for `initdb --pwfile`, in a folder of the account's own. */
export async function writePasswordFor(
  account: { uid: number; gid: number } | undefined,
  file: string,
  password: string,
): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(`${password}\n`);
  } finally {
    await handle.close();
  }
  if (account) await chown(file, account.uid, account.gid);
}

async function exists(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  );
}
