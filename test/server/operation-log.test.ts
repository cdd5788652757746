import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";

const CANARY = "canary-of-a-patient";

let database: TestDatabase;
let app: App;
let secret = "";
let lines: string[] = [];
const capturing = (level: string) => pino({ level, base: null }, { write: (line: string) => void lines.push(line) });
const told = () => lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind !== undefined);

beforeAll(async () => {
  database = await createTestDatabase();
  ({ secret } = await makeToken(database, { name: "robot", role: "ADMIN" }));
  app = await startService(database.url, { WEIR_SCHEDULER: "off" }, capturing("debug"));
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  lines = [];
});

const REPORT = `mutation Report($path: String!, $message: String) {
  recordFileStatus(input: { filePath: $path, type: LOG, status: FAILED, errorMessage: $message }) { id }
}`;

it("has a line for each operation, and nothing in it of what was sent", async () => {
  const headers = { ...bearer(secret), "x-request-id": "given-1" };
  await post(app.url, REPORT, { path: `/${CANARY}`, message: CANARY }, headers);
  await post(app.url, REPORT, { path: `${CANARY}\0`, message: CANARY }, headers);
  await post(app.url, `query Wrong { noSuchField(of: "${CANARY}") }`, {}, headers);
  const common = { requestId: "given-1", token: "robot", milliseconds: expect.any(Number), level: 20 };
  expect(told()).toMatchObject([
    { ...common, operation: "Report", kind: "mutation", code: "OK" },
    { ...common, operation: null, kind: "refused", code: "BAD_USER_INPUT" },
    { ...common, operation: null, kind: "refused", code: "GRAPHQL_VALIDATION_FAILED" },
  ]);
  expect(lines.join("")).not.toContain(CANARY);
  expect(lines.join("")).not.toContain(secret);
});

it("answers the request's id: the one given, that of the trace, or a new one", async () => {
  const idFor = async (headers: Readonly<Record<string, string>>) =>
    (await fetch(new URL("/health", app.url), { headers })).headers.get("x-request-id");
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${trace}-b7ad6b7169203331-01`;
  expect(await idFor({ "x-request-id": "given-2", traceparent })).toBe("given-2");
  expect(await idFor({ traceparent })).toBe(trace);
  expect(await idFor({})).toMatch(/^[\da-f-]{36}$/);
  expect(await idFor({ "x-request-id": "no { id" })).toMatch(/^[\da-f-]{36}$/);
  expect(await idFor({ "x-request-id": "a".repeat(200) })).toMatch(/^[\da-f-]{36}$/);
});

it("tells a socket's operations by the id of its upgrade", async () => {
  const headers = { ...bearer(secret), "x-request-id": "socket-1" };
  const socket = new WebSocket(app.url.replace("http", "ws"), "graphql-transport-ws", { headers });
  let answered: unknown;
  socket.once("upgrade", ({ headers: given }) => (answered = given["x-request-id"]));
  await once(socket, "open");
  expect(answered).toBe("socket-1");
  socket.send(JSON.stringify({ type: "connection_init" }));
  await once(socket, "message");
  const payload = { query: "query Asked { __typename }" };
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
  await once(socket, "message");
  socket.close();
  expect(told()).toMatchObject([{ requestId: "socket-1", token: "robot", operation: "Asked", code: "OK" }]);
});

it("tells an operation over Yoga as well", async () => {
  const url = `${app.url}?query=${encodeURIComponent("query ByGet { __typename }")}`;
  await (await fetch(url, { headers: { ...bearer(secret), "x-request-id": "get-1" } })).text();
  expect(told()).toMatchObject([{ requestId: "get-1", token: "robot", operation: "ByGet", kind: "query" }]);
});

it("has slow operations alone at info", async () => {
  await using quick = await startService(database.url, { WEIR_SCHEDULER: "off" }, capturing("info"));
  await post(quick.url, "query Quick { __typename }", {}, bearer(secret));
  expect(told()).toEqual([]);
  const settings = { WEIR_SCHEDULER: "off", WEIR_LOG_SLOW_MS: "0" };
  await using slow = await startService(database.url, settings, capturing("info"));
  await post(slow.url, "query Slow { __typename }", {}, bearer(secret));
  expect(told()).toMatchObject([{ operation: "Slow", level: 30 }]);
});

it("writes for people on a terminal, and JSON lines elsewhere", async () => {
  const log = fileURLToPath(new URL("../../src/server/log.ts", import.meta.url));
  const script = `const { openLog } = await import(${JSON.stringify(log)}); (await openLog("info")).info({ url: "x" }, "said");`;
  const command = `"${process.execPath}" --input-type=module -e '${script}'`;
  const outputOf = async (program: string, args: readonly string[]) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    await once(child, "close");
    return output;
  };
  expect(JSON.parse(await outputOf("sh", ["-c", command]))).toMatchObject({ url: "x", msg: "said" });
  const pretty = await outputOf("script", ["-qefc", command, "/dev/null"]);
  expect(pretty).toMatch(/INFO.*said/);
  expect(pretty).not.toContain('"msg"');
});
