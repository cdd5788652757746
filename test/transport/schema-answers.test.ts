import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

/** As it is on the wire: fetch would decompress it. */
async function send(method: string, query: string | null, headers: Readonly<Record<string, string>> = {}) {
  const url = new URL(app.url);
  if (method !== "POST" && query !== null) url.searchParams.set("query", query);
  const sent = request(url, {
    method,
    headers: {
      accept: "application/json",
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
      ...headers,
    },
  });
  sent.end(method === "POST" ? JSON.stringify({ query }) : undefined);
  const [response]: IncomingMessage[] = await once(sent, "response");
  if (response === undefined) throw new Error("there was no response");
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

const SCHEMA = getIntrospectionQuery();

describe("the answer to a question for the schema", () => {
  it.each(["POST", "GET"])(
    "by %s is sent compressed to whoever takes it so, and is the same answer",
    async (method) => {
      const plain = await send(method, SCHEMA);
      expect(plain.status).toBe(200);
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(JSON.parse(plain.body.toString()).data.__schema.types.length).toBeGreaterThan(50);
      const brotli = await send(method, SCHEMA, { "accept-encoding": "gzip, br" });
      expect(brotli.headers).toMatchObject({
        "content-encoding": "br",
        "content-type": "application/json; charset=utf-8",
      });
      expect(brotli.headers.vary).toContain("accept-encoding");
      expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
      const gzip = await send(method, SCHEMA, { "accept-encoding": "gzip" });
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    },
  );

  it("by GET is not sent again to whoever has it, and by POST always", async () => {
    const { headers } = await send("GET", SCHEMA);
    expect(headers["cache-control"]).toBe("private, no-cache");
    const known = { "if-none-match": headers.etag ?? "" };
    expect(await send("GET", SCHEMA, known)).toMatchObject({ status: 304, body: Buffer.alloc(0) });
    expect((await send("POST", SCHEMA, known)).status).toBe(200);
    expect((await send("POST", SCHEMA)).headers.etag).toBeUndefined();
    // Another question has another answer.
    expect((await send("GET", '{ __type(name: "Query") { name } }', known)).status).toBe(200);
  });

  it("is not kept where data is asked for beside it, nor where it failed", async () => {
    for (const query of ["{ __schema { types { name } } liveCursor }", "{ __typename }"]) {
      const { headers } = await send("GET", query, { "accept-encoding": "br" });
      expect(headers.etag, query).toBeUndefined();
      expect(headers["content-encoding"], query).toBeUndefined();
    }
    expect((await send("POST", "{ __schema { none } }")).headers["content-encoding"]).toBeUndefined();
  });
});

describe("HEAD of GraphQL", () => {
  it.each([
    ["a query", "{ __typename }"],
    ["the schema", SCHEMA],
    ["nothing", null],
    ["a subscription, whose stream would not end", "subscription { changes { key } }"],
  ])("answers as GET does, without the body: %s", async (_, query) => {
    const accept = { accept: query?.startsWith("subscription") === true ? "text/event-stream" : "application/json" };
    const got = await send("GET", query, { accept: "application/json" });
    const { status, headers, body } = await send("HEAD", query, accept);
    expect(body.length).toBe(0);
    expect([status, headers["content-type"], headers.etag]).toEqual([
      got.status,
      got.headers["content-type"],
      got.headers.etag,
    ]);
  });
});
