import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isUploadStep, MAIN_PROCESSING_STEPS } from "../../src/db/documents/tables.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, logsOf, overallOf, type Step, stepsOf, UPDATE, update } from "../support/documents.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
/** Another instance on the same database. */
let other: App;
beforeAll(async () => {
  database = await createTestDatabase();
  [app, other] = await Promise.all([startService(database.url), startService(database.url)]);
});
afterAll(async () => {
  await Promise.all([app.stop(), other.stop()]);
  await database[Symbol.asyncDispose]();
});

const ADD_UPLOADS = `mutation ($id: ID!, $to: [String!]!) {
  addUploadSteps(fileId: $id, destinations: $to) { stepName kind status }
}`;
const INITIALIZE =
  "mutation ($id: ID!, $steps: [String!]) { initializeFileSteps(fileId: $id, steps: $steps) { id stepName } }";

const zero = { inProgress: 0, success: 0, failure: 0, skipped: 0 };

it("an end that a worker's slow clock puts before its start is taken as the start, and the history says so", async () => {
  const id = await createFile(app.url, { steps: ["hash_file"] });
  await update(app.url, id, "hash_file", "IN_PROGRESS", { startedAt: "2024-01-15T10:00:00Z" });
  const done = await update(app.url, id, "hash_file", "SUCCESS", {
    completedAt: "2024-01-15T09:59:57Z",
    detail: "12 pages",
  });
  expect(done).toMatchObject({
    status: "SUCCESS",
    startedAt: "2024-01-15T10:00:00.000000Z",
    completedAt: "2024-01-15T10:00:00.000000Z",
  });
  expect((await logsOf(app.url, id)).at(-1)?.detail).toBe(
    "12 pages (Its end was reported as 2024-01-15T09:59:57.000000Z, before its start: the clock of the worker is behind.)",
  );
});

