import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

const LIVE = "subscription { fileStatusRecorded { key } }";

let database: TestDatabase;
let app: App;
let admin: string;
let names = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = (await makeToken(database, { name: "admin", role: "ADMIN" })).secret;
  app = await startService(database.url, { WEIR_MAX_TOKEN_SOCKETS: "3", WEIR_MAX_ADDRESS_SOCKETS: "6" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const token = (more: object = {}) => makeToken(database, { name: `t${(names += 1)}`, role: "VIEWER", ...more });
const report = (path: string) =>
  post(
    app.url,
    `mutation { recordFileStatus(input: { filePath: "${path}", type: LOG, status: PARSED }) { id } }`,
    {},
    bearer(admin),
  );

type Socket = Awaited<ReturnType<typeof openSocket>>;

/** Resolves when the subscription delivers. */
async function begun(socket: Socket, id: string, more: object = {}): Promise<void> {
  const { data } = await post<{ liveCursor: string }>(app.url, "{ liveCursor }", {}, bearer(admin));
  socket.subscribe(id, `subscription { fileStatusRecorded(after: "${data?.liveCursor}") { key } }`, more);
  await report(`/begun/${(names += 1)}`);
  await socket.frame((frame) => frame.id === id && frame.type === "next");
}

describe("a token of a socket", () => {
  it.each<[string, (secret: string) => { payload?: object; headers?: Record<string, string>; more?: object }]>([
    ["in connection_init", (secret) => ({ payload: { token: secret } })],
    ["as a header in connection_init", (secret) => ({ payload: { Authorization: `Bearer ${secret}` } })],
    ["among headers in connection_init", (secret) => ({ payload: { headers: { authorization: `Bearer ${secret}` } } })],
    ["with the upgrade", (secret) => ({ headers: bearer(secret) })],
    [
      "with the operation, as GraphiQL sends it",
      (secret) => ({ more: { extensions: { headers: { Authorization: `Bearer ${secret}` } } } }),
    ],
  ])("is taken %s, for queries and subscriptions", async (_where, place) => {
    const { secret } = await token();
    const { payload, headers, more } = place(secret);
    const socket = await openSocket(app.url, headers);
    await socket.init(payload);
    socket.subscribe("q", "{ viewer { role } }", more);
    expect(await socket.errorsOf("q")).toEqual([]);
    await begun(socket, "s", more);
    socket.subscribe(
      "m",
      'mutation { recordFileStatus(input: { filePath: "/x", type: LOG, status: PARSED }) { id } }',
      more,
    );
    expect(await socket.errorsOf("m")).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    socket.socket.terminate();
    await socket.closed;
  });

  it("closes the socket with 4403 where it is not known, and leaves operations without one UNAUTHENTICATED", async () => {
    const wrong = await openSocket(app.url);
    wrong.send({ type: "connection_init", payload: { token: `weir_${"x".repeat(43)}` } });
    expect(await wrong.closed).toBe(4403);
    const none = await openSocket(app.url);
    await none.init();
    none.subscribe("s", LIVE);
    expect(await none.errorsOf("s")).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    none.socket.terminate();
    await none.closed;
  });

  it("closes the socket with 4403 within 5 seconds when it is revoked, expires, or its role changes; others stay", async () => {
    const stays = await openSocket(app.url);
    await stays.init({ token: admin });
    await begun(stays, "s");
    const revoked = await token();
    const expiring = await token({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
    const changed = await token({ role: "WORKER" });
    const sockets: Socket[] = [];
    for (const { secret } of [revoked, expiring, changed]) {
      const socket = await openSocket(app.url);
      await socket.init({ token: secret });
      await begun(socket, "s");
      sockets.push(socket);
    }
    await database.sql`update weir.api_tokens set revoked_at = now() where id = ${Number(revoked.id)}`;
    await database.sql`update weir.api_tokens set role = 'VIEWER' where id = ${Number(changed.id)}`;
    const start = performance.now();
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual([4403, 4403, 4403]);
    expect(performance.now() - start).toBeLessThan(6_000);
    await report("/after");
    await stays.frame((frame) => JSON.stringify(frame).includes("/after"));
    stays.socket.terminate();
    await stays.closed;
  });

  it("ends a stream over SSE as well, with an error that says so", async () => {
    const { secret, id } = await token();
    const response = await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", ...bearer(secret) },
      body: JSON.stringify({ query: LIVE }),
    });
    expect(response.status).toBe(200);
    await database.sql`update weir.api_tokens set revoked_at = now() where id = ${Number(id)}`;
    expect(await response.text()).toContain("UNAUTHENTICATED");
  });

  it("has no more sockets than WEIR_MAX_TOKEN_SOCKETS, and an address no more than WEIR_MAX_ADDRESS_SOCKETS", async () => {
    const { secret } = await token();
    const other = await token();
    const open = async (payload: object) => {
      const socket = await openSocket(app.url);
      socket.send({ type: "connection_init", payload });
      return socket;
    };
    const sockets: Socket[] = [];
    for (let count = 0; count < 3; count += 1) {
      const socket = await openSocket(app.url);
      await socket.init({ token: secret });
      sockets.push(socket);
    }
    expect(await (await open({ token: secret })).closed).toBe(4429);
    for (let count = 0; count < 3; count += 1) {
      const socket = await openSocket(app.url);
      await socket.init({ token: other.secret });
      sockets.push(socket);
    }
    await expect(openSocket(app.url)).rejects.toThrow("429");
    sockets[0]?.socket.terminate();
    await sockets[0]?.closed;
    await expect
      .poll(() =>
        openSocket(app.url).then(
          () => "open",
          () => "refused",
        ),
      )
      .toBe("open");
  });
});

it("the first token ends sockets that were opened without one", async () => {
  await using young = await createTestDatabase();
  await using open = await startService(young.url);
  const socket = await openSocket(open.url);
  await socket.init();
  socket.subscribe("s", LIVE);
  await makeToken(young, { name: "first", role: "ADMIN" });
  expect(await socket.closed).toBe(4403);
});
