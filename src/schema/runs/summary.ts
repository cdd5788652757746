import { type RunBucket, type RunStatusCount, type RunSummary, runSummary } from "../../resolvers/runs/summary.ts";
import { builder } from "../builder.ts";
import { RunStatus } from "../pipelines/pipelines.ts";

export const TimeBucket = builder.enumType("TimeBucket", {
  description: "Width of a chart's columns, in UTC.",
  values: {
    MINUTE: { value: "minute", description: "A minute." },
    HOUR: { value: "hour", description: "An hour." },
    DAY: { value: "day", description: "A day." },
  } as const,
});

const RunBucketRef = builder.objectRef<RunBucket>("RunBucket").implement({
  description: "The runs that began within one column of a chart.",
  fields: (t) => ({
    start: t.expose("start", { type: "DateTime", description: "Where the column begins, in UTC." }),
    success: t.expose("success", { type: "SafeInt", description: "Runs that succeeded." }),
    failed: t.expose("failed", { type: "SafeInt", description: "Runs that failed." }),
    cancelled: t.expose("cancelled", { type: "SafeInt", description: "Runs that were cancelled." }),
    running: t.expose("running", { type: "SafeInt", description: "Runs that go on." }),
    unknown: t.expose("unknown", { type: "SafeInt", description: "Runs whose stored status means none of ours." }),
    rowsProcessed: t.expose("rowsProcessed", { type: "SafeInt", description: "Rows that all of them moved." }),
    medianDurationSeconds: t.exposeFloat("medianDurationSeconds", {
      nullable: true,
      description: "Median of the successful ones, in seconds; null when none succeeded.",
    }),
  }),
});

export const RunStatusCountRef = builder.objectRef<RunStatusCount>("RunStatusCount").implement({
  description: "How many runs are in a state.",
  fields: (t) => ({
    status: t.expose("status", { type: RunStatus, description: "The state." }),
    count: t.expose("count", { type: "SafeInt", description: "Runs in it." }),
  }),
});

const RunSummaryRef = builder.objectRef<RunSummary>("RunSummary").implement({
  description: "Runs of a time window.",
  fields: (t) => ({
    buckets: t.field({
      type: [RunBucketRef],
      description: "The window's columns in order, those without runs as well.",
      resolve: ({ buckets }) => buckets,
    }),
    byStatus: t.field({
      type: [RunStatusCountRef],
      description: "All of the window's runs, one entry for each state, UNKNOWN among them.",
      resolve: ({ byStatus }) => byStatus,
    }),
    rowsProcessed: t.expose("rowsProcessed", { type: "SafeInt", description: "Rows that all of them moved." }),
  }),
});

builder.queryFields((t) => ({
  runSummary: t.field({
    type: RunSummaryRef,
    authScopes: { role: "VIEWER", system: "pipelines" },
    args: {
      from: t.arg({ type: "DateTime", description: "Where the window begins; null: a day before its end." }),
      to: t.arg({ type: "DateTime", description: "Where it ends, exclusive; null: now." }),
      bucket: t.arg({ type: TimeBucket, required: true, defaultValue: "hour", description: "Width of the columns." }),
      sourceTablename: t.arg.string({ description: "Of this pipeline only; null: of all." }),
    },
    description:
      "Rows moved and runs by status over a time window, bucketed for charts. A run belongs where it started, or was asked for. Role: VIEWER. Errors: BAD_USER_INPUT for a window of more than 2,000 buckets.",
    resolve: (_root, args, context) => runSummary(context, args),
  }),
}));
