import { auditServer } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { startService } from "./support/service.ts";

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

describe("GraphQL over HTTP", () => {
  it("passes the whole audit", async () => {
    const results = await auditServer({ url: app.url });
    expect(
      results
        .filter(({ status }) => status !== "ok")
        .map(({ name, ...result }) => [name, "reason" in result ? result.reason : ""]),
    ).toEqual([]);
    expect(results).toHaveLength(61);
  });
});
