import { GraphQLError } from "graphql";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { openFeed } from "../../src/feed/feed.ts";
import type { Keyring } from "../../src/resolvers/pipelines/credentials.ts";
import type { Viewer } from "../../src/resolvers/viewer.ts";
import { schema } from "../../src/schema/index.ts";
import { readConfig } from "../../src/server/config.ts";
import { createLog } from "../../src/server/log.ts";
import { createOperations, type Operation, readParams } from "../../src/server/operation.ts";
import { createServices } from "../../src/server/services.ts";

export interface CountedStatements extends AsyncDisposable {
  /** The one session in which the operations run. */
  readonly database: Database;
  /** Runs an operation and answers its data and the names of its SQL statements; throws when there are errors. */
  /** Parses and validates; throws when that fails. */
  prepare(query: string, variables?: object): Operation;
  run(query: string, variables?: object, viewer?: Viewer): Promise<{ data: unknown; names: readonly string[] }>;
}

/** Operations on a database of which every statement is noted. */
export async function countStatements(
  url: string,
  keyring: Keyring = { current: null, all: [] },
): Promise<CountedStatements> {
  await using opened = new AsyncDisposableStack();
  const statements: string[] = [];
  const database = opened.use(openDatabase(url, { max: 1, onStatement: (text) => statements.push(text) }));
  const log = createLog("silent");
  const feed = opened.use(await openFeed({ url, log }));
  const closing = new AbortController().signal;
  const reportLogin = { problem: "this test makes none" };
  const services = createServices({ config: readConfig({}), database, feed, keyring, reportLogin, closing });
  const limits = { depth: 20, aliases: 50, complexity: 10_000_000, directives: 100 };
  const operations = createOperations({
    schema,
    log,
    limits,
    rules: { tokens: 20_000, fragments: 200, hasIntrospection: true },
    services,
  });
  function prepare(query: string, variables: object = {}): Operation {
    const params = readParams({ query, variables });
    if (params instanceof GraphQLError) throw params;
    const operation = operations.prepare(params);
    if ("errors" in operation) throw operation.errors[0] ?? new Error("no operation");
    return operation;
  }
  const kept = opened.move();
  return {
    database,
    prepare,
    async run(query, variables = {}, viewer = { name: null, role: "ADMIN" }) {
      statements.length = 0;
      const operation = prepare(query, variables);
      const { data, errors } = await operations.execute(operation, viewer);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return { data, names: statements.map((text) => /\/\*\s*(.*?)\s*\*\//.exec(text)?.[1] ?? text).toSorted() };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
