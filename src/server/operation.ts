import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  executeSubscriptionEvent,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  mapSourceToResponseEvent,
  type OperationDefinitionNode,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from "graphql";
import type { Logger } from "pino";
import { type ChangeSource, isChangeSource } from "../resolvers/changes.ts";
import { type Context, createContext } from "../resolvers/context.ts";
import { badInput, userError } from "../resolvers/errors.ts";
import type { Services } from "../resolvers/services.ts";
import { isStateSource, type StateSource } from "../resolvers/states.ts";
import { findTextProblem } from "../resolvers/text.ts";
import type { Viewer } from "../resolvers/viewer.ts";
import type { Asset } from "./assets.ts";
import { createCompiledOperations } from "./compiled.ts";
import { createDocuments, type DocumentRules } from "./documents.ts";
import { assertWithinLimits, type OperationLimits } from "./limits.ts";
import { createErrorPresenter } from "./present.ts";
import { differing, presentedUntilFailure } from "./results.ts";
import type { TrustedDocuments } from "./trusted.ts";

/** Who asked, as the log tells it. */
export interface Caller {
  /** The id of the request, or of the one that opened the socket. */
  readonly requestId: string;
  /** Name of the token; null: none was needed. */
  readonly token: string | null;
  /** The headers of W3C's trace context, as they were sent; undefined: none. */
  readonly trace?: Readonly<Record<string, string>> | undefined;
}

/** What a client asks to run, by whatever transport. */
export interface OperationParams {
  /** The text of a document; undefined when it is named by its id. */
  readonly query: string | undefined;
  /** The id, or hash, of a trusted document. */
  readonly documentId?: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Undefined: this process itself. */
  readonly caller?: Caller | undefined;
}

/** An operation that passed parsing, validation and limits. */
export interface Operation {
  readonly document: DocumentNode;
  readonly node: OperationDefinitionNode;
  /** The document's text. */
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller | undefined;
}

/** A subscription that began, not yet read. */
interface StartedSubscription {
  readonly source: ChangeSource | StateSource;
  /** Executes the operation for one delivery, with loaders of its own; never rejects. */
  readonly executeEvent: (delivery: unknown) => ExecutionResult | Promise<ExecutionResult>;
  /** All of its results, read alone; the last one has an error if the feed could not be continued. A state is told when it differs. */
  results(): AsyncIterableIterator<ExecutionResult>;
}

/**
 * The one way in which an operation runs, for every transport: prepare, then execute or subscribe. A caller gets results
 * whose errors are fit to be shown; nothing here throws or rejects.
 */
export interface Operations {
  /** Resolves when it is these parameters' turn to be prepared; undefined: it is at once. */
  turn(params: OperationParams): Promise<void> | undefined;
  prepare(params: OperationParams): Operation | { readonly errors: readonly GraphQLError[] };
  execute(operation: Operation, viewer: Viewer): Promise<ExecutionResult>;
  subscribe(operation: Operation, viewer: Viewer): Promise<StartedSubscription | ExecutionResult>;
  /** Turns any error into one that a caller may see, logging what is hidden from him. */
  presentError(error: unknown): GraphQLError;
  /** The forms in which a result is sent that is the same for everybody; undefined for any other. */
  formsOf(result: ExecutionResult): Promise<Asset> | undefined;
}

export function createOperations(options: {
  schema: GraphQLSchema;
  services: Services;
  limits: OperationLimits;
  rules: DocumentRules;
  /** Undefined: any document may run. */
  trusted?: TrustedDocuments | undefined;
  log: Logger;
}): Operations {
  const { schema, services, limits, rules, trusted, log } = options;
  const presentError = createErrorPresenter(log);
  const documents = createDocuments(schema, rules);
  const compiled = createCompiledOperations(schema);

  function prepare(params: OperationParams): Operation | { readonly errors: readonly GraphQLError[] } {
    const { operationName, variables, caller } = params;
    try {
      const query = textOf(params, trusted);
      const { document, errors } = documents.read(query);
      if (document === undefined) return { errors: errors ?? [] };
      const node = getOperationAST(document, operationName);
      if (node == null) return { errors: [noOperation(operationName)] };
      const problem = findTextProblem(variables);
      if (problem !== undefined) return { errors: [badInput(`Variable $${problem}`)] };
      assertWithinLimits(schema, document, node, variables, limits);
      return { document, node, query, operationName, variables, caller };
    } catch (error) {
      return { errors: [presentError(isStackOverflow(error) ? tooDeep() : error)] };
    }
  }

  function present(result: ExecutionResult): ExecutionResult {
    return result.errors === undefined ? result : { ...result, errors: result.errors.map(presentError) };
  }

  function contextFor(viewer: Viewer, liveCursor: string | null = null): Context {
    return createContext(services, viewer, liveCursor);
  }

  return {
    turn: ({ query }) => (query === undefined ? undefined : documents.turn(query)),
    prepare,
    presentError,
    formsOf: () => undefined,
    async execute(operation, viewer) {
      try {
        // Before anything else is read: what is committed later is behind the cursor.
        const liveCursor = selectsLiveCursor(operation) ? await services.feed.now() : null;
        const result =
          (await compiled.run(operation, undefined, () => contextFor(viewer, liveCursor))) ??
          (await execute(executionArgs(schema, rules, operation, contextFor(viewer, liveCursor))));
        return present(result);
      } catch (error) {
        return { errors: [presentError(error)] };
      }
    },
    async subscribe(operation, viewer) {
      try {
        const validated = validateSubscriptionArgs(executionArgs(schema, rules, operation, contextFor(viewer)));
        if (!("schema" in validated)) return { errors: validated.map(presentError) };
        const source = await createSourceEventStream(validated);
        if (!isChangeSource(source) && !isStateSource(source)) {
          return "errors" in source
            ? present(source)
            : { errors: [presentError(new Error("a subscription has no source"))] };
        }
        const failed = (error: unknown): ExecutionResult => ({ errors: [presentError(error)] });
        // A context, and its loaders, of one event: those of the whole subscription would answer stale rows.
        const executeEvent = (delivery: unknown): ExecutionResult | Promise<ExecutionResult> => {
          const asWritten = () =>
            executeSubscriptionEvent({ ...validated, rootValue: delivery, contextValue: contextFor(viewer) });
          try {
            const fast = compiled.run(operation, delivery, () => contextFor(viewer));
            const result =
              fast instanceof Promise ? fast.then((answer) => answer ?? asWritten()) : (fast ?? asWritten());
            return result instanceof Promise ? result.then(present, failed) : present(result);
          } catch (error) {
            return failed(error);
          }
        };
        return {
          source,
          executeEvent,
          results: () => {
            const results = mapSourceToResponseEvent(validated, source, ({ rootValue }: ValidatedSubscriptionArgs) =>
              executeEvent(rootValue),
            );
            return presentedUntilFailure(isStateSource(source) ? differing(results) : results, failed);
          },
        };
      } catch (error) {
        return { errors: [presentError(error)] };
      }
    },
  };
}

