import type { IncomingMessage, ServerResponse } from "node:http";
import { GraphQLError } from "graphql";
import type { Viewer } from "../resolvers/viewer.ts";
import { type Asset, formFor, isKnownTo } from "./assets.ts";
import { isIntrospection } from "./introspection.ts";
import { type Operations, readParams } from "./operation.ts";
import { callerOf } from "./request-id.ts";

/** Answers a GET that asks for the schema and nothing else; false: it asks for something else, and nothing was done. */
export async function answerSchemaByGet(
  request: IncomingMessage,
  response: ServerResponse,
  { operations, viewer, type }: { readonly operations: Operations; readonly viewer: Viewer; readonly type: string },
): Promise<boolean> {
  if (request.method !== "GET") return false;
  const asked = URL.parse(request.url ?? "", "http://localhost")?.searchParams;
  const query = asked?.get("query");
  if (asked == null || query == null || !query.includes("__") || asked.has("variables")) return false;
  const params = readParams({ query, operationName: asked.get("operationName") });
  if (params instanceof GraphQLError) return false;
  await operations.turn(params);
  const operation = operations.prepare({ ...params, caller: { ...callerOf(request), token: viewer.name } });
  if ("errors" in operation || !isIntrospection(operation)) return false;
  const forms = operations.formsOf(await operations.execute(operation, viewer));
  if (forms === undefined) return false;
  sendForms(request, response, await forms, type);
  return true;
}

/** Sends an answer that was made before, as the client takes it. By GET, whoever has it asks whether it is still the same. */
export function sendForms(request: IncomingMessage, response: ServerResponse, forms: Asset, type: string): void {
  const { encoding, body } = formFor(request, forms);
  response.setHeader("vary", "accept, accept-encoding, authorization, origin");
  if (request.method === "GET") {
    response.setHeader("etag", forms.etag);
    // Who may ask is found out each time.
    response.setHeader("cache-control", "private, no-cache");
    if (isKnownTo(request, forms)) return void response.writeHead(304).end();
  }
  if (encoding !== undefined) response.setHeader("content-encoding", encoding);
  response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "content-length": body.length }).end(body);
}
