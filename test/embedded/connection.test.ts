import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "vitest";
import { connect } from "../../src/embedded/connection.ts";

it("a server that resets the connection at any moment makes connecting fail, and does not end the process", async () => {
  // As PostgreSQL does when it is told to end just then.
  const moments: readonly ((reset: () => void) => void)[] = [
    (reset) => reset(),
    (reset) => setImmediate(reset),
    (reset) => process.nextTick(reset),
    (reset) => setImmediate(() => setImmediate(reset)),
    (reset) => setTimeout(reset, 1),
    (reset) => setTimeout(reset, 5),
  ];
  let connections = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    moments[(connections += 1) % moments.length]?.(() => socket.resetAndDestroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (let round = 0; round < 60; round += 1) {
    await expect(connect(port, "x", 2_000)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNRESET|CONNECTION_CLOSED)$/),
    });
  }
  expect(connections).toBe(60);
  server.close();
  await once(server, "close");
});