describe("the workflow of the seed document", () => {
  it("goes from the upload of a file to its timeline", async () => {
    const id = await createFile(app.url);
    const created = await stepsOf(app.url, id);
    expect(created.map(({ stepName }) => stepName)).toEqual([...MAIN_PROCESSING_STEPS]);
    expect(created.every(({ status, kind }) => status === "PENDING" && kind === "MAIN")).toBe(true);
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({
      status: "PENDING",
      totalSteps: 8,
      pendingSteps: 8,
    });

    const { addUploadSteps } = await ask<{ addUploadSteps: Step[] }>(app.url, ADD_UPLOADS, {
      id,
      to: ["dropbox", "s3", "nextcloud"],
    });
    expect(addUploadSteps.map(({ stepName }) => stepName)).toEqual(
      ["dropbox", "s3", "nextcloud"].flatMap((to) => [`queue_${to}`, `upload_to_${to}`]),
    );
    expect(addUploadSteps.every(({ status, kind }) => status === "PENDING" && kind === "UPLOAD")).toBe(true);

    for (const step of MAIN_PROCESSING_STEPS.slice(0, 3)) {
      await update(app.url, id, step, "IN_PROGRESS", { message: "Starting..." });
      await update(app.url, id, step, "SUCCESS", { message: "Completed successfully" });
    }
    await update(app.url, id, "extract_text", "IN_PROGRESS");
    await update(app.url, id, "queue_dropbox", "SUCCESS");
    await update(app.url, id, "upload_to_dropbox", "SUCCESS");
    expect(await overallOf(app.url, id)).toEqual({
      overallStatus: {
        status: "PROCESSING",
        hasErrors: false,
        totalSteps: 14,
        completedSteps: 5,
        failedSteps: 0,
        inProgressSteps: 1,
        pendingSteps: 8,
        skippedSteps: 0,
      },
      stepSummary: {
        main: { ...zero, success: 3, inProgress: 1, pending: 4, total: 8 },
        uploads: { ...zero, success: 2, queued: 4, total: 6 },
      },
    });

    for (const { stepName } of await stepsOf(app.url, id)) await update(app.url, id, stepName, "SUCCESS");
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "COMPLETED", completedSteps: 14 });

    const timeline = await logsOf(app.url, id);
    expect(timeline.slice(0, 4).map(({ stepName, status, message }) => [stepName, status, message])).toEqual([
      ["hash_file", "in_progress", "Starting..."],
      ["hash_file", "success", "Completed successfully"],
      ["create_file_record", "in_progress", "Starting..."],
      ["create_file_record", "success", "Completed successfully"],
    ]);
    expect(timeline.map(({ timestamp }) => timestamp)).toEqual(timeline.map(({ timestamp }) => timestamp).toSorted());
    expect(timeline).toHaveLength(9 + 14);
  });

  it("adds what is missing when it is initialised again, and answers the steps of the list", async () => {
    const id = await createFile(app.url, { steps: ["virus_scan", "hash_file"] });
    const { initializeFileSteps: main } = await ask<{ initializeFileSteps: Step[] }>(app.url, INITIALIZE, { id });
    expect(main.map(({ stepName }) => stepName)).toEqual([...MAIN_PROCESSING_STEPS]);
    const { initializeFileSteps: again } = await ask<{ initializeFileSteps: Step[] }>(app.url, INITIALIZE, {
      id,
      steps: ["hash_file", "ocr", "ocr"],
    });
    expect(again.map(({ stepName }) => stepName)).toEqual(["hash_file", "ocr"]);
    expect(again[0]?.id).toBe(main[0]?.id);
    expect((await stepsOf(app.url, id)).map(({ stepName }) => stepName)).toEqual([
      "virus_scan",
      "hash_file",
      ...MAIN_PROCESSING_STEPS.slice(1),
      "ocr",
    ]);
  });

  it("takes a file without steps, which is pending until it has some", async () => {
    const id = await createFile(app.url, { initializeSteps: false });
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "PENDING", totalSteps: 0 });
    expect(await update(app.url, id, "custom", "IN_PROGRESS")).toMatchObject({
      stepName: "custom",
      status: "IN_PROGRESS",
    });
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "PROCESSING", totalSteps: 1 });
  });

  it("appends an event to the history without touching the state", async () => {
    const id = await createFile(app.url);
    const query = `mutation ($input: ProcessingLogInput!, $key: String) {
      logProcessingEvent(input: $input, idempotencyKey: $key) { id fileId taskId stepName status message detail timestamp }
    }`;
    const input = {
      fileId: id,
      taskId: "t9",
      stepName: "hash_file",
      status: "anything",
      message: "hello",
      timestamp: "2024-01-15T10:00:00+02:00",
    };
    const first = await ask(app.url, query, { input, key: `log-${id}` });
    expect(await ask(app.url, query, { input, key: `log-${id}` })).toEqual(first);
    expect(first["logProcessingEvent"]).toMatchObject({
      ...input,
      detail: null,
      timestamp: "2024-01-15T08:00:00.000000Z",
    });
    expect(await logsOf(app.url, id)).toHaveLength(1);
    expect((await stepsOf(app.url, id))[0]).toMatchObject({ status: "PENDING" });
    const none = await ask<{ logProcessingEvent: object }>(app.url, query, {
      input: { message: "the worker started" },
    });
    expect(none.logProcessingEvent).toMatchObject({ fileId: null, stepName: null });
  });

  it("tells main steps from uploads as SQL does", async () => {
    for (const name of [
      "queue_s3",
      "upload_to_s3",
      "queue_",
      "queue",
      "upload_s3",
      "Queue_s3",
      "x_queue_s3",
      "upload_to_",
    ]) {
      const [row] = await database.sql`select documents.is_upload_step(${name}) as up`;
      expect(isUploadStep(name), name).toBe(row?.["up"]);
    }
  });
});

