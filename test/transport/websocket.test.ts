import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { encodeCursor } from "../../src/feed/cursor.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";

const MOST_OPERATIONS = 4;
const MOST_BYTES = 65_536;

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_MAX_SOCKET_OPERATIONS: String(MOST_OPERATIONS),
    WEIR_MAX_BODY_BYTES: String(MOST_BYTES),
  });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

interface Frame {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

interface OperationError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string };
}

/** A socket whose frames are seen as they are, not as a client library understands them. */
async function open(url = app.url) {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  onTestFinished(() => socket.terminate());
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  socket.on("message", (data: Buffer) => {
    frames.push(JSON.parse(data.toString()) as Frame);
    wake();
  });
  let isClosed = false;
  const closed = new Promise<number>((resolve) =>
    socket.once("close", (code) => {
      isClosed = true;
      resolve(code);
      wake();
    }),
  );
  await once(socket, "open");
  const send = (frame: object) => socket.send(JSON.stringify(frame));
  const frame = (wanted: (frame: Frame) => boolean) =>
    new Promise<Frame>((resolve, reject) => {
      const check = () => {
        const found = frames.find(wanted);
        if (found !== undefined) resolve(found);
        else if (isClosed) reject(new Error(`closed after ${JSON.stringify(frames)}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
    });
  const of = (id: string) => frames.filter((candidate) => candidate.id === id);
  let pings = 0;
  return {
    socket,
    closed,
    frame,
    of,
    init: async () => {
      send({ type: "connection_init" });
      await frame(({ type }) => type === "connection_ack");
    },
    send,
    subscribe: (id: string, query: string, variables: object = {}) =>
      send({ id, type: "subscribe", payload: { query, variables } }),
    complete: (id: string) => send({ id, type: "complete" }),
    /** Every frame that the server wrote before it read this is here when it resolves. */
    async settled() {
      const payload = { at: (pings += 1) };
      send({ type: "ping", payload });
      await frame((pong) => pong.type === "pong" && (pong.payload as typeof payload).at === payload.at);
    },
    /** The errors that an operation ended with, in an `error` frame or in its only `next`. */
    async errorsOf(id: string): Promise<readonly OperationError[]> {
      const last = await frame((sent) => sent.id === id && (sent.type === "error" || sent.type === "next"));
      const payload = last.payload as readonly OperationError[] | { readonly errors?: readonly OperationError[] };
      return "errors" in payload ? (payload.errors ?? []) : (payload as readonly OperationError[]);
    },
    paths: (id: string) =>
      of(id).flatMap(({ type, payload }) =>
        type === "next"
          ? [(payload as { data: { fileStatusRecorded: { key: string } } }).data.fileStatusRecorded.key]
          : [],
      ),
    changeOf: (id: string, path: string) =>
      frame(
        (sent) => sent.id === id && sent.type === "next" && JSON.stringify(sent.payload).includes(JSON.stringify(path)),
      ),
  };
}

const RECORDED = `subscription ($filter: FileStatusFilter, $after: Cursor) {
  fileStatusRecorded(filter: $filter, after: $after) { key cursor isReplay }
}`;

let recorded = 0;
/** Reports a file under a new path, answers the path. */
async function record(prefix = "/ws/"): Promise<string> {
  recorded += 1;
  const filePath = `${prefix}${recorded}.log`;
  await ask(
    app.url,
    `mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }`,
    {
      path: filePath,
    },
  );
  return filePath;
}

/** Resolves when the subscription of the socket gets changes: one that was asked for is not yet one that began. */
async function begun(socket: Awaited<ReturnType<typeof open>>, id: string): Promise<void> {
  const cursor = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
  socket.subscribe(id, RECORDED, { after: cursor.liveCursor });
  await socket.changeOf(id, await record());
}

describe("what goes wrong with one operation of a socket", () => {
  async function withNeighbour(act: (socket: Awaited<ReturnType<typeof open>>) => Promise<void>): Promise<void> {
    const socket = await open();
    await socket.init();
    await begun(socket, "neighbour");
    await act(socket);
    await socket.changeOf("neighbour", await record());
    expect(socket.of("neighbour").filter(({ type }) => type !== "next")).toEqual([]);
    expect(socket.socket.readyState).toBe(WebSocket.OPEN);
  }

  it("reaches that operation alone when it is a syntax error (the parse trap: a throw in onSubscribe closes the socket)", async () => {
    await withNeighbour(async (socket) => {
      socket.subscribe("bad", "subscription { fileStatusRecorded {");
      expect(await socket.errorsOf("bad")).toMatchObject([{ extensions: { code: "GRAPHQL_PARSE_FAILED" } }]);
      expect(socket.of("bad").map(({ type }) => type)).toEqual(["error"]);
    });
  });

  it("reaches that operation alone when it is a validation error", async () => {
    await withNeighbour(async (socket) => {
      socket.subscribe("bad", "{ noSuchField }");
      expect(await socket.errorsOf("bad")).toMatchObject([
        { message: expect.stringContaining("noSuchField"), extensions: { code: "GRAPHQL_VALIDATION_FAILED" } },
      ]);
      expect(socket.of("bad").map(({ type }) => type)).toEqual(["error"]);
    });
  });

  it("reaches that operation alone, masked, when a resolver throws (the useServer trap: raw messages reach the client)", async () => {
    await withNeighbour(async (socket) => {
      await database.sql`alter table ingest.files rename to files_elsewhere`;
      try {
        socket.subscribe("bad", "{ logFiles { nodes { logFilePath } } }");
        const errors = await socket.errorsOf("bad");
        expect(errors).toMatchObject([{ path: ["logFiles"], extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
        expect(JSON.stringify(socket.of("bad"))).not.toMatch(/select|relation|files_elsewhere|ingest\./i);
      } finally {
        await database.sql`alter table ingest.files_elsewhere rename to files`;
      }
    });
  });

  it("reaches that operation alone when its input is refused", async () => {
    await withNeighbour(async (socket) => {
      socket.subscribe(
        "bad",
        `mutation { recordFileStatus(input: { filePath: "/x", type: LOG, status: STAGED }) { id } }`,
      );
      expect(await socket.errorsOf("bad")).toMatchObject([
        { path: ["recordFileStatus"], extensions: { code: "BAD_USER_INPUT" } },
      ]);
      await socket.frame(({ id, type }) => id === "bad" && type === "complete");
      expect(socket.of("bad").map(({ type }) => type)).toEqual(["next", "complete"]);
    });
  });

  it.each([
    ["no query", {}],
    ["a query that is a number", { query: 1 }],
    ["variables that are a list", { query: "{ liveCursor }", variables: [1] }],
  ])("reaches that operation alone, or closes this socket alone, when the payload has %s", async (_what, payload) => {
    const other = await open();
    await other.init();
    await begun(other, "neighbour");
    const socket = await open();
    await socket.init();
    socket.send({ id: "bad", type: "subscribe", payload });
    const outcome = await Promise.race([socket.closed, socket.errorsOf("bad")]);
    if (typeof outcome === "number") expect(outcome).toBe(4400);
    else expect(outcome).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    await other.changeOf("neighbour", await record());
  });

  it("reaches that subscription alone when its cursor is malformed, of another database, or beyond the present", async () => {
    const elsewhere = await createTestDatabase();
    const there = await startService(elsewhere.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(there.url, "{ liveCursor }");
    await there.stop();
    await elsewhere[Symbol.asyncDispose]();
    const { feed } = app.services;
    const { liveCursor: own } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const seen = { ...feed.position(own).seen, snapshot: "900000000000:900000000000:" };
    const future = encodeCursor(feed.id, { seen });
    await withNeighbour(async (socket) => {
      socket.subscribe("malformed", RECORDED, { after: "no cursor" });
      expect(await socket.errorsOf("malformed")).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
      socket.subscribe("foreign", RECORDED, { after: liveCursor });
      expect(await socket.errorsOf("foreign")).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
      // Found out only when the log is read, when the subscription has begun already.
      socket.subscribe("future", RECORDED, { after: future });
      expect(await socket.errorsOf("future")).toMatchObject([
        { message: expect.stringContaining("newer than the database"), extensions: { code: "CURSOR_EXPIRED" } },
      ]);
    });
  });

  it("reaches that subscription alone, masked, when the log can't be read for it", async () => {
    await withNeighbour(async (socket) => {
      const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
      // Only a filter that compares instants trips over it.
      await database.sql`insert into weir.change (topic, key, operation, "row", is_carried)
        values ('FILE_STATUS', '/bad', 'INSERT', '{"id": 0, "file_path": "/bad", "type": "HL7", "status": "staged", "processed_at": "never"}', true)`;
      socket.subscribe("bad", RECORDED, { after: liveCursor, filter: { processedAfter: "2024-01-01T00:00:00Z" } });
      expect(await socket.errorsOf("bad")).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
      expect(JSON.stringify(socket.of("bad"))).not.toMatch(/select|timestamp|never|weir\./i);
    });
  });
});

describe("a socket", () => {
  it("gives every change to each of two operations with the same text and variables", async () => {
    const socket = await open();
    await socket.init();
    await begun(socket, "one");
    await begun(socket, "two");
    const paths: string[] = [];
    for (let count = 0; count < 5; count += 1) paths.push(await record());
    for (const id of ["one", "two"]) {
      await socket.changeOf(id, paths.at(-1) ?? "");
      expect(socket.paths(id).slice(-5)).toEqual(paths);
      expect(new Set(socket.paths(id)).size).toBe(socket.paths(id).length);
    }
  });

  it(`refuses an operation beyond ${MOST_OPERATIONS} at a time, while the others go on, and takes it once one is complete`, async () => {
    const socket = await open();
    await socket.init();
    const ids = Array.from({ length: MOST_OPERATIONS }, (_, at) => `s${at}`);
    for (const id of ids) await begun(socket, id);
    socket.subscribe("over", RECORDED);
    expect(await socket.errorsOf("over")).toMatchObject([{ extensions: { code: "TOO_COMPLEX" } }]);
    const path = await record();
    await Promise.all(ids.map((id) => socket.changeOf(id, path)));
    socket.complete("s0");
    await begun(socket, "now");
  });

  it("stops delivery on the client's complete, and lets it use the id again", async () => {
    const socket = await open();
    await socket.init();
    await begun(socket, "stays");
    await begun(socket, "leaves");
    socket.complete("leaves");
    await socket.settled();
    const before = socket.of("leaves").length;
    await socket.changeOf("stays", await record());
    await socket.settled();
    expect(socket.of("leaves")).toHaveLength(before);
    await begun(socket, "leaves");
  });

  it("stops delivery of a subscription that is completed before it began", async () => {
    const socket = await open();
    await socket.init();
    await begun(socket, "stays");
    socket.subscribe("leaves", RECORDED);
    socket.complete("leaves");
    await socket.changeOf("stays", await record());
    await socket.settled();
    expect(socket.of("leaves")).toEqual([]);
  });

  it("is closed with 1009 for a message that is too long; other sockets stay", async () => {
    const other = await open();
    await other.init();
    await begun(other, "neighbour");
    const socket = await open();
    await socket.init();
    socket.subscribe("long", `{ liveCursor } # ${"x".repeat(MOST_BYTES)}`);
    expect(await socket.closed).toBe(1009);
    await other.changeOf("neighbour", await record());
  });

  it("is closed with 4400 for what is no message of the protocol; other sockets stay", async () => {
    const other = await open();
    await other.init();
    await begun(other, "neighbour");
    for (const message of ["no JSON", "[]", "null", '{"type":"start","id":"1"}', '{"type":"subscribe","id":"1"}']) {
      const socket = await open();
      socket.socket.send(message);
      expect(await socket.closed).toBe(4400);
    }
    await other.changeOf("neighbour", await record());
  });

  it("runs nothing before connection_init", async () => {
    const socket = await open();
    socket.subscribe("early", "{ liveCursor }");
    expect(await socket.closed).toBe(4401);
  });

  it("is refused with another subprotocol, or with none", async () => {
    const url = app.url.replace("http", "ws");
    const other = new WebSocket(url, "graphql-ws");
    const [refusal] = (await once(other, "error")) as [Error];
    expect(refusal.message).toContain("subprotocol");
    const none = new WebSocket(url);
    const [code] = (await once(none, "close")) as [number];
    expect(code).toBe(4406);
  });

  it("is refused on another path", async () => {
    const socket = new WebSocket(
      app.url.replace("http", "ws").replace("/graphql", "/elsewhere"),
      "graphql-transport-ws",
    );
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("404");
  });

  it("runs queries and mutations like HTTP does", async () => {
    const socket = await open();
    await socket.init();
    socket.subscribe(
      "write",
      `mutation { recordFileStatus(input: { filePath: "/ws/over-ws", type: LOG, status: PARSED }) { filePath } }`,
    );
    await socket.frame(({ id, type }) => id === "write" && type === "complete");
    socket.subscribe("read", `{ logFile(logFilePath: "/ws/over-ws") { currentStatus { status } } }`);
    const answer = await socket.frame(({ id, type }) => id === "read" && type === "next");
    expect(answer.payload).toEqual({ data: { logFile: { currentStatus: { status: "PARSED" } } } });
  });
});
