import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { TypedDocumentString } from "../../src/client/gql/graphql.ts";
import { createWeirClient } from "../../src/client/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { type ServiceProcess, spawnService } from "../support/process.ts";
import { environmentOfRun } from "../support/run-folder.ts";
import { post } from "../support/service.ts";

const RECORD =
  "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }, idempotencyKey: $path) { id } }";
const RECORDED = new TypedDocumentString<
  { fileStatusRecorded: { cursor: string; fileStatus: { filePath: string } } },
  Record<string, never>
>("subscription ($after: Cursor) { fileStatusRecorded(after: $after) { cursor fileStatus { filePath } } }");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Each proxy as it is deployed, but for its ports and the folder that it writes to. */
const PROXIES: Readonly<
  Record<string, { program: string; start: (folder: string, ports: string[]) => Promise<ChildProcess> }>
> = {
  nginx: {
    program: "/usr/sbin/nginx",
    async start(folder, ports) {
      const site = await withPorts("deploy/nginx/weir.conf", ports);
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join("\n");
      const file = path.join(folder, "nginx.conf");
      await writeFile(
        file,
        `pid ${folder}/pid; error_log ${folder}/error.log; events {} http { access_log off; ${temporary}\n${site} }`,
      );
      return run("/usr/sbin/nginx", ["-e", `${folder}/error.log`, "-c", file, "-g", "daemon off;"]);
    },
  },
  haproxy: {
    program: "/usr/sbin/haproxy",
    async start(folder, ports) {
      const file = path.join(folder, "haproxy.cfg");
      await writeFile(file, await withPorts("deploy/haproxy/haproxy.cfg", ports));
      return run("/usr/sbin/haproxy", ["-db", "-f", file]);
    },
  },
};

async function withPorts(file: string, [proxy = "", one = "", two = ""]: string[]): Promise<string> {
  const text = await readFile(file, "utf8");
  return text
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${proxy}`)
    .replaceAll("127.0.0.1:4000", `127.0.0.1:${one}`)
    .replaceAll("127.0.0.1:4001", `127.0.0.1:${two}`);
}

function run(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: "ignore", env: { PATH: process.env["PATH"], ...environmentOfRun() } });
}

/** Reports through the proxy; whoever gets 503 knows that nothing was done, and sends it again. */
async function report(url: string, filePath: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    // A page of the proxy's own is no answer, nor is a connection that it ended: whether the report was stored is not known, and its
    // key makes a second one harmless.
    const answer = await post(url, RECORD, { path: filePath }).catch((error: unknown) => {
      if (error instanceof SyntaxError || error instanceof TypeError) return null;
      throw error;
    });
    if (answer?.data != null) return;
    if (answer !== null) expect(answer.status).toBe(503);
    await sleep(100);
  }
  throw new Error("the proxy finds no instance");
}

async function untilServed(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const response = await fetch(new URL("/ready", url)).catch(() => undefined);
    if (response?.status === 200) return;
    if (tries === 100) throw new Error("the proxy does not serve");
    await sleep(100);
  }
}

for (const [name, { program, start }] of Object.entries(PROXIES)) {
  if (!existsSync(program)) console.log(`proxies.test.ts: skipped what needs ${program}`);
  it.runIf(existsSync(program))(
    `behind ${name}, one instance after the other stops and starts, and no report and no change is lost`,
    async () => {
      const folder = await mkdtemp(path.join(os.tmpdir(), `weir-${name}-`));
      await using database = await createTestDatabase();
      const ports = await Promise.all([freePort(), freePort(), freePort()]).then((all) => all.map(String));
      const startInstance = (at: number) => spawnService({ DATABASE_URL: database.url, WEIR_PORT: ports[at] ?? "" });
      const instances: ServiceProcess[] = await Promise.all([startInstance(1), startInstance(2)]);
      const proxy = await start(folder, ports);
      const ended = once(proxy, "exit");
      const url = `http://127.0.0.1:${ports[0]}/graphql`;
      const stop = new AbortController();
      const reporting = { isOver: false };
      const running: Promise<void>[] = [];
      try {
        await untilServed(url);
        const client = createWeirClient({ url, webSocketImpl: WebSocket });
        const seen: string[] = [];
        const reported: string[] = [];
        const following = (async () => {
          for await (const { fileStatusRecorded } of client.subscribe(RECORDED, {}, { signal: stop.signal }))
            seen.push(fileStatusRecorded.fileStatus.filePath);
        })();
        running.push(following);
        // The first change that is heard of: the subscription stands.
        for (let n = 0; seen.length === 0; n += 1) {
          await report(url, `/before/${n}`);
          await sleep(50);
        }
        const reports = (async () => {
          for (let n = 0; !reporting.isOver; n += 1) {
            await report(url, `/during/${n}`);
            reported.push(`/during/${n}`);
          }
        })();
        running.push(reports);
        for (const at of [1, 2]) {
          await instances[at - 1]?.[Symbol.asyncDispose]();
          const before = reported.length;
          for (let tries = 0; reported.length < before + 20 && tries < 200; tries += 1) await sleep(50);
          instances[at - 1] = await startInstance(at);
          await sleep(3_000);
        }
        reporting.isOver = true;
        await reports;
        for (let tries = 0; !seen.includes(reported.at(-1) ?? "") && tries < 200; tries += 1) await sleep(50);
        stop.abort();
        await following;
        expect(reported.length).toBeGreaterThan(40);
        expect(seen.filter((one) => one.startsWith("/during/"))).toEqual(reported);
      } finally {
        reporting.isOver = true;
        stop.abort();
        await Promise.allSettled(running);
        proxy.kill("SIGTERM");
        await ended;
        for (const instance of instances) await instance[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}
