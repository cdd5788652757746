import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { canEnter, isRoot, unprivilegedAccount } from "../../src/embedded/account.ts";

/** The folder of everything that a run of the tests writes, and the mark by which its processes are known. */
export interface RunFolder {
  readonly path: string;
  /** Ends what is left of the run and removes the folder; throws when anything was left, `others` included. */
  removeEmpty(others: readonly string[]): Promise<void>;
}

/** In memory, where the system has such a folder: a copy of a database takes 15 ms there, and 350 on a disk. */
const MEMORY = "/dev/shm";
const BYTES_NEEDED = 3 * 1024 ** 3;

/** Makes the folder, and gives this process and its children a temporary folder in it. */
export async function makeRunFolder(): Promise<RunFolder> {
  const folder = await mkdtemp(path.join(await placeOfRun(), "weir-test-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(folder, 0o755);
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  await chmod(temporary, 0o1777);
  process.env["TMPDIR"] = temporary;
  process.env["NODE_COMPILE_CACHE"] = path.join(temporary, COMPILED);
  return {
    path: folder,
    async removeEmpty(others) {
      const left = [
        ...others,
        ...(await endProcesses(folder)).map((command) => `the process ${command}`),
        ...(await readdir(temporary)).filter((name) => !KEPT.has(name)).map((name) => `the folder ${name}`),
      ];
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      if (left.length > 0) throw new Error(`The tests have left behind: ${left.join("; ")}`);
    },
  };
}

/** Node's compiled code, which the processes of a run share. */
const COMPILED = "node-compile-cache";
const KEPT = new Set([COMPILED]);

/** What a process of the tests gets beside its settings: it is known by it, and starts sooner. */
export function environmentOfRun(): NodeJS.ProcessEnv {
  const { TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return { TMPDIR, NODE_COMPILE_CACHE };
}

/** A folder that PostgreSQL's user may enter: a cluster in any other is kept elsewhere, where it would stay behind. */
async function placeOfRun(): Promise<string> {
  if (await isRoomy(MEMORY)) return MEMORY;
  const account = isRoot() ? await unprivilegedAccount() : undefined;
  return (await canEnter(account, tmpdir())) ? tmpdir() : "/var/tmp";
}

/** Whether there is room, and programs can be run there. */
async function isRoomy(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < BYTES_NEEDED) return false;
    const trial = await mkdtemp(path.join(folder, "weir-test-"));
    try {
      await writeFile(path.join(trial, "run"), "#!/bin/sh\n", { mode: 0o755 });
      await promisify(execFile)(path.join(trial, "run"));
      return true;
    } finally {
      await rm(trial, { recursive: true });
    }
  } catch {
    return false;
  }
}

/** Ends the processes that name the folder in their command line, environment or directory, and answers their commands. */
async function endProcesses(folder: string): Promise<string[]> {
  const ended: string[] = [];
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const read = (name: string) => readFile(`/proc/${pid}/${name}`, "latin1").catch(() => "");
    const command = (await read("cmdline")).replaceAll("\0", " ").trim();
    // The test runner's own processes have the environment as well.
    if (command === "" || command.includes("vitest")) continue;
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (![command, directory, await read("environ")].some((text) => text.includes(folder))) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
      ended.push(`${pid} (${command})`);
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  return ended;
}
