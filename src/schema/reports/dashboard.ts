import type { Known } from "../../db/columns.ts";
import type { ReportStatusWord } from "../../db/reports/tables.ts";
import * as dashboard from "../../resolvers/reports/dashboard.ts";
import { builder } from "../builder.ts";
import { ReportJob, ReportStatus } from "./reports.ts";

const ReportStatusCount = builder
  .objectRef<{ readonly status: Known<ReportStatusWord>; readonly count: number }>("SeederStatusCount")
  .implement({
    description: "How many reports are in one state.",
    fields: (t) => ({
      status: t.expose("status", { type: ReportStatus, description: "The state." }),
      count: t.expose("count", { type: "SafeInt", description: "Reports in it." }),
    }),
  });

export const ReportDashboard = builder.objectRef<dashboard.ReportDashboard>("SeederDashboard").implement({
  description: "What an operator looks at first.",
  fields: (t) => ({
    total: t.field({
      type: "SafeInt",
      description: "Reports that ever ran.",
      resolve: async ({ counts }) => (await counts()).total,
    }),
    byStatus: t.field({
      type: [ReportStatusCount],
      description: "The same by their state; UNKNOWN has those that a program made up.",
      resolve: async ({ counts }) => [...(await counts()).byStatus],
    }),
    failing: t.field({
      type: [ReportJob],
      description: "Reports that are failing, most failures first; as many as a page may have.",
      resolve: async ({ agencySlug }, _args, context) => [...(await dashboard.failingJobs(context, agencySlug))],
    }),
    longRunning: t.field({
      type: [ReportJob],
      description: "Reports that have been running for too long, longest first; as many as a page may have.",
      resolve: async ({ agencySlug }, _args, context) => [...(await dashboard.longRunningJobs(context, agencySlug))],
    }),
    successRate24h: t.float({
      nullable: true,
      description:
        "Part of the runs that succeeded, 0 to 1, of those that ended in the last 24 hours; null: none ended.",
      resolve: async ({ lastDay }) => (await lastDay()).successRate,
    }),
    recordsProcessed24h: t.field({
      type: "SafeInt",
      description: "Rows made by runs that ended in the last 24 hours.",
      resolve: async ({ lastDay }) => (await lastDay()).recordsProcessed,
    }),
  }),
});

builder.queryFields((t) => ({
  seederDashboard: t.field({
    type: ReportDashboard,
    authScopes: { role: "VIEWER", system: "reports" },
    args: { agencySlug: t.arg.string({ description: "Only of this agency; null: of all." }) },
    description: "The reports at a glance. Role: VIEWER.",
    resolve: (_root, { agencySlug }, context) => dashboard.reportDashboard(context, agencySlug),
  }),
}));
