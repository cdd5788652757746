import type { IncomingMessage } from "node:http";

/**
 * Who may talk to a service that asks for no token: programs on this machine, and pages that it serves itself. A page of
 * another site that is open in a browser on this machine is neither, whether it calls by its own name (Origin) or by a
 * name that it made point to this machine (Host).
 */
export interface OriginPolicy {
  /** Origins of pages, besides the service's own, that may call. */
  readonly allowed: readonly string[];
}

const LOOPBACK_NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Why a request is refused; undefined when it is not. */
export function refusalOf({ headers }: IncomingMessage, { allowed }: OriginPolicy): string | undefined {
  const { host, origin } = headers;
  const name = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname;
  if (name === undefined || !LOOPBACK_NAMES.has(name)) {
    return "Without authentication the service answers under 127.0.0.1 and localhost only.";
  }
  if (origin === undefined || allowed.includes(origin) || URL.parse(origin)?.host === host) return undefined;
  return `Pages of ${origin} may not call this service. Name the origin in WEIR_CORS_ORIGINS to allow it.`;
}
