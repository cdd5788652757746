import {
  type ExecutionResult,
  execute,
  executeSubscriptionEvent,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  validateSubscriptionArgs,
} from "graphql";
import { describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../src/db/client.ts";
import type { Delivery } from "../../src/feed/delivery.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { TOPIC_NAMES } from "../../src/feed/topics.ts";
import { createContext } from "../../src/resolvers/context.ts";
import { schema } from "../../src/schema/index.ts";
import { createCompiledOperations } from "../../src/server/compiled.ts";
import { readConfig } from "../../src/server/config.ts";
import { createLog } from "../../src/server/log.ts";
import { createOperations, type Operation } from "../../src/server/operation.ts";
import { createServices } from "../../src/server/services.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const VIEWER = { name: null, role: "ADMIN" } as const;

/** Numbers that are the same in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Generated {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** An operation on the real schema, a query or one that subscribes to all changes: fields, aliases, fragments and variables by chance, and values that are often odd. */
function generate(random: (below: number) => number, root: "Query" | "Changes"): Generated {
  const variables: Record<string, unknown> = {};
  const definitions: string[] = [];
  const fragments: string[] = [];
  const oneOf = <Item>(items: readonly Item[]): Item | undefined => items[random(items.length)];

  function valueOf(type: GraphQLInputType, depth: number): unknown {
    if (!isNonNullType(type) && random(5) === 0) return null;
    if (random(25) === 0) return oneOf([null, "odd", -1, 1.5, [], {}, true, "\u{1F600}", 2 ** 40]);
    const inner = getNullableType(type);
    if (isListType(inner)) {
      // One value stands for a list of one.
      if (random(5) === 0) return valueOf(inner.ofType, depth + 1);
      return Array.from({ length: random(3) }, () => valueOf(inner.ofType, depth + 1));
    }
    if (isEnumType(inner)) return oneOf(inner.getValues())?.name;
    if (isInputObjectType(inner)) {
      const given: Record<string, unknown> = {};
      for (const field of Object.values(inner.getFields())) {
        if (!isNonNullType(field.type) && (depth > 2 || random(4) > 0)) continue;
        given[field.name] = valueOf(field.type, depth + 1);
      }
      return given;
    }
    switch (inner.name) {
      case "Int":
      case "SafeInt":
        return oneOf([0, 1, 2, 3, 7, 50]);
      case "Boolean":
        return random(2) === 0;
      case "ID":
        return oneOf(["1", "2", "3", 4, "abc", "99999999999999999999"]);
      case "DateTime":
        return oneOf(["2024-01-15T08:00:00Z", "2024-01-15T08:00:00+02:00", "2024-02-30T00:00:00Z"]);
      case "Date":
        return oneOf(["2024-01-15", "2024-13-01"]);
      default:
        return oneOf(["public.orders", "/f/1", "a", "", "status", "\u{1F600}'\"\\`${1}"]);
    }
  }

  function argumentsOf(field: GraphQLField<unknown, unknown>): string {
    const given: string[] = [];
    for (const argument of field.args) {
      if (!isNonNullType(argument.type) && random(3) > 0) continue;
      if (isEnumType(argument.type) && random(2) === 0) {
        given.push(`${argument.name}: ${oneOf(argument.type.getValues())?.name ?? ""}`);
        continue;
      }
      if (["first", "last"].includes(argument.name) && random(2) === 0) {
        given.push(`${argument.name}: ${random(9) === 0 ? "null" : random(4)}`);
        continue;
      }
      const name = `v${definitions.length}`;
      definitions.push(`$${name}: ${String(argument.type)}`);
      if (isNonNullType(argument.type) || random(4) > 0) variables[name] = valueOf(argument.type, 0);
      given.push(`${argument.name}: $${name}`);
    }
    return given.length === 0 ? "" : `(${given.join(", ")})`;
  }

  function selectionOf(typeName: string, depth: number): string {
    const type = schema.getType(typeName);
    if (isInterfaceType(type)) {
      const possible = schema.getPossibleTypes(type).filter(() => random(2) === 0);
      const own = Object.keys(type.getFields()).filter(() => random(2) === 0);
      return `{ __typename ${[...own, ...possible.map(({ name }) => `...on ${name} ${selectionOf(name, depth)}`)].join(" ")} }`;
    }
    if (!isObjectType(type)) throw new Error(`${typeName} is no object`);
    const fields = Object.values(type.getFields());
    const chosen = depth === 0 ? [oneOf(fields)] : fields.filter(() => random(depth > 2 ? 5 : 3) === 0);
    const parts = random(6) === 0 ? ["__typename"] : [];
    for (const field of chosen) {
      // Another answer at each time.
      if (field === undefined || field.name === "liveCursor" || field.name === "now") continue;
      const inner = getNamedType(field.type);
      if (!isLeafType(inner) && depth > 4) continue;
      const alias = random(8) === 0 ? `a${random(1_000_000)}: ` : "";
      const below = isLeafType(inner) ? "" : ` ${selectionOf(inner.name, depth + 1)}`;
      const text = `${alias}${field.name}${argumentsOf(field)}${below}`;
      parts.push(text);
      // The same field once more, merged with the first.
      if (random(12) === 0) parts.push(text);
    }
    if (parts.length === 0) parts.push("__typename");
    const inside = parts.join(" ");
    switch (random(8)) {
      case 0:
        return `{ ... on ${typeName} { ${inside} } __typename }`;
      case 1:
        fragments.push(`fragment F${fragments.length} on ${typeName} { ${inside} }`);
        return `{ __typename ...F${fragments.length - 1} }`;
      default:
        return `{ ${inside} }`;
    }
  }

  const kind = root === "Query" ? "query" : "subscription";
  const body = root === "Query" ? selectionOf("Query", 0) : `{ changes ${selectionOf("Change", 1)} }`;
  const head = definitions.length === 0 ? kind : `${kind} (${definitions.join(", ")})`;
  return { query: `${head} ${body} ${fragments.join(" ")}`, variables };
}

/** Rows of every system, also such as no API would take. */
async function fill({ sql }: TestDatabase): Promise<void> {
  await sql`insert into ingest.file_statuses (file_path, type, status, processed_at) values
    ('/f/1', 'Log', 'staged', 'infinity'), ('/f/1', 'HL7', 'odd word', '-infinity'), ('/f/2', 'HL7', 'staged', now()),
    ('/f/3', 'no type', 'failed', '2024-01-15'), ('', 'Parquet', '', '0044-03-15 BC')`;
  await sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number, date) values
    ('/f/2', '/f/1', 1, '2024-01-15'), ('/f/9', '/f/1', 2, 'infinity'), ('/f/10', '/f/1', 3, null)`;
  await sql`insert into documents.files (filehash, original_filename) values ('abc', null), ('', 'a'), ('x', 'b')`;
  await sql`insert into documents.file_processing_steps (file_id, step_name, status)
    select id, name, word from documents.files, (values ('ocr', 'SUCCESS'), ('odd', 'odd word')) s (name, word)`;
  await sql`insert into pipeline.pipeline_config (source_tablename) values ('public.orders'), ('a')`;
  await sql`insert into pipeline.pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container)
    values ('default', 1, 'one', 'one', 'd'), ('default', 2, 'two', 'two', 'd')`;
  await sql`insert into pipeline.pipeline_runs_master (source_tablename) select 'public.orders' from generate_series(1, 4)`;
}

async function openOperations(database: Database) {
  const log = createLog("silent");
  const feed = await openFeed({ url: database.url, log });
  const services = createServices({
    config: readConfig({}),
    database,
    feed,
    keyring: { current: null, all: [] },
    reportLogin: { problem: "this test makes none" },
    closing: new AbortController().signal,
  });
  const limits = { depth: 20, aliases: 1_000, complexity: 10_000_000, directives: 1_000 };
  const operations = createOperations({
    schema,
    log,
    limits,
    rules: { tokens: 20_000, fragments: 200, hasIntrospection: true },
    services,
  });
  return { operations, feed, context: () => createContext(services, VIEWER) };
}

/** A result as a caller sees it, without what differs from one time to the next: ids of errors, and the present instant. */
function shown({ data, errors }: ExecutionResult): object {
  const withoutNow = (text: string) => text.replace(/to \d{4}-\d\d-\d\dT[\d:.]+Z/, "to now");
  return {
    data: JSON.stringify(data),
    errors: errors?.map(({ message, locations, path, extensions: { errorId, ...extensions } }) => ({
      message: errorId === undefined ? withoutNow(message) : "hidden",
      locations,
      path,
      extensions,
    })),
  };
}

describe("compiled operations", () => {
  it("answer what graphql-js answers, in thousands of queries on odd rows", async () => {
    await using database = await createTestDatabase();
    await fill(database);
    const { operations, feed, context } = await openOperations(database);
    await using _feed = feed;
    const compiled = createCompiledOperations(schema);
    const random = createRandom(20_261_125);
    const counts = { compiled: 0, failed: 0, refused: 0 };

    const byGraphqlJs = async ({ document, variables }: Operation) => {
      const result = await execute({ schema, document, variableValues: variables, contextValue: context() });
      const { errors } = result;
      return shown(
        errors === undefined ? result : { ...result, errors: errors.map((error) => operations.presentError(error)) },
      );
    };

    for (let at = 0; at < 3_000; at += 1) {
      const { query, variables } = generate(random, "Query");
      const operation = operations.prepare({ query, variables, operationName: undefined });
      if ("errors" in operation) {
        counts.refused += 1;
        continue;
      }
      await compiled.run(operation, undefined, context);
      const fast = await compiled.run(operation, undefined, context);
      const expected = await byGraphqlJs(operation);
      if (fast !== undefined) {
        counts.compiled += 1;
        expect({ query, variables, ...shown(fast) }).toEqual({ query, variables, ...expected });
        continue;
      }
      // Not compiled, or with errors: what the service makes of it. Its first time is never compiled.
      counts.failed += 1;
      await operations.execute(operation, VIEWER);
      const answer = await operations.execute(operation, VIEWER);
      expect({ query, variables, ...shown(answer) }).toEqual({ query, variables, ...expected });
    }
    expect(counts.compiled).toBeGreaterThan(1_000);
    expect(counts.failed).toBeGreaterThan(100);
  });

  it("answer what graphql-js answers for the changes of a subscription", async () => {
    await using database = await createTestDatabase();
    const { operations, feed, context } = await openOperations(database);
    await using _feed = feed;
    const compiled = createCompiledOperations(schema);
    const follower = feed.follow(
      TOPIC_NAMES.map((topic) => ({ topic, conditions: [] })),
      null,
    );
    await fill(database);
    feed.ring();
    const deliveries: Delivery[] = [];
    while (deliveries.length < 25) deliveries.push(...(await follower.next(AbortSignal.timeout(20_000))));
    const random = createRandom(7);
    let count = 0;
    for (let at = 0; at < 500; at += 1) {
      const { query, variables } = generate(random, "Changes");
      const operation = operations.prepare({ query, variables, operationName: undefined });
      if ("errors" in operation) continue;
      const args = { schema, document: operation.document, variableValues: variables };
      await compiled.run(operation, deliveries[0], context);
      for (const delivery of deliveries.filter(() => random(4) === 0)) {
        const fast = await compiled.run(operation, delivery, context);
        if (fast === undefined) continue;
        count += 1;
        const validated = validateSubscriptionArgs({ ...args, contextValue: context() });
        if (!("schema" in validated)) throw new Error(JSON.stringify(validated));
        const expected = await executeSubscriptionEvent({ ...validated, rootValue: delivery });
        expect({ query, variables, ...shown(fast) }).toEqual({ query, variables, ...shown(expected) });
      }
    }
    expect(count).toBeGreaterThan(1_000);
  });

  it("never are what holds a text of the client, which could run as code, nor what names a prototype", async () => {
    await using database = await createTestDatabase();
    const { operations, feed, context } = await openOperations(database);
    await using _feed = feed;
    const compiled = createCompiledOperations(schema);
    await fill(database);
    // How graphql-jit marks a date in the code that it writes.
    const text = '"__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d(globalThis.weirWasHere=1)"';
    const queries = [
      `{ pipeline(sourceTablename: ${text}) { isOverdue } }`,
      `query ($name: String! = ${text}) { pipeline(sourceTablename: $name) { isOverdue } }`,
      `{ fileStatuses(filter: { filePath: ${text} }) { totalCount } }`,
      `{ fileStatuses @include(if: true) { totalCount } }`,
      "{ fileStatuses { __proto__: totalCount } }",
      "{ __schema { queryType { name } } }",
      'mutation { createFile(input: { filehash: "h" }) { id } }',
      "mutation ($name: String!) { triggerRun(sourceTablename: $name) { id } }",
      `{ fileStatuses { ...A } } fragment A on FileStatusConnection { ${Array.from({ length: 201 }, (_, at) => `a${at}: totalCount`).join(" ")} }`,
    ];
    for (const query of queries) {
      const variables = query.includes("($name: String!)") ? { name: "public.orders" } : {};
      const operation = operations.prepare({ query, variables, operationName: undefined });
      if ("errors" in operation) throw new Error(JSON.stringify([query, operation.errors]));
      for (let time = 0; time < 3; time += 1) {
        expect({ query, result: await compiled.run(operation, undefined, context) }).toEqual({
          query,
          result: undefined,
        });
      }
    }
    expect(globalThis).not.toHaveProperty("weirWasHere");
  });

  it("are not run again where the database is what failed", async () => {
    await using database = await createTestDatabase();
    const texts: string[] = [];
    await using impatient = openDatabase(database.url, {
      max: 1,
      statementTimeout: 300,
      onStatement: (text) => texts.push(text),
    });
    const { operations, feed } = await openOperations(impatient);
    await using _feed = feed;
    const query = "{ fileStatuses(first: 1) { nodes { id } } }";
    const operation = operations.prepare({ query, variables: {}, operationName: undefined });
    if ("errors" in operation) throw new Error(JSON.stringify(operation.errors));
    for (let time = 0; time < 2; time += 1) await operations.execute(operation, VIEWER);
    texts.length = 0;
    await database.sql.begin(async (tx) => {
      await tx`lock table ingest.file_statuses in access exclusive mode`;
      const { errors } = await operations.execute(operation, VIEWER);
      expect(errors?.map(({ path, extensions }) => [path, extensions["code"]])).toEqual([
        [["fileStatuses"], "UNAVAILABLE"],
      ]);
    });
    expect(texts).toHaveLength(1);
  });
});
