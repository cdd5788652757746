import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
/** Takes bodies of 64 MiB, so that what is too long is refused for what it is. */
let app: App;
/** With the default limits. */
let narrow: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_MAX_BODY_BYTES: String(64 * 1024 * 1024) });
  narrow = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await narrow.stop();
  await database[Symbol.asyncDispose]();
});

const ONE = `mutation ($input: FileStatusInput!, $key: String) {
  recordFileStatus(input: $input, idempotencyKey: $key) { id }
}`;
const MANY = `mutation ($input: [FileStatusInput!]!, $key: String) {
  recordFileStatuses(input: $input, idempotencyKey: $key) { id }
}`;
const HL7 = "mutation ($input: [Hl7FileInput!]!) { recordHl7Files(input: $input) { hl7FilePath } }";

const good = { filePath: "/in/20240115.log", type: "LOG", status: "PARSED" };
const goodHl7 = { hl7FilePath: "/out/1.hl7", logFilePath: "/in/20240115.log", segmentNumber: 1 };

/** Each holds what a mutation must refuse; the text is what the message must name. */
type Case = readonly [what: string, wrong: Readonly<Record<string, unknown>>, named: string | RegExp];

const NUL = "a\0b";
const LONE = "a\ud800b";
const long = (length: number) => "x".repeat(length);

const wrongStatuses: readonly Case[] = [
  ["a log that is staged", { type: "LOG", status: "STAGED" }, /status is STAGED.*LOG.*PARSED, FAILED/],
  ["a log that is ingested", { type: "LOG", status: "INGESTED" }, /status is INGESTED.*LOG.*PARSED, FAILED/],
  ["a HL7 file that is parsed", { type: "HL7", status: "PARSED" }, /status is PARSED.*HL7.*STAGED, INGESTED, FAILED/],
  ["a type that does not exist", { type: "PDF" }, /PDF/],
  ["a status that does not exist", { status: "success" }, /success/],
  ["an empty path", { filePath: "" }, /filePath is empty/],
  ["a blank path", { filePath: " \t\n" }, /filePath is empty/],
  ["a path of 4,097 characters", { filePath: long(4_097) }, /filePath is longer than 4096/],
  ["a path of 1 MB", { filePath: long(1_000_000) }, /filePath is longer than 4096/],
  ["no path", { filePath: undefined }, /filePath/],
  ["a path that is a number", { filePath: 1 }, /filePath/],
  ["a workflow of 513 characters", { workflowId: long(513) }, /workflowId is longer than 512/],
  ["an activity of 513 characters", { activityId: long(513) }, /activityId is longer than 512/],
  ["an error message of 262,145 characters", { errorMessage: long(262_145) }, /errorMessage is longer than 262144/],
  ["an instant without offset", { processedAt: "2024-01-15T08:00:00" }, /offset/],
  ["an instant of month 13", { processedAt: "2024-13-01T08:00:00Z" }, /2024-13-01/],
  ["an instant of February 30", { processedAt: "2024-02-30T08:00:00Z" }, /2024-02-30/],
  ["an instant at 24:00", { processedAt: "2024-01-15T24:00:00Z" }, /24:00/],
  ["an instant in second 60", { processedAt: "2024-01-15T23:59:60Z" }, /23:59:60/],
  ["an instant in the year 10000 by its offset", { processedAt: "9999-12-31T23:59:59-01:00" }, /years 1 to 9999/],
  ["an instant of 1 MB", { processedAt: long(1_000_000) }, /instant/],
  ["an instant that is a number", { processedAt: 1_705_305_600 }, /instant/],
  ["a field that does not exist", { file_path: "/x" }, /file_path/],
  ["a NUL in the path", { filePath: NUL }, /filePath contains a NUL/],
  ["a lone surrogate in the path", { filePath: LONE }, /filePath contains a lone surrogate/],
  ["a NUL in the error message", { errorMessage: NUL }, /errorMessage contains a NUL/],
  ["a lone surrogate in the workflow", { workflowId: LONE }, /workflowId contains a lone surrogate/],
  ["a NUL in the activity", { activityId: NUL }, /activityId contains a NUL/],
  ["a NUL in a key", { [NUL]: "x" }, /key in .*is no text/],
];

