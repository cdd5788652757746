import type { Server } from "node:http";
import type { Socket } from "node:net";
import path from "node:path";
import type { Feed } from "../feed/feed.ts";
import { schema } from "../schema/index.ts";
import type { Gate } from "./access/gate.ts";
import { type Listener, openListener } from "./access/listen.ts";
import { logRefusals, type OnRefusal } from "./access/refusals.ts";
import { addressOf } from "./access/request.ts";
import type { Config } from "./config.ts";
import { createHttpHandler } from "./http.ts";
import type { Logger } from "./log.ts";
import type { Operations } from "./operation.ts";
import { type OriginPolicy, refusalOf } from "./origin.ts";
import { readPages } from "./pages.ts";
import { requestIdOf } from "./request-id.ts";
import { createFanout, type Fanout, type FanoutOptions } from "./subscriptions/fanout.ts";
import { createWebSockets, type WebSockets } from "./subscriptions/websocket.ts";
import { GRAPHQL_PATH } from "./yoga.ts";

/** The pages that were built. */
const PAGES = path.resolve(import.meta.dirname, "../../web/dist");

/** The service as the network sees it. */
interface Edge extends Listener {
  readonly sockets: WebSockets;
  readonly fanout: Fanout;
}

/** Joins HTTP and WebSockets to one server, which is yet to listen. */
export function openEdge(options: {
  readonly config: Config;
  readonly gate: Gate;
  readonly operations: Operations;
  readonly feed: Feed;
  /** Aborted when the service stops. */
  readonly closing: AbortSignal;
  readonly fanout: FanoutOptions;
  readonly warnings: () => readonly string[];
  readonly log: Logger;
}): Edge {
  const { config, gate, operations, feed, closing, log } = options;
  const origins = {
    allowed: config.WEIR_CORS_ORIGINS,
    isAnyHost: () => gate.isClosed || config.WEIR_INSECURE === "on",
  };
  const refused = logRefusals(log, closing);
  const fanout = createFanout(feed, options.fanout);
  const sockets = createWebSockets({
    schema,
    operations,
    fanout,
    log,
    gate,
    proxies: config.WEIR_TRUST_PROXY,
    maxTokenSockets: config.WEIR_MAX_TOKEN_SOCKETS,
    refused,
    maxPayload: config.WEIR_MAX_BODY_BYTES,
    maxOperations: config.WEIR_MAX_SOCKET_OPERATIONS,
    silence: config.WEIR_SOCKET_SILENCE_SECONDS * 1_000,
    handshake: config.WEIR_HANDSHAKE_TIMEOUT_SECONDS * 1_000,
  });
  const handler = createHttpHandler({
    operations,
    log,
    gate,
    proxies: config.WEIR_TRUST_PROXY,
    origins,
    maxBody: config.WEIR_MAX_BODY_BYTES,
    isReady: () => feed.isLive,
    isClosing: () => closing.aborted,
    refused,
    warnings: options.warnings,
    pages: readPages(PAGES),
  });
  const listener = openListener(config, handler, log);
  closeIdleAtEnd(listener.server, closing);
  serveSockets(listener.server, { sockets, origins, closing, config, refused });
  return { ...listener, sockets, fanout };
}

/** A connection that is kept alive would hold up the end for seconds after its last response. */
function closeIdleAtEnd(server: Server, closing: AbortSignal): void {
  server.on("request", (_request, response) => {
    response.once("close", () => {
      if (closing.aborted) setImmediate(() => server.closeIdleConnections());
    });
  });
}

function serveSockets(
  server: Server,
  options: { sockets: WebSockets; origins: OriginPolicy; closing: AbortSignal; config: Config; refused: OnRefusal },
): void {
  const { sockets, origins, closing, config, refused } = options;
  const perAddress = createAddressLimit(config.WEIR_MAX_ADDRESS_SOCKETS);
  server.on("upgrade", (request, socket: Socket, head) => {
    const isGraphql = (request.url ?? "").split("?", 1)[0] === GRAPHQL_PATH;
    const refusal = refusalOf(request, origins);
    const address = addressOf(request, config.WEIR_TRUST_PROXY);
    const tell = (code: number, reason: string) => refused({ requestId: requestIdOf(request), address, code, reason });
    if (!isGraphql || refusal !== undefined || closing.aborted) {
      if (isGraphql && refusal !== undefined) tell(403, refusal);
      socket.end(`HTTP/1.1 ${isGraphql ? "403 Forbidden" : "404 Not Found"}\r\nConnection: close\r\n\r\n`);
      return;
    }
    if (!perAddress.take(address, socket)) {
      tell(429, "There are too many sockets of one address");
      socket.end(TOO_MANY);
      return;
    }
    socket.setNoDelay(true);
    sockets.upgrade(request, socket, head);
  });
}

const TOO_MANY = [
  "HTTP/1.1 429 Too Many Requests",
  "Connection: close",
  "Content-Type: text/plain",
  "",
  "There are too many sockets of one address (WEIR_MAX_ADDRESS_SOCKETS).",
].join("\r\n");

/** Counts the sockets of each address. */
function createAddressLimit(most: number) {
  const counts = new Map<string, number>();
  return {
    /** False: the address has as many as it may. */
    take(address: string, socket: Socket): boolean {
      const count = counts.get(address) ?? 0;
      if (count >= most) return false;
      counts.set(address, count + 1);
      socket.once("close", () => {
        const left = (counts.get(address) ?? 1) - 1;
        if (left > 0) counts.set(address, left);
        else counts.delete(address);
      });
      return true;
    },
  };
}
