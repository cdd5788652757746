import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import postgres from "postgres";
import { superuser } from "./secrets.ts";

/** One dedicated connection that is never re-opened behind our back: its end is what tells that a server died. */
export interface Connection {
  readonly sql: postgres.Sql;
  /** Resolves when the connection has ended, from whichever side. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
  end(): Promise<void>;
}

/**
 * Connects, unless told otherwise, to the maintenance database `postgres`, not to `weir`: advisory locks belong to one database, and an idle
 * connection to `weir` would hinder dropping it or cloning it.
 */
export async function connect(
  port: number,
  password: string,
  timeoutMs: number,
  { user = superuser, database = "postgres" }: { readonly user?: string; readonly database?: string } = {},
): Promise<Connection> {
  const socket = connectSocket({ host: "127.0.0.1", port });
  const closed = Promise.withResolvers<void>();
  let isClosed = false;
  // The driver listens only some time after it was given the socket. Until then an error would end the process; "close" follows it.
  socket.on("error", () => {});
  socket.once("close", () => {
    isClosed = true;
    closed.resolve();
  });
  const timeout = setTimeout(() => socket.destroy(new TimeoutError()), timeoutMs);
  let sql: postgres.Sql | undefined;
  try {
    await once(socket, "connect");
    onlyMutualAuthentication(socket);
    let handedOut = false;
    // A constant, since postgres.js has the option `socket` and its types lack it.
    const options = {
      // One socket only: postgres.js would otherwise reconnect for ever to a server that hangs up.
      socket: () => {
        if (handedOut || isClosed || socket.destroyed) throw new ConnectionLostError();
        handedOut = true;
        return socket;
      },
      host: "127.0.0.1",
      port,
      user,
      password,
      database,
      ssl: false,
      max: 1,
      // Each of these has a default, in the driver, the environment or the server's settings, that would end an idle
      // connection, and with it the lock it holds.
      max_lifetime: null,
      idle_timeout: 0,
      connect_timeout: Math.ceil(timeoutMs / 1000) + 1,
      connection: { application_name: `weir ${process.pid}`, idle_session_timeout: 0 },
      fetch_types: false,
      prepare: false,
      onnotice: () => {},
    };
    sql = postgres(options);
    await sql`/* embedded_hello */ select 1`;
    const opened = sql;
    return {
      sql: opened,
      closed: closed.promise,
      isClosed: () => isClosed,
      end: async () => {
        await opened.end({ timeout: 1 });
        socket.destroy();
      },
    };
  } catch (error) {
    socket.destroy();
    await sql?.end({ timeout: 0 });
    throw error;
  } finally {
    clearTimeout(timeout);
  }
}

/**
 * A process of somebody else may listen on the port that a dead PostgreSQL left in its postmaster.pid. Asked to, the
 * driver would send it the password in clear text; or it could let us in without one and pose as our server. So the
 * socket is cut unless the server proves with SCRAM that it knows the password too, and before the driver answers:
 * this listener is registered first, and on a destroyed socket nothing is written.
 */
function onlyMutualAuthentication(socket: Socket): void {
  const authentication = "R".charCodeAt(0);
  const ok = 0;
  const sasl = [10, 11];
  const saslFinal = 12;
  let received = Buffer.alloc(0);
  let proven = false;
  const inspect = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    // Each message: 1 byte type, 4 bytes length (not counting the type), then for "R" 4 bytes kind.
    while (received.length >= 9) {
      const end = 1 + received.readUInt32BE(1);
      if (received[0] === authentication) {
        const kind = received.readUInt32BE(5);
        if (kind === ok && proven) {
          socket.off("data", inspect);
          return;
        }
        if (kind === saslFinal) proven = true;
        else if (!sasl.includes(kind)) {
          socket.destroy(new UntrustedServerError());
          return;
        }
      }
      if (received.length < end) return;
      received = received.subarray(end);
    }
  };
  socket.on("data", inspect);
}

class TimeoutError extends Error {
  readonly code = "CONNECT_TIMEOUT";
}

class ConnectionLostError extends Error {
  readonly code = "CONNECTION_CLOSED";
}

class UntrustedServerError extends Error {
  readonly code = "UNTRUSTED_SERVER";
}
