import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, UPDATE } from "../support/documents.ts";
import { type Answer, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let id: string;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
  id = await createFile(app.url, { steps: ["hash_file"] });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const CREATE = "mutation ($input: CreateFileInput!) { createFile(input: $input) { id } }";
const INITIALIZE = "mutation ($id: ID!, $steps: [String!]) { initializeFileSteps(fileId: $id, steps: $steps) { id } }";
const UPLOADS = "mutation ($id: ID!, $to: [String!]!) { addUploadSteps(fileId: $id, destinations: $to) { id } }";
const LOG = "mutation ($input: ProcessingLogInput!) { logProcessingEvent(input: $input) { id } }";

const UNKNOWN = ["4711", "0", "-1", "1.5", "x", "", "9007199254740993", "99999999999999999999"];
const long = (length: number) => "x".repeat(length);

function expectRefused(answer: Answer, named: RegExp, code = "BAD_USER_INPUT"): void {
  expect(answer.errors, JSON.stringify(answer.data)).toHaveLength(1);
  expect(answer.errors?.[0]?.extensions.code).toBe(code);
  expect(answer.errors?.[0]?.message).toMatch(named);
}

describe("createFile refuses", () => {
  it.each([
    ["an empty hash", { filehash: "" }, /filehash is empty/],
    ["a blank hash", { filehash: " " }, /filehash is empty/],
    ["a hash of 513 characters", { filehash: long(513) }, /filehash is longer than 512/],
    ["a NUL in the name", { originalFilename: "a\0b" }, /originalFilename contains a NUL/],
    ["a name of 4,097 characters", { originalFilename: long(4_097) }, /originalFilename is longer than 4096/],
    ["a negative size", { fileSize: -1 }, /fileSize is negative/],
    ["no steps", { steps: [] }, /steps is empty/],
    ["an empty step name", { steps: ["a", ""] }, /steps\[1\] is empty/],
    ["a step of 256 characters", { steps: [long(256)] }, /steps\[0\] is longer than 255/],
    [
      "steps that are not to be initialised",
      { steps: ["a"], initializeSteps: false },
      /steps is given though initializeSteps is false/,
    ],
  ])("%s", async (_what, wrong, named) => {
    expectRefused(await post(app.url, CREATE, { input: { filehash: "abc", ...wrong } }), named);
  });
});

describe("updateStepStatus refuses", () => {
  it.each(UNKNOWN)("the unknown file %j", async (fileId) => {
    const input = { fileId, stepName: "hash_file", status: "SUCCESS" };
    expectRefused(await post(app.url, UPDATE, { input }), /There is no file/, "NOT_FOUND");
  });

  it.each([
    ["an empty step name", { stepName: "" }, /stepName is empty/],
    ["a blank step name", { stepName: " \n" }, /stepName is empty/],
    ["a step name of 256 characters", { stepName: long(256) }, /stepName is longer than 255/],
    ["a lone surrogate in the step name", { stepName: "a\ud800" }, /stepName contains a lone surrogate/],
    ["a status that does not exist", { status: "success" }, /success/],
    ["an error of 262,145 characters", { errorMessage: long(262_145) }, /errorMessage is longer than 262144/],
    ["a start without offset", { startedAt: "2024-01-15T10:00:00" }, /offset/],
    [
      "an end before the start",
      { startedAt: "2024-01-15T10:00:00Z", completedAt: "2024-01-15T10:59:59+01:00" },
      /completedAt \(2024-01-15T09:59:59\.000000Z\) is before startedAt \(2024-01-15T10:00:00\.000000Z\)/,
    ],
    [
      "an end of a step in progress",
      { status: "IN_PROGRESS", completedAt: "2024-01-15T10:00:00Z" },
      /completedAt goes with SUCCESS, FAILURE and SKIPPED/,
    ],
    [
      "a start of a step that has not begun",
      { status: "PENDING", startedAt: "2024-01-15T10:00:00Z" },
      /startedAt goes with/,
    ],
  ])("%s", async (_what, wrong, named) => {
    const input = { fileId: id, stepName: "hash_file", status: "SUCCESS", ...wrong };
    expectRefused(await post(app.url, UPDATE, { input }), named);
  });

  it("an idempotency key that is empty", async () => {
    const input = { fileId: id, stepName: "hash_file", status: "SUCCESS" };
    expectRefused(await post(app.url, UPDATE, { input, key: "" }), /idempotencyKey has 1 to 255/);
  });
});

describe("initializeFileSteps and addUploadSteps refuse", () => {
  it.each(UNKNOWN)("the unknown file %j", async (unknown) => {
    expectRefused(await post(app.url, INITIALIZE, { id: unknown }), /There is no file/, "NOT_FOUND");
    expectRefused(await post(app.url, UPLOADS, { id: unknown, to: ["s3"] }), /There is no file/, "NOT_FOUND");
  });

  it("an empty list, an empty name", async () => {
    expectRefused(await post(app.url, INITIALIZE, { id, steps: [] }), /steps is empty/);
    expectRefused(await post(app.url, INITIALIZE, { id, steps: ["a", " "] }), /steps\[1\] is empty/);
    expectRefused(await post(app.url, UPLOADS, { id, to: [] }), /destinations is empty; name at least one/);
  });

  it.each(["", " ", "my drive", "o'brien", 'a"b', "a\nb", "../etc", "a/b", "-x", "a;b", long(101)])(
    "the destination %j",
    async (destination) => {
      expectRefused(await post(app.url, UPLOADS, { id, to: ["s3", destination] }), /destinations\[1\] is/);
    },
  );
});

describe("logProcessingEvent refuses", () => {
  it.each(UNKNOWN)("the unknown file %j", async (fileId) => {
    expectRefused(await post(app.url, LOG, { input: { fileId } }), /There is no file/, "NOT_FOUND");
  });

  it("an empty step name, an instant that is none", async () => {
    expectRefused(await post(app.url, LOG, { input: { stepName: "" } }), /stepName is empty/);
    expectRefused(await post(app.url, LOG, { input: { timestamp: "yesterday" } }), /yesterday/);
  });
});

describe("reads", () => {
  it("answer null for an id that is none", async () => {
    for (const unknown of UNKNOWN) {
      const answer = await post(app.url, "query ($id: ID!) { file(id: $id) { id } }", { id: unknown });
      expect(answer).toMatchObject({ data: { file: null } });
    }
  });

  it("refuse a filter by an id that is none, in lists and in subscriptions", async () => {
    const query = "query ($filter: ProcessingLogFilter) { processingLogs(filter: $filter) { nodes { id } } }";
    expectRefused(await post(app.url, query, { filter: { fileId: "x" } }), /filter\.fileId is "x"/);
    const { client } = connect(app.url);
    for (const field of ["fileStepChanged(fileId: $id)", "processingLogAdded(fileId: $id)", "fileChanged(id: $id)"]) {
      const collected = collect(client, `subscription ($id: ID) { ${field} { key } }`, { id: "x" });
      await collected.ended;
      expect(collected.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    }
    await client.dispose();
  });

  it("refuse a cursor of another list", async () => {
    const cursor = Buffer.from(JSON.stringify(["status", "2024-01-15T00:00:00.000000Z", 1])).toString("base64url");
    for (const list of ["files(after: $after)", "processingLogs(after: $after)"]) {
      const query = `query ($after: String) { ${list} { pageInfo { endCursor } } }`;
      expectRefused(await post(app.url, query, { after: cursor }), /not a cursor of this list/);
    }
    const query =
      "query ($id: ID!, $after: String) { file(id: $id) { logs(after: $after) { pageInfo { endCursor } } } }";
    expectRefused(await post(app.url, query, { id, after: cursor }), /not a cursor of this list/);
  });
});

describe("after all that was refused", () => {
  it("nothing is stored", async () => {
    const [stored] = await database.sql`select
      (select count(*)::int from documents.files) as files, (select count(*)::int from documents.file_processing_steps) as steps,
      (select count(*)::int from documents.processing_logs) as logs, (select count(*)::int from weir.idempotency) as keys`;
    // The file that the tests are about, and its steps.
    expect(stored).toEqual({ files: 1, steps: 1, logs: 0, keys: 0 });
  });
});
