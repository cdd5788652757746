import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ExecutionArgs, type ExecutionResult, GraphQLError, type GraphQLSchema } from "graphql";
import { CloseCode, handleProtocols, makeServer, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { userError } from "../../resolvers/errors.ts";
import { isStateSource } from "../../resolvers/states.ts";
import type { Session } from "../access/gate.ts";
import { createSocketAccess, type SocketAccess, type SocketAccessOptions } from "../access/socket.ts";
import { type Caller, isRecord, type Operation, type Operations, readParams } from "../operation.ts";
import { callerOf, requestIdOf, traceIn } from "../request-id.ts";
import type { Fanout } from "./fanout.ts";
import { type Queue, turnOf } from "./queue.ts";
import { sharingKey } from "./sharing.ts";
import { createSink } from "./sink.ts";
import { createStates, type States } from "./states.ts";

/** Milliseconds between pings; they keep proxies from closing an idle socket. */
const PING_INTERVAL = 12_000;

export interface WebSocketOptions extends SocketAccessOptions {
  schema: GraphQLSchema;
  operations: Operations;
  fanout: Fanout;
  log: Logger;
  /** Longest message from a client, in bytes. */
  maxPayload: number;
  /** Most operations of one socket at a time. */
  maxOperations: number;
  /**
   * Milliseconds without a pong after which a client is given up. Long: one that stopped reading does not answer pings
   * either, and may go on.
   */
  silence: number;
  /** Milliseconds in which a client has to send connection_init; then its socket is closed with 4408. */
  handshake: number;
}

export interface WebSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sockets that are open. */
  readonly count: number;
  /** Refuses new operations, lets running ones finish, completes subscriptions, closes; what lingers is cut after `grace` ms. */
  close(grace: number): Promise<void>;
}

interface Connection extends Queue {
  readonly socket: WebSocket;
  readonly raw: Duplex;
  readonly access: SocketAccess;
  readonly caller: Omit<Caller, "token">;
}

/** What an operation needs beyond graphql-js' arguments; graphql-ws hands it through as the context value. */
interface Carried {
  readonly operation: Operation;
  readonly id: string;
  readonly connection: Connection;
  readonly session: Session;
}

/** What runs on all sockets: to be ended when the service stops. */
interface Running {
  readonly subscriptions: Set<() => void>;
  readonly operations: Set<Promise<unknown>>;
  readonly states: States;
  isClosing: boolean;
}

/** Serves graphql-transport-ws: graphql-ws keeps the protocol, the fanout writes what subscriptions deliver. */
export function createWebSockets(options: WebSocketOptions): WebSockets {
  const { operations } = options;
  const access = createSocketAccess(options);
  const settings = {
    noServer: true,
    maxPayload: options.maxPayload,
    perMessageDeflate: false,
    handleProtocols,
    // Whoever does not answer that it is closed, as amid half a frame, would keep its socket for 30 s. The types don't know it yet.
    closeTimeout: options.handshake,
  };
  const server = new WebSocketServer(settings);
  server.on("headers", (headers, request) => headers.push(`x-request-id: ${requestIdOf(request)}`));
  const running: Running = {
    subscriptions: new Set(),
    operations: new Set(),
    states: createStates(),
    isClosing: false,
  };

  const protocol = makeServer<Record<string, unknown>, Connection>({
    onConnect: ({ extra, connectionParams }) => extra.access.connect(connectionParams),
    connectionInitWaitTimeout: options.handshake,
    onSubscribe: (context, id, payload) =>
      prepare(options, running, { id, payload, connection: context.extra, operations: context.subscriptions }),
    execute: (args) => {
      const { operation, session } = carriedBy(args);
      return track(running, operations.execute(operation, session.viewer));
    },
    subscribe: (args) => subscribe(options, running, carriedBy(args)),
    onError: (_context, _id, _payload, errors) => errors.map((error) => operations.presentError(error).toJSON()),
  });

  return {
    upgrade(request, raw, head) {
      server.handleUpgrade(request, raw, head, (socket) =>
        openSocket(protocol, options, {
          socket,
          raw,
          access: access.open(request, socket),
          caller: callerOf(request),
        }),
      );
    },
    get count() {
      return server.clients.size;
    },
    close: (grace) => closeAll(server, running, grace),
  };
}

function track<Result>(running: Running, promise: Promise<Result>): Promise<Result> {
  running.operations.add(promise);
  const forget = () => running.operations.delete(promise);
  promise.then(forget, forget);
  return promise;
}

