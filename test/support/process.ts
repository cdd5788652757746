import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { environmentOfRun } from "./run-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** Log lines so far. */
  readonly lines: readonly string[];
  /** Bytes of memory that the process has in RAM. */
  residentBytes(): Promise<number>;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
}

/** What `npm start` gives to Node. */
export async function flagsOfStart(): Promise<readonly string[]> {
  const { scripts } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
  return String(scripts.start)
    .split(" ")
    .filter((word) => word.startsWith("--"));
}

/** Starts `weir serve` as `npm start` does, in a process of its own, on a free port; resolves when it listens. */
export async function spawnService(
  settings: Readonly<Record<string, string>>,
  node: string = process.execPath,
  root: string = ROOT,
): Promise<ServiceProcess> {
  const child = spawn(node, [...(await flagsOfStart()), path.join(root, "bin/weir.js"), "serve"], {
    cwd: settings["WEIR_DATA_DIR"] ?? root,
    env: { PATH: process.env["PATH"], ...environmentOfRun(), WEIR_PORT: "0", ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const exited = once(child, "exit").then(([code, signal]): number | string => code ?? signal);
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      const url = /"url":"([^"]+)","msg":"Weir listens"/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  }
  const url = await Promise.race([
    listening,
    exited.then((code) => {
      throw new Error(`weir serve ended with ${code}: ${lines.join("\n")}`);
    }),
  ]);
  return {
    url,
    child,
    lines,
    exited,
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
}

/** Runs the command line until it ends, with nothing in its environment but what belongs to the run, and this. */
export async function runWeir(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  cwd: string = ROOT,
): Promise<{ out: string; err: string; code: number | null }> {
  const child = spawn(process.execPath, [path.join(ROOT, "bin/weir.js"), ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...environmentOfRun(), ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit").then(([code]): number | null => code);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { out, err, code };
}
