import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

describe("words of programs", () => {
  const LIST = `{ fileStatuses { nodes { filePath type typeText status statusText } totalCount }
    recentHl7FileStatuses { nodes { filePath status } } ingestSummary { hl7Files { staged ingested unknown total } } liveCursor }`;

  it("that mean none of ours are UNKNOWN beside the stored word, and blank nothing around them", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client } = connect(app.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values
      ('/a', 'HL7', 'staged'), ('/b', 'hl7', 'STAGED'), ('/c', 'HL7', 'Success'), ('/d', 'HL7', 'queued'), ('/e', 'Pdf', 'read')`;
    const answer = await ask<Record<string, { nodes: object[]; totalCount: number }>>(app.url, LIST);
    expect(answer["fileStatuses"]?.nodes).toEqual([
      { filePath: "/e", type: "UNKNOWN", typeText: "Pdf", status: "UNKNOWN", statusText: "read" },
      { filePath: "/d", type: "HL7", typeText: "HL7", status: "UNKNOWN", statusText: "queued" },
      { filePath: "/c", type: "HL7", typeText: "HL7", status: "INGESTED", statusText: "Success" },
      { filePath: "/b", type: "HL7", typeText: "hl7", status: "STAGED", statusText: "STAGED" },
      { filePath: "/a", type: "HL7", typeText: "HL7", status: "STAGED", statusText: "staged" },
    ]);
    expect(answer["recentHl7FileStatuses"]?.nodes.toReversed()).toEqual([
      { filePath: "/a", status: "STAGED" },
      { filePath: "/b", status: "STAGED" },
      { filePath: "/c", status: "INGESTED" },
      { filePath: "/d", status: "UNKNOWN" },
    ]);
    expect(answer["ingestSummary"]).toEqual({ hl7Files: { staged: 2, ingested: 1, unknown: 1, total: 4 } });

    const paths = async (filter: object) =>
      (
        await ask<{ fileStatuses: { nodes: { filePath: string }[]; totalCount: number } }>(
          app.url,
          "query ($filter: FileStatusFilter) { fileStatuses(filter: $filter) { nodes { filePath } totalCount } }",
          { filter },
        )
      ).fileStatuses.nodes.map(({ filePath }) => filePath);
    expect(await paths({ status: ["UNKNOWN"] })).toEqual(["/e", "/d"]);
    expect(await paths({ type: "UNKNOWN" })).toEqual(["/e"]);
    expect(await paths({ status: ["STAGED"] })).toEqual(["/b", "/a"]);

    const seen = collect<{ cursor: string; fileStatus: { status: string; statusText: string } }>(
      client,
      `subscription ($after: Cursor, $filter: FileStatusFilter) {
        fileStatusRecorded(after: $after, filter: $filter) { cursor fileStatus { status statusText } } }`,
      { after: liveCursor, filter: { status: ["UNKNOWN"] } },
    );
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/d', 'HL7', 'held')`;
    await seen.until((items) => items.length === 3);
    expect(seen.items.map(({ fileStatus }) => fileStatus)).toEqual([
      { status: "UNKNOWN", statusText: "queued" },
      { status: "UNKNOWN", statusText: "read" },
      { status: "UNKNOWN", statusText: "held" },
    ]);
    expect(seen.errors).toEqual([]);
    await client.dispose();
  });

  it("are refused as input where they are UNKNOWN, and nothing is stored", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    for (const input of [
      { filePath: "/a", type: "UNKNOWN", status: "STAGED" },
      { filePath: "/a", type: "HL7", status: "UNKNOWN" },
    ]) {
      const { errors } = await post(
        app.url,
        "mutation ($input: FileStatusInput!) { recordFileStatus(input: $input) { id } }",
        { input },
      );
      expect(errors?.[0]).toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
      expect(errors?.[0]?.message).toMatch(/can't be reported as UNKNOWN; report one of/);
    }
    expect(await database.sql`select 1 from ingest.file_statuses`).toHaveLength(0);
  });

  it("for a time beyond what JSON can say harm nothing around them", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    await database.sql`insert into ingest.file_statuses (file_path, type, status, processed_at) values
      ('/a', 'Log', 'parsed', 'infinity'), ('/b', 'Log', 'parsed', '12024-02-29'), ('/e', 'Log', 'parsed', '0044-03-15 BC'), ('/c', 'Log', 'parsed', '-infinity'),
      ('/d', 'Log', 'parsed', '2024-01-15')`;
    const pages: object[] = [];
    for (let after: string | null = null; ; ) {
      const page: {
        recentLogFileStatuses: { nodes: object[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      } = await ask(
        app.url,
        `query ($after: String) { recentLogFileStatuses(first: 1, after: $after) {
            nodes { filePath processedAt } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      pages.push(...page.recentLogFileStatuses.nodes);
      if (!page.recentLogFileStatuses.pageInfo.hasNextPage) break;
      after = page.recentLogFileStatuses.pageInfo.endCursor;
    }
    expect(pages).toEqual([
      { filePath: "/a", processedAt: "9999-12-31T23:59:59.999999Z" },
      { filePath: "/b", processedAt: "9999-12-31T23:59:59.999999Z" },
      { filePath: "/d", processedAt: "2024-01-15T00:00:00.000000Z" },
      { filePath: "/e", processedAt: "0001-01-01T00:00:00.000000Z" },
      { filePath: "/c", processedAt: "0001-01-01T00:00:00.000000Z" },
    ]);
  });
});

describe("a HL7 file", () => {
  const COUNTS = `query ($log: String!) { logFile(logFilePath: $log) { date hl7FileCounts { total staged failed withoutLog }
    hl7Files { nodes { hl7FilePath segmentNumber } totalCount } } }`;
  const FILE = `query ($path: String!) { hl7File(hl7FilePath: $path) {
    logFilePath segmentNumber currentStatus { status } others { logFilePath segmentNumber currentStatus { status } } } }`;

  it("of two logs is counted by each, answered as the one that was mapped last, and lists the other", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    await sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values ('S', 'LA', 0)`;
    await sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values ('S', 'LB', 3)`;
    await sql`insert into ingest.file_statuses (file_path, type, status) values ('S', 'HL7', 'failed')`;
    for (const [log, segmentNumber] of [
      ["LA", 0],
      ["LB", 3],
    ]) {
      expect(await ask(app.url, COUNTS, { log })).toEqual({
        logFile: {
          date: null,
          hl7FileCounts: { total: 1, staged: 0, failed: 1, withoutLog: 0 },
          hl7Files: { nodes: [{ hl7FilePath: "S", segmentNumber }], totalCount: 1 },
        },
      });
    }
    const failed = { currentStatus: { status: "FAILED" } };
    expect(await ask(app.url, FILE, { path: "S" })).toEqual({
      hl7File: {
        logFilePath: "LB",
        segmentNumber: 3,
        ...failed,
        others: [{ logFilePath: "LA", segmentNumber: 0, ...failed }],
      },
    });
    expect(
      await ask(app.url, "{ ingestSummary { hl7Files { total failed withoutLog } } hl7Files { totalCount } }"),
    ).toEqual({ ingestSummary: { hl7Files: { total: 1, failed: 1, withoutLog: 0 } }, hl7Files: { totalCount: 2 } });

    // A re-extraction of LA gives its segment another path.
    await sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values ('T', 'LA', 0)
      on conflict (log_file_path, segment_number) do update set hl7_file_path = excluded.hl7_file_path`;
    expect(await ask(app.url, FILE, { path: "S" })).toEqual({
      hl7File: { logFilePath: "LB", segmentNumber: 3, ...failed, others: [] },
    });
    // And LB another one: S is there by its status alone.
    await sql`update ingest.hl7_files set hl7_file_path = 'T' where log_file_path = 'LB'`;
    expect(await ask(app.url, FILE, { path: "S" })).toEqual({
      hl7File: { logFilePath: "", segmentNumber: -1, ...failed, others: [] },
    });
    expect(await ask(app.url, FILE, { path: "T" })).toEqual({
      hl7File: {
        logFilePath: "LB",
        segmentNumber: 3,
        currentStatus: null,
        others: [{ logFilePath: "LA", segmentNumber: 0, currentStatus: null }],
      },
    });
    await sql`delete from ingest.hl7_files`;
    expect(await ask(app.url, FILE, { path: "T" })).toEqual({ hl7File: null });
    expect(
      await ask(app.url, "{ ingestSummary { hl7Files { total failed withoutLog } } hl7Files { totalCount } }"),
    ).toEqual({ ingestSummary: { hl7Files: { total: 1, failed: 1, withoutLog: 1 } }, hl7Files: { totalCount: 1 } });
  });

  it("of no log counts in the summary, the overview, the lists and among the failures", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    await database.sql`insert into ingest.file_statuses (file_path, type, status)
      select '/f/' || i, 'HL7', case when i <= 3 then 'failed' else 'staged' end from generate_series(1, 200) i`;
    await ask(app.url, "mutation ($input: [Hl7FileInput!]!) { recordHl7Files(input: $input) { hl7FilePath } }", {
      input: [{ hl7FilePath: "/f/1", logFilePath: "/l/20240115.log", segmentNumber: 0 }],
    });
    const counts = "hl7Files { total failed staged withoutLog }";
    const answer = await ask(
      app.url,
      `{ ingestSummary { ${counts} byDate { date ${counts} } }
         overview { ingest { ${counts} } recentFailures { key } }
         hl7Files { totalCount } without: hl7Files(filter: { withoutLog: true, status: [FAILED] }) { nodes { hl7FilePath } }
         recentHl7FileStatuses { totalCount } }`,
    );
    const total = { total: 200, failed: 3, staged: 197, withoutLog: 199 };
    expect(answer).toMatchObject({
      ingestSummary: {
        hl7Files: total,
        byDate: [{ date: "2024-01-15", hl7Files: { total: 1, failed: 1, staged: 0, withoutLog: 0 } }],
      },
      overview: { ingest: { hl7Files: total } },
      hl7Files: { totalCount: 200 },
      recentHl7FileStatuses: { totalCount: 200 },
    });
    expect(answer["without"]).toEqual({ nodes: [{ hl7FilePath: "/f/2" }, { hl7FilePath: "/f/3" }] });
    const { recentFailures } = answer["overview"] as { recentFailures: { key: string }[] };
    expect(recentFailures.map(({ key }) => key).toSorted()).toEqual(["/f/1", "/f/2", "/f/3"]);
  });

  it("has the date that was reported for its log, also where that came later, and counts under one day with it", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const record = (input: object[]) =>
      ask(app.url, "mutation ($input: [Hl7FileInput!]!) { recordHl7Files(input: $input) { date } }", { input });
    const log = "/logs/20240115_x.log";
    const days = async () =>
      (
        await ask<{ ingestSummary: { byDate: object[] } }>(
          app.url,
          "{ ingestSummary { byDate { date logFiles { total } hl7Files { total } } } }",
        )
      ).ingestSummary.byDate;
    expect(await record([{ hl7FilePath: "/s/0", logFilePath: log, segmentNumber: 0 }])).toEqual({
      recordHl7Files: [{ date: "2024-01-15" }],
    });
    await record([{ hl7FilePath: "/s/1", logFilePath: log, segmentNumber: 1, date: "2021-03-04" }]);
    expect(await days()).toEqual([{ date: "2021-03-04", logFiles: { total: 1 }, hl7Files: { total: 2 } }]);
    // Without one, it is known by now.
    expect(await record([{ hl7FilePath: "/s/2", logFilePath: log, segmentNumber: 2 }])).toEqual({
      recordHl7Files: [{ date: "2021-03-04" }],
    });
    expect(await days()).toEqual([{ date: "2021-03-04", logFiles: { total: 1 }, hl7Files: { total: 3 } }]);

    const plain = [{ hl7FilePath: "/p/0", logFilePath: "/logs/plain.log", segmentNumber: 0 }];
    expect(await record(plain)).toEqual({ recordHl7Files: [{ date: null }] });
    await record([{ ...plain[0], date: "2021-03-05" }]);
    expect(await days()).toEqual([
      { date: "2021-03-04", logFiles: { total: 1 }, hl7Files: { total: 3 } },
      { date: "2021-03-05", logFiles: { total: 1 }, hl7Files: { total: 1 } },
    ]);
  });
});

