import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

/** Of each log its segments' statuses, one letter each; in capitals where they are of now, else of three hours ago. */
const LOGS = {
  "/logs/2026/a.log": "iiiSif",
  "/logs/2026/B.log": "ssI",
  "/logs/2026/c.log": "IIII",
  "/other/empty.log": "",
} as const;
const STATUSES: Readonly<Record<string, string>> = { i: "ingested", s: "staged", f: "failed" };

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
  for (const [log, segments] of Object.entries(LOGS)) {
    await database.sql`insert into ingest.file_statuses (file_path, type, status, processed_at)
      values (${log}, 'Log', 'parsed', now() - interval '4 hours')`;
    for (const [at, letter] of segments.split("").entries()) {
      const path = `${log}/${at}.hl7`;
      await database.sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values (${path}, ${log}, ${at})`;
      await database.sql`insert into ingest.file_statuses (file_path, type, status, processed_at)
        values (${path}, 'HL7', ${STATUSES[letter.toLowerCase()] ?? ""}, ${letter === letter.toUpperCase() ? database.sql`now()` : database.sql`now() - interval '3 hours'`})`;
    }
  }
  await database.sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values
    ('/none.hl7', '/logs/2026/c.log', 9), ('/quiet.hl7', '/quiet.log', 0)`;
  await database.sql`insert into ingest.file_statuses (file_path, type, status, processed_at)
    values ('/other/empty.log', 'Log', 'failed', now()), ('/lonely.hl7', 'HL7', 'staged', now() - interval '5 hours')`;
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const LIST = `query ($filter: LogFileFilter, $orderBy: LogFileOrder, $first: Int, $after: String) {
  logFiles(filter: $filter, orderBy: $orderBy, first: $first, after: $after) { totalCount nodes { logFilePath } pageInfo { hasNextPage endCursor } } }`;
interface List {
  readonly logFiles: {
    readonly totalCount: number;
    readonly nodes: readonly { readonly logFilePath: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}
async function logs(filter: object, orderBy: string | null = null): Promise<readonly string[]> {
  const { logFiles } = await ask<List>(app.url, LIST, { filter, orderBy });
  expect(logFiles.totalCount).toBe(logFiles.nodes.length);
  return logFiles.nodes.map(({ logFilePath }) => logFilePath);
}

describe("logs", () => {
  it.each([
    [{ hl7Status: ["FAILED"] }, ["/logs/2026/a.log"]],
    [{ hl7Status: ["FAILED", "STAGED"] }, ["/logs/2026/B.log", "/logs/2026/a.log"]],
    [{ hl7Status: [] }, []],
    [{ isStuck: true }, ["/logs/2026/B.log"]],
    [{ isStuck: false }, ["/logs/2026/a.log", "/logs/2026/c.log", "/other/empty.log", "/quiet.log"]],
    [{ search: "b.LOG" }, ["/logs/2026/B.log"]],
    [{ search: "2026", hl7Status: ["INGESTED"], pathPrefix: "/logs/2026/c" }, ["/logs/2026/c.log"]],
    [{ search: "%" }, []],
  ])("are found by what their files came to, and by a part of their path: %j", async (filter, expected) => {
    expect(await logs(filter)).toEqual(expected);
  });

  it("are sorted by what came last, page by page", async () => {
    const all = await logs({}, "RECENT_FIRST");
    expect(all[0]).toBe("/other/empty.log");
    expect(all).toHaveLength(4);
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const { logFiles }: List = await ask(app.url, LIST, { orderBy: "RECENT_FIRST", first: 1, after });
      paged.push(...logFiles.nodes.map(({ logFilePath }) => logFilePath));
      after = logFiles.pageInfo.hasNextPage ? logFiles.pageInfo.endCursor : null;
    } while (after !== null);
    expect(paged).toEqual(all);
  });

  it("tell their segments in order, and their last change, by one statement each for a page", async () => {
    await using counted = await countStatements(database.url);
    const { data, names } = await counted.run("{ logFiles { nodes { logFilePath segmentStatuses changedAt } } }");
    expect(names).toEqual(["ingest.last_changes_of_logs", "ingest.log_files", "ingest.segments_of_logs"]);
    const { nodes } = (
      data as { logFiles: { nodes: { logFilePath: string; segmentStatuses: string; changedAt: string }[] } }
    ).logFiles;
    expect(Object.fromEntries(nodes.map((node) => [node.logFilePath, node.segmentStatuses]))).toEqual({
      "/logs/2026/a.log": "I3S1I1F1",
      "/logs/2026/B.log": "S2I1",
      "/logs/2026/c.log": "I4N1",
      "/other/empty.log": "",
      "/quiet.log": "N1",
    });
    const newest =
      await database.sql`select coalesce(log_file_path, file_path) as log, to_char(max(processed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
      from ingest.files where type = 'Log' or log_file_path is not null group by 1`;
    expect(Object.fromEntries(nodes.map((node) => [node.logFilePath, node.changedAt]))).toEqual(
      Object.fromEntries(newest.map((row) => [row["log"], row["at"]])),
    );
  });
});

it("HL7 files are found by being stuck, those of no log among them", async () => {
  const QUERY =
    "query ($stuck: Boolean!) { hl7Files(filter: { isStuck: $stuck }) { totalCount nodes { hl7FilePath } } }";
  const found = async (stuck: boolean) =>
    (await ask<{ hl7Files: { nodes: { hl7FilePath: string }[] } }>(app.url, QUERY, { stuck })).hl7Files.nodes.map(
      ({ hl7FilePath }) => hl7FilePath,
    );
  const stuck = await found(true);
  expect([...stuck].toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
    "/logs/2026/B.log/0.hl7",
    "/logs/2026/B.log/1.hl7",
    "/lonely.hl7",
  ]);
  const others = await found(false);
  expect(others).toContain("/none.hl7");
  const { hl7Files } = await ask<{ hl7Files: { totalCount: number } }>(app.url, "{ hl7Files { totalCount } }");
  expect(stuck.length + others.length).toBe(hl7Files.totalCount);
});

it("a summary tells since when the oldest staged file is staged", async () => {
  const { ingestSummary, hl7File } = await ask<{
    ingestSummary: { oldestStagedAt: string };
    hl7File: { currentStatus: { processedAt: string } };
  }>(
    app.url,
    '{ ingestSummary { oldestStagedAt } hl7File(hl7FilePath: "/lonely.hl7") { currentStatus { processedAt } } }',
  );
  expect(ingestSummary.oldestStagedAt).toBe(hl7File.currentStatus.processedAt);
});
