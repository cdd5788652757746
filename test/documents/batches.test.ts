import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, logsOf, overallOf, stepsOf, UPDATE, update } from "../support/documents.ts";
import { ask, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const UPDATES = `mutation ($input: [UpdateStepStatusInput!]!, $key: String) {
  updateStepStatuses(input: $input, idempotencyKey: $key) { stepName status startedAt completedAt errorMessage } }`;
interface Updated {
  updateStepStatuses: { stepName: string; status: string }[];
}

it("reports of many workers that come together are each answered and logged, and one for no file fails alone", async () => {
  const steps = Array.from({ length: 40 }, (_, at) => `step_${at}`);
  const ids = await Promise.all([1, 2, 3].map(() => createFile(app.url, { steps })));
  const reports = ids.flatMap((fileId) => steps.map((stepName) => ({ fileId, stepName, status: "SUCCESS" })));
  const bad = { fileId: "999999", stepName: "step_1", status: "SUCCESS" };
  const answers = await Promise.all([...reports, bad].map((input) => post(app.url, UPDATE, { input })));
  expect(answers.at(-1)?.errors?.[0]?.extensions.code).toBe("NOT_FOUND");
  expect(answers.slice(0, -1).filter(({ errors }) => errors !== undefined)).toEqual([]);
  for (const id of ids) {
    expect((await overallOf(app.url, id)).overallStatus).toMatchObject({ status: "COMPLETED", totalSteps: 40 });
    expect(new Set((await logsOf(app.url, id)).map(({ stepName }) => stepName))).toEqual(new Set(steps));
    expect(await logsOf(app.url, id)).toHaveLength(steps.length);
  }
});

it("reports of one step that are sent without waiting take effect in the order in which they came", async () => {
  const id = await createFile(app.url, { steps: ["a"] });
  const words = ["IN_PROGRESS", "FAILURE", "IN_PROGRESS", "SUCCESS"];
  const fields = words.map(
    (status, at) => `u${at}: updateStepStatus(input: { fileId: "${id}", stepName: "a", status: ${status} }) { status }`,
  );
  // Over one connection, each as a request of its own, before the first was answered.
  await Promise.all(fields.map((field) => post(app.url, `mutation { ${field} }`)));
  expect((await logsOf(app.url, id)).map(({ status }) => status)).toHaveLength(4);
  expect((await stepsOf(app.url, id))[0]?.status).toBe("SUCCESS");
});

it("a report repeated by many at once under its key is stored once; the same key for another one is refused", async () => {
  const id = await createFile(app.url, { steps: ["a"] });
  const input = { fileId: id, stepName: "a", status: "FAILURE", errorMessage: "disk full" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(app.url, UPDATE, { input, key: "once" })));
  expect(answers.every(({ errors }) => errors === undefined)).toBe(true);
  expect(await logsOf(app.url, id)).toHaveLength(1);
  const other = await post(app.url, UPDATE, { input: { ...input, errorMessage: "disk gone" }, key: "once" });
  expect(other.errors?.[0]?.extensions.code).toBe("CONFLICT");
  // One for no file leaves its key free.
  const missing = { fileId: "999999", stepName: "a", status: "SUCCESS" };
  expect((await post(app.url, UPDATE, { input: missing, key: "free" })).errors?.[0]?.extensions.code).toBe("NOT_FOUND");
  expect((await update(app.url, id, "a", "SUCCESS", {}, "free")).status).toBe("SUCCESS");
});

it("two reports that come together under one key are one and a refusal", async () => {
  const id = await createFile(app.url, { steps: ["a", "b", "c"] });
  const reports = ["a", "b", "c"].map((stepName) => ({ fileId: id, stepName, status: "SUCCESS" }));
  // The first is under way while the others come, which makes those one statement.
  const answers = await Promise.all(reports.map((input) => post(app.url, UPDATE, { input, key: "both" })));
  const codes = answers.map(({ errors }): string => errors?.[0]?.extensions.code ?? "done");
  expect(codes.toSorted()).toEqual(["CONFLICT", "CONFLICT", "done"]);
  expect(await logsOf(app.url, id)).toHaveLength(1);
});

it("a list of reports is stored as a whole, in its order, and once under its key", async () => {
  const id = await createFile(app.url, { steps: ["a", "b"] });
  const input = [
    { fileId: id, stepName: "a", status: "IN_PROGRESS" },
    { fileId: id, stepName: "b", status: "SKIPPED", errorMessage: "not wanted" },
    { fileId: id, stepName: "a", status: "SUCCESS" },
    { fileId: id, stepName: "new", status: "FAILURE", errorMessage: "no text" },
  ];
  const { updateStepStatuses: first } = await ask<Updated>(app.url, UPDATES, { input, key: "list" });
  expect(first.map(({ stepName, status }) => `${stepName} ${status}`)).toEqual([
    "a IN_PROGRESS",
    "b SKIPPED",
    "a SUCCESS",
    "new FAILURE",
  ]);
  const { updateStepStatuses: again } = await ask<Updated>(app.url, UPDATES, { input, key: "list" });
  expect(again.map(({ stepName, status }) => `${stepName} ${status}`)).toEqual([
    "a SUCCESS",
    "b SKIPPED",
    "a SUCCESS",
    "new FAILURE",
  ]);
  expect(await logsOf(app.url, id)).toHaveLength(4);
  const refused = await post(app.url, UPDATES, {
    input: [...input, { fileId: "999999", stepName: "a", status: "PENDING" }],
  });
  expect(refused.errors?.[0]?.extensions.code).toBe("NOT_FOUND");
  const bad = await post(app.url, UPDATES, { input: [...input, { fileId: id, stepName: " ", status: "PENDING" }] });
  expect(bad.errors?.[0]).toMatchObject({
    message: expect.stringContaining("input[4].stepName is empty"),
    extensions: { code: "BAD_USER_INPUT" },
  });
  expect(await logsOf(app.url, id)).toHaveLength(4);
});

it("reports of one step in a list take effect one after the other", async () => {
  const id = await createFile(app.url, { steps: ["a"] });
  const words = [
    "IN_PROGRESS",
    "FAILURE",
    "IN_PROGRESS",
    "SUCCESS",
    "IN_PROGRESS",
    "FAILURE",
    "IN_PROGRESS",
    "SKIPPED",
  ];
  const input = words.map((status) => ({ fileId: id, stepName: "a", status }));
  const { updateStepStatuses: answers } = await ask<Updated>(app.url, UPDATES, { input });
  expect(answers.map(({ status }) => status)).toEqual(words);
  expect((await logsOf(app.url, id)).map(({ status }) => status)).toEqual(words.map((word) => word.toLowerCase()));
  expect((await stepsOf(app.url, id))[0]?.status).toBe("SKIPPED");
});

it("a report is one statement", async () => {
  const id = await createFile(app.url, { steps: ["a"] });
  await using counted = await countStatements(database.url);
  const { names } = await counted.run(UPDATE, { input: { fileId: id, stepName: "a", status: "SUCCESS" } });
  expect(names).toEqual(["documents.update_step_statuses"]);
});
