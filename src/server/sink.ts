import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Sink } from "./fanout.ts";

/** Bytes waiting for a client beyond which it gets nothing new until it has read them. */
const CONGESTED_AT = 1024 * 1024;
/** A payload below this many bytes is cheaper to copy into the frame than to write by itself. */
const COPIED_BELOW = 4096;
const FINAL_TEXT_FRAME = 0x81;
const END = Buffer.from("}");

/**
 * Writes the `next` frames of one operation of a socket. The payload is one for all sockets that get it; a frame is its
 * header, this operation's id, and that payload. Written past `ws`, which would copy it for each: between its own frames
 * there is nothing to disturb, since without compression it writes each of them in one go.
 */
export function createSink(socket: WebSocket, raw: Duplex, id: string): Sink {
  const start = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  return {
    send(payload) {
      if (socket.readyState !== socket.OPEN) return;
      // Corks nest: each send of a tick adds one, and all are taken off at its end. One write for the tick's frames.
      raw.cork();
      const head = frameHead(start.length + payload.length + END.length);
      if (payload.length < COPIED_BELOW) {
        raw.write(Buffer.concat([head, start, payload, END]));
      } else {
        raw.write(Buffer.concat([head, start]));
        raw.write(payload);
        raw.write(END);
      }
      process.nextTick(() => raw.uncork());
    },
    get isCongested() {
      return socket.bufferedAmount > CONGESTED_AT;
    },
    async drained() {
      const settled = new AbortController();
      const { signal } = settled;
      // 'drain' comes when everything is written; a socket that closes never drains.
      await Promise.race([once(raw, "drain", { signal }), once(raw, "close", { signal })]).catch(() => {});
      settled.abort();
    },
  };
}

/** The header of an unmasked text frame, RFC 6455 section 5.2. */
function frameHead(length: number): Buffer {
  if (length < 126) return Buffer.from([FINAL_TEXT_FRAME, length]);
  if (length < 65_536) return Buffer.from([FINAL_TEXT_FRAME, 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(10);
  head[0] = FINAL_TEXT_FRAME;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
