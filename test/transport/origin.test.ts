import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";

const ALLOWED = "https://dashboard.example.org";
const FOREIGN = "https://evil.example.com";

let database: TestDatabase;
let app: App;
let own: { readonly host: string; readonly port: string; readonly origin: string };
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_CORS_ORIGINS: `${ALLOWED}, http://localhost:5173` });
  own = new URL(app.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const RECORD = 'mutation { recordFileStatus(input: { filePath: "/o", type: LOG, status: PARSED }) { id } }';

/** fetch refuses to set Host and Origin, so this is a request as a browser would write it. */
async function send(
  method: string,
  headers: Readonly<Record<string, string>>,
  { path = "/graphql", body = "" }: { path?: string; body?: string } = {},
) {
  const sent = request({ host: "127.0.0.1", port: own.port, path, method, headers: { host: own.host, ...headers } });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const postAs = (headers: Readonly<Record<string, string>>, query = "{ __typename }") =>
  send("POST", { "content-type": "application/json", ...headers }, { body: JSON.stringify({ query }) });

/** "open", or the status with which the socket was refused. */
async function openAs(headers: Readonly<Record<string, string>>): Promise<string> {
  const socket = new WebSocket(app.url.replace("http", "ws"), "graphql-transport-ws", { headers });
  const outcome = await Promise.race([
    once(socket, "open").then(() => "open"),
    once(socket, "unexpected-response").then(([, response]) => String((response as { statusCode: number }).statusCode)),
  ]);
  socket.on("error", () => {}).terminate();
  return outcome;
}

async function expectRefused(headers: Readonly<Record<string, string>>): Promise<void> {
  const posted = await postAs(headers, RECORD);
  expect(posted.status).toBe(403);
  expect(JSON.parse(posted.body)).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
  expect(posted.headers["access-control-allow-origin"]).toBeUndefined();
  const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
  expect((await send("POST", form, { body: `query=${encodeURIComponent(RECORD)}` })).status).toBe(403);
  expect((await send("GET", headers, { path: "/graphql?query={__typename}" })).status).toBe(403);
  expect(
    (
      await send(
        "GET",
        { ...headers, accept: "text/event-stream" },
        { path: "/graphql?query=subscription{changes{key}}" },
      )
    ).status,
  ).toBe(403);
  for (const path of ["/health", "/ready", "/", "/nothing"])
    expect((await send("GET", headers, { path })).status).toBe(403);
  expect(await openAs(headers)).toBe("403");
  const { fileStatuses } = await ask(app.url, "{ fileStatuses { totalCount } }");
  expect(fileStatuses).toEqual({ totalCount: 0 });
}

describe("a page of another site", () => {
  it.each([
    ["by its own name", { origin: FOREIGN }],
    ["as a file or in a sandbox", { origin: "null" }],
    ["of another port of this machine", { origin: "http://localhost:1" }],
    ["whose name begins like an allowed one", { origin: `${ALLOWED}.evil.example.com` }],
    ["by an allowed name without TLS", { origin: ALLOWED.replace("https", "http") }],
  ])("is refused over HTTP and WebSocket %s, and nothing is stored", async (_what, headers) => {
    await expectRefused(headers);
  });

  it.each(["evil.example.com", "evil.example.com:4000", "127.0.0.1.evil.example.com", "10.0.0.1", "[::2]"])(
    "is refused when it made the name %j point to this machine (DNS rebinding)",
    async (host) => {
      await expectRefused({ host });
      await expectRefused({ host, origin: `http://${host}` });
    },
  );

  it("gets no permission by a preflight", async () => {
    const preflight = await send("OPTIONS", {
      origin: FOREIGN,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    });
    expect(preflight.status).toBe(403);
    expect(preflight.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe("who may call", () => {
  it("is a program, which has no origin, and the service's own page under any of its names", async () => {
    const port = own.port;
    for (const headers of [
      {},
      { origin: own.origin },
      { host: `localhost:${port}` },
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
      { host: `[::1]:${port}`, origin: `http://[::1]:${port}` },
    ]) {
      expect((await postAs(headers)).status).toBe(200);
      expect(await openAs(headers)).toBe("open");
    }
  });

  it("is a page of an origin in WEIR_CORS_ORIGINS: its browser is told so", async () => {
    for (const origin of [ALLOWED, "http://localhost:5173"]) {
      const answer = await postAs({ origin });
      expect(answer.status).toBe(200);
      expect(answer.headers["access-control-allow-origin"]).toBe(origin);
      expect(answer.headers.vary?.toLowerCase()).toContain("origin");
      expect(await openAs({ origin })).toBe("open");
      const stream = await postAs({ origin, accept: "application/graphql-response+json;q=1" });
      expect(stream.headers["access-control-allow-origin"]).toBe(origin);
    }
  });

  it("may ask by a preflight for a POST of JSON, as a browser does before it", async () => {
    const preflight = await send("OPTIONS", {
      origin: ALLOWED,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    });
    expect(preflight.status).toBe(204);
    expect(preflight.body).toBe("");
    expect(preflight.headers["access-control-allow-origin"]).toBe(ALLOWED);
    expect(preflight.headers["access-control-allow-methods"]).toMatch(/\bPOST\b/);
    expect(preflight.headers["access-control-allow-headers"]?.toLowerCase()).toContain("content-type");
    expect(preflight.headers.vary?.toLowerCase()).toContain("origin");
    // Tokens and cookies are none of it.
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
  });

  it("sees errors too: a refusal of the request carries the permission to read it", async () => {
    const answer = await postAs({ origin: ALLOWED }, "{ nothing }");
    expect(answer.headers["access-control-allow-origin"]).toBe(ALLOWED);
  });
});

it("a form is refused, also without an Origin: a page of any site can send one", async () => {
  for (const type of ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]) {
    const answer = await send("POST", type === "" ? {} : { "content-type": type }, {
      body: `query=${encodeURIComponent(RECORD)}`,
    });
    expect(answer.status, type).toBe(415);
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
  }
  expect(await database.sql`select 1 from ingest.file_statuses where file_path = '/o'`).toHaveLength(0);
});

it("GraphiQL stands in no frame and talks to nobody but this service", async () => {
  const page = await send("GET", { accept: "text/html" });
  expect(page.status).toBe(200);
  expect(page.headers["x-frame-options"]).toBe("DENY");
  expect(page.headers["content-security-policy"]).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
});