describe("an attempt", () => {
  it("begins with its first IN_PROGRESS and ends with SUCCESS, FAILURE or SKIPPED", async () => {
    const id = await createFile(app.url);
    const first = await update(app.url, id, "hash_file", "IN_PROGRESS");
    expect(first).toMatchObject({ completedAt: null, durationSeconds: null });
    const second = await update(app.url, id, "hash_file", "IN_PROGRESS");
    expect(second.startedAt).toBe(first.startedAt);
    const done = await update(app.url, id, "hash_file", "SUCCESS");
    expect(done.startedAt).toBe(first.startedAt);
    expect(done.completedAt ?? "").toMatch(/Z$/);
    expect(done.durationSeconds).toBeGreaterThanOrEqual(0);
    const skipped = await update(app.url, id, "extract_metadata_with_gpt", "SKIPPED", { errorMessage: "no model" });
    expect(skipped).toMatchObject({
      status: "SKIPPED",
      startedAt: null,
      durationSeconds: null,
      errorMessage: "no model",
    });
    expect(skipped.completedAt).not.toBeNull();
  });

  it("has the times that the worker tells, and its log entries have them too", async () => {
    const id = await createFile(app.url);
    await update(app.url, id, "hash_file", "IN_PROGRESS", { startedAt: "2024-01-15T10:00:00Z" });
    const done = await update(app.url, id, "hash_file", "SUCCESS", { completedAt: "2024-01-15T10:00:05.5Z" });
    expect(done).toMatchObject({
      startedAt: "2024-01-15T10:00:00.000000Z",
      completedAt: "2024-01-15T10:00:05.500000Z",
      durationSeconds: 5.5,
    });
    expect((await logsOf(app.url, id)).map(({ timestamp }) => timestamp)).toEqual([done.startedAt, done.completedAt]);
  });

  it("that succeeds after a failure shows no old error and a new start", async () => {
    const id = await createFile(app.url);
    const first = await update(app.url, id, "check_text", "IN_PROGRESS", { startedAt: "2024-01-15T10:00:00Z" });
    const failed = await update(app.url, id, "check_text", "FAILURE", { errorMessage: "OCR service unavailable" });
    expect(failed).toMatchObject({ startedAt: first.startedAt, errorMessage: "OCR service unavailable" });
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "FAILED", hasErrors: true });
    const retried = await update(app.url, id, "check_text", "IN_PROGRESS");
    expect(retried).toMatchObject({ completedAt: null, errorMessage: null });
    expect(Date.parse(retried.startedAt ?? "")).toBeGreaterThan(Date.parse(first.startedAt ?? ""));
    const succeeded = await update(app.url, id, "check_text", "SUCCESS");
    expect(succeeded).toMatchObject({ status: "SUCCESS", errorMessage: null, startedAt: retried.startedAt });
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "PROCESSING", hasErrors: false });
    expect((await logsOf(app.url, id)).map(({ status, message }) => [status, message])).toEqual([
      ["in_progress", null],
      ["failure", "OCR service unavailable"],
      ["in_progress", null],
      ["success", null],
    ]);
  });

  it("keeps the error in the history beside a message, and loses it with a success that comes straight after", async () => {
    const id = await createFile(app.url);
    await update(app.url, id, "check_text", "FAILURE", { errorMessage: "broken", message: "OCR failed" });
    expect(await logsOf(app.url, id)).toMatchObject([{ message: "OCR failed", detail: "broken" }]);
    expect(await update(app.url, id, "check_text", "SUCCESS")).toMatchObject({ errorMessage: null });
    await update(app.url, id, "check_text", "FAILURE", { errorMessage: "again" });
    expect(await update(app.url, id, "check_text", "PENDING")).toMatchObject({
      status: "PENDING",
      startedAt: null,
      completedAt: null,
      errorMessage: null,
    });
  });

  it("is stalled when it is in progress for longer than WEIR_STEP_TIMEOUT_MINUTES", async () => {
    await using patient = await startService(database.url, { WEIR_STEP_TIMEOUT_MINUTES: "60" });
    const id = await createFile(app.url);
    const startedAt = new Date(Date.now() - 11 * 60_000).toISOString();
    expect(await update(app.url, id, "hash_file", "IN_PROGRESS", { startedAt })).toMatchObject({ isStalled: true });
    expect((await stepsOf(patient.url, id))[0]).toMatchObject({ isStalled: false });
    expect(await update(app.url, id, "hash_file", "SUCCESS")).toMatchObject({ isStalled: false });
    expect(await update(app.url, id, "check_text", "IN_PROGRESS")).toMatchObject({ isStalled: false });
  });
});

