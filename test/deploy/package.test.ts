import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildService } from "../../scripts/build.ts";
import { environmentOfRun } from "../support/run-folder.ts";
import { ask } from "../support/service.ts";

const run = promisify(execFile);
const MOST_MEGABYTES = 250;

/** An empty folder in which the service is installed from its tarball, as a user does. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-package-"));
  const built = path.join(folder, "built");
  await buildService(built);
  await run("npm", ["pack", built, "--pack-destination", folder], { cwd: folder });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await rm(built, { recursive: true });
  await writeFile(path.join(folder, "package.json"), "{}");
  await run("npm", ["install", "--prefer-offline", path.join(folder, tarball)], { cwd: folder });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const installed = (name: string) => path.join(folder, "node_modules", name);
const environment = () => ({
  PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
  HOME: process.env["HOME"],
  ...environmentOfRun(),
});

it("installs what the service needs, and no tool for those who work on it", async () => {
  const { stdout } = await run("du", ["-sm", "--apparent-size", path.join(folder, "node_modules")]);
  expect(Number.parseInt(stdout, 10)).toBeLessThan(MOST_MEGABYTES);
  const names = await readdir(path.join(folder, "node_modules"));
  expect(
    names.filter((name) =>
      /^(?:typescript|vite|vitest|knip|oxlint|drizzle-kit|react|node-(?:bin-)?(?:linux|darwin|win).*)$/.test(name),
    ),
  ).toEqual([]);
  const files = await readdir(installed("weir"), { recursive: true });
  const own = files.filter((name) => !name.startsWith("node_modules"));
  expect(own.filter((name) => /(?<!\.d)\.ts$|\.h$|snapshot\.json$|\.test\./.test(name))).toEqual([]);
  for (const name of [
    "src/cli/main.js",
    "src/cli/main.d.ts",
    "src/cli/main.js.map",
    "web/dist/index.html",
    "schema.graphql",
  ])
    expect(own).toContain(name);
  // There is one GraphQL, and it is our driver that drizzle uses.
  const graphqls = files.filter((name) => /(?:^|\/)node_modules\/graphql\/package\.json$/.test(name));
  expect(graphqls).toEqual([]);
  expect(await readFile(installed("weir/node_modules/postgres/src/connection.js"), "utf8")).toBe(
    await readFile(path.resolve(import.meta.dirname, "../../vendor/postgres/src/connection.js"), "utf8"),
  );
});

it("runs the command line", async () => {
  const { stdout } = await run("npx", ["weir", "--version"], { cwd: folder, env: environment() });
  const { version } = JSON.parse(await readFile(installed("weir/package.json"), "utf8"));
  expect(stdout.trim()).toBe(version);
});

it("runs the demo, whose pages and API answer, until Ctrl-C", async () => {
  const demo = spawn(process.execPath, [installed("weir/bin/weir.js"), "demo"], {
    cwd: folder,
    env: { ...environment(), WEIR_PORT: "0", WEIR_DATA_DIR: path.join(folder, "data") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(demo, "exit");
  const dashboard = await new Promise<string>((resolve, reject) => {
    createInterface({ input: demo.stdout }).on("line", (line) => {
      const [, url] = /Dashboard +(\S+)/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    void exited.then(([code]) => reject(new Error(`the demo ended with ${code}`)));
  });
  const page = await fetch(dashboard, { headers: { accept: "text/html" } });
  expect(await page.text()).toContain("<title>Weir</title>");
  const url = new URL("/graphql", dashboard).href;
  for (;;) {
    const { overview } = await ask<{ overview: { ingest: { hl7Files: { ingested: number } } } }>(
      url,
      "{ overview { ingest { hl7Files { ingested } } } }",
    );
    if (overview.ingest.hl7Files.ingested > 0) break;
  }
  demo.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
});
