import { constants } from "node:fs";
import { copyFile, type FileHandle, open, readFile, rm, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { isRoot } from "./account.ts";

/** Bytes; with the one older file that is kept, the log takes at most twice this and what a minute brings. */
const limit = 8 * 1024 * 1024;
const checkEveryMs = 60_000;

export function serverLogFile(dataDir: string): string {
  return path.join(dataDir, "postgres.log");
}

/** Opened here and inherited by PostgreSQL, which so needs no right to the folder and outlives the service. */
export async function openServerLog(dataDir: string): Promise<FileHandle> {
  // NOFOLLOW: the owner of the folder must not be able to have root write elsewhere. Undefined on Windows.
  const noFollow = constants.O_NOFOLLOW ?? 0;
  const handle = await open(
    serverLogFile(dataDir),
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | noFollow,
    0o600,
  );
  if (isRoot()) {
    const { uid, gid } = await stat(dataDir);
    await handle.chown(uid, gid);
  }
  return handle;
}

/**
 * Copied and cut, not renamed: a running server goes on writing to the file it has open. It appends, so after the cut
 * it writes at the start.
 */
export async function boundServerLog(dataDir: string): Promise<void> {
  const file = serverLogFile(dataDir);
  const size = await serverLogSize(dataDir);
  if (size <= limit) return;
  await rm(`${file}.1`, { force: true });
  await copyFile(file, `${file}.1`, constants.COPYFILE_EXCL);
  await truncate(file);
}

export function keepServerLogBounded(dataDir: string): NodeJS.Timeout {
  return setInterval(() => {
    boundServerLog(dataDir).catch(() => {
      // No space, for example: tried again in a minute.
    });
  }, checkEveryMs).unref();
}

export async function serverLogSize(dataDir: string): Promise<number> {
  return await stat(serverLogFile(dataDir)).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What a server that failed has said since the log had this size: its own lines where they bear its pid. */
export async function failureInServerLog(dataDir: string, from: number, pid: number | undefined): Promise<string> {
  const bytes = await readFile(serverLogFile(dataDir)).catch(() => Buffer.alloc(0));
  const lines = bytes.subarray(from).toString().split("\n");
  const own = lines.filter((line) => line.includes(`[${pid}]`));
  const said = (own.length > 0 ? own : lines).filter((line) => line.trim() !== "");
  const fatal = said.filter((line) => /FATAL|PANIC|could not|cannot|must/.test(line));
  return (fatal.length > 0 ? fatal : said).slice(-3).join("; ");
}