const wrongHl7: readonly Case[] = [
  ["an empty path", { hl7FilePath: "" }, /hl7FilePath is empty/],
  ["a blank log path", { logFilePath: "  " }, /logFilePath is empty/],
  ["a path of 1 MB", { hl7FilePath: long(1_000_000) }, /hl7FilePath is longer than/],
  ["a log path of 1 MB", { logFilePath: long(1_000_000) }, /logFilePath is longer than/],
  ["a negative segment", { segmentNumber: -1 }, /segmentNumber is negative/],
  ["a segment beyond 32 bits", { segmentNumber: 2 ** 31 }, /2147483648/],
  ["a segment and a half", { segmentNumber: 1.5 }, /1\.5/],
  ["February 30", { date: "2024-02-30" }, /2024-02-30/],
  ["a date with a time", { date: "2024-02-28T00:00:00Z" }, /YYYY-MM-DD/],
  ["the year 0", { date: "0000-01-01" }, /0000-01-01/],
  ["a date of 1 MB", { date: long(1_000_000) }, /YYYY-MM-DD/],
  ["a NUL in the path", { hl7FilePath: NUL }, /hl7FilePath contains a NUL/],
  ["a lone surrogate in the log path", { logFilePath: LONE }, /logFilePath contains a lone surrogate/],
];

function expectRefused(answer: Answer, named: string | RegExp, code = "BAD_USER_INPUT"): void {
  const [error, ...others] = answer.errors ?? [];
  expect(error?.message).toMatch(named);
  expect(error?.extensions.code).toBe(code);
  expect(others).toEqual([]);
  expect(answer.data ?? null).toBeNull();
  // What was sent is not sent back in full.
  expect(JSON.stringify(answer).length).toBeLessThan(9_000);
}

async function expectNothingStored(): Promise<void> {
  const [stored] = await database.sql`
    select (select count(*)::int from ingest.file_statuses) as statuses, (select count(*)::int from ingest.hl7_files) as hl7,
           (select count(*)::int from ingest.files) as files, (select count(*)::int from weir.change) as changes,
           (select count(*)::int from weir.idempotency) as keys`;
  expect(stored).toEqual({ statuses: 0, hl7: 0, files: 0, changes: 0, keys: 0 });
}

describe("recordFileStatus refuses", () => {
  it.each(wrongStatuses)("%s", async (_what, wrong, named) => {
    expectRefused(await post(app.url, ONE, { input: { ...good, ...wrong }, key: "used" }), named);
  });

  it.each([
    ["empty", ""],
    ["of 256 characters", long(256)],
    ["with a NUL", NUL],
    ["with a lone surrogate", LONE],
  ])("an idempotency key that is %s", async (_what, key) => {
    expectRefused(await post(app.url, ONE, { input: good, key }), /key/i);
    expectRefused(await post(app.url, MANY, { input: [good], key }), /key/i);
  });
});

describe("recordFileStatuses stores none of a batch and names the row when it holds", () => {
  it.each(wrongStatuses)("%s", async (_what, wrong, named) => {
    const input = [good, good, { ...good, ...wrong }, good];
    const answer = await post(app.url, MANY, { input, key: "used" });
    expectRefused(answer, named);
    expect(answer.errors?.[0]?.message).toContain("[2]");
  });

  it("several wrong rows: the first by name, the others by number", async () => {
    const wrong = { ...good, filePath: "" };
    expectRefused(await post(app.url, MANY, { input: [good, wrong, wrong, wrong] }), /input\[1\].*2 more/);
  });

  it("100,000 rows", async () => {
    const input = Array.from({ length: 100_000 }, () => good);
    expectRefused(await post(app.url, MANY, { input }), /100000 rows.*10000/);
    const answer = await post(narrow.url, MANY, { input });
    expect(answer.status).toBe(413);
    expectRefused(answer, /WEIR_MAX_BODY_BYTES/);
  });
});

