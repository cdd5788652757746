import type { IncomingMessage, ServerResponse } from "node:http";
import { type ExecutionResult, GraphQLError } from "graphql";
import type { Logger } from "pino";
import { badInput, userError } from "../resolvers/errors.ts";
import type { Viewer } from "../resolvers/viewer.ts";
import type { Admitted, Gate } from "./access/gate.ts";
import type { OnRefusal } from "./access/refusals.ts";
import { addressOf, tokenOf } from "./access/request.ts";
import { type Asset, sendAsset } from "./assets.ts";
import { makeGraphiql, protectPages } from "./graphiql.ts";
import { type OperationParams, type Operations, readParams } from "./operation.ts";
import { type OriginPolicy, refusalOf } from "./origin.ts";
import type { Pages } from "./pages.ts";
import { callerOf, requestIdOf } from "./request-id.ts";
import { answerSchemaByGet, sendForms } from "./schema-answers.ts";
import { createYogaEdge, GRAPHQL_PATH } from "./yoga.ts";

const JSON_TYPE = "application/json";
const RESPONSE_TYPE = "application/graphql-response+json";
const STREAM_TYPE = "text/event-stream";

/** What a media range gets. Whoever takes anything may be older than the type that GraphQL has of its own. */
const ANSWERED_AS: ReadonlyMap<string, string> = new Map([
  [RESPONSE_TYPE, RESPONSE_TYPE],
  [JSON_TYPE, JSON_TYPE],
  ["application/*", JSON_TYPE],
  ["*/*", JSON_TYPE],
]);

export interface HttpOptions {
  operations: Operations;
  log: Logger;
  gate: Gate;
  /** Proxies in front, whose X-Forwarded-For is believed. */
  proxies: number;
  origins: OriginPolicy;
  /** Longest body of a request, in bytes. */
  maxBody: number;
  /** Whether the service can do its work now. */
  isReady: () => boolean;
  isClosing: () => boolean;
  refused: OnRefusal;
  /** What will keep it from its work in days; whoever asks /ready is told. */
  warnings: () => readonly string[];
  /** Null: they were not built. */
  pages: Pages | null;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves GraphQL over HTTP, GraphiQL, /health and /ready. A JSON POST, which is what nearly every client sends, is answered
 * here; every other form that the specification knows (GET, SSE) goes through Yoga. Both run the
 * operation by the same function.
 */
export function createHttpHandler(options: HttpOptions): HttpHandler {
  const { origins, log } = options;
  let graphiql: Promise<Asset> | undefined;
  const edges: Edges = { yoga: createYogaEdge(options), graphiql: () => (graphiql ??= makeGraphiql(GRAPHQL_PATH)) };

  return (request, response) => {
    response.setHeader("x-request-id", requestIdOf(request));
    const refusal = refusalOf(request, origins);
    if (refusal !== undefined) {
      tellRefusal(request, options, 403, refusal);
      return answerJson(response, 403, { errors: [userError("FORBIDDEN", refusal)] });
    }
    allowOrigin(request, response, origins);
    if (isPreflight(request)) return answerPreflight(response);
    const path = (request.url ?? "/").split("?", 1)[0];
    const failed = (error: unknown) => {
      if (response.destroyed) return;
      log.error({ err: error, requestId: requestIdOf(request) }, "a request could not be handled");
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, { errors: [options.operations.presentError(error)] });
    };
    const page = options.pages?.(request, response, path ?? "/");
    if (page != null) return void page.catch(failed);
    switch (path) {
      case "/health":
        return answerJson(response, 200, { status: "ok" });
      case "/ready": {
        const isReady = options.isReady() && !options.isClosing();
        return answerJson(response, isReady ? 200 : 503, {
          status: isReady ? "ready" : "unavailable",
          ...warningsOf(options),
        });
      }
      case "/":
        response.writeHead(302, { location: GRAPHQL_PATH }).end();
        return;
      case GRAPHQL_PATH:
        break;
      default:
        return answerJson(response, 404, {
          errors: [userError("NOT_FOUND", `There is nothing at ${path}. GraphQL is at ${GRAPHQL_PATH}.`)],
        });
    }
    if (options.isClosing()) {
      // On a connection that was kept alive: no other gets this far.
      response.setHeader("connection", "close");
      return answerJson(response, 503, { errors: [userError("UNAVAILABLE", "The service is stopping. Try again.")] });
    }
    if ((request.headers["content-encoding"] ?? "identity") !== "identity") {
      const error = badInput("A compressed body is not read. Send it as it is, without Content-Encoding.");
      return answerJson(response, 415, { errors: [error] });
    }
    if (request.method === "POST" && !isJson(request)) {
      // A form is what a page of any site can send without asking.
      const error = badInput("A request's body is JSON: send it with Content-Type: application/json.");
      return answerJson(response, 415, { errors: [error] });
    }
    protectPages(response);
    answerGraphql(request, response, options, edges).catch(failed);
  };
}

/** What answers whatever is no plain POST. */
interface Edges {
  readonly yoga: ReturnType<typeof createYogaEdge>;
  readonly graphiql: () => Promise<Asset>;
}

async function answerGraphql(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  { yoga, graphiql }: Edges,
): Promise<void> {
  // The page is for whoever has no token yet: it holds nothing, and asks for one.
  if (isPage(request)) {
    return sendAsset(request, response, await graphiql());
  }
  let asker: Admitted;
  try {
    asker = await options.gate.admit(tokenOf(request.headers.authorization), addressOf(request, options.proxies));
  } catch (error) {
    return refuse(request, response, options, options.operations.presentError(error));
  }
  if (isPlainPost(request)) return answerPost(request, response, options, asker);
  if (request.method === "HEAD") asGet(request);
  const type = responseType(request.headers.accept);
  if (type !== undefined && (await answerSchemaByGet(request, response, { ...options, ...asker, type }))) return;
  await yoga(request, response, { asker, caller: callerOf(request) });
}

