import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type ServiceProcess, spawnService } from "../support/process.ts";
import { ask, collect, connect, post } from "../support/service.ts";

const RECORD = `mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }`;
let folder: string;
let dataDir: string;
const postmasters = new Set<number>();
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-shutdown-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(folder, 0o755);
  dataDir = path.join(folder, "data");
  await mkdir(dataDir, 0o711);
});
afterAll(async () => {
  const left = [...postmasters].filter(isAlive);
  for (const pid of left) process.kill(pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  // A failed test may leave its PostgreSQL running; one that passes must not.
  if (left.length > 0) throw new Error(`PostgreSQL was left running: ${left.join(", ")}`);
});

/** The service as a process with its own PostgreSQL; killed if the test leaves it running. */
async function start(): Promise<ServiceProcess & { postmaster: number; databaseUrl: string }> {
  const service = await spawnService({ WEIR_DATA_DIR: dataDir });
  onTestFinished(async () => {
    await service[Symbol.asyncDispose]();
  });
  const postmaster = await postmasterPid();
  postmasters.add(postmaster);
  const databaseUrl = (await readFile(path.join(dataDir, "database-url"), "utf8")).trim();
  return Object.assign(service, { postmaster, databaseUrl });
}

async function postmasterPid(): Promise<number> {
  const [pid] = (await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

/** Whether the process runs. One that ended and whose parent was killed may stay as a zombie. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "");
  } catch {
    return false;
  }
}

/** Holds the table that reports are written to until `release`; `waiting` resolves when so many statements wait for it. */
async function holdReports(databaseUrl: string) {
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const transaction = sql
    .begin(async (tx) => {
      await tx`lock table ingest.file_statuses in access exclusive mode`;
      held.resolve();
      await release.promise;
    })
    // The server may end before the transaction does.
    .catch(held.reject);
  await held.promise;
  return {
    async waiting(count: number) {
      await expect
        .poll(
          async () =>
            (await sql`select 1 from pg_locks where relation = 'ingest.file_statuses'::regclass and not granted`)
              .length,
          {
            interval: 20,
            timeout: 5_000,
          },
        )
        .toBe(count);
    },
    async release() {
      release.resolve();
      await transaction;
      await sql.end({ timeout: 1 });
    },
  };
}

describe.each(["SIGTERM", "SIGINT"] as const)("on %s the service", (signal) => {
  it("answers what runs, completes subscriptions, refuses what is new, and ends with its PostgreSQL", async () => {
    const service = await start();
    const { client, sockets } = connect(service.url);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(service.url, "{ liveCursor }");
    const subscription = collect<{ key: string }>(
      client,
      "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key } }",
      { after },
    );
    const stream = await fetch(service.url, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query: "subscription { fileStatusRecorded { key } }" }),
    });
    await ask(service.url, RECORD, { path: `/${signal}/before` });
    await subscription.until((items) => items.length === 1);

    const lock = await holdReports(service.databaseUrl);
    const mutation = post(service.url, RECORD, { path: `/${signal}/held` });
    const query = post(service.url, "{ fileStatuses { totalCount } }");
    const overSocket = collect(client, "{ fileStatuses { totalCount } }");
    await lock.waiting(3);
    service.child.kill(signal);
    await expect.poll(() => service.lines.some((line) => line.includes("Weir stops")), { interval: 10 }).toBe(true);
    await expect(fetch(service.url.replace("graphql", "health"))).rejects.toThrow("fetch failed");
    const late = collect(client, "{ liveCursor }");
    await late.ended;
    expect(late.errors).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    await lock.release();

    expect((await mutation).errors).toBeUndefined();
    expect((await query).errors).toBeUndefined();
    await overSocket.ended;
    expect([overSocket.errors, overSocket.items]).toEqual([[], [{ totalCount: expect.any(Number) }]]);
    await subscription.ended;
    expect(subscription.errors).toEqual([]);
    expect(await stream.text()).toMatch(/event: complete\ndata:?\s*$/);
    await Promise.all(
      sockets.map(async (socket) => socket.readyState === WebSocket.CLOSED || (await once(socket, "close"))),
    );
    expect(await service.exited).toBe(0);
    expect(isAlive(service.postmaster)).toBe(false);
    expect(service.lines.filter((line) => /"level":(?:40|50|60)/.test(line))).toEqual([]);
  });
});

