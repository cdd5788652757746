import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { badInput } from "../../resolvers/errors.ts";

/** The token of an Authorization header; null when there is none. Throws BAD_USER_INPUT for another kind of authorization. */
export function tokenOf(authorization: unknown): string | null {
  if (authorization === undefined || authorization === null || authorization === "") return null;
  const token = typeof authorization === "string" ? /^Bearer +(\S+)\s*$/i.exec(authorization)?.[1] : undefined;
  if (token === undefined) throw badInput("Authorization has another form than: Bearer <token>.");
  return token;
}

/** The token in what a socket's client sends as `connection_init`, or as `extensions.headers`: as a header or bare; null: none. */
export function tokenIn(sent: unknown): string | null {
  if (typeof sent !== "object" || sent === null) return null;
  const entries = new Map(Object.entries(sent).map(([name, value]: [string, unknown]) => [name.toLowerCase(), value]));
  const bare = entries.get("token");
  if (typeof bare === "string" && bare !== "") return bare;
  return tokenOf(entries.get("authorization")) ?? (entries.has("headers") ? tokenIn(entries.get("headers")) : null);
}

/**
 * Where a request came from. `proxies`: how many stand in front, each of which adds to X-Forwarded-For whom it was asked by; what stands
 * ahead of their entries is the client's own word.
 */
export function addressOf(request: IncomingMessage, proxies: number): string {
  const direct = request.socket.remoteAddress ?? "";
  if (proxies === 0) return direct;
  const entries = listOf(request.headers, "x-forwarded-for");
  return entries.at(-proxies) ?? direct;
}

function listOf(headers: IncomingHttpHeaders, name: string): readonly string[] {
  const value = headers[name];
  const text = Array.isArray(value) ? value.join(",") : (value ?? "");
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
