import {
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import { isForNobody, SQLSTATE, sqlState } from "../db/client.ts";
import type { Context } from "../resolvers/context.ts";

/** What is run: a valid operation of a document. */
interface Runnable {
  readonly document: DocumentNode;
  readonly node: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Runs operations that are sent again and again as code that was made for them. */
export interface CompiledOperations {
  /**
   * The result; undefined where graphql-js is to run the operation, with a context of its own: it was not seen before, is none that
   * is compiled, or had errors, which graphql-js words. Mutations are never compiled, so nothing is written twice. What a database
   * that can't be reached, or a statement that took too long, has broken is not run again.
   */
  run(
    operation: Runnable,
    rootValue: unknown,
    createContext: () => Context,
  ): ExecutionResult | undefined | Promise<ExecutionResult | undefined>;
}

const MOST_COMPILED = 200;
/** Fragments counted where they are spread. The code grows with them. */
const MOST_SELECTIONS = 200;

/**
 * What a document may be made of to be compiled. No text, list or object: graphql-jit 0.8.9 writes literals into its code, and what a
 * client puts into a text there can run as code. No default of a variable for the same reason, and no directive.
 */
const COMPILABLE = new Set<string>([
  Kind.DOCUMENT,
  Kind.OPERATION_DEFINITION,
  Kind.VARIABLE_DEFINITION,
  Kind.NAMED_TYPE,
  Kind.LIST_TYPE,
  Kind.NON_NULL_TYPE,
  Kind.NAME,
  Kind.SELECTION_SET,
  Kind.FIELD,
  Kind.ARGUMENT,
  Kind.VARIABLE,
  Kind.INT,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.NULL,
  Kind.FRAGMENT_SPREAD,
  Kind.INLINE_FRAGMENT,
  Kind.FRAGMENT_DEFINITION,
]);

export function createCompiledOperations(schema: GraphQLSchema): CompiledOperations {
  /** Those that were used last are the last. */
  const compiled = new Map<OperationDefinitionNode, CompiledQuery["query"]>();
  /** One that is sent once is not worth it. */
  const seen = new WeakSet<OperationDefinitionNode>();
  const unfit = new WeakSet<OperationDefinitionNode>();

  function codeOf(operation: Runnable): CompiledQuery["query"] | null {
    const { node } = operation;
    if (unfit.has(node)) return null;
    const known = compiled.get(node);
    if (known === undefined && !seen.has(node)) {
      seen.add(node);
      return null;
    }
    const code = known ?? compile(schema, operation);
    if (code === null) {
      unfit.add(node);
      return null;
    }
    compiled.delete(node);
    compiled.set(node, code);
    const [oldest] = compiled.keys();
    if (compiled.size > MOST_COMPILED && oldest !== undefined) compiled.delete(oldest);
    return code;
  }

  return {
    run(operation, rootValue, createContext) {
      const code = codeOf(operation);
      if (code === null) return undefined;
      const { node, variables } = operation;
      const defined = node.variableDefinitions ?? [];
      if (defined.length > 0 && getVariableValues(schema, defined, variables).errors !== undefined) return undefined;
      const result = code(rootValue, createContext(), variables);
      return result instanceof Promise ? result.then(unlessFailed) : unlessFailed(result);
    },
  };
}

function compile(schema: GraphQLSchema, { document, node, operationName }: Runnable): CompiledQuery["query"] | null {
  if (node.operation === "mutation" || !isCompilable(document) || countSelections(document, node) > MOST_SELECTIONS)
    return null;
  const made = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
  return isCompiledQuery(made) ? made.query : null;
}

function isCompilable(document: DocumentNode): boolean {
  let holds = true;
  visit(document, {
    enter(node) {
      // Introspection is rare; and a field that is answered as __proto__ would be the prototype of the others.
      const isReserved = node.kind === Kind.NAME && node.value.startsWith("__") && node.value !== "__typename";
      if (!COMPILABLE.has(node.kind) || isReserved) holds = false;
      return holds ? undefined : false;
    },
  });
  return holds;
}

/** Stops soon after the most that is compiled. Fragments that spread themselves are not valid. */
function countSelections(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let count = 0;
  const countIn = (set: SelectionSetNode | undefined) => {
    for (const selection of set?.selections ?? []) {
      count += 1;
      if (count > MOST_SELECTIONS) return;
      countIn(
        selection.kind === Kind.FRAGMENT_SPREAD
          ? fragments.get(selection.name.value)?.selectionSet
          : selection.selectionSet,
      );
    }
  };
  countIn(operation.selectionSet);
  return count;
}

function unlessFailed(result: ExecutionResult): ExecutionResult | undefined {
  return result.errors === undefined || result.errors.some(isOfDatabase) ? result : undefined;
}

function isOfDatabase({ originalError }: GraphQLError): boolean {
  return isForNobody(originalError) || sqlState(originalError) === SQLSTATE.queryCanceled;
}
