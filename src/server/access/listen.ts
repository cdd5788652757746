import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Config } from "../config.ts";
import type { HttpHandler } from "../http.ts";
import type { Logger } from "../log.ts";
import { AccessError } from "./files.ts";
import type { Gate } from "./gate.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Throws AccessError where the service would serve a network without asking who it is. */
export function assertMayListen(config: Config, gate: Gate, log: Logger): void {
  const { WEIR_HOST: host, WEIR_INSECURE: insecure } = config;
  if (gate.isClosed) return;
  const isLocal = LOOPBACK.test(host);
  if (!isLocal && insecure !== "on") {
    throw new AccessError(
      `WEIR_HOST is ${host}, and no token is asked for: anyone on the network would be ADMIN. Make a token with \`weir token create\`, or set WEIR_ADMIN_TOKEN_FILE or WEIR_JWT_JWKS_URL; --insecure listens all the same.`,
    );
  }
  if (insecure === "on")
    log.warn(
      { host },
      "INSECURE: no token is asked for, and whoever reaches this address may read and change everything",
    );
  else log.info({ host }, "No token is asked for: everyone on this machine is ADMIN until the first token is made");
}

/** A server that is yet to listen. */
export interface Listener {
  readonly server: Server;
  readonly scheme: "http" | "https";
  /** Reads the certificate and its key anew; one that can't be used is logged, and the old one stays. Null: without TLS. */
  readonly reload: (() => void) | null;
}

export function openListener(config: Config, handler: HttpHandler, log: Logger): Listener {
  const { WEIR_TLS_CERT: certFile, WEIR_TLS_KEY: keyFile } = config;
  if (certFile === undefined || keyFile === undefined)
    return { server: createServer(optionsOf(config), handler), scheme: "http", reload: null };
  const read = () => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  try {
    const server = createTlsServer({ ...optionsOf(config), ...read(), minVersion: "TLSv1.2" }, handler);
    const reload = () => {
      try {
        server.setSecureContext({ ...read(), minVersion: "TLSv1.2" });
        log.info({ certFile }, "the certificate was read anew");
      } catch (error) {
        log.error({ err: error, certFile }, "the certificate can't be used; the old one stays");
      }
    };
    return { server, scheme: "https", reload };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AccessError(`WEIR_TLS_CERT and WEIR_TLS_KEY can't be used: ${why}.`);
  }
}

function optionsOf(config: Config) {
  return {
    headersTimeout: config.WEIR_HEADERS_TIMEOUT_SECONDS * 1_000,
    requestTimeout: Math.max(config.WEIR_REQUEST_TIMEOUT_SECONDS, config.WEIR_HEADERS_TIMEOUT_SECONDS) * 1_000,
    // How often it looks for connections that take too long.
    connectionsCheckingInterval: 1_000,
    // Java's client offers HTTP/2 with each request that is not encrypted: it is answered by HTTP/1.1, as the standard has it.
    // (Node from 24.9 on; an older one takes every offer for a WebSocket.)
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
  };
}
