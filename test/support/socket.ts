import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

export interface Frame {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

export interface OperationError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string };
}

/** A socket whose frames are seen as they are, not as a client library understands them. */
export async function openSocket(url: string, headers: Readonly<Record<string, string>> = {}) {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws", { headers });
  onTestFinished(() => socket.terminate());
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  socket.on("message", (data: Buffer) => {
    frames.push(JSON.parse(data.toString()) as Frame);
    wake();
  });
  let isClosed = false;
  const closed = new Promise<number>((resolve) =>
    socket.once("close", (code) => {
      isClosed = true;
      resolve(code);
      wake();
    }),
  );
  await once(socket, "open");
  const send = (frame: object) => socket.send(JSON.stringify(frame));
  const frame = (wanted: (frame: Frame) => boolean) =>
    new Promise<Frame>((resolve, reject) => {
      const check = () => {
        const found = frames.find(wanted);
        if (found !== undefined) resolve(found);
        else if (isClosed) reject(new Error(`closed after ${JSON.stringify(frames)}`));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
    });
  return {
    socket,
    closed,
    frames,
    frame,
    send,
    init: async (payload?: object) => {
      send({ type: "connection_init", ...(payload === undefined ? {} : { payload }) });
      await frame(({ type }) => type === "connection_ack");
    },
    subscribe: (id: string, query: string, more: object = {}) =>
      send({ id, type: "subscribe", payload: { query, ...more } }),
    /** The errors that an operation ended with, in an `error` frame or in its only `next`; none for an answer. */
    async errorsOf(id: string): Promise<readonly OperationError[]> {
      const last = await frame((sent) => sent.id === id && (sent.type === "error" || sent.type === "next"));
      const payload = last.payload as readonly OperationError[] | { readonly errors?: readonly OperationError[] };
      if (Array.isArray(payload)) return payload;
      return (payload as { readonly errors?: readonly OperationError[] }).errors ?? [];
    },
  };
}
