import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
} from "graphql";
import { schema } from "../../src/schema/index.ts";
import { ruleOf } from "../../src/schema/rules.ts";

type Field = GraphQLField<unknown, unknown>;

/** Every field of the root types, with the name of its type. */
export const ROOT_FIELDS: readonly { readonly root: string; readonly field: Field }[] = [
  schema.getQueryType(),
  schema.getMutationType(),
  schema.getSubscriptionType(),
].flatMap((type) => (type == null ? [] : Object.values(type.getFields()).map((field) => ({ root: type.name, field }))));

export function rule(field: Field) {
  const found = ruleOf(field);
  if (found === null) throw new Error(`${field.name} has no rule`);
  return found;
}

/** An operation that asks for a field with the arguments that it requires, and `more`. */
export function operationOf(root: string, field: Field, more: Readonly<Record<string, string>> = {}): string {
  const required = field.args.filter(isRequiredArgument).map(({ name, type }) => [name, sample(type)] as const);
  const args = Object.entries({ ...Object.fromEntries(required), ...more }).map(([name, value]) => `${name}: ${value}`);
  const selection = isLeafType(getNamedType(field.type)) ? "" : "{ __typename }";
  return `${root.toLowerCase()} { ${field.name}${args.length > 0 ? `(${args.join(", ")})` : ""} ${selection} }`;
}

/** A value that the type takes, as it stands in a document. */
function sample(type: GraphQLInputType): string {
  if (isNonNullType(type)) return sample(type.ofType);
  if (isListType(type)) return `[${sample(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${fields.map((field) => `${field.name}: ${sample(field.type)}`).join(", ")} }`;
  }
  if (type.name === "JSONObject") return "{}";
  if (type.name === "DateTime") return '"2026-01-01T00:00:00Z"';
  if (type.name === "Boolean") return "true";
  return type.name === "Int" || type.name === "SafeInt" ? "1" : '"x"';
}
