import { connect as connectTcp } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";

const MOST_BYTES = 10_000;

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_MAX_BODY_BYTES: String(MOST_BYTES) });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const RECORD = `mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }`;
/** Takes what the service has, but says so by weights: such a request goes through Yoga, not the short way. */
const WEIGHED = "application/graphql-response+json;q=0.9, application/json;q=0.5";

interface Body {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

async function post(body: BodyInit | null, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(app.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });
  return { status: response.status, type: response.headers.get("content-type"), body: (await response.json()) as Body };
}

async function countStored(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`select count(*)::int from ingest.file_statuses`;
  return row?.count ?? -1;
}

describe("GraphQL over HTTP", () => {
  it("answers a client that offers HTTP/2 besides, as Java's does", async () => {
    const body = JSON.stringify({ query: "{ __typename }" });
    const { hostname, port } = new URL(app.url);
    const socket = connectTcp(Number(port), hostname);
    socket.write(
      [
        "POST /graphql HTTP/1.1",
        `Host: ${hostname}:${port}`,
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        "",
        body,
      ].join("\r\n"),
    );
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes("}}")) break;
    }
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\{"data":\{"__typename":"Query"\}\}/);
  });

  it("passes the whole audit", async () => {
    const results = await auditServer({ url: app.url });
    expect(
      results
        .filter(({ status }) => status !== "ok")
        .map(({ name, ...result }) => [name, "reason" in result ? result.reason : ""]),
    ).toEqual([]);
    expect(results).toHaveLength(61);
  });

  it.each([
    ["a query", "{ logFiles { nodes { logFilePath } totalCount } }"],
    ["a query with variables", "query ($path: String!) { logFile(logFilePath: $path) { date } }", { path: "/none" }],
    ["a syntax error", "{ logFiles {"],
    ["a validation error", "{ logFiles { nodes { nothing } } noSuchField }"],
    ["a resolver's error", '{ logFiles(first: -1) { nodes { logFilePath } } logFile(logFilePath: "/x") { date } }'],
    ["a variable of the wrong type", "query ($path: String!) { logFile(logFilePath: $path) { date } }", { path: 1 }],
    ["a text that can't be stored", "query ($path: String!) { logFile(logFilePath: $path) { date } }", { path: "\0" }],
    ["several operations and no name", "query A { liveCursor } query B { liveCursor }"],
    [
      "too many aliases",
      `{ ${Array.from({ length: 51 }, (_, at) => `a${at}: __typename b${at}: liveCursor`).join(" ")} }`,
    ],
  ])(
    "answers %s by POST, by POST with weighed types and by GET the same",
    async (_what, query, variables: object = {}) => {
      const direct = await post(JSON.stringify({ query, variables }), { accept: "application/graphql-response+json" });
      const weighed = await post(JSON.stringify({ query, variables }), { accept: WEIGHED });
      const address = `${app.url}?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`;
      const got = await fetch(address, { headers: { accept: WEIGHED } });
      const byGet = { status: got.status, type: got.headers.get("content-type"), body: (await got.json()) as Body };
      expect(weighed).toEqual(direct);
      expect(byGet).toEqual(direct);
      expect(direct.type).toMatch(/^application\/graphql-response\+json/);
      if (direct.body.errors !== undefined) expect(direct.body.errors[0]?.extensions.code).toEqual(expect.any(String));
    },
  );

  it("refuses a mutation by GET with 405, and stores nothing", async () => {
    const before = await countStored();
    const address = `${app.url}?${new URLSearchParams({ query: RECORD, variables: '{"path":"/get"}' })}`;
    for (const accept of ["application/json", WEIGHED, "*/*"]) {
      const response = await fetch(address, { headers: { accept } });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
    }
    expect(await countStored()).toBe(before);
  });

  const longBody = JSON.stringify({
    query: RECORD,
    variables: { path: "/long" },
    extensions: { x: "x".repeat(MOST_BYTES) },
  });
  it.each([
    ["whose length is announced", () => longBody, "application/json"],
    ["that comes in chunks", () => new Blob([longBody]).stream(), "application/json"],
    ["whose length is announced, with weighed types", () => longBody, WEIGHED],
    ["that comes in chunks, with weighed types", () => new Blob([longBody]).stream(), WEIGHED],
  ])("refuses a body that is too long %s with 413, and stores nothing", async (_what, body, accept) => {
    const before = await countStored();
    const answer = await post(body(), { accept });
    expect(answer.status).toBe(413);
    expect(answer.body.errors).toMatchObject([
      { message: expect.stringContaining("WEIR_MAX_BODY_BYTES"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
    expect(await countStored()).toBe(before);
    // Just short enough: the limit itself is no refusal.
    const rest =
      MOST_BYTES - JSON.stringify({ query: RECORD, variables: { path: "/fits" }, extensions: { x: "" } }).length;
    const fits = { query: RECORD, variables: { path: "/fits" }, extensions: { x: "x".repeat(rest) } };
    expect((await post(JSON.stringify(fits), { accept })).body.errors).toBeUndefined();
  });

  it("refuses a body that is too long before it is sent", async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connectTcp(Number(port), hostname);
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${MOST_BYTES + 1}\r\n\r\n`,
    );
    // The connection is closed too: what would come on it now is the rest of that body.
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from('{"query":"{ __typename } # '), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    ],
    [
      "half a surrogate pair in UTF-8",
      Buffer.concat([Buffer.from('{"query":"{ __typename } # '), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
    ["a list", "[]"],
    ["a list of operations", '[{"query":"{ __typename }"}]'],
    ["null", "null"],
    ["a number", "1"],
    ["a text", '"{ __typename }"'],
    ["nothing", ""],
    ["half a JSON", '{"query":'],
    ["no query", "{}"],
    ["an empty query", '{"query":""}'],
    ["a query that is a number", '{"query":1}'],
    ["variables that are a list", '{"query":"{ __typename }","variables":[]}'],
    ["extensions that are a text", '{"query":"{ __typename }","extensions":"x"}'],
  ])("refuses a body that is %s with 400 and a code", async (_what, body) => {
    for (const accept of ["application/json", "application/graphql-response+json", WEIGHED]) {
      const answer = await post(body, { accept });
      expect([accept, answer.status]).toEqual([accept, 400]);
      expect(answer.body.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
      expect(answer.body).not.toHaveProperty("data");
    }
  });

  it.each([
    ["application/json", "application/json"],
    ["*/*", "application/json"],
    ["application/*;q=0.5", "application/json"],
    ["application/graphql-response+json", "application/graphql-response+json"],
    ["application/graphql-response+json; charset=utf-8, application/json", "application/graphql-response+json"],
    ["application/json, application/graphql-response+json", "application/json"],
    ["application/json;q=0.5, application/graphql-response+json;q=0.9", "application/graphql-response+json"],
    ["application/graphql-response+json;q=0, application/json;q=0.1", "application/json"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "application/json"],
    // What urql sends, and what it gets for a query.
    [
      "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
      "application/graphql-response+json",
    ],
  ])("answers a client that accepts %s in %s", async (accept, type) => {
    const answer = await post('{"query":"{ __typename }"}', { accept });
    expect(answer).toEqual({ status: 200, type: `${type}; charset=utf-8`, body: { data: { __typename: "Query" } } });
  });

  it("refuses what goes another way with the same codes", async () => {
    const accept = "text/event-stream";
    const streamed = await fetch(app.url, {
      method: "POST",
      headers: { accept, "content-type": "application/json" },
      body: longBody,
    });
    expect(await streamed.text()).toContain('"code":"BAD_USER_INPUT"');
    for (const init of [{}, { method: "PUT", body: "{}" }, { method: "DELETE" }]) {
      const response = await fetch(app.url, { headers: { accept: "application/graphql-response+json" }, ...init });
      const { errors } = (await response.json()) as Body;
      expect([response.status, errors?.[0]?.extensions]).toEqual([
        init.method === undefined ? 400 : 405,
        { code: "BAD_USER_INPUT" },
      ]);
    }
  });

  it("tells a subscription that takes no stream how to get one", async () => {
    const answer = await post('{"query":"subscription { changes { key } }"}');
    expect(answer.body.errors).toMatchObject([
      { message: expect.stringContaining("text/event-stream"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
  });

  it("refuses a compressed body with 415 and says how to send it", async () => {
    for (const accept of ["application/json", WEIGHED]) {
      const answer = await post(gzipSync('{"query":"{ __typename }"}'), { accept, "content-encoding": "gzip" });
      expect(answer.status).toBe(415);
      expect(answer.body.errors).toMatchObject([
        { message: expect.stringContaining("Content-Encoding"), extensions: { code: "BAD_USER_INPUT" } },
      ]);
    }
  });
});

describe("a subscription over SSE", () => {
  const query = "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key operation } }";

  it.each(["POST", "GET"])(
    "by %s delivers a change once it is committed, and ends when the service stops",
    async (method) => {
      const own = await startService(database.url);
      const { liveCursor } = await ask<{ liveCursor: string }>(own.url, "{ liveCursor }");
      const variables = { after: liveCursor };
      const accept = "text/event-stream";
      const response =
        method === "POST"
          ? await fetch(own.url, {
              method,
              headers: { accept, "content-type": "application/json" },
              body: JSON.stringify({ query, variables }),
            })
          : await fetch(`${own.url}?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`, {
              headers: { accept },
            });
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      const events = readEvents(response);
      await database.sql.begin(async (sql) => {
        await sql`insert into ingest.file_statuses (file_path, type, status) values (${`/sse/${method}`}, 'Log', 'parsed')`;
      });
      expect(await events.next()).toEqual({
        done: false,
        value: {
          event: "next",
          data: { data: { fileStatusRecorded: { key: `/sse/${method}`, operation: "INSERT" } } },
        },
      });
      // Begun before the service begins its own time of grace, of six seconds.
      const grace = new AbortController();
      const timeOfGrace = sleep(5_000, "the time of grace", { signal: grace.signal }).catch(() => {});
      const stopped = own.stop().then(() => "the end");
      expect(await events.next()).toMatchObject({ value: { event: "complete" } });
      expect(await events.next()).toMatchObject({ done: true });
      // Not held up by the connection that the client keeps alive.
      expect(await Promise.race([stopped, timeOfGrace])).toBe("the end");
      grace.abort();
    },
  );

  it("is begun for a client that takes JSON as well", async () => {
    const response = await fetch(app.url, {
      method: "POST",
      headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    await response.body?.cancel();
  });

  it("tells a cursor that can't be continued", async () => {
    const response = await fetch(app.url, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query, variables: { after: "nonsense" } }),
    });
    expect(await response.text()).toContain('"code":"BAD_USER_INPUT"');
  });
});

/** The events of a stream; comments that keep it alive are left out. */
async function* readEvents(response: Response): AsyncGenerator<{ event: string; data: unknown }, void> {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
      const event = field("event");
      const data = field("data") ?? "";
      if (event !== undefined) yield { event, data: data === "" ? null : JSON.parse(data) };
    }
  }
}

describe("other paths", () => {
  const get = async (path: string) => {
    const response = await fetch(new URL(path, app.url), { redirect: "manual" });
    return { status: response.status, text: await response.text() };
  };

  it("answer 404 with a code and the way to GraphQL", async () => {
    for (const path of ["/nothing", "/graphql/x", "/graphqlx", "/health/x", "/..%2f", "//graphql"]) {
      const { status, text } = await get(`${new URL(app.url).origin}${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(JSON.parse(text)).toMatchObject({
        errors: [{ message: expect.stringContaining("/graphql"), extensions: { code: "NOT_FOUND" } }],
      });
    }
  });

  it("tell that the service lives and is ready, whatever the query string", async () => {
    expect(await get("/health")).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await get("/health?x=1")).toMatchObject({ status: 200 });
    expect(await get("/ready")).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  });

  it("lead from the root to the dashboard", async () => {
    expect(await get("/")).toMatchObject({ status: 200, text: expect.stringContaining("<title>Weir</title>") });
  });
});
