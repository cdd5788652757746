import * as runs from "../../resolvers/reports/runs.ts";
import { builder } from "../builder.ts";
import { ReportRun, ReportType } from "./reports.ts";

const FinishSeederRunInput = builder.inputType("FinishSeederRunInput", {
  description: "What a run has measured. What is null stays as it was.",
  fields: (t) => ({
    recordsProcessed: t.field({ type: "SafeInt", description: "Rows of the report; null: not counted." }),
    bytesProcessed: t.field({ type: "SafeInt", description: "Bytes of the report; null: not measured." }),
    memoryUsageMb: t.int({ description: "MiB of memory at most; null: not measured." }),
    cpuPercentage: t.int({ description: "Percent of one processor; null: not measured." }),
  }),
});

const runIdArg = "The run's id.";

builder.mutationFields((t) => ({
  startSeederRun: t.field({
    type: ReportRun,
    authScopes: { role: "WORKER", system: "reports" },
    args: {
      tableName: t.arg.string({ required: true, description: "Name of the view that is being made." }),
      runId: t.arg.string({
        description:
          "An id of the worker's own, 1 to 255 characters; null: the service gives one. The same id again answers the run as it stands, so that a retry is harmless.",
      }),
    },
    description:
      "Records that a worker begins to refresh a report. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND without a manifest for the table, CONFLICT for the id of another table's run.",
    resolve: (_root, { tableName, runId }, context) => runs.startReportRun(context, tableName, runId),
  }),
  finishSeederRun: t.field({
    type: ReportRun,
    authScopes: { role: "WORKER", system: "reports" },
    args: {
      runId: t.arg.string({ required: true, description: runIdArg }),
      input: t.arg({ type: FinishSeederRunInput, description: "What it measured; null: nothing." }),
    },
    description:
      "Records that a run succeeded: the streak of failures is over. Reported again, it answers the run as it stands. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION for a run that failed, waits, or is the service's own.",
    resolve: (_root, { runId, input }, context) => runs.finishReportRun(context, runId, input),
  }),
  failSeederRun: t.field({
    type: ReportRun,
    authScopes: { role: "WORKER", system: "reports" },
    args: {
      runId: t.arg.string({ required: true, description: runIdArg }),
      errors: t.arg.string({ required: true, description: "What went wrong, 1 to 262144 characters." }),
      input: t.arg({ type: FinishSeederRunInput, description: "What it measured; null: nothing." }),
    },
    description:
      "Records that a run failed: the streak of failures grows by one. Reported again, it answers the run as it stands. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION for a run that succeeded, waits, or is the service's own.",
    resolve: (_root, { runId, errors, input }, context) => runs.failReportRun(context, runId, errors, input),
  }),
  refreshReport: t.field({
    type: ReportRun,
    authScopes: { role: "ADMIN", system: "reports" },
    args: { tableName: t.arg.string({ required: true, description: "Name of the view." }) },
    description:
      "Creates the materialized view on first use, refreshes it afterwards, and records the run. Returns at once with the run; follow it by subscription. A refresh that waits or is under way answers for it. After 5 failures in a row the report is left alone for WEIR_SEEDER_COOLING_MINUTES: the answer is a run with status ERROR that says until when, and does not count as a failure. Role: ADMIN. Errors: NOT_FOUND, CONFLICT for a manifest that is disabled.",
    resolve: (_root, { tableName }, context) => runs.refreshReport(context, tableName),
  }),
  refreshAllReports: t.field({
    type: [ReportRun],
    authScopes: { role: "ADMIN", system: "reports" },
    args: {
      agencySlug: t.arg.string({ description: "Only those of this agency; null: all." }),
      reportType: t.arg({ type: ReportType, description: "Only those of this type; null: both." }),
    },
    description:
      "Refreshes every enabled manifest, or those of one agency. Answers the runs by table name, as refreshReport does. Role: ADMIN.",
    resolve: async (_root, { agencySlug, reportType }, context) => [
      ...(await runs.refreshAllReports(context, agencySlug, reportType)),
    ],
  }),
  cancelRefresh: t.field({
    type: ReportRun,
    authScopes: { role: "ADMIN", system: "reports" },
    args: { tableName: t.arg.string({ required: true, description: "Name of the view." }) },
    description:
      "Takes a refresh back that waits for its turn. Its run ends with status ERROR, says so, and counts for nothing. Role: ADMIN. Errors: NOT_FOUND when none waits, INVALID_TRANSITION for one that is being made.",
    resolve: (_root, { tableName }, context) => runs.cancelRefresh(context, tableName),
  }),
}));
