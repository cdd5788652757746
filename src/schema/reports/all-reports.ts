import type { ReportManifest } from "../../db/reports/tables.ts";
import { type Agency, allReports, listAgencies } from "../../resolvers/reports/all-reports.ts";
import type { JobDetails } from "../../resolvers/reports/details.ts";
import { reportJob } from "../../resolvers/reports/reports.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { ReportJob, ReportType } from "./reports.ts";

/** A field of what is loaded beside a job. */
function ofDetails<Key extends keyof JobDetails>(key: Key) {
  return async (
    { tableName }: { readonly tableName: string },
    _args: object,
    { loaders }: Parameters<typeof reportJob>[0],
  ): Promise<JobDetails[Key]> => (await loaders.reports.details.load(tableName))[key];
}

const scheduleMinutes =
  "Minutes between refreshes by the service; null: on demand only, disabled, or without a manifest.";
const nextRefreshAt =
  "When its schedule asks for the next refresh, in the past where that is due; null where it has none. A report that cools is left alone all the same.";

builder.objectFields(ReportJob, (t) => ({
  scheduleMinutes: t.int({ nullable: true, description: scheduleMinutes, resolve: ofDetails("scheduleMinutes") }),
  nextRefreshAt: t.field({
    type: "DateTime",
    nullable: true,
    description: nextRefreshAt,
    resolve: ofDetails("nextRefreshAt"),
  }),
  nextRunAt: t.field({
    type: "DateTime",
    nullable: true,
    description: "The same as nextRefreshAt, by the name that pipelines have for it.",
    resolve: ofDetails("nextRefreshAt"),
  }),
  coolingUntil: t.field({
    type: "DateTime",
    nullable: true,
    description: "Until when it is left alone after failures in a row; null when it is not.",
    resolve: ofDetails("coolingUntil"),
  }),
  lastSuccessAt: t.field({
    type: "DateTime",
    nullable: true,
    description: "When its newest success ended: how old is what readers see. Null: it never succeeded.",
    resolve: ofDetails("lastSuccessAt"),
  }),
  recordsProcessed: t.field({
    type: "SafeInt",
    nullable: true,
    description: "Rows of what readers see, by that success; null: it never succeeded, or did not say.",
    resolve: ofDetails("recordsProcessed"),
  }),
  bytesProcessed: t.field({
    type: "SafeInt",
    nullable: true,
    description: "Bytes of what readers see, by that success; null: it never succeeded, or did not say.",
    resolve: ofDetails("bytesProcessed"),
  }),
  usualDurationSeconds: t.float({
    nullable: true,
    description: "Median of its last 20 successful runs, in seconds; null while none has succeeded.",
    resolve: ofDetails("usualDurationSeconds"),
  }),
}));

const ReportRef = builder.objectRef<ReportManifest>("Report").implement({
  description:
    "A report that is configured, whether or not it ever ran: a custom manifest, or a canned report of one agency.",
  fields: (t) => ({
    tableName: t.exposeString("tableName", { description: "Name of its materialized view." }),
    manifestId: t.exposeID("manifestId", { description: "Id of its manifest, unique among those of its type." }),
    reportType: t.field({
      type: ReportType,
      description: "Where its query comes from.",
      resolve: ({ reportType }) => (reportType === "canned" ? "canned" : "custom"),
    }),
    reportName: t.exposeString("reportName", { description: "Its name for people." }),
    agencyId: t.exposeInt("agencyId", { description: "Number of its agency." }),
    agencySlug: t.exposeString("agencySlug", { description: "Short name of its agency." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether it is refreshed at all." }),
    scheduleMinutes: t.exposeInt("scheduleMinutes", {
      nullable: true,
      description: "Minutes between refreshes by the service; null: on demand only.",
    }),
    nextRefreshAt: t.field({
      type: "DateTime",
      nullable: true,
      description: nextRefreshAt,
      resolve: ofDetails("nextRefreshAt"),
    }),
    job: t.field({
      type: ReportJob,
      nullable: true,
      description: "Its state; null when it never ran.",
      resolve: ({ tableName }, _args, context) => reportJob(context, tableName),
    }),
  }),
});

const ReportConnection = connectionOf("Report", ReportRef);

const ReportFilter = builder.inputType("ReportFilter", {
  description: "Reports that meet all that is given; null asks nothing.",
  fields: (t) => ({
    agencySlug: t.string({ description: "Of this agency." }),
    reportType: t.field({ type: ReportType, description: "Of this type; UNKNOWN: none is." }),
    enabled: t.boolean({ description: "That are refreshed, or not." }),
    neverRan: t.boolean({ description: "That never ran; false: that did." }),
    search: t.string({
      description: "Whose table name, report name or agency slug contains this text, in any case.",
    }),
  }),
});

const AgencyRef = builder.objectRef<Agency>("Agency").implement({
  description: "An agency that reports are made for.",
  fields: (t) => ({
    agencySlug: t.exposeString("agencySlug", { description: "Its short name; unique." }),
    agencyId: t.exposeInt("agencyId", { description: "Its number; of several that manifests have, the least." }),
    reports: t.exposeInt("reports", { description: "Reports that are made for it." }),
  }),
});

builder.queryFields((t) => ({
  reports: t.field({
    type: ReportConnection,
    nullable: true,
    authScopes: { role: "VIEWER", system: "reports" },
    args: { filter: t.arg({ type: ReportFilter, description: "Only those that meet it." }), ...pageArgs },
    description:
      "All reports that are configured, by table name, also those that never ran; seederJobs has those that ran. Null beside an error alone. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => allReports(context, args),
  }),
  agencies: t.field({
    type: [AgencyRef],
    nullable: true,
    authScopes: { role: "VIEWER", system: "reports" },
    description:
      "The agencies that reports are made for, by short name; those that the token may see. Null beside an error alone. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await listAgencies(context))],
  }),
}));
