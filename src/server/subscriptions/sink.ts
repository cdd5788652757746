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
export function createSink(socket: WebSocket, raw: Duplex, id: string, mayGo: () => boolean): Sink {
  const start = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  return {
    send(payload) {
      if (socket.readyState !== socket.OPEN || !mayGo()) return;
      corkUntilNextTick(raw);
      const length = start.length + payload.length + END.length;
      if (payload.length < COPIED_BELOW) {
        const frame = startFrame(length, length);
        const at = frame.length - length;
        frame.set(start, at);
        frame.set(payload, at + start.length);
        frame.set(END, frame.length - END.length);
        raw.write(frame);
      } else {
        const head = startFrame(length, start.length);
        head.set(start, head.length - start.length);
        raw.write(head);
        raw.write(payload);
        raw.write(END);
      }
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

const corked = new WeakSet<Duplex>();

/** The frames of a tick leave in one write. */
function corkUntilNextTick(raw: Duplex): void {
  if (corked.has(raw)) return;
  corked.add(raw);
  raw.cork();
  process.nextTick(() => {
    corked.delete(raw);
    raw.uncork();
  });
}

/** The header of an unmasked text frame of this length (RFC 6455, section 5.2), with room behind it. */
function startFrame(length: number, room: number): Buffer {
  if (length < 126) return withHead(2, room, length);
  if (length < 65_536) {
    const frame = withHead(4, room, 126);
    frame.writeUInt16BE(length, 2);
    return frame;
  }
  const frame = withHead(10, room, 127);
  frame.writeBigUInt64BE(BigInt(length), 2);
  return frame;
}

function withHead(size: number, room: number, lengthCode: number): Buffer {
  const frame = Buffer.allocUnsafe(size + room);
  frame[0] = FINAL_TEXT_FRAME;
  frame[1] = lengthCode;
  return frame;
}