describe("workers at once", () => {
  it("on different steps of one file, by two instances, lose no update", async () => {
    const steps = Array.from({ length: 20 }, (_, at) => (at % 3 === 0 ? `upload_to_${at}` : `step_${at}`));
    const id = await createFile(app.url, { initializeSteps: false });
    await Promise.all(
      steps.map(async (step, at) => {
        const url = at % 2 === 0 ? app.url : other.url;
        await update(url, id, step, "IN_PROGRESS");
        await update(url, id, step, at % 5 === 0 ? "FAILURE" : "SUCCESS");
      }),
    );
    const { overallStatus, stepSummary } = await overallOf(app.url, id);
    expect(overallStatus).toMatchObject({ status: "FAILED", totalSteps: 20, completedSteps: 16, failedSteps: 4 });
    expect(stepSummary).toMatchObject({ main: { total: 13 }, uploads: { total: 7 } });
    expect(await logsOf(app.url, id)).toHaveLength(40);
  });

  it("on one step, by two instances, leave it as its last log entry says, with nothing missing", async () => {
    const id = await createFile(app.url, { initializeSteps: false });
    const statuses = ["IN_PROGRESS", "SUCCESS", "FAILURE", "SKIPPED", "PENDING"];
    const reports = Array.from({ length: 60 }, (_, at) => statuses[(at * 7) % statuses.length] ?? "");
    await Promise.all(
      reports.map((status, at) =>
        update(at % 2 === 0 ? app.url : other.url, id, "check_text", status, {
          message: String(at),
          errorMessage: String(at),
        }),
      ),
    );
    const logs = await logsOf(app.url, id);
    expect(logs.map(({ message }) => Number(message)).toSorted((one, two) => one - two)).toEqual(
      reports.map((_, at) => at),
    );
    const last = logs.at(-1);
    const [step] = await stepsOf(app.url, id);
    expect(step).toMatchObject({ status: last?.status?.toUpperCase() });
    if (step?.status === "FAILURE" || step?.status === "SKIPPED") expect(step.errorMessage).toBe(last?.message);
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ totalSteps: 1 });
    // By id as by time: the numbers are drawn under the step's lock.
    expect(logs.map((log) => Number(log.id))).toEqual(
      logs.map((log) => Number(log.id)).toSorted((one, two) => one - two),
    );
  });

  it("that report the same under one idempotency key report once", async () => {
    const id = await createFile(app.url);
    const calls = Array.from({ length: 10 }, (_, at) =>
      update(at % 2 === 0 ? app.url : other.url, id, "hash_file", "SUCCESS", {}, `once-${id}`),
    );
    expect(new Set((await Promise.all(calls)).map((step) => JSON.stringify(step))).size).toBe(1);
    expect(await logsOf(app.url, id)).toHaveLength(1);
    const answer = await post(app.url, UPDATE, {
      input: { fileId: id, stepName: "hash_file", status: "FAILURE" },
      key: `once-${id}`,
    });
    expect(answer.errors).toMatchObject([{ extensions: { code: "CONFLICT" } }]);
  });
});

