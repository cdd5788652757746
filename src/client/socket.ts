import { type Client, createClient } from "graphql-ws";
import type { ConnectionReports } from "./connection.ts";

export interface SocketOptions {
  readonly url: string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** A constructor like the platform's WebSocket; undefined: that one. */
  readonly webSocketImpl: unknown;
  readonly reports: ConnectionReports;
}

/** Milliseconds without a message until a ping asks whether the other side is still there. */
const QUIET = 15_000;
/** Milliseconds to wait for its answer. */
const PATIENCE = 10_000;

/** Milliseconds that the socket stays open without subscriptions. */
const LINGER = 500;

/** One socket for all subscriptions, opened by the first and closed after the last. Who is cut off comes back by himself. */
export function createSocket({ url, headers, webSocketImpl, reports }: SocketOptions): Client {
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url,
    webSocketImpl,
    // A browser can't send headers with a WebSocket.
    connectionParams: async () => ({ ...(await headers()) }),
    retryAttempts: 0,
    // A subscription that pauses for a slow consumer comes back to the same socket.
    lazyCloseTimeout: LINGER,
    keepAlive: QUIET,
    on: {
      // A connection that a network lost silently never closes.
      ping: (wasReceived) => {
        if (!wasReceived) giveUp = setTimeout(() => client.terminate(), PATIENCE);
      },
      message: () => clearTimeout(giveUp),
      connecting: () => reports.connecting(),
      connected: () => reports.opened(),
      closed: () => {
        clearTimeout(giveUp);
        reports.closed();
      },
    },
  });
  return client;
}
