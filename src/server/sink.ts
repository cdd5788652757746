import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Sink } from "./fanout.ts";

/** Bytes waiting for a client beyond which it gets nothing new until it has read them. */
const CONGESTED_AT = 1024 * 1024;

/** Writes the `next` frames of one operation of a socket; the frames of a tick leave in one write. */
export function createSink(socket: WebSocket, raw: Duplex, id: string): Sink {
  const start = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  return {
    send(payload) {
      if (socket.readyState !== socket.OPEN) return;
      // Corks nest: each send of a tick adds one, and all are taken off at its end.
      raw.cork();
      socket.send(`${start}${payload}}`);
      process.nextTick(() => raw.uncork());
    },
    get isCongested() {
      return socket.bufferedAmount > CONGESTED_AT;
    },
    async drained() {
      const closed = new AbortController();
      // 'drain' comes when everything is written; a closed socket never drains.
      await Promise.race([
        once(raw, "drain", { signal: closed.signal }),
        once(raw, "close", { signal: closed.signal }),
      ]).catch(() => {});
      closed.abort();
    },
  };
}
