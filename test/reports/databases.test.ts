import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../../src/server/config.ts";
import { createLogin, createTestDatabase } from "../support/database.ts";
import { makeReport, refreshed } from "../support/reports.ts";
import { ask, post, startService } from "../support/service.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-databases-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function databasesFile(content: string): Promise<string> {
  const file = path.join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(file, content);
  return file;
}

describe("a report in another database", () => {
  it("is made there, from what is there, and its history is in the service's own", async () => {
    await using own = await createTestDatabase();
    await using other = await createTestDatabase({ isEmpty: true });
    await other.sql`create table sales as select n from generate_series(1, 42) n`;
    await using login = await createLogin(other);
    await other.sql.unsafe(
      `grant create on database ${other.name} to ${login.name}; grant select on sales to ${login.name}`,
    );
    const file = await databasesFile(JSON.stringify({ 2: { url: login.url } }));
    await using app = await startService(own.url, { WEIR_DATABASES: file });
    const id = await makeReport(app.url, "sold", "SELECT n FROM sales", { databaseId: 2 });
    expect(await refreshed(app.url, "sold")).toMatchObject({ status: "SUCCESS", recordsProcessed: 42 });
    expect(await other.sql`select from reporting.sold`).toHaveLength(42);
    expect(await own.sql`select to_regclass('reporting.sold') as view`).toEqual([{ view: null }]);
    const { errors } = await post(
      app.url,
      "mutation ($input: CustomReportManifestInput!) { createCustomReportManifest(input: $input) { id } }",
      { input: { tableName: "x", reportName: "x", agencyId: 1, agencySlug: "x", query: "SELECT n FROM sales" } },
    );
    expect(errors?.[0]?.message).toMatch(/relation "sales" does not exist/);
    await ask(app.url, "mutation ($id: ID!) { deleteCustomReportManifest(id: $id) }", { id });
    expect(await other.sql`select to_regclass('reporting.sold') as view`).toEqual([{ view: null }]);
  });

  it("is not made as a superuser, and the run says so", async () => {
    await using own = await createTestDatabase();
    const file = await databasesFile(JSON.stringify({ 2: { url: own.url } }));
    await using app = await startService(own.url, { WEIR_DATABASES: file });
    await own.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query, database_id)
      values ('high', 'High', 1, 'x', 'select 1 as one', 2)`;
    expect(await refreshed(app.url, "high")).toMatchObject({
      status: "ERROR",
      errors: expect.stringMatching(/^No report is made as weir\w*: it is a superuser\. .*WEIR_DATABASES/),
    });
  });

  it("that can't be reached is an error of its run, and the others are refreshed", async () => {
    await using own = await createTestDatabase();
    const file = await databasesFile(JSON.stringify({ 2: { url: "postgres://nobody@127.0.0.1:1/nowhere" } }));
    await using app = await startService(own.url, { WEIR_DATABASES: file });
    await own.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query, database_id)
      values ('far', 'Far', 1, 'x', 'select 1', 2), ('near', 'Near', 1, 'x', 'select 1', 1)`;
    const [far, near] = await Promise.all([refreshed(app.url, "far"), refreshed(app.url, "near")]);
    expect(far).toMatchObject({ status: "ERROR", errors: expect.stringContaining("ECONNREFUSED") });
    expect(near).toMatchObject({ status: "SUCCESS" });
  });
});

describe("WEIR_DATABASES", () => {
  it("takes a password from the variable that the file names, whatever its characters", async () => {
    const file = await databasesFile(
      JSON.stringify({ 2: { url: "postgres://weir@db.example.org/a", passwordEnv: "SALES_PASSWORD" } }),
    );
    const config = readConfig({ WEIR_DATABASES: file, SALES_PASSWORD: "p@ss/w:rd" });
    expect([...config.WEIR_DATABASES]).toEqual([[2, "postgres://weir:p%40ss%2Fw%3Ard@db.example.org/a"]]);
  });

  it.each([
    ["a file that is missing", null, /the file can't be read/],
    ["no JSON", "{", /the file is no JSON/],
    ["a list", "[]", /expected (?:record|object)/],
    ["the service's own database", { 1: { url: "postgres://h/d" } }, /1 is the service's own database/],
    ["a name for a number", { two: { url: "postgres://h/d" } }, /no number of a database/],
    ["another kind of URL", { 2: { url: "mysql://u:hunter2@h/d" } }, /2\.url is not a URL like postgres/],
    ["a password in the file's own field", { 2: { url: "postgres://h/d", password: "hunter2" } }, /password/],
    [
      "a variable that is not set",
      { 2: { url: "postgres://h/d", passwordEnv: "NOT_SET" } },
      /2\.passwordEnv names NOT_SET, which is not set/,
    ],
  ])("refuses %s, in one line that shows no secret", async (_what, content, reason) => {
    const file =
      content === null
        ? path.join(folder, "missing.json")
        : await databasesFile(typeof content === "string" ? content : JSON.stringify(content));
    let message = "";
    try {
      readConfig({ WEIR_DATABASES: file });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      message = error.message;
    }
    expect(message).toMatch(reason);
    expect(message).toMatch(/^WEIR_DATABASES is "[^\n]*allowed: a file like [^\n]*$/);
    expect(message).not.toContain("hunter2");
  });
});

describe("memory and processor of a refresh", () => {
  it("are those of its PostgreSQL process, where that runs on this machine", async () => {
    await using own = await createTestDatabase();
    await using app = await startService(own.url);
    await makeReport(app.url, "heavy", "SELECT n, md5(n::text) AS hash FROM generate_series(1, 1500000) n ORDER BY 2");
    const { runId } = await refreshed(app.url, "heavy");
    const { seederRun } = await ask<{ seederRun: { memoryUsageMb: number; cpuPercentage: number } }>(
      app.url,
      "query ($id: String!) { seederRun(runId: $id) { memoryUsageMb cpuPercentage } }",
      { id: runId },
    );
    expect(seederRun.memoryUsageMb).toBeGreaterThan(1);
    expect(seederRun.cpuPercentage).toBeGreaterThan(10);
    expect(seederRun.cpuPercentage).toBeLessThan(120);
  });
});
