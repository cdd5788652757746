import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

interface Line {
  readonly msg: string;
  readonly requestId?: string;
  readonly address?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly count?: number;
}

const SECRET = `weir_${"refusedcanary".padEnd(43, "x")}`;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makeToken(database, { name: "a", role: "ADMIN" });
});
afterAll(() => database[Symbol.asyncDispose]());

async function startLogged(settings: Readonly<Record<string, string>> = {}): Promise<{ app: App; lines: string[] }> {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  return { app: await startService(database.url, settings, log), lines };
}
const refusedIn = (lines: readonly string[]): readonly Line[] =>
  lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "refused");

it("who is refused has a line in the log: his request, his address, the code and the reason, never the token", async () => {
  const { app, lines } = await startLogged({ WEIR_TRUST_PROXY: "1" });
  const as = (n: number, more: Readonly<Record<string, string>> = {}) => ({
    "x-request-id": `r${n}`,
    "x-forwarded-for": `203.0.113.${n}`,
    ...more,
  });
  await post(app.url, "{ liveCursor }", {}, as(1, bearer(SECRET)));
  await post(app.url, "{ liveCursor }", {}, as(2));
  await post(app.url, "{ liveCursor }", {}, as(3, { origin: "https://evil.example.com" }));
  const socket = await openSocket(app.url, as(4));
  socket.send({ type: "connection_init", payload: { token: SECRET } });
  expect(await socket.closed).toBe(4403);
  const other = await openSocket(app.url, as(5));
  other.send({ type: "connection_init" });
  await other.frame(({ type }) => type === "connection_ack");
  const extensions = { headers: bearer(SECRET) };
  other.send({ id: "1", type: "subscribe", payload: { query: "{ liveCursor }", extensions } });
  await other.frame(({ type }) => type === "error");
  await expect(openSocket(app.url, as(6, { origin: "https://evil.example.com" }))).rejects.toThrow("403");
  await app.stop();
  expect(refusedIn(lines).map(({ requestId, address, code }) => [requestId, address, code])).toEqual([
    ["r1", "203.0.113.1", 401],
    ["r2", "203.0.113.2", 401],
    ["r3", "203.0.113.3", 403],
    ["r4", "203.0.113.4", 4403],
    ["r5", "203.0.113.5", 401],
    ["r6", "203.0.113.6", 403],
  ]);
  expect(refusedIn(lines).every(({ reason }) => (reason ?? "").length > 10)).toBe(true);
  expect(lines.join("\n")).not.toContain(SECRET);
});

it("whoever is refused again and again fills no disk: the rest is a number", async () => {
  const { app, lines } = await startLogged({ WEIR_TRUST_PROXY: "1" });
  const refuse = (address: string) =>
    post(app.url, "{ liveCursor }", {}, { ...bearer(SECRET), "x-forwarded-for": address });
  for (let n = 0; n < 40; n += 1) await refuse("203.0.113.7");
  expect(refusedIn(lines)).toHaveLength(5);
  // One who comes from everywhere.
  for (let n = 0; n < 100; n += 1) await refuse(`198.51.100.${n}`);
  expect(refusedIn(lines)).toHaveLength(50);
  await app.stop();
  const more = lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "more was refused");
  expect(more).toMatchObject([{ count: 90 }]);
});
