import { readFile } from "node:fs/promises";
import { buildSchema, isNonNullType } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../src/schema/index.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const PAGE = "{ runs(first: -1) { nodes { id } } files { nodes { id } } viewer { name } }";

it("a root field that is never null takes the others with it, as its type says", async () => {
  const { data, errors } = await post(app.url, `query ${PAGE}`);
  expect(data).toBeNull();
  expect(errors?.map(({ path }) => path)).toEqual([["runs"]]);
});

it("an operation that asks for it keeps what did not fail", async () => {
  for (let time = 0; time < 3; time += 1) {
    const { data, errors } = await post(app.url, `query Page @experimental_disableErrorPropagation ${PAGE}`);
    expect(data).toEqual({ runs: null, files: { nodes: [] }, viewer: null });
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([[["runs"], "BAD_USER_INPUT"]]);
  }
});

it("so does a mutation: what was stored ahead of the failing one is answered", async () => {
  const record = (path: string) =>
    `recordFileStatus(input: { filePath: "${path}", type: LOG, status: PARSED }) { filePath }`;
  const { data } = await post(
    app.url,
    `mutation Both @experimental_disableErrorPropagation { one: ${record("/a")} two: ${record("")} three: ${record("/c")} }`,
  );
  expect(data).toEqual({ one: { filePath: "/a" }, two: null, three: { filePath: "/c" } });
});

it("of all fields that a query may begin with, those of the first schema alone are never null", async () => {
  const contract = buildSchema(await readFile(new URL("../fixtures/contract.graphql", import.meta.url), "utf8"));
  const first = Object.keys(contract.getQueryType()?.getFields() ?? {});
  // Made with them, and used by clients since.
  const also = ["apiTokens", "attention", "auditLog", "cursorSince", "nodes"];
  const never = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(({ type }) => isNonNullType(type));
  expect(
    never
      .map(({ name }) => name)
      .filter((name) => !first.includes(name))
      .toSorted(),
  ).toEqual(also);
});
