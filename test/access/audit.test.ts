import { describe, expect, it } from "vitest";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase } from "../support/database.ts";
import { ROOT_FIELDS, rule } from "../support/root-fields.ts";
import { ask, post, startService } from "../support/service.ts";

const SETTINGS = { WEIR_SECRET_KEY: Buffer.alloc(32, 9).toString("base64"), WEIR_SEEDER_PARALLEL: "0" };
const LOG = `query ($filter: AuditFilter, $first: Int, $after: String) { auditLog(filter: $filter, first: $first, after: $after) {
  totalCount pageInfo { endCursor hasNextPage }
  nodes { id at actor address action arguments changes { table operation before after } } } }`;

interface Entry {
  readonly id: string;
  readonly actor: string | null;
  readonly address: string | null;
  readonly action: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly changes: readonly { table: string; operation: string; before: Row; after: Row }[];
}
type Row = Readonly<Record<string, unknown>> | null;
interface Log {
  readonly auditLog: {
    readonly totalCount: number;
    readonly nodes: readonly Entry[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}

const CREATE_SOURCE = `mutation ($creds: JSONObject!) { createSource(input: { sourceName: "erp", sourceType: "postgres", sourceCreds: $creds }) { id } }`;
const UPDATE_SOURCE = `mutation ($creds: JSONObject!) { updateSource(sourceName: "erp", input: { sourceName: "erp2", sourceType: "mysql", sourceCreds: $creds }) { id } }`;

/** For each mutation of ADMIN that changes something, how; one that is not here fails the test. */
const STEPS: readonly (readonly [action: string, query: string])[] = [
  ["createApiToken", 'mutation { createApiToken(input: { name: "made", role: VIEWER }) { secret } }'],
  ["createSource", 'mutation { createSource(input: { sourceName: "s", sourceType: "t", sourceCreds: {} }) { id } }'],
  [
    "updateSource",
    'mutation { updateSource(sourceName: "s", input: { sourceName: "s", sourceType: "u", sourceCreds: {} }) { id } }',
  ],
  ["deleteSource", 'mutation { deleteSource(sourceName: "s") }'],
  [
    "createDestination",
    'mutation { createDestination(input: { destinationName: "d", destinationType: "t", destinationCreds: {} }) { id } }',
  ],
  [
    "updateDestination",
    'mutation { updateDestination(destinationName: "d", input: { destinationName: "d", destinationType: "u", destinationCreds: {} }) { id } }',
  ],
  ["deleteDestination", 'mutation { deleteDestination(destinationName: "d") }'],
  ["createPipeline", 'mutation { createPipeline(input: { sourceTablename: "t" }) { sourceTablename } }'],
  [
    "updatePipeline",
    'mutation { updatePipeline(sourceTablename: "t", input: { sinkTablename: "u" }) { sourceTablename } }',
  ],
  ["deletePipeline", 'mutation { deletePipeline(sourceTablename: "t") }'],
  [
    "setPipelineStages",
    'mutation { setPipelineStages(stages: [{ stageOrder: 1, stageName: "E", stageType: "e", driverContainer: "x" }]) { stageOrder } }',
  ],
  [
    "createCustomReportManifest",
    'mutation { createCustomReportManifest(input: { tableName: "c", reportName: "C", agencyId: 1, agencySlug: "north", query: "SELECT 1 AS one" }) { id } }',
  ],
  [
    "updateCustomReportManifest",
    'mutation { updateCustomReportManifest(id: "1", input: { tableName: "c", reportName: "D", agencyId: 1, agencySlug: "north", query: "SELECT 2 AS two" }) { id } }',
  ],
  ["refreshReport", 'mutation { refreshReport(tableName: "c") { id } }'],
  ["refreshAllReports", "mutation { refreshAllReports { id } }"],
  ["cancelRefresh", 'mutation { cancelRefresh(tableName: "c") { id } }'],
  ["deleteCustomReportManifest", 'mutation { deleteCustomReportManifest(id: "1") }'],
  [
    "createCannedReport",
    'mutation { createCannedReport(input: { tableName: "k", reportName: "K", query: "SELECT 1 AS one" }) { id } }',
  ],
  [
    "updateCannedReport",
    'mutation { updateCannedReport(id: "1", input: { tableName: "k", reportName: "L", query: "SELECT 1 AS one" }) { id } }',
  ],
  [
    "createCannedReportManifest",
    'mutation { createCannedReportManifest(input: { agencyId: 1, agencySlug: "north", cannedReportId: "1" }) { id } }',
  ],
  ["updateCannedReportManifest", 'mutation { updateCannedReportManifest(id: "1", input: { enabled: false }) { id } }'],
  ["deleteCannedReportManifest", 'mutation { deleteCannedReportManifest(id: "1") }'],
  ["deleteCannedReport", 'mutation { deleteCannedReport(id: "1") }'],
  ["migrateAllFiles", "mutation { migrateAllFiles { processed } }"],
  ["migrateLogsToSteps", 'mutation { migrateLogsToSteps(fileId: "1") { success } }'],
  ["revokeApiToken", 'mutation { revokeApiToken(id: "2") }'],
];

/** What no row of a configuration tells. */
const WITHOUT_ROWS = new Set([
  "refreshReport",
  "refreshAllReports",
  "cancelRefresh",
  "migrateAllFiles",
  "migrateLogsToSteps",
]);

describe("the audit", () => {
  it("has an entry of every mutation of ADMIN, with the rows that it changed", async () => {
    const administrative = ROOT_FIELDS.filter(({ root, field }) => root === "Mutation" && rule(field).role === "ADMIN");
    const names = new Set(STEPS.map(([action]) => action));
    expect(administrative.map(({ field }) => field.name).filter((name) => !names.has(name))).toEqual([]);
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "boss", role: "ADMIN" });
    await using app = await startService(database.url, SETTINGS);
    await database.sql`insert into documents.files (id, filehash) values (1, 'x')`;
    for (const [action, query] of STEPS.filter(([name]) => administrative.some(({ field }) => field.name === name))) {
      const { errors } = await post(app.url, query, {}, bearer(secret));
      expect(errors, action).toBeUndefined();
      const { data } = await post<Log>(app.url, LOG, { first: 1 }, bearer(secret));
      expect(data?.auditLog.nodes).toMatchObject([
        { action, actor: "boss", address: expect.stringContaining("127.0.0.1") },
      ]);
      if (!WITHOUT_ROWS.has(action)) expect(data?.auditLog.nodes[0]?.changes.length, action).toBeGreaterThan(0);
      else expect(data?.auditLog.nodes[0]?.changes, action).toEqual([]);
    }
  });

  it("tells who did what from where, with the rows before and after, and secrets masked", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "boss", role: "ADMIN" });
    await using app = await startService(database.url, { ...SETTINGS, WEIR_TRUST_PROXY: "1" });
    const headers = { ...bearer(secret), "x-forwarded-for": "6.6.6.6, 203.0.113.7" };
    await post(app.url, CREATE_SOURCE, { creds: { host: "db", password: "hunter2" } }, headers);
    await post(app.url, UPDATE_SOURCE, { creds: { host: "db", password: "hunter3" } }, headers);
    const { data } = await post<Log>(app.url, LOG, {}, headers);
    expect(data?.auditLog.nodes).toMatchObject([
      {
        actor: "boss",
        address: "203.0.113.7",
        action: "updateSource",
        arguments: {
          sourceName: "erp",
          input: { sourceName: "erp2", sourceCreds: { host: "db", password: "********" } },
        },
        changes: [
          {
            table: "pipeline.sources_config",
            operation: "UPDATE",
            before: { source_name: "erp", source_type: "postgres", source_creds: "********" },
            after: { source_name: "erp2", source_type: "mysql", source_creds: "********" },
          },
        ],
      },
      { action: "createSource", changes: [{ operation: "INSERT", before: null, after: { source_name: "erp" } }] },
    ]);
    expect(JSON.stringify(data)).not.toMatch(/hunter|6\.6\.6\.6/);
  });

  it("has nothing of what was refused or came to nothing", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "boss", role: "ADMIN" });
    const worker = await makeToken(database, { name: "worker", role: "WORKER" });
    await using app = await startService(database.url, SETTINGS);
    const query = 'mutation { deletePipeline(sourceTablename: "none") }';
    expect((await post(app.url, query, {}, bearer(worker.secret))).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
    expect((await post(app.url, query, {}, bearer(secret))).errors?.[0]?.extensions.code).toBe("NOT_FOUND");
    const { data } = await post<Log>(app.url, LOG, {}, bearer(secret));
    expect(data?.auditLog.nodes).toEqual([]);
  });

  it("is paged, and filtered by actor, action and time", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, SETTINGS);
    for (const name of ["a", "b", "c"]) {
      await ask(app.url, `mutation { createPipeline(input: { sourceTablename: "${name}" }) { sourceTablename } }`);
    }
    await ask(app.url, 'mutation { deletePipeline(sourceTablename: "b") }');
    const first = await ask<Log>(app.url, LOG, { first: 3 });
    const rest = await ask<Log>(app.url, LOG, { first: 3, after: first.auditLog.pageInfo.endCursor });
    expect([...first.auditLog.nodes, ...rest.auditLog.nodes].map(({ action, actor }) => [action, actor])).toEqual([
      ["deletePipeline", null],
      ["createPipeline", null],
      ["createPipeline", null],
      ["createPipeline", null],
    ]);
    const count = async (filter: object) => (await ask<Log>(app.url, LOG, { filter })).auditLog.totalCount;
    expect(await count({ action: "createPipeline" })).toBe(3);
    expect(await count({ actor: "nobody" })).toBe(0);
    expect(await count({ before: "2000-01-01T00:00:00Z" })).toBe(0);
    expect(await count({ after: "2000-01-01T00:00:00Z" })).toBe(4);
  });

  it("is append-only in the database itself, and takes no rows of other transactions", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, SETTINGS);
    await ask(app.url, 'mutation { createPipeline(input: { sourceTablename: "a" }) { sourceTablename } }');
    for (const table of ["weir.audit", "weir.audit_change"]) {
      for (const statement of [`update ${table} set id = default`, `delete from ${table}`, `truncate ${table} cascade`])
        await expect(database.sql.unsafe(statement), statement).rejects.toThrow("append-only");
    }
    await database.sql.begin(async (sql) => {
      await sql`select set_config('weir.audit', (select max(id)::text from weir.audit), true)`;
      await sql`update pipeline.pipeline_config set sink_tablename = 'forged'`;
    });
    expect(await database.sql`select 1 from weir.audit_change where after::text like '%forged%'`).toHaveLength(0);
  });
});
