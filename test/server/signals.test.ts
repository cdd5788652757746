import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { flagsOfStart } from "../support/process.ts";

const SYSTEM_NODE = "/usr/bin/node";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-signals-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

interface Started {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly postmaster: number;
  /** Resolves when every process that writes to its output has ended. */
  readonly closed: Promise<unknown>;
}

let starts = 0;
/** Starts it in a group of its own, as a terminal, `timeout` or a supervisor does; resolves when the service listens. */
async function start(command: string, args: readonly string[]): Promise<Started> {
  const dataDir = path.join(folder, String((starts += 1)));
  const child = spawn(command, args, {
    env: { PATH: process.env["PATH"], HOME: folder, WEIR_PORT: "0", WEIR_DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const lines: string[] = [];
  const listening = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (line.includes("Weir listens")) listening.resolve();
    });
  }
  const closed = once(child, "close");
  await Promise.race([
    listening.promise,
    closed.then(() => {
      throw new Error(`it ended: ${lines.join("\n")}`);
    }),
  ]);
  const postmaster = Number((await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
  onTestFinished(() => {
    for (const pid of [-(child.pid ?? 0), postmaster]) {
      try {
        if (pid !== 0) process.kill(pid, "SIGKILL");
      } catch {
        // It has ended, as it should.
      }
    }
  });
  return { child, lines, postmaster, closed };
}

function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  // One that ended and whose parent was killed may stay as a zombie.
  return existsSync(stat) && !/^\d+ \(.*\) [ZX]/.test(readFileSync(stat, "utf8"));
}

/** It said that it stops, and nothing of it is left. */
async function expectStopped({ lines, closed, postmaster }: Started): Promise<void> {
  await closed;
  const messages = lines.map((line) => /"msg":"(Weir (?:stops|has stopped))"/.exec(line)?.[1]).filter(Boolean);
  expect(messages).toEqual(["Weir stops", "Weir has stopped"]);
  expect(isAlive(postmaster)).toBe(false);
}

const childrenOf = (pid: number): number[] =>
  execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0);

const serve = async () => [...(await flagsOfStart()), path.resolve("bin/weir.js"), "serve"];

it("under npm the service stops with npm, which tells its shell alone", async () => {
  const started = await start("npm", ["start"]);
  started.child.kill("SIGTERM");
  await expectStopped(started);
});

it.each([
  ["SIGTERM", "timeout does"],
  ["SIGINT", "a terminal does"],
] as const)("a %s to the whole group, as %s, stops the service", async (signal, _who) => {
  for (const [command, args] of [
    [process.execPath, await serve()],
    ["npm", ["start"]],
  ] as const) {
    const started = await start(command, args);
    process.kill(-(started.child.pid ?? 0), signal);
    await expectStopped(started);
  }
});

it.skipIf(!existsSync(SYSTEM_NODE))(
  "also where another Node has started the one that the service runs on",
  async () => {
    const started = await start(SYSTEM_NODE, [path.resolve("bin/weir.js"), "serve"]);
    process.kill(-(started.child.pid ?? 0), "SIGTERM");
    await expectStopped(started);
  },
);

it("a second signal does not cut the end short", async () => {
  const started = await start(process.execPath, await serve());
  started.child.kill("SIGTERM");
  await expect.poll(() => started.lines.some((line) => line.includes("Weir stops")), { interval: 1 }).toBe(true);
  started.child.kill("SIGTERM");
  await expectStopped(started);
});

it("a SIGTERM to every process, PostgreSQL's too, as systemd sends it, stops the service", async () => {
  const started = await start(process.execPath, await serve());
  for (const pid of [started.child.pid ?? 0, started.postmaster, ...childrenOf(started.postmaster)]) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // One of PostgreSQL's workers has ended meanwhile.
    }
  }
  await expectStopped(started);
});
