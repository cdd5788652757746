import { execFile } from "node:child_process";
import { chown, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Account } from "./account.ts";
import { temporarySibling } from "./folders.ts";

/** What PostgreSQL wrote into postmaster.pid: a hint, since after a crash it names a dead or a foreign process. */
export interface PidFile {
  readonly text: string;
  readonly pid: number;
  readonly port: number | undefined;
}

export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(path.join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number.parseInt(lines[0] ?? "", 10);
  const port = Number.parseInt(lines[3] ?? "", 10);
  if (!(pid > 0)) return undefined;
  return { text, pid, port: port > 0 ? port : undefined };
}

/** Whether the pid surely belongs to something else than this cluster's server; false when in doubt. */
export async function isForeignProcess(pid: number, cluster: string): Promise<boolean> {
  const command = await commandLine(pid).catch(() => undefined);
  if (command === undefined) return false;
  // "postgres: …" is a server's child; a postmaster keeps its command line. A zombie's is empty.
  const isServer = /(^|\/)postgres( |$)/.test(command);
  return !isServer || (command.includes(" -D /") && !command.includes(` -D ${cluster} `));
}

async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
  // PostgreSQL on Windows asks for a signal pipe, not for the pid, so reused pids do not deceive it.
  if (process.platform === "win32") return undefined;
  const { stdout } = await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)]);
  return `${stdout.trim()} `;
}

/**
 * Lets PostgreSQL start although the pid in its file lives again as another process (after a reboot, or in a container
 * where all pids are low). The file is not removed: its other lines tell PostgreSQL which shared memory to look for
 * backends in that have outlived their server, and without that check two servers could write to one cluster. It
 * ignores its own parent's pid, which is ours.
 */
export async function disownPidFile(cluster: string, stale: PidFile, account: Account): Promise<void> {
  const file = path.join(cluster, "postmaster.pid");
  const temporary = temporarySibling(file);
  await writeFile(temporary, stale.text.replace(/^\d+/, String(process.pid)), { mode: 0o600, flag: "wx" });
  if (account) await chown(temporary, account.uid, account.gid);
  // Another start may have replaced the file since it was judged.
  if ((await readPidFile(cluster))?.text === stale.text) await rename(temporary, file);
}
