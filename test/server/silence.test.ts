import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { type ServiceProcess, spawnService } from "../support/process.ts";
import { until } from "../support/reports.ts";
import { ask, collect, connect, post } from "../support/service.ts";

const RECORD =
  "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id } }";
const WATCH = "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key } }";
/** More than the service has connections. */
const REPORTERS = 40;

/** PostgreSQL's processes: the postmaster's and those that it has made. */
function processesOf(postmaster: number): readonly number[] {
  const children = execFileSync("ps", ["--ppid", String(postmaster), "-o", "pid="], { encoding: "utf8" });
  return [postmaster, ...children.trim().split(/\s+/).map(Number)];
}

/** Reporters that go on, whatever they are told. */
function report(url: string) {
  const acknowledged: string[] = [];
  const codes = new Set<string>();
  const underWay = new Set<string>();
  const stop = new AbortController();
  const ended = Promise.all(
    Array.from({ length: REPORTERS }, async (_, reporter) => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        const key = `/load/${reporter}/${n}`;
        underWay.add(key);
        const { data, errors } = await post(url, RECORD, { path: key });
        underWay.delete(key);
        if (data != null) acknowledged.push(key);
        for (const error of errors ?? []) codes.add(error.extensions.code);
        if (errors !== undefined) await sleep(20);
      }
    }),
  );
  return {
    acknowledged,
    codes,
    /** Resolves when everything that is under way now has been answered. */
    async untilAnswered() {
      const asked = [...underWay];
      await until(
        async () => asked.filter((key) => underWay.has(key)),
        (left) => left.length === 0,
      );
    },
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** How the database goes away, and how it comes back. */
const WAYS = {
  "is frozen, and closes nothing": async (cluster: string) => {
    const pids = processesOf(await postmasterOf(cluster));
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    return async () => {
      for (const pid of pids) process.kill(pid, "SIGCONT");
    };
  },
  "is killed, and can't start": async (cluster: string) => {
    const pid = await postmasterOf(cluster);
    await rename(cluster, `${cluster}.away`);
    process.kill(pid, "SIGKILL");
    return () => rename(`${cluster}.away`, cluster);
  },
} as const;

async function postmasterOf(cluster: string): Promise<number> {
  return Number((await readFile(path.join(cluster, "postmaster.pid"), "utf8")).split("\n", 1)[0]);
}

async function statusOf(service: ServiceProcess, name: string): Promise<number> {
  const response = await fetch(new URL(`/${name}`, service.url));
  await response.arrayBuffer();
  return response.status;
}

describe("a database that is away under load", () => {
  it.each(Object.entries(WAYS))(
    "that %s: what is asked is refused meanwhile, and nothing acknowledged is lost or told twice",
    async (_, goAway) => {
      const dataDir = await mkdtemp(path.join(tmpdir(), "weir-silence-"));
      await chmod(dataDir, 0o755);
      let comeBack = async () => {};
      try {
        await using service = await spawnService({ WEIR_DATA_DIR: dataDir });
        const { liveCursor } = await ask<{ liveCursor: string }>(service.url, "{ liveCursor }");
        const { client } = connect(service.url);
        const watchers = Array.from({ length: 3 }, () =>
          collect<{ key: string }>(client, WATCH, { after: liveCursor }),
        );
        const load = report(service.url);
        await until(
          async () => load.acknowledged.length,
          (count) => count > 200,
        );
        expect([...load.codes]).toEqual([]);

        comeBack = await goAway(path.join(dataDir, "postgres"));
        await until(
          () => statusOf(service, "ready"),
          (status) => status === 503,
        );
        // Without an end of the silence: what waited before it, and what came during it.
        for (let round = 0; round < 3; round += 1) {
          await load.untilAnswered();
          await sleep(1_000);
        }
        expect(await statusOf(service, "health")).toBe(200);
        expect([...load.codes]).toEqual(["UNAVAILABLE"]);
        const before = load.acknowledged.length;

        await comeBack();
        await until(
          () => statusOf(service, "ready"),
          (status) => status === 200,
        );
        await until(
          async () => load.acknowledged.length,
          (count) => count > before + 200,
        );
        await load.stop();
        expect([...load.codes]).toEqual(["UNAVAILABLE"]);

        const last = "/last";
        await ask(service.url, RECORD, { path: last });
        const stored = await ask<{ fileStatuses: { totalCount: number } }>(
          service.url,
          "{ fileStatuses { totalCount } }",
        );
        for (const watcher of watchers) {
          await watcher.until((items) => items.some(({ key }) => key === last));
          const keys = watcher.items.map(({ key }) => key);
          expect(new Set(keys).size).toBe(keys.length);
          expect(keys.length).toBe(stored.fileStatuses.totalCount);
          expect(load.acknowledged.filter((key) => !keys.includes(key))).toEqual([]);
        }
        await client.dispose();
      } finally {
        await comeBack().catch(() => {});
        await rm(dataDir, { recursive: true, force: true });
      }
    },
    120_000,
  );
});

describe("a connection on which nothing is heard", () => {
  /** Passes everything on, until it is told to pass nothing. */
  async function silentProxy(target: URL) {
    const sockets = new Set<Socket>();
    const { createConnection } = await import("node:net");
    let isSilent = false;
    const server = createServer((near) => {
      const far = createConnection(Number(target.port), target.hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from);
        from.on("data", (data) => isSilent || to.write(data));
        from.on("close", () => to.destroy());
        from.on("error", () => {});
      }
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const url = new URL(target);
    url.port = String(address.port);
    url.hostname = "127.0.0.1";
    return {
      url: url.href,
      setSilent: (value: boolean) => (isSilent = value),
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  }

  it("fails its statement a little after the statement timeout, and is opened anew", async () => {
    await using database = await createTestDatabase();
    await using proxy = await silentProxy(new URL(database.url));
    await using own = openDatabase(proxy.url, { max: 1, statementTimeout: 500 });
    await own.sql`select 1`;
    // A statement timeout that PostgreSQL tells of is one: the connection stays.
    const [first] = await own.sql`select pg_backend_pid() as pid`;
    await expect(own.sql`select pg_sleep(2)`).rejects.toMatchObject({ code: "57014" });
    expect(await own.sql`select pg_backend_pid() as pid`).toEqual([first]);
    proxy.setSilent(true);
    await expect(own.sql`select 1`).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    proxy.setSilent(false);
    expect([...(await own.sql`select 2 as two`)]).toEqual([{ two: 2 }]);
  });
});