/** HEAD is answered as GET is, without the body, which Node leaves out; a stream has no end for that. */
function asGet(request: IncomingMessage): void {
  request.method = "GET";
  if (request.headers.accept?.includes(STREAM_TYPE) === true) request.headers.accept = JSON_TYPE;
}

const STATUS_OF_REFUSAL: ReadonlyMap<unknown, number> = new Map([
  ["UNAUTHENTICATED", 401],
  ["FORBIDDEN", 403],
  ["BAD_USER_INPUT", 400],
]);

function tellRefusal(request: IncomingMessage, options: HttpOptions, code: number, reason: string): void {
  options.refused({ requestId: requestIdOf(request), address: addressOf(request, options.proxies), code, reason });
}

function refuse(request: IncomingMessage, response: ServerResponse, options: HttpOptions, error: GraphQLError): void {
  const status = STATUS_OF_REFUSAL.get(error.extensions["code"]) ?? 503;
  if (status < 500) tellRefusal(request, options, status, error.message);
  if (status === 401) response.setHeader("www-authenticate", 'Bearer realm="weir"');
  // Its body is not read.
  if (request.method === "POST") response.setHeader("connection", "close");
  answerJson(response, status, { errors: [error] }, responseType(request.headers.accept) ?? JSON_TYPE);
}

/** A browser that opens GraphiQL. */
function isPage({ method, headers }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && headers.accept?.includes("text/html") === true;
}

function warningsOf({ warnings }: HttpOptions): { warnings?: readonly string[] } {
  const all = warnings();
  return all.length === 0 ? {} : { warnings: all };
}

function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/(?:graphql-response\+)?json\s*(?:;|$)/i.test(headers["content-type"] ?? "");
}

/** A JSON POST by a client that takes JSON. */
function isPlainPost({ method, headers }: IncomingMessage): boolean {
  if (method !== "POST") return false;
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i.test(headers["content-type"] ?? "")) return false;
  return responseType(headers.accept) !== undefined;
}

/** The JSON type that a client takes rather than others; undefined when it takes none, or would take a stream. */
function responseType(accept = JSON_TYPE): string | undefined {
  if (accept.includes(STREAM_TYPE)) return undefined;
  const wanted = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    return { type, weight: Number(weight) };
  });
  const [best] = wanted
    .filter(({ type, weight }) => weight > 0 && ANSWERED_AS.has(type))
    .toSorted((one, other) => other.weight - one.weight);
  return best === undefined ? undefined : ANSWERED_AS.get(best.type);
}

async function answerPost(
  request: IncomingMessage,
  response: ServerResponse,
  { operations, maxBody }: HttpOptions,
  { viewer }: Admitted,
): Promise<void> {
  const type = responseType(request.headers.accept) ?? JSON_TYPE;
  const body = await readBody(request, maxBody);
  if (body === "too long") {
    const error = badInput(
      `The request's body is longer than ${maxBody} bytes. Send less at a time, or raise WEIR_MAX_BODY_BYTES.`,
    );
    // What is left of the body is not read.
    response.setHeader("connection", "close");
    return answerJson(response, 413, { errors: [error] }, type);
  }
  const params = parseBody(body);
  if (params instanceof GraphQLError) return answerJson(response, 400, { errors: [params] }, type);
  const caller = { ...callerOf(request), token: viewer.name };
  const result = await runOnce(operations, { ...params, caller }, viewer);
  // A result without data did not run: a failure of the request. As application/json such a thing is 200, by the specification.
  const forms = operations.formsOf(result);
  if (forms !== undefined) return sendForms(request, response, await forms, type);
  const status = "data" in result || type === JSON_TYPE ? 200 : 400;
  return answerJson(response, status, result, type);
}

/** Runs a query or mutation. */
async function runOnce(operations: Operations, params: OperationParams, viewer: Viewer): Promise<ExecutionResult> {
  const turn = operations.turn(params);
  if (turn !== undefined) await turn;
  const operation = operations.prepare(params);
  if ("errors" in operation) return operation;
  if (operation.node.operation !== "subscription") return operations.execute(operation, viewer);
  return { errors: [badInput("A subscription needs a stream: accept text/event-stream, or use the WebSocket.")] };
}

async function readBody(request: IncomingMessage, most: number): Promise<Buffer | "too long"> {
  if (Number(request.headers["content-length"] ?? 0) > most) return "too long";
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > most) return "too long";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseBody(body: Buffer): OperationParams | GraphQLError {
  try {
    return readParams(JSON.parse(utf8.decode(body)));
  } catch {
    return badInput("The request's body is no JSON in UTF-8.");
  }
}

function answerJson(response: ServerResponse, status: number, body: object, type = JSON_TYPE): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": `${type}; charset=utf-8`, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function allowOrigin(request: IncomingMessage, response: ServerResponse, { allowed }: OriginPolicy): void {
  const { origin } = request.headers;
  if (origin === undefined || !allowed.includes(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "x-request-id");
  response.setHeader("vary", "origin");
}

/** A browser asks before it lets a page of another origin send JSON. */
function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;
}

/** Without the header that names the origin, this permits nothing. */
function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type, accept, authorization, x-request-id, traceparent",
    "access-control-max-age": "600",
  });
  response.end();
}
