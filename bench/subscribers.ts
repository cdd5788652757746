import { once } from "node:events";
import { WebSocket } from "ws";

const QUERY =
  "subscription { fileStatusRecorded { cursor isCurrent fileStatus { filePath type status processedAt } } }";

/** Opens sockets that subscribe alike; tells the parent when all are live, and when all have received as many changes as it says. */
export async function subscribers(url: string, count: number): Promise<void> {
  let received = 0;
  let expected = Number.POSITIVE_INFINITY;
  for (let opened = 0; opened < count; opened += 1) {
    const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
    await once(socket, "open");
    socket.send('{"type":"connection_init"}');
    await once(socket, "message");
    socket.send(JSON.stringify({ id: `s${opened}`, type: "subscribe", payload: { query: QUERY } }));
    socket.on("message", () => {
      received += 1;
      if (received === expected) process.send?.("received");
    });
  }
  process.on("message", (changes) => {
    received = 0;
    expected = Number(changes) * count;
  });
  // The last subscription has no acknowledgement: it is live by then.
  setTimeout(() => process.send?.("live"), 500);
}
