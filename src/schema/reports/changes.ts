import type { Delivery } from "../../feed/delivery.ts";
import { changeSource, rowOf } from "../../resolvers/changes.ts";
import { jobChanges, runChanges } from "../../resolvers/reports/filters.ts";
import { builder } from "../builder.ts";
import { afterArg, Change, snapshotArg } from "../changes.ts";
import { ReportJob, ReportJobFilter, ReportRun } from "./reports.ts";

const ReportJobChange = builder.objectRef<Delivery>("SeederJobChange").implement({
  description: "The state of a report changed.",
  interfaces: [Change],
  fields: (t) => ({
    job: t.field({
      type: ReportJob,
      description: "The state as of the change.",
      resolve: (delivery) => rowOf("SEEDER_JOB", delivery),
    }),
  }),
});

const ReportRunChange = builder.objectRef<Delivery>("SeederRunChange").implement({
  description: "A run of a report was recorded, or went on.",
  interfaces: [Change],
  fields: (t) => ({
    run: t.field({
      type: ReportRun,
      description: "The run as of the change.",
      resolve: (delivery) => rowOf("SEEDER_RUN", delivery),
    }),
  }),
});

builder.subscriptionFields((t) => ({
  seederJobChanged: t.field({
    type: ReportJobChange,
    authScopes: { role: "VIEWER", system: "reports" },
    args: {
      filter: t.arg({ type: ReportJobFilter, description: "Only jobs that meet it, as of the change." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description:
      "Every change of a report's state. A filter by isLongRunning is refused: that comes about by the clock. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, jobChanges(context, args.filter ?? {}), args),
    resolve: (delivery) => delivery,
  }),
  seederRunChanged: t.field({
    type: ReportRunChange,
    authScopes: { role: "VIEWER", system: "reports" },
    args: {
      tableName: t.arg.string({ description: "Only runs of this table; null: of all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: "Every run as it is recorded and goes on. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, runChanges(context, args.tableName), args),
    resolve: (delivery) => delivery,
  }),
}));
