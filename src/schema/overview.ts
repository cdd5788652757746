import { TOPIC_NAMES } from "../feed/topics.ts";
import { fileStatusCounts } from "../resolvers/documents/documents.ts";
import { ingestSummary } from "../resolvers/ingest/ingest.ts";
import { type Failure, recentFailures } from "../resolvers/overview.ts";
import { reportDashboard } from "../resolvers/reports/dashboard.ts";
import { type PipelineOverview, pipelineOverview } from "../resolvers/runs/summary.ts";
import { stateSource } from "../resolvers/states.ts";
import { builder } from "./builder.ts";
import { Topic } from "./changes.ts";
import { FileStatusCountRef } from "./documents/queries.ts";
import { IngestSummaryRef } from "./ingest/summary.ts";
import { ReportDashboard } from "./reports/dashboard.ts";
import { RunStatusCountRef } from "./runs/summary.ts";
import { throttleArg } from "./states.ts";

const FailureRef = builder.objectRef<Failure>("Failure").implement({
  description: "A failed file, run, step or report, from any of the four systems.",
  fields: (t) => ({
    topic: t.expose("topic", { type: Topic, description: "The kind of thing; its changes have the same topic." }),
    key: t.exposeString("key", {
      description: "The thing's natural key: a path, a run's id, a document's id, a table name.",
    }),
    title: t.exposeString("title", { description: "Its name for people." }),
    message: t.exposeString("message", { nullable: true, description: "What went wrong; null when nobody said so." }),
    at: t.expose("at", { type: "DateTime", description: "When it failed." }),
  }),
});

const PipelineOverviewRef = builder.objectRef<PipelineOverview>("PipelineOverview").implement({
  description: "Pipelines at a glance.",
  fields: (t) => ({
    total: t.expose("total", { type: "SafeInt", description: "All pipelines." }),
    active: t.expose("active", { type: "SafeInt", description: "Those with an active leg." }),
    overdue: t.expose("overdue", { type: "SafeInt", description: "Those that are overdue." }),
    runsByStatus24h: t.field({
      type: [RunStatusCountRef],
      description: "Runs that began, or were asked for, in the last 24 hours, one entry for each state.",
      resolve: ({ runsByStatus24h }) => runsByStatus24h,
    }),
  }),
});

const Overview = builder.objectRef<object>("Overview").implement({
  description:
    "All systems at a glance. Each part is read when it is selected, and none scans a history. A part of a system that is not open to the token is FORBIDDEN.",
  fields: (t) => ({
    ingest: t.field({
      type: IngestSummaryRef,
      authScopes: { system: "ingest" },
      description: "Files by their latest status.",
      resolve: (_overview, _args, context) => ingestSummary(context, null, null),
    }),
    pipelines: t.field({
      type: PipelineOverviewRef,
      authScopes: { system: "pipelines" },
      description: "Pipelines, and the runs of the last 24 hours.",
      resolve: (_overview, _args, context) => pipelineOverview(context),
    }),
    documents: t.field({
      type: [FileStatusCountRef],
      authScopes: { system: "documents" },
      description: "Documents by overall status.",
      resolve: (_overview, _args, context) => fileStatusCounts(context),
    }),
    seeder: t.field({
      type: ReportDashboard,
      authScopes: { system: "reports" },
      description: "Reports by the state of their latest run.",
      resolve: (_overview, _args, context) => reportDashboard(context, null),
    }),
    recentFailures: t.field({
      type: [FailureRef],
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: 20,
          description: "How many, from 0 to WEIR_MAX_PAGE_SIZE.",
        }),
      },
      description:
        "Files that have failed, runs of pipelines, steps of documents and runs of reports that failed: from all systems, newest first.",
      resolve: async (_overview, { first }, context) => [...(await recentFailures(context, first))],
    }),
  }),
});

builder.queryFields((t) => ({
  overview: t.field({
    type: Overview,
    authScopes: { role: "VIEWER", system: "all" },
    description:
      "All systems at a glance. Role: VIEWER. Errors: BAD_USER_INPUT. Example: `query { overview { pipelines { total active } ingest { hl7Files { staged failed } } } }`",
    resolve: () => ({}),
  }),
}));

builder.subscriptionFields((t) => ({
  overviewChanged: t.field({
    type: Overview,
    authScopes: { role: "VIEWER", system: "all" },
    args: { throttleMs: throttleArg(t) },
    description:
      "The overview: at once, and again whenever what is selected of it differs. It has no cursor: after a reconnect it is told anew. What comes about by the clock is told within 15 seconds. Role: VIEWER. Errors: BAD_USER_INPUT.",
    subscribe: (_root, { throttleMs }, context) =>
      stateSource(context, { topics: TOPIC_NAMES, throttleMs, isPersonal: false }),
    resolve: () => ({}),
  }),
}));
