import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
const secrets = new Map<string, string>();
beforeAll(async () => {
  database = await createTestDatabase();
  const tokens: readonly Parameters<typeof makeToken>[1][] = [
    { name: "all", role: "VIEWER" },
    { name: "north", role: "VIEWER", agencySlugs: ["north"] },
    { name: "documents", role: "VIEWER", systems: ["documents"] },
  ];
  for (const token of tokens) secrets.set(token.name, (await makeToken(database, token)).secret);
  app = await startService(database.url, { WEIR_SCHEDULER: "off", WEIR_SEEDER_PARALLEL: "0" });
  await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message) values
    ('/logs/Orders.log', 'Log', 'parsed', null), ('/logs/x.log', 'Log', 'failed', 'the orders are torn'), ('/out/1.hl7', 'HL7', 'staged', null)`;
  await database.sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values ('/out/1.hl7', '/logs/Orders.log', 4)`;
  await database.sql`insert into pipeline.pipeline_config (source_tablename, sink_tablename) values ('public.orders', 'dw.sales'), ('orders', null)`;
  await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status) values ('orders', 'success')`;
  await database.sql`insert into documents.files (filehash, original_filename) values ('cafe', 'Orders of May.pdf')`;
  await database.sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query)
    values ('north_orders', 'Orders of the north', 1, 'north', 'select 1'), ('south_orders', 'Orders of the south', 2, 'south', 'select 1')`;
  await database.sql`insert into reporting.seeder_job_status (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, consecutive_failures, last_errors)
    values ('south_orders', 2, 'Orders of the south', 'custom', 2, 'south', 'error', 3, 'no column "secret"')`;
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const SEARCH =
  "query ($text: String!, $first: Int! = 50) { search(text: $text, first: $first) { topic key title message node { __typename nodeId } } }";
interface Hit {
  readonly topic: string;
  readonly key: string;
  readonly message: string | null;
  readonly node: { readonly __typename: string } | null;
}
async function hits(text: string, token = "all", first = 50): Promise<readonly Hit[]> {
  const { data, errors } = await post<{ search: Hit[] }>(
    app.url,
    SEARCH,
    { text, first },
    bearer(secrets.get(token) ?? ""),
  );
  if (data == null || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data.search;
}
const shown = (found: readonly Hit[]) => found.map(({ topic, key, node }) => [topic, key, node?.__typename ?? null]);

it("finds by name in all systems, what is named exactly first, then what is in trouble with the text in its error", async () => {
  const found = await hits("orders");
  expect(found[0]).toMatchObject({ topic: "PIPELINE", key: "orders" });
  expect(found.at(-1)).toMatchObject({ topic: "FILE_STATUS", key: "/logs/x.log", message: "the orders are torn" });
  expect(new Set(shown(found).map(String))).toEqual(
    new Set(
      [
        ["PIPELINE", "orders", "Pipeline"],
        ["PIPELINE", "public.orders", "Pipeline"],
        ["FILE_STATUS", "/logs/Orders.log", "LogFile"],
        ["FILE", "1", "File"],
        ["SEEDER_JOB", "north_orders", null],
        ["SEEDER_JOB", "south_orders", "SeederJob"],
        ["FILE_STATUS", "/logs/x.log", "LogFile"],
      ].map(String),
    ),
  );
});

it.each([
  ["/out/1.hl7", [["FILE_STATUS", "/out/1.hl7", "Hl7File"]]],
  ["/logs/O", [["FILE_STATUS", "/logs/Orders.log", "LogFile"]]],
  ["cafe", [["FILE", "1", "File"]]],
  [
    "1",
    [
      ["FILE", "1", "File"],
      ["RUN", "1", "Run"],
    ],
  ],
  ["DW.sales", [["PIPELINE", "public.orders", "Pipeline"]]],
  ["secret", [["SEEDER_JOB", "south_orders", "SeederJob"]]],
  ["nothing has this", []],
  ["%", []],
])("finds %s", async (text, expected) => {
  const found = shown(await hits(text)).filter(
    ([topic, key]) => text !== "1" || (key === "1" && topic !== "FILE_STATUS"),
  );
  expect(found.toSorted((one, other) => (String(one) < String(other) ? -1 : 1))).toEqual(expected);
});

it("tells a token nothing of other agencies and systems, not by an error's text either", async () => {
  expect((await hits("orders", "north")).map(({ key }) => key)).not.toContain("south_orders");
  expect(await hits("secret", "north")).toEqual([]);
  expect(shown(await hits("orders", "documents"))).toEqual([["FILE", "1", "File"]]);
  expect(await hits("torn", "documents")).toEqual([]);
});

it("is one statement, and refuses what is empty, too long or too many", async () => {
  await using counted = await countStatements(database.url);
  const { names } = await counted.run("query ($text: String!) { search(text: $text) { key } }", { text: "orders" });
  expect(names).toEqual(["weir.search"]);
  expect(await hits("orders", "all", 2)).toHaveLength(2);
  const code = async (variables: object) =>
    (await post(app.url, SEARCH, { ...variables }, bearer(secrets.get("all") ?? ""))).errors?.[0]?.extensions.code;
  expect(await code({ text: "  " })).toBe("BAD_USER_INPUT");
  expect(await code({ text: "x".repeat(201) })).toBe("BAD_USER_INPUT");
  expect(await code({ text: "x", first: 501 })).toBe("BAD_USER_INPUT");
});
