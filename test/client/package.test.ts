import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { isWithoutBrowser, startBrowser } from "../support/browser.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "../..");
const MOST_KILOBYTES = 10;

/** An empty project in which the client is installed from its tarball. */
let project: string;
beforeAll(async () => {
  project = await mkdtemp(path.join(os.tmpdir(), "weir-client-"));
  const source = path.join(project, "source");
  await mkdir(source);
  for (const file of ["package.json", "README.md"]) {
    await cp(path.join(ROOT, "packages/client", file), path.join(source, file));
  }
  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  await run(tsc, ["-p", path.join(ROOT, "packages/client"), "--outDir", path.join(source, "dist")]);
  await run("npm", ["pack", "--pack-destination", project], { cwd: source });
  const [tarball = ""] = (await readdir(project)).filter((name) => name.endsWith(".tgz"));
  const modules = path.join(project, "node_modules");
  await mkdir(modules);
  await run("tar", ["-xzf", path.join(project, tarball), "-C", modules]);
  await cp(path.join(modules, "package"), path.join(modules, "weir-client"), { recursive: true });
  for (const name of ["graphql", "graphql-ws"])
    await symlink(path.join(ROOT, "node_modules", name), path.join(modules, name));
  await writeFile(path.join(project, "package.json"), '{ "type": "module" }');
}, 60_000);
afterAll(() => rm(project, { recursive: true, force: true }));

/** Bundles a module of the project as a Vite app would. */
async function bundle(code: string, external: readonly string[] = []): Promise<string> {
  await writeFile(path.join(project, "app.js"), code);
  const output = (await build({
    root: project,
    logLevel: "silent",
    configFile: false,
    build: {
      write: false,
      minify: true,
      rolldownOptions: {
        input: path.join(project, "app.js"),
        external: [...external],
        preserveEntrySignatures: "strict",
      },
    },
  })) as Rollup.RollupOutput;
  return output.output[0].code;
}

it("holds nothing but its modules with their types, and is small", async () => {
  const files = await readdir(path.join(project, "node_modules/weir-client/dist"));
  expect(files).toContain("index.d.ts");
  expect(files.filter((name) => !/\.(?:js|d\.ts|js\.map)$/.test(name))).toEqual([]);
  const code = await bundle('export * from "weir-client";', ["graphql-ws"]);
  expect(gzipSync(code).length).toBeLessThan(MOST_KILOBYTES * 1_024);
});

it("says in a sentence that there is no service, instead of waiting for ever", async () => {
  const script = `import { createWeirClient } from "weir-client";
    const weir = createWeirClient({ url: "http://127.0.0.1:9", retry: { attempts: 0 } });
    const states = [];
    weir.connection.subscribe(({ status }) => states.push(status));
    for (const ask of [
      () => weir.query("{ __typename }"),
      () => weir.subscribe("subscription ($after: Cursor) { runChanged(after: $after) { cursor } }", {}, { firstAttempts: 2 }).next(),
    ]) await ask().catch(({ name, code }) => console.log(name, code));
    console.log(states.includes("offline"));`;
  await writeFile(path.join(project, "dead.js"), script);
  const { stdout } = await run(process.execPath, ["dead.js"], { cwd: project, timeout: 30_000 });
  expect(stdout).toBe("WeirError UNREACHABLE\nWeirError UNREACHABLE\ntrue\n");
}, 40_000);

it("takes texts, parsed documents, and those of code generators", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const script = `import { createWeirClient } from "weir-client";
    import { parse } from "graphql";
    const weir = createWeirClient({ url: ${JSON.stringify(app.url)} });
    class TypedDocumentString extends String {}
    const parsed = parse("query Q($first: Int!) { runs(first: $first) { totalCount } }", { noLocation: true });
    console.log(JSON.stringify([
      await weir.query("{ runs(first: 1) { totalCount } }"),
      await weir.query(parsed, { first: 1 }),
      await weir.query(new TypedDocumentString("{ runs(first: 1) { totalCount } }")),
      await weir.mutate("mutation ($input: [FileStatusInput!]!, $idempotencyKey: String) { recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) { filePath } }",
        { input: [{ filePath: "a", type: "LOG", status: "PARSED" }] }),
    ]));
    await weir.query({}).catch((error) => console.log(error.name));`;
  await writeFile(
    path.join(project, "documents.js"),
    script.replace("await weir.query({}).catch(", "await (async () => weir.query({}))().catch("),
  );
  const { stdout } = await run(process.execPath, ["documents.js"], { cwd: project });
  const runs = { runs: { totalCount: 0 } };
  const [answers = "", refused] = stdout.trim().split("\n");
  expect(JSON.parse(answers)).toEqual([runs, runs, runs, { recordFileStatuses: [{ filePath: "a" }] }]);
  expect(refused).toBe("TypeError");
  const keys = await database.sql`select key from weir.idempotency where operation = 'recordFileStatuses'`;
  expect(keys).toHaveLength(1);
});

