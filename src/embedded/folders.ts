import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { errorCode } from "./error.ts";
import type { Log } from "./log.ts";

/** Tells two processes with one pid apart: in a container the service is pid 1 each time. */
const processStart = Math.round(performance.timeOrigin);

/** After this long a temporary folder is abandoned even if its pid lives: the pid has been reused. */
const abandonedAfterMs = 10 * 60_000;

/** A sibling of `target` to build it in before it is renamed; removed by `removeLeftovers` if its maker dies. */
export function temporarySibling(target: string): string {
  return `${target}.tmp-${process.pid}-${processStart}-${randomBytes(4).toString("hex")}`;
}

/** Removes what dead processes left while they were building `target`. */
export async function removeLeftovers(target: string, log: Log): Promise<void> {
  const folder = path.dirname(target);
  const prefix = `${path.basename(target)}.tmp-`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const [pid, start] = name.slice(prefix.length).split("-").map(Number);
    if (pid === undefined || start === undefined) continue;
    const leftover = path.join(folder, name);
    if (await isBeingBuilt(leftover, pid, start)) continue;
    try {
      await rm(leftover, { recursive: true, force: true, maxRetries: 3 });
      log.info({ leftover }, "removed what an interrupted start left behind");
    } catch (error) {
      // An orphaned initdb may still be writing into it; the next start removes it.
      log.warn({ leftover, code: errorCode(error) }, "could not remove what an interrupted start left behind");
    }
  }
}

async function isBeingBuilt(leftover: string, pid: number, start: number): Promise<boolean> {
  if (pid === process.pid) return start === processStart;
  if (!isAlive(pid)) return false;
  const found = await stat(leftover).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < abandonedAfterMs;
}

/** Whether some process has this pid; EPERM means that it is somebody else's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/**
 * Creates a folder, and the missing ones above it as 0755. The mode is set whatever the umask is, but only on folders
 * made here: one that exists is left as it is. Returns whether the folder was made.
 */
export async function makeFolder(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, mode);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    if (errorCode(error) !== "ENOENT" || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder), 0o755);
    return await makeFolder(folder, mode);
  }
  await chmod(folder, mode);
  return true;
}

/** Makes a rename in this folder survive a power failure; Windows cannot open folders and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
