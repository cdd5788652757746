import { isObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeNodeId } from "../../src/resolvers/nodes/ids.ts";
import { schema } from "../../src/schema/index.ts";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, update } from "../support/documents.ts";
import { createPipeline, START, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_SCHEDULER: "off",
    WEIR_SEEDER_PARALLEL: "0",
    WEIR_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
  });
  await fill();
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

async function fill(): Promise<void> {
  await ask(
    app.url,
    `mutation { recordHl7Files(input: [{ hl7FilePath: "/out/a b.hl7", logFilePath: "/in/ä.log", segmentNumber: 3 }]) { date }
      recordFileStatuses(input: [{ filePath: "/in/ä.log", type: LOG, status: PARSED }, { filePath: "/lonely.hl7", type: HL7, status: STAGED }]) { id }
      createSource(input: { sourceName: "erp", sourceType: "postgres", sourceCreds: { host: "h" } }) { id }
      createDestination(input: { destinationName: "lake", destinationType: "s3", destinationCreds: {} }) { id } }`,
  );
  await setStages(app.url);
  await createPipeline(app.url, "public.orders");
  const run = await triggerRun(app.url, "public.orders");
  await ask(app.url, START, { run, stage: 1 });
  const file = await createFile(app.url, { steps: ["check_text"] });
  await update(app.url, file, "check_text", "SUCCESS");
  await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query)
    values ('beds', 'Beds', 1, 'north', 'select 1')`;
  await database.sql`insert into reporting.seeder_canned_report (table_name, report_name, query) values ('stays', 'Stays', 'select 1')`;
  await database.sql`insert into reporting.seeder_canned_report_manifest (agency_id, agency_slug, canned_report_id) values (1, 'north', 1)`;
  await database.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
    values ('r', 1, 'beds', 'Beds', 1, 'north', 'custom', 'running')`;
}

/** One entity of each type at least, as lists and fields answer them. */
const ALL = `{
  fileStatuses { nodes { ...entity } } logFiles { nodes { ...entity } } hl7Files { nodes { ...entity } }
  pipelines { nodes { ...entity runs { nodes { ...entity stages { log { ...entity } } } } } } pipelineStages { ...entity }
  sources { ...entity } destinations { ...entity }
  files { nodes { ...entity steps { ...entity } } } processingLogs { nodes { ...entity } }
  seederJobs { nodes { ...entity } } seederRuns { nodes { ...entity } }
  customReportManifests { ...entity } cannedReports { ...entity } cannedReportManifests { ...entity } auditLog { nodes { ...entity } }
}
fragment entity on Node { __typename nodeId }`;

interface Entity {
  readonly __typename: string;
  readonly nodeId: string;
}

function entitiesIn(value: unknown): readonly Entity[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "nodeId" in value ? [value as Entity] : [];
  return [
    ...own.map(({ __typename, nodeId }) => ({ __typename, nodeId })),
    ...Object.values(value).flatMap(entitiesIn),
  ];
}

const NODES = "query ($ids: [ID!]!) { nodes(nodeIds: $ids) { __typename nodeId } }";
const NODE = "query ($id: ID!) { node(nodeId: $id) { __typename nodeId } }";
const codeOf = async (id: string, headers = {}) =>
  (await post(app.url, NODE, { id }, headers)).errors?.[0]?.extensions.code ?? null;

