import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
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
async function open(headers: Readonly<Record<string, string>>, method = "GET") {
  const sent = request(app.url, { method, headers: { accept: "text/html", ...headers } }).end();
  const [response]: IncomingMessage[] = await once(sent, "response");
  if (response === undefined) throw new Error("there was no response");
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
}

it("is sent compressed to whoever takes it so", async () => {
  const plain = await open({});
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body.toString()).toContain("<title>Weir</title>");
  const brotli = await open({ "accept-encoding": "gzip, deflate, br" });
  expect(brotli.headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding, origin" });
  expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
  const gzip = await open({ "accept-encoding": "gzip" });
  expect(gzip.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
});

it("is not sent again to whoever has it", async () => {
  const { headers } = await open({ "accept-encoding": "br" }, "HEAD");
  const etag = headers.etag ?? "";
  expect(await open({ "if-none-match": etag })).toMatchObject({ status: 304, body: Buffer.alloc(0) });
  expect(await open({ "if-none-match": 'W/"other"' }, "HEAD")).toMatchObject({ status: 200 });
});

it("answers HEAD with the head alone, and may run only what is its own", async () => {
  const { status, headers, body } = await open({}, "HEAD");
  expect({ status, length: body.length }).toEqual({ status: 200, length: 0 });
  expect(headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "x-frame-options": "DENY" });
  expect(Number(headers["content-length"])).toBeGreaterThan(1_000_000);
  expect(headers["content-security-policy"]).toContain("worker-src 'self' blob:");
});