/** A consumer of changes, whatever it runs on: notes what came twice, out of order, or too early. */
const CONSUMER = `import { createWeirClient } from "weir-client";
  export async function consume(url, last, report) {
    const weir = createWeirClient({ url });
    const newest = new Map();
    const seen = { count: 0, wrong: 0, states: 0, statuses: [] };
    weir.connection.subscribe(({ status }) => seen.statuses.at(-1) === status || seen.statuses.push(status));
    const live = weir.liveQuery({
      query: "{ liveCursor fileStatuses(first: 1) { totalCount } }",
      subscription: "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { cursor isReplay fileStatus { filePath errorMessage } } }",
    });
    for await (const { kind, data } of live) {
      if (kind === "state") { seen.states += 1; report?.(); continue; }
      const { filePath, errorMessage } = data.fileStatusRecorded.fileStatus;
      const number = Number(errorMessage);
      if (number !== (newest.get(filePath) ?? 0) + 1) seen.wrong += 1;
      newest.set(filePath, number);
      seen.count += 1;
      if (seen.count === last) return seen;
    }
  }`;
const CHANGES = 20_000;
const SUBJECTS = 40;

/** A port that leads to one of several services, and cuts what is open when it leads to another. */
async function startProxy(): Promise<{ url: string; lead: (to: string | null) => void; server: Server }> {
  let target: string | null = null;
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    if (target === null) {
      socket.destroy();
      return;
    }
    const there = connect(Number(new URL(target).port), "127.0.0.1");
    for (const one of [socket, there]) {
      open.add(one);
      one.on("error", () => {});
      one.on("close", () => open.delete(one));
    }
    socket.pipe(there).pipe(socket);
    socket.on("close", () => there.destroy());
    there.on("close", () => socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    lead(to) {
      target = to;
      for (const socket of open) socket.destroy();
    },
  };
}

/** Writes all changes while the service is killed, started again, and another instance takes over. */
async function disturb(
  database: TestDatabase,
  proxy: { lead: (to: string | null) => void },
  settings: Record<string, string>,
) {
  let one: App = await startService(database.url, settings);
  const other = await startService(database.url, settings);
  proxy.lead(one.url);
  return {
    async write() {
      for (let number = 1; number <= CHANGES / SUBJECTS; number += 1) {
        await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
          select 'subject ' || g, 'Log', 'parsed', ${String(number)} from generate_series(1, ${SUBJECTS}) g`;
        if (number === 100) proxy.lead(other.url);
        if (number === 200) {
          proxy.lead(null);
          await one.stop();
        }
        if (number === 300) {
          one = await startService(database.url, settings);
          proxy.lead(one.url);
        }
        if (number === 400) proxy.lead(other.url);
        await sleep(5);
      }
    },
    stop: () => Promise.all([one.stop(), other.stop()]),
  };
}

const EXPECTED = { count: CHANGES, wrong: 0, states: 1 };

describe("while the service is killed, restarted and moved, every change comes once and in order", () => {
  it("in Node", async () => {
    await using database = await createTestDatabase();
    const proxy = await startProxy();
    const service = await disturb(database, proxy, {});
    await writeFile(path.join(project, "consume.js"), CONSUMER);
    await writeFile(
      path.join(project, "node.js"),
      `import { consume } from "./consume.js";
      const seen = await consume(${JSON.stringify(proxy.url)}, ${CHANGES}, () => console.log("ready"));
      console.log(JSON.stringify(seen));
      process.exit();`,
    );
    const child = execFile(process.execPath, ["node.js"], { cwd: project });
    let output = "";
    child.stdout?.on("data", (data) => (output += String(data)));
    while (!output.includes("ready")) await sleep(20);
    await service.write();
    await once(child, "close");
    const seen: unknown = JSON.parse(output.split("\n")[1] ?? "{}");
    expect(seen).toMatchObject(EXPECTED);
    expect(seen).toMatchObject({ statuses: expect.arrayContaining(["live", "offline", "catching up"]) });
    proxy.server.close();
    await service.stop();
  }, 120_000);

  it.skipIf(isWithoutBrowser("package.test.ts"))(
    "in Chromium, in an app that Vite built",
    async () => {
      await using database = await createTestDatabase();
      await using browser = await startBrowser();
      const code = await bundle(CONSUMER);
      const pages = createServer((request, response) => {
        const isCode = request.url === "/app.js";
        response.setHeader("content-type", isCode ? "text/javascript" : "text/html");
        response.end(isCode ? code : "<!doctype html><title>app</title>");
      }).listen(0, "127.0.0.1");
      await once(pages, "listening");
      const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
      const proxy = await startProxy();
      const service = await disturb(database, proxy, { WEIR_CORS_ORIGINS: origin });
      const page = await browser.context.newPage();
      await page.goto(origin);
      const ready = page.waitForEvent("console", (message) => message.text() === "ready");
      const consumed = page.evaluate(
        `import("/app.js").then(({ consume }) => consume(${JSON.stringify(proxy.url)}, ${CHANGES}, () => console.log("ready")))`,
      );
      await ready;
      await service.write();
      expect(await consumed).toMatchObject(EXPECTED);
      pages.close();
      pages.closeAllConnections();
      proxy.server.close();
      await service.stop();
    },
    120_000,
  );
});

it("reads no more than its consumer takes, and its README runs", async () => {
  const readme = await readFile(path.join(ROOT, "packages/client/README.md"), "utf8");
  const snippet = /```js\n(.*?)```/s.exec(readme)?.[1] ?? "";
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const script = snippet
    .replace("http://127.0.0.1:4000", app.url)
    .replace("console.log(kind, data)", "{ console.log(kind, JSON.stringify(data)); process.exit() }");
  await writeFile(path.join(project, "readme.js"), script);
  const { stdout } = await run(process.execPath, ["readme.js"], { cwd: project });
  expect(stdout).toMatch(/^state \{"liveCursor":"[^"]+","overview":\{"pipelines":\{"total":0,"active":0\}\}\}\n$/);
});
