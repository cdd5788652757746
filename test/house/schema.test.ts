import { readFile } from "node:fs/promises";
import {
  assertValidSchema,
  buildSchema,
  type GraphQLField,
  type GraphQLSchema,
  type IntrospectionInputValue,
  type IntrospectionType,
  type IntrospectionTypeRef,
  introspectionFromSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  parse,
  validate,
} from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, type Role } from "../../src/resolvers/viewer.ts";
import { schema } from "../../src/schema/index.ts";
import type { App } from "../../src/server/app.ts";
import { createLog } from "../../src/server/log.ts";
import { createOperations, type Operation, type Operations } from "../../src/server/operation.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { operationOf, ROOT_FIELDS, rule } from "../support/root-fields.ts";
import { ask, startService } from "../support/service.ts";

describe("the served schema", () => {
  it("is valid", () => {
    expect(() => assertValidSchema(schema)).not.toThrow();
  });

  it("has everything of the contract with the same type, nullability and default", async () => {
    const contract = buildSchema(await readFile(new URL("../fixtures/contract.graphql", import.meta.url), "utf8"));
    expect(differences(contract, schema)).toEqual([]);
  });

  it("gives examples that are operations of it", () => {
    const examples = Object.values(schema.getTypeMap())
      .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []))
      .flatMap(({ name, description }) =>
        [...(description ?? "").matchAll(/Example: `([^`]+)`/g)].map(([, text = ""]) => ({ name, text })),
      );
    expect(examples.length).toBeGreaterThan(5);
    for (const { name, text } of examples) {
      expect(text).toContain(` ${name}`);
      expect({ name, errors: validate(schema, parse(text)).map(String) }).toEqual({ name, errors: [] });
    }
  });

  it("describes every type, field, argument, input field and enum value", () => {
    expect([...undescribed(schema)]).toEqual([]);
  });
});

describe("the comparison with the contract", () => {
  const contract = `
    type Query { a(x: Int = 1): [String!]! b: E }
    enum E { ONE TWO }
    interface N { n: Int }
    type T implements N { n: Int c(i: I): Int }
    input I { f: Int }`;

  it.each([
    ["a field that is missing", "b: E", ""],
    ["another nullability", "[String!]!", "[String]!"],
    ["another default", "x: Int = 1", "x: Int = 2"],
    ["an argument that is missing", "(x: Int = 1)", ""],
    ["an argument that is required besides", "x: Int = 1", "x: Int = 1, y: Int!"],
    ["an enum value that is missing", "ONE TWO", "ONE"],
    ["an input field that is missing", "f: Int", "g: Int"],
    ["an input field that is required besides", "f: Int", "f: Int g: Int!"],
    ["an interface that is missing", "implements N", ""],
    ["another kind of type", "enum E { ONE TWO }", "scalar E"],
  ])("finds %s", (_what, text, changed) => {
    expect(differences(buildSchema(contract), buildSchema(contract.replace(text, changed)))).toHaveLength(1);
  });

  it("takes what is there besides", () => {
    const more = contract.replace("b: E", "b: E z(y: Int): Int").replace("f: Int", "f: Int g: Int! = 1");
    expect(differences(buildSchema(contract), buildSchema(more))).toEqual([]);
  });
});

describe("roles", () => {
  let database: TestDatabase;
  let app: App;
  let operations: Operations;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
    operations = createOperations({
      schema,
      services: app.services,
      log: createLog("silent"),
      limits: { depth: 100, aliases: 100, complexity: 1e6, directives: 100 },
      rules: { tokens: 20_000, fragments: 200, hasIntrospection: true },
    });
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
  });

  const cases = ROOT_FIELDS.map(({ root, field }) => [`${root}.${field.name}`, root, field] as const);

  it.each(cases)("%s asks for a role, and says which", (_name, root, field) => {
    const role = rule(field).role;
    expect(ROLES).toContain(role);
    // What a viewer has seen is his own to say.
    if (root === "Mutation" && field.name !== "acknowledge") expect(role).not.toBe("VIEWER");
    expect(field.description).toContain(`Role: ${role}.`);
  });

  it.each(cases)("%s is refused to whoever has a lower one, and not to whoever has it", async (_name, root, field) => {
    const role = rule(field).role;
    const operation = prepared(root, field);
    const below = ROLES[ROLES.indexOf(role) - 1] ?? ("NOBODY" as string as Role);
    expect(await codeFor(operation, below)).toBe("FORBIDDEN");
    if (root !== "Mutation") expect(await codeFor(operation, role)).not.toBe("FORBIDDEN");
  });

  it("a refused mutation has stored nothing", async () => {
    const { fileStatuses, hl7Files } = await ask(app.url, "{ fileStatuses { totalCount } hl7Files { totalCount } }");
    expect([fileStatuses, hl7Files]).toEqual([{ totalCount: 0 }, { totalCount: 0 }]);
  });

  function prepared(root: string, field: GraphQLField<unknown, unknown>): Operation {
    const query = operationOf(root, field);
    const operation = operations.prepare({ query, operationName: undefined, variables: {} });
    if ("errors" in operation) throw new Error(`${query}: ${JSON.stringify(operation.errors)}`);
    return operation;
  }

  /** The code of the first error that this role gets; undefined for an answer. A subscription is refused when it begins. */
  async function codeFor(operation: Operation, role: Role): Promise<unknown> {
    const viewer = { name: "somebody", role };
    const outcome =
      operation.node.operation === "subscription"
        ? await operations.subscribe(operation, viewer)
        : await operations.execute(operation, viewer);
    return "source" in outcome ? undefined : outcome.errors?.[0]?.extensions["code"];
  }
});

function* undescribed(of: GraphQLSchema): Iterable<string> {
  for (const type of Object.values(of.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    if (!type.description) yield type.name;
    if (isEnumType(type)) {
      for (const value of type.getValues()) if (!value.description) yield `${type.name}.${value.name}`;
    }
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!field.description) yield `${type.name}.${field.name}`;
      if (!("args" in field)) continue;
      for (const arg of field.args) if (!arg.description) yield `${type.name}.${field.name}(${arg.name})`;
    }
  }
}

/** What the contract has and the served schema has not, or has otherwise. */
function differences(contract: GraphQLSchema, served: GraphQLSchema): readonly string[] {
  const found: string[] = [];
  const types = new Map(introspectionFromSchema(served).__schema.types.map((type) => [type.name, type]));
  for (const wanted of introspectionFromSchema(contract).__schema.types) {
    if (wanted.name.startsWith("__")) continue;
    const type = types.get(wanted.name);
    if (type?.kind !== wanted.kind) found.push(`${wanted.kind} ${wanted.name} is ${type?.kind ?? "missing"}`);
    else found.push(...differencesOfType(wanted, type));
  }
  return found;
}

function* differencesOfType(wanted: IntrospectionType, type: IntrospectionType): Iterable<string> {
  if (wanted.kind === "ENUM" && type.kind === "ENUM") {
    const names = type.enumValues.map(({ name }) => name);
    for (const { name } of wanted.enumValues) if (!names.includes(name)) yield `${wanted.name}.${name} is missing`;
  }
  if (wanted.kind === "INPUT_OBJECT" && type.kind === "INPUT_OBJECT") {
    yield* differencesOfInputs(wanted.name, wanted.inputFields, type.inputFields);
  }
  if (wanted.kind !== "OBJECT" && wanted.kind !== "INTERFACE") return;
  if (type.kind !== "OBJECT" && type.kind !== "INTERFACE") return;
  const interfaces = type.interfaces.map(({ name }) => name);
  for (const { name } of wanted.interfaces) {
    if (!interfaces.includes(name)) yield `${wanted.name} does not implement ${name}`;
  }
  for (const field of wanted.fields) {
    const at = `${wanted.name}.${field.name}`;
    const other = type.fields.find(({ name }) => name === field.name);
    if (other === undefined) {
      yield `${at} is missing`;
      continue;
    }
    const [text, otherText] = [typeText(field.type), typeText(other.type)];
    if (otherText !== text) yield `${at} is ${otherText}, not ${text}`;
    yield* differencesOfInputs(at, field.args, other.args);
  }
}

/** More may exist than is wanted, unless a caller who does not know of it would be refused. */
function* differencesOfInputs(
  at: string,
  wanted: readonly IntrospectionInputValue[],
  present: readonly IntrospectionInputValue[],
): Iterable<string> {
  const inputText = ({ type, defaultValue }: IntrospectionInputValue) =>
    `${typeText(type)} = ${defaultValue ?? "none"}`;
  for (const value of wanted) {
    const other = present.find(({ name }) => name === value.name);
    if (other === undefined) yield `${at}(${value.name}) is missing`;
    else if (inputText(other) !== inputText(value))
      yield `${at}(${value.name}) is ${inputText(other)}, not ${inputText(value)}`;
  }
  for (const value of present) {
    const isRequired = value.type.kind === "NON_NULL" && value.defaultValue == null;
    if (isRequired && !wanted.some(({ name }) => name === value.name)) yield `${at}(${value.name}) is required`;
  }
}

function typeText(type: IntrospectionTypeRef): string {
  if (type.kind === "NON_NULL") return `${typeText(type.ofType)}!`;
  return type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;
}