describe("lists", () => {
  const FILES = `query ($filter: FileFilter, $first: Int, $after: String) {
    files(filter: $filter, first: $first, after: $after) { nodes { id } totalCount pageInfo { endCursor hasNextPage } }
  }`;
  const found = async (filter: object) => {
    const { files } = await ask<{ files: { nodes: { id: string }[] } }>(app.url, FILES, { filter });
    return files.nodes.map(({ id }) => id);
  };

  it("of files are newest first, and are filtered by hash, name, time and step", async () => {
    const mark = new Date().toISOString();
    const one = await createFile(app.url, { filehash: "list-1", originalFilename: "Invoice 2024.PDF" });
    const two = await createFile(app.url, { filehash: "list-2", originalFilename: "letter.txt" });
    const three = await createFile(app.url, {
      filehash: "list-1",
      originalFilename: "copy of invoice.pdf",
      steps: ["ocr"],
    });
    await update(app.url, two, "hash_file", "FAILURE");
    const createdAfter = mark;
    expect(await found({ createdAfter })).toEqual([three, two, one]);
    expect(await found({ filehash: "list-1" })).toEqual([three, one]);
    expect(await found({ search: "INVOICE", createdAfter })).toEqual([three, one]);
    expect(await found({ search: "list-2" })).toEqual([two]);
    expect(await found({ search: "100%_" })).toEqual([]);
    expect(await found({ stepName: "ocr", createdAfter })).toEqual([three]);
    expect(await found({ stepName: "hash_file", stepStatus: "PENDING", createdAfter })).toEqual([one]);
    expect(await found({ stepStatus: "FAILURE", createdAfter })).toEqual([two]);
    expect(await found({ status: ["FAILED"], createdAfter })).toEqual([two]);
    expect(await found({ status: [], createdAfter })).toEqual([]);
    expect(await found({ createdAfter: "2999-01-01T00:00:00Z" })).toEqual([]);

    const paged: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const {
        files,
      }: {
        files: { nodes: { id: string }[]; totalCount: number; pageInfo: { endCursor: string; hasNextPage: boolean } };
      } = await ask(app.url, FILES, { filter: { createdAfter }, first: 2, after });
      expect(files.totalCount).toBe(3);
      paged.push(...files.nodes.map(({ id }) => id));
      after = files.pageInfo.endCursor;
      more = files.pageInfo.hasNextPage;
    }
    expect(paged).toEqual([three, two, one]);
  });

  it("of the history are newest first, and are filtered by file, task, step, status and time", async () => {
    const id = await createFile(app.url);
    await update(app.url, id, "hash_file", "IN_PROGRESS", { taskId: "list-t1", startedAt: "2024-01-15T10:00:00Z" });
    await update(app.url, id, "hash_file", "SUCCESS", { taskId: "list-t1", completedAt: "2024-01-15T10:00:05Z" });
    await update(app.url, id, "check_text", "SUCCESS", { taskId: "list-t2", completedAt: "2024-01-15T10:00:09Z" });
    const query =
      "query ($filter: ProcessingLogFilter) { processingLogs(filter: $filter) { nodes { stepName status } totalCount } }";
    const logs = async (filter: object) => {
      const { processingLogs } = await ask<{ processingLogs: { nodes: { stepName: string; status: string }[] } }>(
        app.url,
        query,
        {
          filter: { fileId: id, ...filter },
        },
      );
      return processingLogs.nodes.map(({ stepName, status }) => `${stepName} ${status}`);
    };
    const all = ["check_text success", "hash_file success", "hash_file in_progress"];
    expect(await logs({})).toEqual(all);
    expect(await logs({ taskId: "list-t1" })).toEqual(all.slice(1));
    expect(await logs({ stepName: "check_text" })).toEqual(all.slice(0, 1));
    expect(await logs({ status: "SUCCESS" })).toEqual(all.slice(0, 2));
    expect(await logs({ after: "2024-01-15T10:00:00Z", before: "2024-01-15T10:00:09Z" })).toEqual(all.slice(1, 2));
  });
});

