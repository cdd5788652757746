import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { graphql } from "../../src/client/gql/index.ts";
import { createWeirClient, WeirError } from "../../src/client/index.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPipeline } from "../support/pipelines.ts";
import { startService } from "../support/service.ts";

const RECORD = graphql(`
  mutation ClientTestRecord($input: [FileStatusInput!]!, $idempotencyKey: String) {
    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {
      id
    }
  }
`);
const COUNT = graphql(`
  query ClientTestCount($prefix: String!) {
    fileStatuses(filter: { filePathPrefix: $prefix }, first: 500) {
      totalCount
    }
  }
`);
const NOW = graphql(`
  query ClientTestNow {
    liveCursor
  }
`);
const RECORDED = graphql(`
  subscription ClientTestRecorded($filter: FileStatusFilter, $after: Cursor) {
    fileStatusRecorded(filter: $filter, after: $after) {
      cursor
      fileStatus {
        filePath
      }
    }
  }
`);
const RUNS = graphql(`
  subscription ClientTestRuns($table: String!, $snapshot: Boolean!, $after: Cursor) {
    runChanged(filter: { sourceTablename: $table }, snapshot: $snapshot, after: $after) {
      cursor
      operation
      run {
        id
      }
    }
  }
`);
const NOT_RESUMABLE = graphql(`
  subscription ClientTestNotResumable {
    fileStatusRecorded {
      cursor
    }
  }
`);

let database: TestDatabase;
let app: App;
let prefix = "";
let tests = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  tests += 1;
  prefix = `/test-${tests}/`;
});

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({
    filePath: `${prefix}${from + at}`,
    type: "LOG" as const,
    status: "PARSED" as const,
  }));
const paths = (from: number, to: number) => rows(from, to).map(({ filePath }) => filePath);
const record = (from: number, to: number) =>
  createWeirClient({ url: app.url }).request(RECORD, { input: rows(from, to) });
const count = async () => (await createWeirClient({ url: app.url }).request(COUNT, { prefix })).fileStatuses.totalCount;

/** A WebSocket that keeps what was sent, and the sockets to cut. */
function observedSockets() {
  const sockets: WebSocket[] = [];
  const sent: string[] = [];
  class Observed extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols);
      sockets.push(this);
      const send = this.send.bind(this);
      this.send = (data: string) => {
        sent.push(data);
        send(data);
      };
    }
  }
  return {
    webSocketImpl: Observed,
    sockets,
    count: (type: string) => sent.filter((text) => text.includes(`"type":"${type}"`)).length,
  };
}

type Changes = AsyncIterator<{ readonly fileStatusRecorded: { readonly fileStatus: { readonly filePath: string } } }>;

async function take(changes: Changes, most: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < most) {
    const { done, value } = await changes.next();
    if (done === true) break;
    taken.push(value.fileStatusRecorded.fileStatus.filePath);
  }
  return taken;
}

/** Begins the subscription and waits until a change has come, of number 0. */
async function begun(changes: Changes): Promise<void> {
  const first = take(changes, 1);
  const timer = setInterval(() => void record(0, 1), 50);
  await first;
  clearInterval(timer);
}

