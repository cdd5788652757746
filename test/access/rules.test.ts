import { buildSchema } from "graphql";
import { expect, it } from "vitest";
import { withRules } from "../../src/schema/rules.ts";
import { ROOT_FIELDS, rule } from "../support/root-fields.ts";

it.each(["Query", "Mutation", "Subscription"])(
  "a %s field without a rule keeps the schema from being served",
  (root) => {
    const types = root === "Query" ? "" : "type Query { a: Int }";
    expect(() => withRules(buildSchema(`${types} type ${root} { forgotten: Int }`))).toThrow("has no rule");
  },
);

/** What is open to less than ADMIN among the mutations, and to more than VIEWER alone among what is read. Whatever is not here has the usual role. */
const ROLE_OF: Readonly<Record<string, string>> = {
  acknowledge: "VIEWER",
  apiTokens: "ADMIN",
  auditLog: "ADMIN",
  addUploadSteps: "WORKER",
  cancelRun: "WORKER",
  claimStage: "WORKER",
  claimStages: "WORKER",
  completeStage: "WORKER",
  createFile: "WORKER",
  failSeederRun: "WORKER",
  failStage: "WORKER",
  finishSeederRun: "WORKER",
  heartbeatStage: "WORKER",
  initializeFileSteps: "WORKER",
  logProcessingEvent: "WORKER",
  migrateAllFiles: "WORKER",
  migrateLogsToSteps: "WORKER",
  recordFileStatus: "WORKER",
  recordFileStatuses: "WORKER",
  recordHl7Files: "WORKER",
  retryRun: "WORKER",
  startSeederRun: "WORKER",
  startStage: "WORKER",
  stageWaiting: "WORKER",
  triggerRun: "WORKER",
  updateStepStatus: "WORKER",
  updateStepStatuses: "WORKER",
};

it("a mutation is for ADMIN, and what is read for VIEWER, unless it stands here", () => {
  const found = ROOT_FIELDS.map(({ field }) => [field.name, rule(field).role] as const);
  const expected = ROOT_FIELDS.map(
    ({ root, field }) => [field.name, ROLE_OF[field.name] ?? (root === "Mutation" ? "ADMIN" : "VIEWER")] as const,
  );
  expect(found).toEqual(expected);
  const names = new Set(ROOT_FIELDS.map(({ field }) => field.name));
  expect(Object.keys(ROLE_OF).filter((name) => !names.has(name))).toEqual([]);
});