describe("recordHl7Files stores none of a batch and names the row when it holds", () => {
  it.each(wrongHl7)("%s", async (_what, wrong, named) => {
    const answer = await post(app.url, HL7, {
      input: [goodHl7, { ...goodHl7, segmentNumber: 2 }, { ...goodHl7, segmentNumber: 3, ...wrong }],
    });
    expectRefused(answer, named);
    expect(answer.errors?.[0]?.message).toContain("[2]");
  });

  it("a segment twice", async () => {
    const input = [goodHl7, { ...goodHl7, segmentNumber: 2 }, { ...goodHl7, hl7FilePath: "/out/other.hl7" }];
    expectRefused(await post(app.url, HL7, { input }), /input\[0\] and input\[2\] are the same segment 1/);
  });

  it("a path that no index can hold", async () => {
    const logFilePath = randomBytes(2_048).toString("hex");
    expectRefused(
      await post(app.url, HL7, { input: [{ ...goodHl7, logFilePath }] }),
      /input\[0\].logFilePath is longer/,
    );
  });

  it("100,000 rows", async () => {
    const input = Array.from({ length: 100_000 }, (_, segmentNumber) => ({ ...goodHl7, segmentNumber }));
    expectRefused(await post(app.url, HL7, { input }), /100000 rows.*10000/);
    expect((await post(narrow.url, HL7, { input })).status).toBe(413);
  });
});

describe("a document is refused for a text in it that can't be stored", () => {
  const one = (path: string) =>
    `mutation { recordFileStatus(input: { filePath: ${path}, type: LOG, status: PARSED }) { id } }`;

  it.each([
    ["a NUL, escaped", one('"a\\u0000b"'), "GRAPHQL_VALIDATION_FAILED", /NUL/],
    ["a NUL, escaped with braces", one('"a\\u{0}b"'), "GRAPHQL_VALIDATION_FAILED", /NUL/],
    ["a NUL as it is", one('"a\0b"'), "GRAPHQL_VALIDATION_FAILED", /NUL/],
    ["a NUL in a block", one('"""a\0b"""'), "GRAPHQL_VALIDATION_FAILED", /NUL/],
    ["a lone surrogate, escaped", one('"a\\uD800b"'), "GRAPHQL_PARSE_FAILED", /D800/],
    ["a lone surrogate as it is", one('"a\ud800b"'), "GRAPHQL_PARSE_FAILED", /D800/],
    [
      "a NUL in a batch",
      'mutation { recordFileStatuses(input: [{ filePath: "a\\u0000b", type: LOG, status: PARSED }]) { id } }',
      "GRAPHQL_VALIDATION_FAILED",
      /NUL/,
    ],
    [
      "a NUL in a HL7 file",
      'mutation { recordHl7Files(input: [{ hl7FilePath: "a\\u0000b", logFilePath: "/l", segmentNumber: 1 }]) { date } }',
      "GRAPHQL_VALIDATION_FAILED",
      /NUL/,
    ],
    [
      "a NUL in a variable's default",
      'mutation ($path: String! = "a\\u0000b") { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }',
      "GRAPHQL_VALIDATION_FAILED",
      /NUL/,
    ],
    [
      "a date that is none",
      'mutation { recordHl7Files(input: [{ hl7FilePath: "/a", logFilePath: "/l", segmentNumber: 1, date: "2024-02-30" }]) { date } }',
      "GRAPHQL_VALIDATION_FAILED",
      /2024-02-30/,
    ],
  ])("%s", async (_what, query, code, named) => {
    expectRefused(await post(app.url, query), named, code);
  });
});