describe("a global id", () => {
  it("is had by every type that has an id, and an id unique within it by every type that has a global one", () => {
    // A cause has an id only for as long as somebody is in trouble by it.
    const apart = ["AttentionItem"];
    const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
    const withId = objects.filter((type) => type.getFields()["id"] !== undefined && !apart.includes(type.name));
    expect(withId.map(({ name }) => name).toSorted()).toEqual(
      objects
        .filter((type) => type.getInterfaces().some(({ name }) => name === "Node"))
        .map(({ name }) => name)
        .toSorted(),
    );
    for (const type of withId) expect(String(type.getFields()["id"]?.type), type.name).toBe("ID!");
  });

  it("finds each entity again, as what it is, in the order that was asked for", async () => {
    const entities = entitiesIn(await ask(app.url, ALL)).toReversed();
    const found = await ask(app.url, NODES, { ids: entities.map(({ nodeId }) => nodeId) });
    expect(found["nodes"]).toEqual(entities);
    const types = schema.getPossibleTypes(schema.getType("Node") as never).map(({ name }) => name);
    expect(new Set(entities.map(({ __typename }) => __typename))).toEqual(
      new Set(types.filter((name) => name !== "ApiToken")),
    );
    for (const entity of entities) expect(await ask(app.url, NODE, { id: entity.nodeId })).toEqual({ node: entity });
  });

  it("answers the fields of its type, by whatever executor", async () => {
    const query = `query ($id: ID!) { node(nodeId: $id) { nodeId ... on Hl7File { id hl7FilePath segmentNumber logFile { id date } currentStatus { status } } } }`;
    const { hl7Files } = await ask<{ hl7Files: { nodes: { id: string; nodeId: string }[] } }>(
      app.url,
      "{ hl7Files { nodes { id nodeId } } }",
    );
    expect(hl7Files.nodes.map(({ id }) => id).toSorted()).toEqual(["-1 /lonely.hl7", "3 /in/ä.log"]);
    const mapped = hl7Files.nodes.find(({ id }) => id.startsWith("3"));
    // The first two are run by graphql-js, then by compiled code.
    for (let time = 0; time < 4; time += 1) {
      expect(await ask(app.url, query, { id: mapped?.nodeId })).toEqual({
        node: {
          ...mapped,
          hl7FilePath: "/out/a b.hl7",
          segmentNumber: 3,
          logFile: { id: "/in/ä.log", date: null },
          currentStatus: null,
        },
      });
    }
  });

  it.each([
    ["no base64url", "%%%"],
    ["nothing", ""],
    ["another way to write the same bytes", `${encodeNodeId("Run", 1)}=`],
    ["no type", Buffer.from("1").toString("base64url")],
    ["a type that there is not", encodeNodeId("Nothing", 1)],
    ["a type that is no entity", encodeNodeId("PageInfo", 1)],
    ["no number where ids are numbers", encodeNodeId("Run", "one")],
    ["no segment where ids have one", encodeNodeId("Hl7File", "/in/a.log")],
    ["a character that no text may have", encodeNodeId("Pipeline", "\0")],
    ["bytes that are no text", Buffer.from([0x52, 0x3a, 0xff]).toString("base64url")],
  ])("that says %s is refused in words", async (_what, id) => {
    expect(await codeOf(id)).toBe("BAD_USER_INPUT");
  });

  it.each(["Run", "File", "CustomReportManifest", "ApiToken", "FileStatus"])(
    "of a %s that is not there is null",
    async (type) => {
      expect(await ask(app.url, NODE, { id: encodeNodeId(type, 9_007_199_254_740_991) })).toEqual({ node: null });
      expect(await ask(app.url, NODES, { ids: [encodeNodeId(type, 987_654)] })).toEqual({ nodes: [null] });
    },
  );

  it("that is wrong fails alone among others", async () => {
    const run = encodeNodeId("Run", 1);
    const { data, errors } = await post(app.url, NODES, { ids: [run, "%", run] });
    expect(data).toEqual({ nodes: [{ __typename: "Run", nodeId: run }, null, { __typename: "Run", nodeId: run }] });
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([[["nodes", 1], "BAD_USER_INPUT"]]);
  });

  it("costs one statement for each type, and is asked for as many as a page has", async () => {
    await using counted = await countStatements(database.url);
    const ids = [1, 2, 3].flatMap((id) => [
      encodeNodeId("FileStatus", id),
      encodeNodeId("Run", id),
      encodeNodeId("LogFile", `/${id}`),
    ]);
    expect((await counted.run(NODES, { ids })).names).toEqual([
      "ingest.files_by_path",
      "nodes.file_statuses",
      "runs.by_id",
    ]);
    const many = Array.from({ length: 501 }, () => "x");
    expect((await post(app.url, NODES, { ids: many })).errors?.[0]).toMatchObject({
      message: "There are 501 nodeIds; ask for at most 500 at once.",
      extensions: { code: "BAD_USER_INPUT" },
    });
  });
});

describe("of what a token may not see", () => {
  const secrets = new Map<string, string>();
  beforeAll(async () => {
    const tokens: readonly Parameters<typeof makeToken>[1][] = [
      { name: "admin", role: "ADMIN" },
      { name: "viewer", role: "VIEWER" },
      { name: "south", role: "VIEWER", agencySlugs: ["south"] },
      { name: "north", role: "VIEWER", agencySlugs: ["north"] },
      { name: "documents", role: "VIEWER", systems: ["documents"] },
    ];
    for (const token of tokens) secrets.set(token.name, (await makeToken(database, token)).secret);
  });
  const as = (name: string) => bearer(secrets.get(name) ?? "");

  it("reports of other agencies are as if they were not there", async () => {
    const ids = [
      encodeNodeId("SeederJob", "beds"),
      ...["SeederRun", "CustomReportManifest", "CannedReport", "CannedReportManifest"].map((type) =>
        encodeNodeId(type, 1),
      ),
    ];
    const seen = async (name: string) =>
      ((await post(app.url, NODES, { ids }, as(name))).data as { nodes: (Entity | null)[] }).nodes.map(
        (entity) => entity?.nodeId ?? null,
      );
    expect(await seen("viewer")).toEqual(ids);
    expect(await seen("north")).toEqual(ids);
    expect(await seen("south")).toEqual(ids.map(() => null));
  });

  it("entities of systems that are not open are forbidden, and so are an administrator's", async () => {
    expect(await codeOf(encodeNodeId("Run", 1), as("documents"))).toBe("FORBIDDEN");
    expect(await codeOf(encodeNodeId("Run", 999), as("documents"))).toBe("FORBIDDEN");
    expect(await codeOf(encodeNodeId("File", 1), as("documents"))).toBeNull();
    for (const type of ["ApiToken", "AuditEntry"]) {
      expect(await codeOf(encodeNodeId(type, 1), as("viewer")), type).toBe("FORBIDDEN");
      expect(await codeOf(encodeNodeId(type, 1), as("admin")), type).toBeNull();
    }
  });
});