describe("the end of the service", () => {
  it("is not held up by clients that don't read or don't end their request, nor by a statement that waits for ever", async () => {
    const service = await start();
    const { hostname, port } = new URL(service.url);
    const deaf = new WebSocket(service.url.replace("http", "ws"), "graphql-transport-ws");
    await once(deaf, "open");
    const heard = (text: string) =>
      new Promise<void>((resolve) =>
        deaf.on("message", (data: Buffer) => {
          if (data.includes(text)) resolve();
        }),
      );
    deaf.send('{"type":"connection_init"}');
    await heard("connection_ack");
    for (const [id, query] of [
      ["1", "subscription { fileStatusRecorded { fileStatus { errorMessage } } }"],
      ["2", "{ liveCursor }"],
    ]) {
      deaf.send(JSON.stringify({ id, type: "subscribe", payload: { query } }));
    }
    await heard('"id":"2"');
    deaf.pause();
    const deafStream = connectTcp(Number(port), hostname).on("error", () => {});
    deafStream.pause();
    deafStream.write(
      `GET /graphql?query=${encodeURIComponent("subscription { fileStatusRecorded { fileStatus { errorMessage } } }")} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    const endless = connectTcp(Number(port), hostname).on("error", () => {});
    endless.write(
      `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    );
    const silent = connectTcp(Number(port), hostname).on("error", () => {});
    await once(silent, "connect");
    // More than the buffers of sockets hold.
    const input = Array.from({ length: 100 }, (_, at) => ({
      filePath: `/deaf/${at}`,
      type: "LOG",
      status: "FAILED",
      errorMessage: "x".repeat(10_000),
    }));
    for (let batch = 0; batch < 10; batch += 1) {
      await ask(service.url, "mutation ($input: [FileStatusInput!]!) { recordFileStatuses(input: $input) { id } }", {
        input: input.slice(0, 90),
      });
    }
    const lock = await holdReports(service.databaseUrl);
    const answer = post(service.url, RECORD, { path: "/never" }).catch(() => undefined);
    await lock.waiting(1);

    service.child.kill("SIGTERM");
    // Its clients would hold it for ever: that it ends at all is what its time of grace does.
    expect(await service.exited).toBe(0);
    expect(isAlive(service.postmaster)).toBe(false);
    // It got no answer or one that says so: what is not stored is not acknowledged.
    expect((await answer)?.data ?? null).toBeNull();
    await lock.release();
    for (const socket of [deafStream, endless, silent]) socket.destroy();
    deaf.terminate();
  });
});

describe("what was acknowledged", () => {
  it.each([
    ["the service", ["service"]],
    ["PostgreSQL", ["postgres"]],
    ["both", ["postgres", "service"]],
  ] as const)("survives kill -9 of %s", async (_what, victims) => {
    const service = await start();
    const acknowledged: string[] = [];
    const enough = Promise.withResolvers<void>();
    const done = new AbortController();
    const write = async (writer: number) => {
      for (let count = 0; !done.signal.aborted; count += 1) {
        const answer = await post<{ recordFileStatus: { id: string } }>(service.url, RECORD, {
          path: `/kill/${victims.join("-")}/${writer}/${count}`,
        }).catch(() => undefined);
        if (answer?.data != null) acknowledged.push(answer.data.recordFileStatus.id);
        // Nobody listens: there is nothing to be sent to.
        if (answer === undefined) return;
        if (answer.errors !== undefined) await sleep(20);
        if (acknowledged.length >= 300) enough.resolve();
      }
    };
    const writers = Array.from({ length: 8 }, (_, at) => write(at));
    await enough.promise;
    for (const victim of victims)
      process.kill(victim === "postgres" ? service.postmaster : (service.child.pid ?? 0), "SIGKILL");
    const atKill = acknowledged.length;
    if (victims.some((victim) => victim === "service")) await service.exited;
    // The service starts its PostgreSQL again, and goes on.
    else await expect.poll(() => acknowledged.length, { interval: 20, timeout: 20_000 }).toBeGreaterThan(atKill + 100);
    done.abort();
    await Promise.all(writers);
    if (!victims.some((victim) => victim === "service")) {
      postmasters.add(await postmasterPid());
      service.child.kill("SIGTERM");
      await service.exited;
    }

    const next = await start();
    const sql = postgres(next.databaseUrl, { max: 1, onnotice: () => {} });
    const [missing] = await sql`select count(*)::int as count from unnest(${acknowledged}::bigint[]) as a(id)
      where not exists (select from ingest.file_statuses s where s.id = a.id)
         or not exists (select from weir.change c where c.topic = 'FILE_STATUS' and (c."row" ->> 'id')::bigint = a.id)`;
    await sql.end();
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    expect(missing).toEqual({ count: 0 });
    next.child.kill("SIGTERM");
    expect(await next.exited).toBe(0);
    expect(isAlive(next.postmaster)).toBe(false);
  });
});
