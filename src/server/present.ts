import { randomUUID } from "node:crypto";
import { type ExecutionResult, GraphQLError } from "graphql";
import type { Logger } from "pino";
import { explain } from "../resolvers/errors.ts";

/** Longer messages repeat what the client sent; the middle of them is left out. */
const MOST_MESSAGE_CHARACTERS = 4_000;

/** Turns any error into one that a caller may see, logging what is hidden from him. */
export function createErrorPresenter(log: Logger): (error: unknown) => GraphQLError {
  return (error) => {
    const located = error instanceof GraphQLError ? error : undefined;
    const root = rootOf(error);
    const meant = explain(root) ?? (root instanceof GraphQLError ? root : undefined);
    if (meant !== undefined) {
      return shown(located ?? meant, meant === root ? (located ?? meant).message : meant.message, {
        ...meant.extensions,
        code: codeOf(meant) ?? "BAD_USER_INPUT",
      });
    }
    const errorId = randomUUID();
    log.error({ err: root, errorId, path: located?.path }, "an operation failed");
    const message = `Something went wrong inside the service. Its log has the reason under ${errorId}.`;
    return shown(located, message, { code: "INTERNAL_SERVER_ERROR", errorId });
  };
}

/** The error that a resolver threw, under what graphql-js wrapped around it. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError !== undefined && root.originalError !== root)
    root = root.originalError;
  return root;
}

function codeOf(error: GraphQLError): string | undefined {
  const { code } = error.extensions;
  return typeof code === "string" ? code : undefined;
}

export function withCode(error: GraphQLError, code: string): GraphQLError {
  return shown(error, error.message, { ...error.extensions, code });
}

/** An error at the place of another, without anything else of it. */
function shown(
  at: GraphQLError | undefined,
  message: string,
  extensions: Readonly<Record<string, unknown>>,
): GraphQLError {
  return new GraphQLError(shortened(message), {
    nodes: at?.nodes ?? null,
    source: at?.source ?? null,
    positions: at?.positions ?? null,
    path: at?.path ?? null,
    extensions,
  });
}

function shortened(message: string): string {
  if (message.length <= MOST_MESSAGE_CHARACTERS) return message;
  const half = MOST_MESSAGE_CHARACTERS / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`.toWellFormed();
}

/** The code of the first error; a subscription that was accepted has none. */
export function outcomeOf(result: { readonly errors?: ExecutionResult["errors"] } | object): string {
  const errors: ExecutionResult["errors"] = "errors" in result ? result.errors : undefined;
  if (errors?.[0] === undefined) return "OK";
  const { code } = errors[0].extensions ?? {};
  return typeof code === "string" ? code : "INTERNAL_SERVER_ERROR";
}
