import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { userError } from "../../resolvers/errors.ts";
import type { Viewer } from "../../resolvers/viewer.ts";
import { type Operation, type Operations, readParams } from "../operation.ts";
import type { Fanout } from "./fanout.ts";
import { sharingKey } from "./sharing.ts";
import { createSink } from "./sink.ts";

/** Milliseconds between pings; they keep proxies from closing an idle socket. */
const PING_INTERVAL = 12_000;

export interface WebSocketOptions {
  schema: GraphQLSchema;
  operations: Operations;
  fanout: Fanout;
  log: Logger;
  viewer: Viewer;
  /** Longest message from a client, in bytes. */
  maxPayload: number;
  /** Most operations of one socket at a time. */
  maxOperations: number;
  /**
   * Milliseconds without a pong after which a client is given up. Long: one that stopped reading does not answer pings
   * either, and may go on.
   */
  silence: number;
}

export interface WebSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sockets that are open. */
  readonly count: number;
  /** Refuses new operations, lets running ones finish, completes subscriptions, closes; what lingers is cut after `grace` ms. */
  close(grace: number): Promise<void>;
}

interface Connection {
  readonly socket: WebSocket;
  readonly raw: Duplex;
}

/** What an operation needs beyond graphql-js' arguments; graphql-ws hands it through as the context value. */
interface Carried {
  readonly operation: Operation;
  readonly id: string;
  readonly connection: Connection;
}

/** Serves graphql-transport-ws: graphql-ws keeps the protocol, the fanout writes what subscriptions deliver. */
export function createWebSockets(options: WebSocketOptions): WebSockets {
  const { operations, fanout, log, viewer, maxOperations } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxPayload,
    perMessageDeflate: false,
    handleProtocols,
  });
  const subscriptions = new Set<() => void>();
  const running = new Set<Promise<unknown>>();
  let isClosing = false;

  const protocol = makeServer<Record<string, unknown>, Connection>({
    onSubscribe(context, id, payload) {
      if (isClosing) return [userError("UNAVAILABLE", "The service is stopping. Connect again.")];
      if (Object.keys(context.subscriptions).length > maxOperations) {
        return [
          userError(
            "TOO_COMPLEX",
            `A socket runs ${maxOperations} operations at a time. Complete some, or open another.`,
          ),
        ];
      }
      const params = readParams(payload);
      if (params instanceof GraphQLError) return [params];
      const operation = operations.prepare(params);
      if ("errors" in operation) return operation.errors;
      const carried: Carried = { operation, id, connection: context.extra };
      return {
        schema: options.schema,
        document: operation.document,
        operationName: operation.operationName,
        contextValue: carried,
      };
    },
    execute: (args) => track(operations.execute(carriedBy(args).operation, viewer)),
    subscribe: (args) => subscribe(carriedBy(args)),
    onError: (_context, _id, _payload, errors) => errors.map((error) => operations.presentError(error).toJSON()),
  });

  function track<Result>(promise: Promise<Result>): Promise<Result> {
    running.add(promise);
    const forget = () => running.delete(promise);
    promise.then(forget, forget);
    return promise;
  }

  async function subscribe({
    operation,
    id,
    connection,
  }: Carried): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
    const started = await operations.subscribe(operation, viewer);
    if (!("source" in started)) return started;
    const { source, executeEvent } = started;
    // The fanout writes the frames itself; graphql-ws only sees when the subscription ends, and how.
    const ending = Promise.withResolvers<IteratorResult<ExecutionResult>>();
    const stop = fanout.subscribe({
      key: sharingKey(operation, viewer.role),
      filter: source.filter,
      follower: source.follower,
      execute: (delivery) => {
        const result = executeEvent(delivery);
        return result instanceof Promise ? result.then(serialised) : serialised(result);
      },
      sink: createSink(connection.socket, connection.raw, id),
      onError: (error) => {
        end();
        ending.reject(error);
      },
    });
    const end = () => {
      stop();
      subscriptions.delete(complete);
    };
    const complete = () => {
      end();
      ending.resolve({ done: true, value: undefined });
    };
    subscriptions.add(complete);
    const untilItEnds: AsyncIterableIterator<ExecutionResult> = {
      next: () => ending.promise,
      return() {
        complete();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => untilItEnds,
    };
    return untilItEnds;
  }

  function opened(socket: WebSocket, raw: Duplex): void {
    let lastPong = performance.now();
    const pings = setInterval(() => {
      if (performance.now() - lastPong > options.silence) socket.terminate();
      else socket.ping();
    }, PING_INTERVAL);
    socket.on("pong", () => (lastPong = performance.now()));
    // A message that is too long or no frame at all: ws closes the socket with the right code by itself.
    socket.on("error", (error) => log.debug({ err: error }, "a socket failed"));
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) =>
          new Promise<void>((resolve) => {
            // A socket that closes meanwhile takes no answer; that is for the client to notice.
            const sent = () => resolve();
            if (socket.readyState === socket.OPEN) socket.send(data, sent);
            else sent();
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => {
          socket.on("message", (data: Buffer) => {
            handle(data.toString()).catch((error: unknown) => {
              log.error({ err: error }, "a WebSocket message could not be handled");
              socket.close(CloseCode.InternalServerError, "Internal server error");
            });
          });
        },
      },
      { socket, raw },
    );
    socket.once("close", (code, reason) => {
      clearInterval(pings);
      closed(code, String(reason)).catch((error: unknown) =>
        log.error({ err: error }, "a socket did not close cleanly"),
      );
    });
  }

  return {
    upgrade(request, raw, head) {
      server.handleUpgrade(request, raw, head, (socket) => opened(socket, raw));
    },
    get count() {
      return server.clients.size;
    },
    async close(grace) {
      isClosing = true;
      await Promise.race([Promise.allSettled(running), sleep(grace / 2, undefined, { ref: false })]);
      for (const complete of subscriptions) complete();
      // graphql-ws sends the completions and answers in microtasks; closing now would overtake them.
      await sleep(0);
      for (const socket of server.clients) socket.close(1001, "The service is stopping");
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const allGone = Promise.all(
        [...server.clients].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
      );
      await Promise.race([allGone, sleep(grace / 2, undefined, { ref: false })]);
      for (const socket of server.clients) socket.terminate();
      await closed;
    },
  };
}

function serialised(result: ExecutionResult): Buffer {
  return Buffer.from(JSON.stringify(result));
}

/** graphql-ws hands back the context value that onSubscribe gave it, as unknown. */
function carriedBy(args: ExecutionArgs): Carried {
  return args.contextValue as Carried;
}