describe("two writers of one file, the second of which commits first", () => {
  it.each([
    ["is older", "2024-01-15T08:00:00Z", "2024-01-15T09:00:00Z", "INGESTED"],
    ["is newer", "2024-01-15T09:00:00Z", "2024-01-15T08:00:00Z", "STAGED"],
  ])("tell one story live, resumed and in the state, where the first %s", async (_what, first, second, end) => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    const { client } = connect(app.url);
    const SUBSCRIPTION = `subscription ($after: Cursor) {
      fileStatusRecorded(after: $after) { isCurrent fileStatus { status } } }`;
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    type Change = { isCurrent: boolean; fileStatus: { status: string } };
    const live = collect<Change>(client, SUBSCRIPTION, { after: liveCursor });
    const release = Promise.withResolvers<void>();
    const open = Promise.withResolvers<void>();
    const holding = sql.begin(async (tx) => {
      await tx`insert into ingest.file_statuses (file_path, type, status, processed_at) values ('/p', 'HL7', 'staged', ${first})`;
      open.resolve();
      await release.promise;
    });
    await open.promise;
    await sql`insert into ingest.file_statuses (file_path, type, status, processed_at) values ('/p', 'HL7', 'ingested', ${second})`;
    // It is there, and not yet told of: what the first one will say of the same file is not known.
    await sleep(50);
    expect(live.items).toEqual([]);
    release.resolve();
    await holding;
    await live.until((items) => items.length === 2);
    const resumed = collect<Change>(client, SUBSCRIPTION, { after: liveCursor });
    await resumed.until((items) => items.length === 2);
    expect(resumed.items).toEqual(live.items);
    expect(live.items.filter(({ isCurrent }) => isCurrent).at(-1)?.fileStatus.status).toBe(end);
    const { recentHl7FileStatuses } = await ask<{ recentHl7FileStatuses: { nodes: object[] } }>(
      app.url,
      "{ recentHl7FileStatuses { nodes { status } } }",
    );
    expect(recentHl7FileStatuses.nodes).toEqual([{ status: end }]);
    await client.dispose();
  });
});