describe("reads refuse", () => {
  const statuses = "query ($filter: FileStatusFilter) { fileStatuses(filter: $filter) { nodes { id } } }";
  const recentLogs = "query ($filter: FileStatusFilter) { recentLogFileStatuses(filter: $filter) { nodes { id } } }";
  const recentHl7 = "query ($filter: FileStatusFilter) { recentHl7FileStatuses(filter: $filter) { nodes { id } } }";
  const logs = "query ($filter: LogFileFilter) { logFiles(filter: $filter) { nodes { logFilePath } } }";
  const hl7s = "query ($filter: Hl7FileFilter) { hl7Files(filter: $filter) { nodes { hl7FilePath } } }";

  const texts: readonly (readonly [string, string])[] = [
    ["NUL", NUL],
    ["lone surrogate", LONE],
  ];
  const filters: readonly (readonly [string, string])[] = [
    ...[statuses, recentLogs, recentHl7].flatMap((query) =>
      ["filePath", "filePathPrefix", "workflowId", "activityId"].map((field) => [field, query] as const),
    ),
    ["pathPrefix", logs],
    ["pathPrefix", hl7s],
    ["logFilePath", hl7s],
  ];

  it.each(texts)("a %s in any filter", async (_what, text) => {
    for (const [field, query] of filters) {
      expectRefused(await post(app.url, query, { filter: { [field]: text } }), new RegExp(`${field} contains a`));
    }
  });

  it.each(texts)("a %s in a path", async (_what, path) => {
    const log = "query ($path: String!) { logFile(logFilePath: $path) { date } }";
    const hl7 = "query ($path: String!) { hl7File(hl7FilePath: $path) { date } }";
    for (const query of [log, hl7]) expectRefused(await post(app.url, query, { path }), /path contains a/);
  });

  it.each(texts)("a %s in a subscription's filter or cursor", async (_what, text) => {
    const { client } = connect(app.url);
    const query =
      "subscription ($filter: FileStatusFilter, $after: Cursor) { fileStatusRecorded(filter: $filter, after: $after) { key } }";
    for (const variables of [{ filter: { filePathPrefix: text } }, { filter: { workflowId: text } }, { after: text }]) {
      const collected = collect(client, query, variables);
      await collected.ended;
      expect(collected.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    }
    await client.dispose();
  });

  const page =
    "query ($first: Int, $last: Int, $after: String, $before: String) { LIST(first: $first, last: $last, after: $after, before: $before) { pageInfo { endCursor } } }";
  const lists = ["fileStatuses", "recentLogFileStatuses", "recentHl7FileStatuses", "logFiles", "hl7Files"];
  const cursor = (...parts: readonly unknown[]) => Buffer.from(JSON.stringify(parts)).toString("base64url");

  it.each([
    ["a page of -1", { first: -1 }, /first is -1/],
    ["a page of 501", { first: 501 }, /first is 501.*500/],
    ["a last page of -1", { last: -1 }, /last is -1/],
    ["a last page of 501", { last: 501 }, /last is 501.*500/],
    ["first and last", { first: 1, last: 1 }, /not both/],
    ["last with after", { last: 1, after: "x" }, /last goes with before/],
    ["first with before", { first: 1, before: "x" }, /first goes with after/],
    ["after and before", { after: "x", before: "x" }, /not both/],
    ["a cursor that is garbage", { after: "garbage" }, /not a cursor of this list/],
    ["an empty cursor", { after: "" }, /not a cursor of this list/],
    ["a cursor that is garbage, backward", { last: 1, before: "💥" }, /not a cursor of this list/],
    ["a cursor that is a number in base64", { after: Buffer.from("1").toString("base64url") }, /not a cursor/],
    ["a cursor with other columns", { after: cursor("status", "2024-01-15T00:00:00.000000Z") }, /not a cursor/],
    ["a cursor of no instant", { after: cursor("status", "2024-13-15T00:00:00.000000Z", 1) }, /not a cursor/],
    ["a cursor of a list that does not exist", { after: cursor("nothing", 1, 2) }, /not a cursor/],
  ])("%s", async (_what, variables, named) => {
    for (const list of lists) expectRefused(await post(app.url, page.replace("LIST", list), variables), named);
  });

  it.each([
    ["a day that is not in the calendar", "fileStatuses", cursor("status", "2024-02-30T00:00:00.000000Z", 1)],
    ["the year 0", "fileStatuses", cursor("status", "0000-01-01T00:00:00.000000Z", 1)],
    ["an hour that no day has", "fileStatuses", cursor("status", "2024-02-28T24:00:01.000000Z", 1)],
    ["an id that is a text", "recentLogFileStatuses", cursor("recent", "2024-02-28T00:00:00.000000Z", "1; drop")],
    ["a date that is not in the calendar", "logFiles", cursor("log", "2024-02-31", "/x")],
    ["a text that has a NUL", "logFiles", cursor("log", "2024-02-01", "a\0b")],
    ["a text that has a lone surrogate", "logFiles", cursor("log", "2024-02-01", "a\ud800b")],
    ["a number where a text belongs", "logFiles", cursor("log", "2024-02-01", 1)],
    ["a segment beyond 32 bits", "hl7Files", cursor("hl7", "2024-02-01", "/l", 2 ** 31, "/x")],
    ["a segment below 32 bits", "hl7Files", cursor("hl7", "2024-02-01", "/l", -(2 ** 31) - 1, "/x")],
  ])("a cursor that was made by hand with %s", async (_what, list, after) => {
    expectRefused(await post(app.url, page.replace("LIST", list), { after }), /not a cursor of this list/);
  });

  it("a range of dates that is the wrong way round", async () => {
    const query = '{ ingestSummary(from: "2024-02-01", to: "2024-01-01") { stuckStaged } }';
    expectRefused(await post(app.url, query), /Swap/);
  });
});

describe("after all that was refused", () => {
  it("nothing is stored, not even a key", expectNothingStored);

  it("what is just within the limits is stored", async () => {
    const input = {
      ...good,
      filePath: `/${randomBytes(4_096).toString("base64url").slice(0, 4_095)}`,
      errorMessage: "é".repeat(262_144),
      workflowId: "𝔴".repeat(256),
      activityId: long(512),
      processedAt: "0001-01-01T00:00:00.0000001Z",
    };
    await ask(app.url, ONE, { input, key: long(255) });
    await ask(app.url, MANY, { input: Array.from({ length: 10_000 }, () => good) });
    await ask(app.url, HL7, { input: [{ ...goodHl7, segmentNumber: 2 ** 31 - 1, hl7FilePath: input.filePath }] });
    const [stored] = await database.sql`select (select count(*)::int from ingest.file_statuses) as statuses,
      (select count(*)::int from ingest.hl7_files) as hl7`;
    expect(stored).toEqual({ statuses: 10_001, hl7: 1 });
  });

  it("a cursor of one list is refused by every other", async () => {
    await ask(app.url, ONE, { input: { filePath: "/out/1.hl7", type: "HL7", status: "STAGED" } });
    await ask(app.url, HL7, { input: [goodHl7] });
    const lists = ["fileStatuses", "recentLogFileStatuses", "recentHl7FileStatuses", "logFiles", "hl7Files"];
    const cursors = new Map<string, string>();
    for (const list of lists) {
      const data = await ask<Record<string, { pageInfo: { endCursor: string } }>>(
        app.url,
        `{ ${list}(first: 1) { pageInfo { endCursor } } }`,
      );
      cursors.set(list, data[list]?.pageInfo.endCursor ?? "");
    }
    for (const list of lists) {
      const query = `query ($after: String) { ${list}(after: $after) { nodes { __typename } } }`;
      for (const [other, after] of cursors) {
        // The two lists of latest statuses have the same order.
        const isSame = other === list || (other.startsWith("recent") && list.startsWith("recent"));
        const answer = await post(app.url, query, { after });
        if (isSame) expect(answer.errors).toBeUndefined();
        else expectRefused(answer, /not a cursor of this list/);
      }
    }
  });
});
