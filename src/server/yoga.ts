import { GraphQLError } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Logger } from "pino";
import { badInput } from "../resolvers/errors.ts";
import type { Admitted } from "./access/gate.ts";
import { withinSession } from "./access/stream.ts";
import { type Caller, type Operations, readParams } from "./operation.ts";

export const GRAPHQL_PATH = "/graphql";

interface YogaContext {
  readonly asker: Admitted;
  readonly caller: Omit<Caller, "token">;
}

interface YogaOptions {
  readonly operations: Operations;
  readonly maxBody: number;
  readonly log: Logger;
}

/** Yoga as the edge for every other form of request: it reads params and writes results, we run the operation. */
export function createYogaEdge(options: YogaOptions) {
  const { maxBody, log } = options;
  return createYoga<YogaContext>({
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    cors: false,
    multipart: false,
    extraParamNames: ["documentId"],
    maxRequestBodySize: maxBody,
    parserAndValidationCache: false,
    logging: {
      debug: () => {},
      info: () => {},
      warn: (...about) => log.warn({ about }, "yoga"),
      error: (...about) => log.error({ about }, "yoga"),
    },
    graphiql: false,
    plugins: [runsOperations(options)],
  });
}

/** Yoga's own parsing, validation and execution are left out. */
function runsOperations({ operations }: YogaOptions): Plugin<object, YogaContext> {
  return {
    onParams({ setParamsHandler }) {
      setParamsHandler(async ({ params, request, context: { asker, caller } }) => {
        const { viewer } = asker;
        const read = readParams(params);
        if (read instanceof GraphQLError) return { errors: [withHttp(read, { status: 400 })] };
        await operations.turn(read);
        const operation = operations.prepare({ ...read, caller: { ...caller, token: viewer.name } });
        if ("errors" in operation)
          return { errors: operation.errors.map((error) => withHttp(error, { status: 400, spec: true })) };
        if (operation.node.operation === "mutation" && request.method === "GET") {
          const error = badInput("A mutation can't be sent by GET. Use POST.");
          return { errors: [withHttp(error, { status: 405, headers: { allow: "POST" } })] };
        }
        if (operation.node.operation !== "subscription") {
          const result = await operations.execute(operation, viewer);
          if ("data" in result || result.errors === undefined) return result;
          return { errors: result.errors.map((error) => withHttp(error, { status: 400, spec: true })) };
        }
        const started = await operations.subscribe(operation, viewer);
        return "source" in started ? withinSession(started.results(), asker) : started;
      });
    },
    onResultProcess(processed) {
      const { result } = processed;
      if ("errors" in result && result.errors !== undefined) {
        processed.setResult({ ...result, errors: result.errors.map(inOurWords) });
      }
    },
  };
}

const YOGAS_CODES = new Set(["BAD_REQUEST", "REQUEST_ENTITY_TOO_LARGE"]);

/** What Yoga itself says of a request that it can't read has codes of its own, and details of the parser. */
function inOurWords(error: GraphQLError): GraphQLError {
  const { code, http } = error.extensions ?? {};
  if (typeof code !== "string" || !YOGAS_CODES.has(code)) return error;
  return withHttp(badInput(error.message), http ?? {});
}

/** What Yoga reads to choose the status; it does not send it to the client. */
function withHttp(error: GraphQLError, http: object): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions: { ...error.extensions, http },
  });
}