describe("a program by SQL", () => {
  it("may truncate the mappings: each is announced as deleted, and the state knows", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    await sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number)
      select '/f/' || i % 4, '/l.log', i from generate_series(0, 5) i`;
    await sql`insert into ingest.file_statuses (file_path, type, status) values ('/f/0', 'HL7', 'staged')`;
    await sql`truncate ingest.hl7_files`;
    expect(
      await ask(
        app.url,
        `{ hl7Files { nodes { hl7FilePath logFilePath } } ingestSummary { hl7Files { total withoutLog } } logFiles { totalCount } }`,
      ),
    ).toEqual({
      hl7Files: { nodes: [{ hl7FilePath: "/f/0", logFilePath: "" }] },
      ingestSummary: { hl7Files: { total: 1, withoutLog: 1 } },
      logFiles: { totalCount: 1 },
    });
    const gone = await sql`select "row" ->> 'segment_number' as segment from weir.change
      where topic = 'HL7_FILE' and operation = 'DELETE' order by seq`;
    expect(gone.map((row) => row["segment"])).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  it("may commit in two phases, with the doorbell left out, and is heard of", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    if ((await sql`show max_prepared_transactions`)[0]?.["max_prepared_transactions"] === "0") {
      throw new Error("the test's server allows no prepared transactions");
    }
    const { client } = connect(app.url);
    const seen = collect(client, "subscription { fileStatusRecorded { key } }");
    await ask(app.url, "mutation ($i: FileStatusInput!) { recordFileStatus(input: $i) { id } }", {
      i: { filePath: "/first", type: "HL7", status: "STAGED" },
    });
    const session = await sql.reserve();
    const name = `weir_${database.name}`;
    await session`set weir.doorbell = 'off'`;
    await session`begin`;
    await session`insert into ingest.file_statuses (file_path, type, status) values ('/prepared', 'HL7', 'staged')`;
    await session.unsafe(`prepare transaction '${name}'`);
    await session.unsafe(`commit prepared '${name}'`);
    session.release();
    await seen.until((items) => items.some((item) => item["key"] === "/prepared"));
    await client.dispose();
  });

  it("finds a path by an index in every table and view, and a date", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      for (const query of [
        "select * from ingest.file_statuses where file_path = '/p'",
        "select * from ingest.hl7_files where hl7_file_path = '/p'",
        "select * from ingest.hl7_files where date = '2024-01-15'",
        "select * from ingest.recent_hl7_file_statuses where file_path = '/p'",
        "select * from ingest.recent_log_file_statuses where file_path = '/p'",
      ]) {
        const plan = (await tx.unsafe(`explain ${query}`)).map((row) => String(row["QUERY PLAN"])).join("\n");
        expect(plan, query).toMatch(/Index Cond: \(+(?:hl7_)?(?:file_path|date) = /);
      }
    });
  });
});

it("takes a batch of 10,000 realistic rows under the default limits", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const input = Array.from({ length: 10_000 }, (_, at) => ({
    filePath: `s3://clinic-lake/hl7/2024/01/15/20240115_radiology_${String(at).padStart(6, "0")}.hl7`,
    type: "HL7",
    status: "STAGED",
    workflowId: "ingest-hl7-log-5f1c2b7e-2024-01-15",
    activityId: `split-${at}`,
  }));
  const answer = await ask<{ recordFileStatuses: object[] }>(
    app.url,
    "mutation ($input: [FileStatusInput!]!) { recordFileStatuses(input: $input) { id } }",
    { input },
  );
  expect(answer.recordFileStatuses).toHaveLength(10_000);
});

it("refuses a time far in the future, which would stay the latest status whatever comes", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, { WEIR_MAX_CLOCK_AHEAD_MINUTES: "5" });
  const record = (processedAt: string) =>
    post(app.url, "mutation ($input: FileStatusInput!) { recordFileStatus(input: $input) { id } }", {
      input: { filePath: "/f", type: "HL7", status: "STAGED", processedAt },
    });
  expect((await record("2099-01-01T00:00:00Z")).errors).toMatchObject([
    { message: expect.stringContaining("WEIR_MAX_CLOCK_AHEAD_MINUTES"), extensions: { code: "BAD_USER_INPUT" } },
  ]);
  expect((await record(new Date(Date.now() + 60_000).toISOString())).errors).toBeUndefined();
});
