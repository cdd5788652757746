import {
  type ArgumentNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import { userError } from "../resolvers/errors.ts";

export interface OperationLimits {
  /** Most levels of fields. */
  readonly depth: number;
  /** Most fields that stand under another name than their own. */
  readonly aliases: number;
  /** Most fields that an operation may answer: each counts once for every entry of the pages around it. */
  readonly complexity: number;
  /** Most directives, where they stand or are spread. */
  readonly directives: number;
}

/** The settings by which the limits are raised. */
const SETTINGS = {
  depth: "WEIR_MAX_DEPTH",
  aliases: "WEIR_MAX_ALIASES",
  complexity: "WEIR_MAX_COMPLEXITY",
  directives: "WEIR_MAX_DIRECTIVES",
} as const satisfies Readonly<Record<keyof OperationLimits, string>>;

const COMPLEXITY = "fields, counting those of a page once for each entry";
/** Entries of a page whose size the operation does not say. */
const DEFAULT_PAGE = 50;

/**
 * Throws TOO_COMPLEX when an operation asks for more than the limits allow. It counts fragments where they are spread, and
 * stops at the first excess, so that a small document that unfolds into a huge one costs nothing.
 * Introspection is not counted: graphql-js limits it by a validation rule of its own.
 */
export function assertWithinLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  limits: OperationLimits,
): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let complexity = 0;
  let aliases = 0;
  let directives = operation.directives?.length ?? 0;
  /** Selections looked at: spreads that unfold into nothing that counts would take for ever all the same. */
  let looked = 0;

  function visit(
    selections: SelectionSetNode,
    parent: GraphQLNamedType | undefined,
    depth: number,
    factor: number,
  ): void {
    for (const selection of selections.selections) {
      looked += 1;
      assertBelow("complexity", looked, limits.complexity, COMPLEXITY);
      directives += selection.directives?.length ?? 0;
      assertBelow("directives", directives, limits.directives, "directives");
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined)
          visit(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value), depth, factor);
        continue;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        visit(selection.selectionSet, condition === undefined ? parent : schema.getType(condition), depth, factor);
        continue;
      }
      if (selection.name.value.startsWith("__")) continue;
      complexity += factor;
      if (selection.alias !== undefined) aliases += 1;
      assertBelow("depth", depth, limits.depth, "levels of fields");
      assertBelow("aliases", aliases, limits.aliases, "aliases");
      assertBelow("complexity", complexity, limits.complexity, COMPLEXITY);
      if (selection.selectionSet === undefined) continue;
      const field =
        isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[selection.name.value] : undefined;
      const names = field?.args.map(({ name }) => name) ?? [];
      const args = selection.arguments ?? [];
      const entries = (names.includes("first") ? pageSize(args) : 1) * (names.some(isListOfKeys) ? keysOf(args) : 1);
      const type = field === undefined ? undefined : getNamedType(field.type);
      visit(selection.selectionSet, type, depth + 1, factor * entries);
    }
  }

  function pageSize(args: readonly ArgumentNode[]): number {
    for (const { name, value } of args) {
      if (name.value !== "first" && name.value !== "last") continue;
      const size = sizeOf(value);
      if (size !== undefined) return Math.max(1, size);
    }
    return DEFAULT_PAGE;
  }

  function keysOf(args: readonly ArgumentNode[]): number {
    const value = args.find(({ name }) => isListOfKeys(name.value))?.value;
    if (value?.kind === Kind.LIST) return Math.max(1, value.values.length);
    const given = value?.kind === Kind.VARIABLE ? variables[value.name.value] : undefined;
    return Array.isArray(given) ? Math.max(1, given.length) : 1;
  }

  function sizeOf(value: ValueNode | undefined): number | undefined {
    if (value?.kind === Kind.INT) return Number(value.value);
    if (value?.kind !== Kind.VARIABLE) return undefined;
    const { name } = value;
    const given = variables[name.value];
    if (typeof given === "number") return given;
    // Null is given too: it takes the place of a default.
    if (given !== undefined) return undefined;
    return sizeOf(
      operation.variableDefinitions?.find(({ variable }) => variable.name.value === name.value)?.defaultValue,
    );
  }

  visit(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, 1, 1);
}

/** Arguments that name what is answered, one entry for each. */
function isListOfKeys(argument: string): boolean {
  return argument === "nodeIds" || argument === "sourceTablenames";
}

function assertBelow(limit: keyof OperationLimits, value: number, most: number, what: string): void {
  if (value <= most) return;
  throw userError(
    "TOO_COMPLEX",
    `The operation has more than ${most} ${what} (${SETTINGS[limit]}). Ask for less, or in several operations.`,
  );
}