describe("a request", () => {
  it("answers the data that its document asks for", async () => {
    await record(0, 3);
    expect(await count()).toBe(3);
  });

  it("throws the service's code and message", async () => {
    const error = await createWeirClient({ url: app.url })
      .request(RECORD, { input: [{ filePath: "/x", type: "HL7", status: "PARSED" }] })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: "BAD_USER_INPUT", message: expect.stringContaining("PARSED") });
  });

  it("is retried after lost answers under its idempotency key, and is stored once", async () => {
    let calls = 0;
    const client = createWeirClient({
      url: app.url,
      retry: { attempts: 3, firstDelay: 1 },
      fetch: async (...args) => {
        calls += 1;
        const response = await fetch(...args);
        if (calls <= 2) throw new TypeError("the answer was lost");
        return response;
      },
    });
    const { recordFileStatuses } = await client.request(RECORD, { input: rows(0, 2), idempotencyKey: prefix });
    expect(recordFileStatuses).toHaveLength(2);
    expect(calls).toBe(3);
    expect(await count()).toBe(2);
  });

  it("is not sent twice when it is a mutation without an idempotency key", async () => {
    let calls = 0;
    const client = createWeirClient({
      url: app.url,
      retry: { attempts: 3, firstDelay: 1 },
      fetch: async (...args) => {
        calls += 1;
        await fetch(...args);
        throw new TypeError("the answer was lost");
      },
    });
    await expect(client.request(RECORD, { input: rows(0, 1) })).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(calls).toBe(1);
    expect(await count()).toBe(1);
  });

  it.each([502, 503, 504])("is retried after a proxy's %d", async (status) => {
    let calls = 0;
    const client = createWeirClient({
      url: app.url,
      retry: { attempts: 1, firstDelay: 1 },
      fetch: async (...args) => {
        calls += 1;
        return calls === 1 ? new Response("<html>", { status }) : fetch(...args);
      },
    });
    await client.request(COUNT, { prefix });
    expect(calls).toBe(2);
  });

  it("gives up after as many attempts as were allowed", async () => {
    let calls = 0;
    const client = createWeirClient({
      url: app.url,
      retry: { attempts: 2, firstDelay: 1 },
      fetch: () => {
        calls += 1;
        return Promise.resolve(Response.json({ errors: [{ message: "later", extensions: { code: "UNAVAILABLE" } }] }));
      },
    });
    await expect(client.request(COUNT, { prefix })).rejects.toMatchObject({ code: "UNAVAILABLE", message: "later" });
    expect(calls).toBe(3);
  });
});

