import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { App } from "../../src/server/app.ts";
import { ConfigError, readConfig } from "../../src/server/config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), "weir-trusted-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database[Symbol.asyncDispose]();
});

const TRUSTED = "query Runs { runs(first: 1) { nodes { id } } }";
const SHA = createHash("sha256").update(TRUSTED).digest("hex");

async function send(app: App, body: object): Promise<{ status: number; code: string; data: unknown }> {
  const response = await fetch(app.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: answer.errors?.[0]?.extensions.code ?? "", data: answer.data };
}

describe("with a list of trusted documents", () => {
  let app: App;
  beforeAll(async () => {
    const file = path.join(folder, "documents.json");
    await writeFile(file, JSON.stringify({ "runs-1": TRUSTED, sub: "subscription { runChanged { cursor } }" }));
    app = await startService(database.url, { WEIR_TRUSTED_DOCUMENTS: file });
  });
  afterAll(() => app.stop());

  it("a document of it runs by its text, its id and its hash", async () => {
    const data = { runs: { nodes: [] } };
    for (const body of [
      { query: TRUSTED },
      { documentId: "runs-1" },
      { documentId: `sha256:${SHA}` },
      { documentId: SHA, query: "" },
      { extensions: { persistedQuery: { version: 1, sha256Hash: SHA } } },
    ]) {
      expect(await send(app, body)).toMatchObject({ data });
    }
  });

  it("nothing else does", async () => {
    expect((await send(app, { query: "{ __typename }" })).code).toBe("FORBIDDEN");
    expect((await send(app, { query: `${TRUSTED} ` })).code).toBe("FORBIDDEN");
    expect((await send(app, { query: "{ __typename }", documentId: "runs-1" })).code).toBe("FORBIDDEN");
    expect((await send(app, { documentId: "runs-2" })).code).toBe("NOT_FOUND");
    expect((await send(app, { documentId: 7 })).code).toBe("BAD_USER_INPUT");
  });

  it("the same holds over the WebSocket", async () => {
    const answers = await overSocket(app, [{ query: "", documentId: "runs-1" }, { query: "{ __typename }" }]);
    expect(answers).toMatchObject([
      { type: "next", payload: { data: { runs: { nodes: [] } } } },
      { type: "error", payload: [{ extensions: { code: "FORBIDDEN" } }] },
    ]);
  });
});

it("a list that can't be read ends the start with a line that says why", () => {
  expect(() => readConfig({ WEIR_TRUSTED_DOCUMENTS: path.join(folder, "none.json") })).toThrow(ConfigError);
});

it("without a list, an id is answered with what to do", async () => {
  await using app = await startService(database.url);
  expect((await send(app, { documentId: "runs-1" })).code).toBe("NOT_FOUND");
});

it("without introspection neither a query nor an error tells names of the schema", async () => {
  await using app = await startService(database.url, { WEIR_INTROSPECTION: "off" });
  expect((await post(app.url, getIntrospectionQuery())).errors?.[0]?.extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
  for (const query of [
    "{ runz(id: 1) { id } }",
    "{ runss { nodes { id } } }",
    "{ runs(filter: { statuss: [FAILED] }) { nodes { id } } }",
    "{ runs(frist: 1) { nodes { id } } }",
  ]) {
    const { errors } = await post(app.url, query);
    expect(errors?.length).toBeGreaterThan(0);
    expect(JSON.stringify(errors)).not.toContain("Did you mean");
  }
  const variables = { filter: { statuss: ["FAILED"] } };
  const { errors } = await post(
    app.url,
    "query ($filter: RunFilter) { runs(filter: $filter) { nodes { id } } }",
    variables,
  );
  expect(JSON.stringify(errors)).not.toContain("Did you mean");
  expect((await post(app.url, "{ __typename }")).data).toEqual({ __typename: "Query" });
});

it("documents of too many tokens or directives are refused by the setting's name", async () => {
  await using app = await startService(database.url, { WEIR_MAX_TOKENS: "100", WEIR_MAX_DIRECTIVES: "2" });
  const long = await post(app.url, `{ ${"__typename ".repeat(100)} }`);
  expect(long.errors).toMatchObject([
    { message: expect.stringContaining("WEIR_MAX_TOKENS"), extensions: { code: "TOO_COMPLEX" } },
  ]);
  const include = "@include(if: true)";
  const many = await post(
    app.url,
    `{ liveCursor ${include} ...F } fragment F on Query { a: liveCursor ${include} b: liveCursor ${include} }`,
  );
  expect(many.errors).toMatchObject([
    { message: expect.stringContaining("WEIR_MAX_DIRECTIVES"), extensions: { code: "TOO_COMPLEX" } },
  ]);
});

it("documents of too many fragments are refused before they are compared with each other", async () => {
  await using app = await startService(database.url);
  const circle = (count: number) =>
    `{ ...F0 } ${Array.from({ length: count }, (_, at) => `fragment F${at} on Query { ...F${(at + 1) % count} ...F${(at + 7) % count} }`).join(" ")}`;
  // Beyond, graphql-js runs out of its stack.
  const many = await post(app.url, circle(700));
  expect(many.errors).toMatchObject([
    { message: expect.stringContaining("WEIR_MAX_FRAGMENTS"), extensions: { code: "TOO_COMPLEX" } },
  ]);
  expect((await post(app.url, circle(200))).errors?.[0]?.extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
});

it("who sends no headers, or no connection_init, is cut off", async () => {
  await using app = await startService(database.url, {
    WEIR_HEADERS_TIMEOUT_SECONDS: "1",
    WEIR_HANDSHAKE_TIMEOUT_SECONDS: "1",
  });
  const slow = connectTcp(Number(new URL(app.url).port), "127.0.0.1");
  slow.write("POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n");
  let answer = "";
  slow.on("data", (data) => (answer += String(data)));
  await new Promise((resolve) => slow.once("close", resolve));
  expect(answer).toContain("408");
  const socket = new WebSocket(app.url.replace("http", "ws"), "graphql-transport-ws");
  const code = await new Promise((resolve) => socket.once("close", resolve));
  expect(code).toBe(4408);
});

async function overSocket(app: App, payloads: readonly object[]): Promise<readonly unknown[]> {
  const socket = new WebSocket(app.url.replace("http", "ws"), "graphql-transport-ws");
  await new Promise((resolve) => socket.once("open", resolve));
  const answers: unknown[] = [];
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string };
    if (message.type === "next" || message.type === "error") answers.push(message);
  });
  socket.send(JSON.stringify({ type: "connection_init" }));
  await new Promise((resolve) => socket.once("message", resolve));
  for (const [at, payload] of payloads.entries()) {
    socket.send(JSON.stringify({ id: String(at), type: "subscribe", payload }));
    while (answers.length <= at) await new Promise((resolve) => socket.once("message", resolve));
  }
  socket.close();
  return answers;
}
