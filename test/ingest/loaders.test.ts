import { describe, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

const LOGS = `query ($first: Int) {
  logFiles(first: $first) {
    nodes {
      logFilePath date
      currentStatus { status processedAt }
      hl7FileCounts { staged ingested failed total }
      statuses(first: 3) { nodes { id status } }
      hl7Files(first: 5) { nodes { hl7FilePath currentStatus { status } logFile { logFilePath } } }
    }
    totalCount
  }
  ingestSummary { hl7Files { total } stuckStaged }
}`;

async function fill(url: string, logs: number, filesEach: number): Promise<void> {
  const paths = Array.from({ length: logs }, (_, at) => `/logs/20240115_${String(at).padStart(3, "0")}.log`);
  await ask(url, "mutation ($input: [FileStatusInput!]!) { recordFileStatuses(input: $input) { id } }", {
    input: paths.flatMap((filePath) => [
      { filePath, type: "LOG", status: "FAILED" },
      { filePath, type: "LOG", status: "PARSED" },
      ...Array.from({ length: filesEach }, (_, n) => ({
        filePath: `${filePath}_${n}`,
        type: "HL7",
        status: n % 3 === 0 ? "FAILED" : "STAGED",
      })),
    ]),
  });
  await ask(url, "mutation ($input: [Hl7FileInput!]!) { recordHl7Files(input: $input) { hl7FilePath } }", {
    input: paths.flatMap((logFilePath) =>
      Array.from({ length: filesEach }, (_, segmentNumber) => ({
        hl7FilePath: `${logFilePath}_${segmentNumber}`,
        logFilePath,
        segmentNumber,
      })),
    ),
  });
}

describe("a page of logs with everything below it", () => {
  it("costs the same few SQL statements for 100 logs as for one", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    await fill(app.url, 100, 8);
    await using counted = await countStatements(database.url);
    const one = await counted.run(LOGS, { first: 1 });
    const hundred = await counted.run(LOGS, { first: 100 });
    expect(hundred.names).toEqual(one.names);
    expect(hundred.names).toMatchInlineSnapshot(`
      [
        "ingest.count_log_files",
        "ingest.files_by_path",
        "ingest.hl7_counts_of_logs",
        "ingest.hl7_files_of_logs",
        "ingest.log_files",
        "ingest.statuses_of_files",
        "ingest.stuck_staged",
        "ingest.summary",
      ]
    `);
    const { logFiles } = hundred.data as {
      logFiles: {
        totalCount: number;
        nodes: {
          logFilePath: string;
          currentStatus: { status: string };
          hl7FileCounts: object;
          hl7Files: { nodes: { hl7FilePath: string; currentStatus: { status: string }; logFile: object }[] };
        }[];
      };
    };
    expect(logFiles.totalCount).toBe(100);
    expect(logFiles.nodes).toHaveLength(100);
    for (const { logFilePath, currentStatus, hl7FileCounts, hl7Files } of logFiles.nodes) {
      expect(currentStatus.status).toBe("PARSED");
      expect(hl7FileCounts).toEqual({ staged: 5, ingested: 0, failed: 3, total: 8 });
      expect(hl7Files.nodes.map(({ hl7FilePath }) => hl7FilePath)).toEqual(
        [0, 1, 2, 3, 4].map((n) => `${logFilePath}_${n}`),
      );
      expect(hl7Files.nodes[0]).toMatchObject({ currentStatus: { status: "FAILED" }, logFile: { logFilePath } });
    }
  });
});

const FILES = `query ($first: Int) {
  files(first: $first) {
    nodes {
      id overallStatus { status } stepSummary { main { total } }
      steps { stepName status file { id } }
      logs(first: 3) { nodes { status } }
    }
    totalCount
  }
  fileStatusCounts { status count }
}`;

describe("a page of documents with everything below it", () => {
  it("costs the same few SQL statements for 100 files as for one", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    await sql`insert into documents.files (filehash) select 'h' || n from generate_series(1, 100) n`;
    await sql`insert into documents.file_processing_steps (file_id, step_name, status)
      select f.id, 'step_' || n, 'success' from documents.files f, generate_series(1, 5) n`;
    await sql`insert into documents.processing_logs (file_id, step_name, status)
      select s.file_id, s.step_name, s.status from documents.file_processing_steps s`;
    await using counted = await countStatements(database.url);
    const one = await counted.run(FILES, { first: 1 });
    const hundred = await counted.run(FILES, { first: 100 });
    expect(hundred.names).toEqual(one.names);
    expect(hundred.names).toMatchInlineSnapshot(`
      [
        "documents.count_files",
        "documents.file_counts",
        "documents.files",
        "documents.files_by_id",
        "documents.logs_of_files",
        "documents.steps_of_files",
      ]
    `);
    const { files } = hundred.data as {
      files: { nodes: { id: string; overallStatus: object; steps: { file: object }[]; logs: { nodes: object[] } }[] };
    };
    expect(files.nodes).toHaveLength(100);
    for (const { id, overallStatus, steps, logs } of files.nodes) {
      expect(overallStatus).toEqual({ status: "COMPLETED" });
      expect(steps).toHaveLength(5);
      expect(steps[4]).toEqual({ stepName: "step_5", status: "SUCCESS", file: { id } });
      expect(logs.nodes).toHaveLength(3);
    }
    expect((await ask(app.url, "{ fileStatusCounts { count } }"))["fileStatusCounts"]).toContainEqual({ count: 100 });
  });
});

describe("loaders in a subscription", () => {
  it("answer each event with the rows as they are, not as an earlier event found them (the DataLoader trap)", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client } = connect(app.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const query = `subscription ($after: Cursor) { changes(topics: [HL7_FILE], after: $after) {
      ... on Hl7FileChange { hl7File { currentStatus { status } } } } }`;
    const seen = collect<{ hl7File: { currentStatus: { status: string } | null } }>(client, query, {
      after: liveCursor,
    });
    for (const [at, status] of ["STAGED", "INGESTED", "FAILED"].entries()) {
      await ask(
        app.url,
        `mutation { recordFileStatus(input: { filePath: "/f", type: HL7, status: ${status} }) { id } }`,
      );
      await ask(
        app.url,
        `mutation { recordHl7Files(input: [{ hl7FilePath: "/f", logFilePath: "/l", segmentNumber: ${at} }]) { hl7FilePath } }`,
      );
      await seen.until((items) => items.length === at + 1);
    }
    expect(seen.items.map(({ hl7File }) => hl7File.currentStatus?.status)).toEqual(["STAGED", "INGESTED", "FAILED"]);
    await client.dispose();
  });
});