describe("subscriptions", () => {
  it("tell of steps, log entries and files, of one file or of all, in order", async () => {
    const { client } = connect(app.url);
    const id = await createFile(app.url);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const steps = collect<{ operation: string; key: string; step: { stepName: string; status: string } }>(
      client,
      "subscription ($id: ID, $after: Cursor) { fileStepChanged(fileId: $id, after: $after) { operation key step { stepName status } } }",
      { id, after },
    );
    const logs = collect<{ key: string; log: { fileId: string; status: string } }>(
      client,
      "subscription ($id: ID, $after: Cursor) { processingLogAdded(fileId: $id, after: $after) { key log { fileId status } } }",
      { id, after },
    );
    const all = collect<{ key: string }>(
      client,
      "subscription ($after: Cursor) { processingLogAdded(after: $after) { key log { id } } }",
      { after },
    );
    const overall = collect<{ file: { overallStatus: { status: string; completedSteps: number } } }>(
      client,
      "subscription ($id: ID, $after: Cursor) { fileChanged(id: $id, after: $after) { file { overallStatus { status completedSteps } } } }",
      { id, after },
    );
    const another = await createFile(other.url);
    await update(other.url, another, "hash_file", "IN_PROGRESS");
    await update(other.url, id, "hash_file", "IN_PROGRESS");
    await update(other.url, id, "hash_file", "SUCCESS");
    await update(other.url, id, "queue_s3", "SUCCESS");
    await steps.until((items) => items.length === 3);
    await logs.until((items) => items.length === 3);
    await all.until((items) => items.length === 4);
    await overall.until((items) => items.length === 3);
    expect(steps.items).toEqual([
      { operation: "UPDATE", key: id, step: { stepName: "hash_file", status: "IN_PROGRESS" } },
      { operation: "UPDATE", key: id, step: { stepName: "hash_file", status: "SUCCESS" } },
      { operation: "INSERT", key: id, step: { stepName: "queue_s3", status: "SUCCESS" } },
    ]);
    expect(logs.items.map(({ log }) => [log.fileId, log.status])).toEqual([
      [id, "in_progress"],
      [id, "success"],
      [id, "success"],
    ]);
    expect(all.items.map(({ key }) => key)).toEqual([another, id, id, id]);
    expect(overall.items.map(({ file }) => file.overallStatus)).toEqual([
      { status: "PROCESSING", completedSteps: 0 },
      { status: "PROCESSING", completedSteps: 1 },
      { status: "PROCESSING", completedSteps: 2 },
    ]);
    await client.dispose();
  });

  it("go on behind a cursor, with the changes that were missed first", async () => {
    const { client } = connect(app.url);
    const id = await createFile(app.url);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    await update(app.url, id, "hash_file", "IN_PROGRESS");
    await update(app.url, id, "hash_file", "SUCCESS");
    const query =
      "subscription ($id: ID, $after: Cursor) { fileStepChanged(fileId: $id, after: $after) { isReplay cursor step { status file { id } } } }";
    const first = collect<{ isReplay: boolean; cursor: string; step: { status: string } }>(client, query, {
      id,
      after,
    });
    await first.until((items) => items.length === 2);
    expect(first.items.map(({ isReplay, step }) => [isReplay, step])).toEqual([
      [true, { status: "IN_PROGRESS", file: { id } }],
      [true, { status: "SUCCESS", file: { id } }],
    ]);
    const second = collect<{ step: { status: string } }>(client, query, { id, after: first.items[0]?.cursor });
    await second.until((items) => items.length === 1);
    expect(second.items[0]?.step.status).toBe("SUCCESS");
    await client.dispose();
  });

  it("begin with the present steps of the file where a snapshot is asked for", async () => {
    const { client } = connect(app.url);
    await createFile(app.url);
    const id = await createFile(app.url, { steps: ["hash_file", "ocr"] });
    await update(app.url, id, "ocr", "IN_PROGRESS");
    const steps = collect<{ operation: string; step: { stepName: string; status: string } }>(
      client,
      "subscription ($id: ID) { fileStepChanged(fileId: $id, snapshot: true) { operation step { stepName status } } }",
      { id },
    );
    await steps.until((items) => items.length === 2);
    await update(app.url, id, "hash_file", "SUCCESS");
    await steps.until((items) => items.length === 3);
    const seen = steps.items.map(({ operation, step }) => `${operation} ${step.stepName} ${step.status}`);
    expect(seen.slice(0, 2).toSorted()).toEqual(["SNAPSHOT hash_file PENDING", "SNAPSHOT ocr IN_PROGRESS"]);
    expect(seen[2]).toBe("UPDATE hash_file SUCCESS");
    await client.dispose();
  });
});
