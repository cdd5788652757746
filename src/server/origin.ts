import type { IncomingMessage } from "node:http";

/**
 * Which pages may talk to the service: those that it serves itself. A page of another site that is open in a browser is none of
 * them, whether it calls by its own name (Origin) or, where no token is asked for, by a name that it made point to this machine (Host).
 */
export interface OriginPolicy {
  /** Whether the service answers under any name: a page that gave it one has no token all the same. */
  readonly isAnyHost: () => boolean;
  /** Origins of pages, besides the service's own, that may call. */
  readonly allowed: readonly string[];
}

const LOOPBACK_NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Why a request is refused; undefined when it is not. */
export function refusalOf({ headers }: IncomingMessage, { allowed, isAnyHost }: OriginPolicy): string | undefined {
  const { host, origin } = headers;
  const name = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname;
  if (name === undefined || !(isAnyHost() || LOOPBACK_NAMES.has(name))) {
    return "Without authentication the service answers under 127.0.0.1 and localhost only.";
  }
  if (origin === undefined || allowed.includes(origin) || URL.parse(origin)?.host === host) return undefined;
  return `Pages of ${origin} may not call this service. Name the origin in WEIR_CORS_ORIGINS to allow it.`;
}
