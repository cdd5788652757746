import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Caller } from "./operation.ts";

/** Long enough for what proxies make, and nothing that would break a header or a log. */
const GIVEN = /^[\w.:+/=@-]{1,128}$/;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;

/** Who asked, as logs and traces tell it; whose token it is stands elsewhere. */
export function callerOf(request: IncomingMessage): Omit<Caller, "token"> {
  const trace = traceIn(request.headers);
  return { requestId: requestIdOf(request), ...(trace === undefined ? {} : { trace }) };
}

/** The headers of W3C's trace context among those that were sent; undefined: there are none. */
export function traceIn({ traceparent, tracestate }: Readonly<Record<string, unknown>>): Caller["trace"] {
  if (typeof traceparent !== "string") return undefined;
  return typeof tracestate === "string" ? { traceparent, tracestate } : { traceparent };
}

/**
 * The id under which a request is found in the logs: that of `x-request-id`, or the trace's id of `traceparent`, or a new
 * one. Whoever asks again gets the same.
 */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  if (typeof given === "string" && GIVEN.test(given)) return given;
  const traceparent = headers["traceparent"];
  const trace = typeof traceparent === "string" ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  const id = trace ?? randomUUID();
  headers["x-request-id"] = id;
  return id;
}
