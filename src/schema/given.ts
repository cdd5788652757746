import { type GraphQLResolveInfo, Kind, type ValueNode } from "graphql";

/**
 * Which fields of an input object a caller gave. Where a field has a default, its value alone does not tell an absent one from one
 * that was given.
 */
export function givenFields({ fieldNodes, variableValues }: GraphQLResolveInfo, argument: string): ReadonlySet<string> {
  const value = fieldNodes[0]?.arguments?.find(({ name }) => name.value === argument)?.value;
  if (value === undefined) return new Set();
  return new Set(
    value.kind === Kind.VARIABLE ? namesOf(variableValues.sources[value.name.value]?.value) : fieldsOf(value),
  );
}

function namesOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function fieldsOf(value: ValueNode): readonly string[] {
  return value.kind === Kind.OBJECT ? value.fields.map(({ name }) => name.value) : [];
}