/** The parser and some validation rules call themselves for each level of a document. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}

function tooDeep(): GraphQLError {
  return userError("TOO_COMPLEX", "The document is nested too deeply to be read. Ask for less.");
}

function noOperation(operationName: string | undefined): GraphQLError {
  return badInput(
    operationName === undefined
      ? "The document has several operations: say by operationName which one to run."
      : `The document has no operation named ${JSON.stringify(operationName)}.`,
  );
}

function executionArgs(
  schema: GraphQLSchema,
  { hasIntrospection }: DocumentRules,
  { document, operationName, variables }: Operation,
  contextValue: Context,
) {
  return {
    schema,
    document,
    operationName: operationName ?? null,
    variableValues: variables,
    contextValue,
    hideSuggestions: !hasIntrospection,
  };
}

/** The text of the document that a client means. Throws FORBIDDEN for one that may not run, NOT_FOUND for an id of none. */
function textOf({ query, documentId }: OperationParams, trusted: TrustedDocuments | undefined): string {
  if (documentId !== undefined && query === undefined) {
    const text = trusted?.byId(documentId);
    if (text !== undefined) return text;
    throw userError(
      "NOT_FOUND",
      trusted === undefined
        ? "This service knows no documents by their ids (WEIR_TRUSTED_DOCUMENTS). Send the text."
        : `There is no trusted document ${JSON.stringify(documentId)}. The file of WEIR_TRUSTED_DOCUMENTS has those that there are.`,
    );
  }
  if (query === undefined) throw badInput('A request needs "query", the text of a GraphQL document.');
  if (trusted?.has(query) === false) {
    throw userError(
      "FORBIDDEN",
      "Only trusted documents run here (WEIR_TRUSTED_DOCUMENTS). Add this one to the file that the client's build writes.",
    );
  }
  return query;
}

/** Reads what a client sent; an error when it is no request at all. */
export function readParams(sent: unknown): OperationParams | GraphQLError {
  if (!isRecord(sent))
    return badInput('A request is an object with "query", and "variables" and "operationName" where needed.');
  const { query, operationName, variables, extensions } = sent;
  const documentId = sent["documentId"] ?? hashOf(extensions);
  if (documentId != null && typeof documentId !== "string") return badInput('"documentId" is a text or null.');
  if (query != null && typeof query !== "string") return badInput('"query" is a text.');
  // A client of graphql-ws sends an empty text beside the id.
  if ((query == null || query === "") && documentId == null)
    return badInput('A request needs "query", the text of a GraphQL document.');
  if (operationName != null && typeof operationName !== "string") return badInput('"operationName" is a text or null.');
  if (variables != null && !isRecord(variables)) return badInput('"variables" is an object or null.');
  if (extensions != null && !isRecord(extensions)) return badInput('"extensions" is an object or null.');
  return {
    query: query === "" ? undefined : (query ?? undefined),
    documentId: documentId ?? undefined,
    operationName: operationName ?? undefined,
    variables: variables ?? {},
  };
}

/** As Apollo's persisted queries send it. */
function hashOf(extensions: unknown): unknown {
  const persisted = isRecord(extensions) ? extensions["persistedQuery"] : undefined;
  return isRecord(persisted) ? persisted["sha256Hash"] : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function selectsLiveCursor({ node, query }: Operation): boolean {
  return node.operation === "query" && query.includes("liveCursor");
}