/** Reads what a client wants to run: errors, or what graphql-ws hands on. */
async function prepare(
  { operations, schema, maxOperations }: WebSocketOptions,
  { isClosing }: Running,
  wanted: { id: string; payload: unknown; connection: Connection; operations: object },
) {
  if (isClosing) return [userError("UNAVAILABLE", "The service is stopping. Connect again.")];
  if (Object.keys(wanted.operations).length > maxOperations) {
    return [
      userError("TOO_COMPLEX", `A socket runs ${maxOperations} operations at a time. Complete some, or open another.`),
    ];
  }
  let session: Session;
  try {
    session = await wanted.connection.access.sessionOf(wanted.payload);
  } catch (error) {
    return [operations.presentError(error)];
  }
  const params = readParams(wanted.payload);
  if (params instanceof GraphQLError) return [params];
  await turnOf(wanted.connection, operations.turn(params));
  const operation = operations.prepare({
    ...params,
    caller: { ...wanted.connection.caller, ...traceOfOperation(wanted.payload), token: session.viewer.name },
  });
  if ("errors" in operation) return operation.errors;
  const { document, operationName } = operation;
  const contextValue: Carried = { operation, id: wanted.id, connection: wanted.connection, session };
  return { schema, document, operationName, contextValue };
}

/** A socket has one upgrade and many operations: each may bring a trace of its own, as `extensions.traceparent`. */
function traceOfOperation(payload: unknown): Pick<Caller, "trace"> {
  const extensions = isRecord(payload) ? payload["extensions"] : undefined;
  const trace = isRecord(extensions) ? traceIn(extensions) : undefined;
  return trace === undefined ? {} : { trace };
}

async function subscribe(
  { operations, fanout }: WebSocketOptions,
  { subscriptions, states }: Running,
  { operation, id, connection, session }: Carried,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const started = await operations.subscribe(operation, session.viewer);
  if (!("source" in started)) return started;
  const { source, executeEvent } = started;
  // The fanout writes the frames itself; graphql-ws only sees when the subscription ends, and how.
  const ending = Promise.withResolvers<IteratorResult<ExecutionResult>>();
  const key = sharingKey(operation, session.viewer);
  const sink = createSink(connection.socket, connection.raw, id, () => {
    if (session.isOver) connection.access.end();
    return !session.isOver;
  });
  const stop = isStateSource(source)
    ? states.subscribe({
        key: source.isPersonal ? JSON.stringify([session.viewer.name, key]) : key,
        source,
        execute: async (tick) => serialisedState(await executeEvent(tick)),
        sink,
        onEnd: () => complete(),
      })
    : fanout.subscribe({
        key,
        filter: source.filter,
        follower: source.follower,
        execute: (delivery) => {
          const result = executeEvent(delivery);
          return result instanceof Promise ? result.then(serialised) : serialised(result);
        },
        sink,
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

/** Hands a socket to the protocol, and gives it up when it falls silent. */
function openSocket(
  protocol: Server<Connection>,
  { log, silence }: Pick<WebSocketOptions, "log" | "silence">,
  connection: Connection,
): void {
  const { socket } = connection;
  let lastPong = performance.now();
  const pings = setInterval(() => {
    if (performance.now() - lastPong > silence) socket.terminate();
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
    connection,
  );
  socket.once("close", (code, reason) => {
    clearInterval(pings);
    closed(code, String(reason)).catch((error: unknown) => log.error({ err: error }, "a socket did not close cleanly"));
  });
}

async function closeAll(server: WebSocketServer, running: Running, grace: number): Promise<void> {
  running.isClosing = true;
  await Promise.race([Promise.allSettled(running.operations), sleep(grace / 2, undefined, { ref: false })]);
  for (const complete of running.subscriptions) complete();
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
}

function serialised(result: ExecutionResult): Buffer {
  return Buffer.from(JSON.stringify(result));
}

/** Null while the database is out of reach: the subscription goes on when it is back. */
function serialisedState(result: ExecutionResult): Buffer | null {
  const isUnavailable = result.errors?.some(({ extensions }) => extensions["code"] === "UNAVAILABLE") === true;
  return isUnavailable ? null : serialised(result);
}

/** graphql-ws hands back the context value that onSubscribe gave it, as unknown. */
function carriedBy(args: ExecutionArgs): Carried {
  return args.contextValue as Carried;
}