describe("a subscription", () => {
  it("goes on where its socket was cut, nothing lost and nothing twice", async () => {
    const { webSocketImpl, sockets, count: sent } = observedSockets();
    const reconnections: string[] = [];
    const client = createWeirClient({ url: app.url, webSocketImpl });
    const after = (await client.request(NOW, {})).liveCursor;
    const changes = client.subscribe(
      RECORDED,
      { filter: { filePathPrefix: prefix }, after },
      { onReconnect: (cursor) => reconnections.push(cursor) },
    );
    const taken = take(changes, 600);
    for (let at = 0; at < 600; at += 20) {
      await record(at, at + 20);
      if (at % 100 === 40) for (const socket of sockets) socket.terminate();
      // The next are recorded while it is away.
      if (at % 100 === 60) await expect.poll(() => sent("subscribe")).toBe((at + 40) / 100 + 1);
    }
    expect(await taken).toEqual(paths(0, 600));
    expect(sockets.length).toBeGreaterThan(2);
    // A socket that was cut before the operation was sent again is not heard of.
    expect(reconnections.length).toBeGreaterThan(0);
    expect(reconnections.length).toBeLessThan(sockets.length);
    await changes.return?.();
  });

  it("loses nothing that was recorded before its first change, when it was cut by then", async () => {
    const { webSocketImpl, sockets, count: sent } = observedSockets();
    const changes = createWeirClient({ url: app.url, webSocketImpl }).subscribe(RECORDED, {
      filter: { filePathPrefix: prefix },
    });
    const taken = take(changes, 2);
    await expect.poll(() => sent("subscribe")).toBe(1);
    for (const socket of sockets) socket.terminate();
    await record(0, 2);
    expect(await taken).toEqual(paths(0, 2));
    await changes.return?.();
  });

  it("goes on when the service comes back, over the platform's own WebSocket", async () => {
    const settings = { WEIR_PORT: new URL(app.url).port };
    const changes = createWeirClient({ url: app.url }).subscribe(RECORDED, { filter: { filePathPrefix: prefix } });
    await begun(changes);
    await app.stop();
    app = await startService(database.url, settings);
    await record(100, 103);
    const seen: string[] = [];
    while (seen.at(-1) !== `${prefix}102`) seen.push(...(await take(changes, 1)));
    // What began it may have been recorded more than once.
    expect(seen.filter((path) => path !== `${prefix}0`)).toEqual(paths(100, 103));
    await changes.return?.();
  });

  it("keeps a bounded number of changes for a consumer that does not take them", async () => {
    const { webSocketImpl, sockets, count: sent } = observedSockets();
    const changes = createWeirClient({ url: app.url, webSocketImpl }).subscribe(
      RECORDED,
      { filter: { filePathPrefix: prefix } },
      { maxWaiting: 10 },
    );
    const first = take(changes, 1);
    await expect.poll(() => sent("subscribe")).toBe(1);
    await record(0, 200);
    expect(await first).toEqual(paths(0, 1));
    await expect.poll(() => sent("complete")).toBe(1);
    await record(200, 300);
    // Nobody takes anything, so it stays away.
    expect(sent("subscribe")).toBe(1);
    expect(await take(changes, 299)).toEqual(paths(1, 300));
    expect(sent("subscribe")).toBeGreaterThan(10);
    expect(sockets).toHaveLength(1);
    await changes.return?.();
  });

  it("ends without an error when its signal is aborted, and closes the socket", async () => {
    const { webSocketImpl, sockets } = observedSockets();
    const stop = new AbortController();
    const changes = createWeirClient({ url: app.url, webSocketImpl }).subscribe(
      RECORDED,
      { filter: { filePathPrefix: prefix } },
      { signal: stop.signal },
    );
    await begun(changes);
    const next = changes.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const states = () => sockets.map(({ readyState }) => readyState);
    await expect.poll(states, { timeout: 10_000 }).toEqual([WebSocket.CLOSED]);
  });

  it("throws CURSOR_EXPIRED for a cursor of another database, once", async () => {
    const client = createWeirClient({ url: app.url });
    const { liveCursor } = await client.request(NOW, {});
    const text = Buffer.from(liveCursor, "base64url")
      .toString()
      .replace(/[0-9a-f]{12}/, "0123456789ab");
    const changes = client.subscribe(RECORDED, { after: Buffer.from(text).toString("base64url") });
    await expect(changes.next()).rejects.toMatchObject({ name: "WeirError", code: "CURSOR_EXPIRED" });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });

  it("that begins with the state gets all of it once, also when it is cut amid it", async () => {
    await createPipeline(app.url, prefix);
    await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status)
      select ${prefix}, 'success' from generate_series(1, 1000)`;
    const { webSocketImpl, sockets } = observedSockets();
    const changes = createWeirClient({ url: app.url, webSocketImpl }).subscribe(RUNS, {
      table: prefix,
      snapshot: true,
    });
    const ids: string[] = [];
    for (let operation = "SNAPSHOT"; operation === "SNAPSHOT"; ) {
      // Of the state's end nothing is told: a row that comes before it is one of the state.
      if (ids.length >= 1_000) {
        await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status) values (${prefix}, 'success')`;
      }
      const { value } = await changes.next();
      if (value === undefined) break;
      ids.push(value.runChanged.run.id);
      operation = value.runChanged.operation;
      if (ids.length % 300 === 1) for (const socket of sockets) socket.terminate();
      if (operation !== "SNAPSHOT") expect(operation).toBe("INSERT");
    }
    // The last is the first that came as a change, behind the whole state.
    expect(ids.length).toBeGreaterThan(1_000);
    const stored = await database.sql`select id from pipeline.pipeline_runs_master where source_tablename = ${prefix}`;
    expect(ids.toSorted()).toEqual(stored.map((row) => String(row["id"])).toSorted());
    expect(sockets.length).toBeGreaterThan(2);
    await changes.return?.();
  });

  it("is refused when it could not be resumed", () => {
    expect(() => createWeirClient({ url: app.url }).subscribe(NOT_RESUMABLE, {})).toThrow("$after");
  });
});
