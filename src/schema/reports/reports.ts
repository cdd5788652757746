import type { ReportJobRow, ReportRunRow } from "../../db/reports/tables.ts";
import * as reports from "../../resolvers/reports/reports.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";
import { UNKNOWN_VALUE } from "../words.ts";

export const ReportType = builder.enumType("ReportType", {
  description: "Where a report's query comes from.",
  values: {
    CUSTOM: { value: "custom", description: "Written for one agency." },
    CANNED: { value: "canned", description: "Shared by several agencies, each with a view of its own." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const ReportStatus = builder.enumType("SeederStatus", {
  description: "How far a run of a report has come.",
  values: {
    PENDING: { value: "pending", description: "It waits for its turn." },
    RUNNING: { value: "running", description: "The report is being made." },
    SUCCESS: { value: "success", description: "The report is up to date." },
    ERROR: { value: "error", description: "The report could not be made; it shows what it showed before." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const ReportJob = builder.objectRef<ReportJobRow>("SeederJob");
export const ReportRun = builder.objectRef<ReportRunRow>("SeederRun");
const ReportJobConnection = connectionOf("SeederJob", ReportJob);
const ReportRunConnection = connectionOf("SeederRun", ReportRun);

export const ReportJobFilter = builder.inputType("SeederJobFilter", {
  description: "Jobs that meet all that is given; null asks nothing.",
  fields: (t) => ({
    tableName: t.string({ description: "Of exactly this table." }),
    agencySlug: t.string({ description: "Of this agency." }),
    reportType: t.field({ type: ReportType, description: "Of this type." }),
    status: t.field({ type: [ReportStatus], description: "In one of these states." }),
    isFailing: t.boolean({ description: "Failing, or not." }),
    isLongRunning: t.boolean({
      description: "Running for too long, or not. Refused in subscriptions: it comes about by the clock.",
    }),
    search: t.string({
      description: "Whose table name, report name or agency slug contains this text, in any case.",
    }),
  }),
});

const ReportRunFilter = builder.inputType("SeederRunFilter", {
  description: "Runs that meet all that is given; null asks nothing.",
  fields: (t) => ({
    tableName: t.string({ description: "Of exactly this table." }),
    agencySlug: t.string({ description: "Of this agency." }),
    reportType: t.field({ type: ReportType, description: "Of this type." }),
    status: t.field({ type: [ReportStatus], description: "In one of these states." }),
    startedAfter: t.field({ type: "DateTime", description: "Started after this instant." }),
    startedBefore: t.field({ type: "DateTime", description: "Started before this instant." }),
  }),
});

const ReportJobOrder = builder.enumType("SeederJobOrder", {
  description: "The order of a list of jobs; those that are equal in it go by table name.",
  values: {
    TABLE_NAME: { description: "By table name." },
    STATUS: { description: "By the status: error, pending, running, success, unknown." },
    LONGEST_FIRST: { description: "By the duration of the latest run, longest first; those without one come last." },
    MOST_FAILURES_FIRST: { description: "By failures in a row, most first." },
    RECENTLY_UPDATED_FIRST: { description: "By the time of the last change, newest first." },
  } as const,
});

ReportJob.implement({
  description: "The state of a report: that of its latest run.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("tableName", { description: "Unique among jobs: its table name." }),
    tableName: t.exposeString("tableName", { description: "Name of its materialized view; unique." }),
    manifestId: t.exposeInt("manifestId", {
      description: "Number of its manifest; custom and canned ones are numbered apart.",
    }),
    reportName: t.exposeString("reportName", { description: "Its name for people." }),
    reportType: t.expose("knownReportType", { type: ReportType, description: "Where its query comes from." }),
    reportTypeText: t.exposeString("reportType", {
      description: "The report type as it is stored, in the program's own word.",
    }),
    agencyId: t.exposeInt("agencyId", { description: "Number of its agency." }),
    agencySlug: t.exposeString("agencySlug", { description: "Short name of its agency." }),
    status: t.expose("knownStatus", { type: ReportStatus, description: "How far it has come." }),
    statusText: t.exposeString("status", { description: "The status as it is stored, in the program's own word." }),
    durationSeconds: t.exposeInt("durationSeconds", {
      nullable: true,
      description: "Seconds that its latest run took; null while that one has not ended.",
    }),
    startTime: t.expose("startTime", {
      type: "DateTime",
      nullable: true,
      description: "When its latest run started; null when a program did not say so.",
    }),
    consecutiveFailures: t.int({
      description: "Failures in a row, up to its latest run.",
      resolve: ({ consecutiveFailures }) => consecutiveFailures ?? 0,
    }),
    lastRunId: t.exposeString("lastRunId", {
      nullable: true,
      description: "Id of its latest run; null when a program did not say so.",
    }),
    lastErrors: t.exposeString("lastErrors", {
      nullable: true,
      description: "What went wrong last; null since a run succeeded.",
    }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When this state was written." }),
    isFailing: t.boolean({
      description: "At least WEIR_FAILING_AFTER (3) failures in a row.",
      resolve: async (job, _args, context) => (await reports.flagsOf(context, job)).isFailing,
    }),
    isLongRunning: t.boolean({
      description:
        "Running for longer than WEIR_LONG_RUNNING_MINUTES (20), and than twice the median of its last 20 successful runs.",
      resolve: async (job, _args, context) => (await reports.flagsOf(context, job)).isLongRunning,
    }),
    runs: t.field({
      type: ReportRunConnection,
      args: pageArgs,
      description: "Its runs, newest first.",
      resolve: ({ tableName }, args, context) => reports.runsOf(context, tableName, args),
    }),
  }),
});

ReportRun.implement({
  description: "One run of a report.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique number of the run." }),
    runId: t.exposeString("runId", { description: "Its id, as its worker or the service gave it." }),
    manifestId: t.exposeInt("manifestId", { description: "Number of the report's manifest." }),
    tableName: t.exposeString("tableName", { description: "Name of the report's materialized view." }),
    reportName: t.exposeString("reportName", { description: "The report's name for people." }),
    reportType: t.expose("knownReportType", { type: ReportType, description: "Where its query comes from." }),
    reportTypeText: t.exposeString("reportType", {
      description: "The report type as it is stored, in the program's own word.",
    }),
    agencyId: t.exposeInt("agencyId", { description: "Number of the report's agency." }),
    agencySlug: t.exposeString("agencySlug", { description: "Short name of the report's agency." }),
    status: t.expose("knownStatus", { type: ReportStatus, description: "How far it has come." }),
    statusText: t.exposeString("status", { description: "The status as it is stored, in the program's own word." }),
    startTime: t.expose("startTime", {
      type: "DateTime",
      description: "When it started; while it is PENDING, when it was asked for.",
    }),
    finishTime: t.expose("finishTime", {
      type: "DateTime",
      nullable: true,
      description: "When it ended; null while it has not.",
    }),
    durationSeconds: t.exposeInt("durationSeconds", {
      nullable: true,
      description: "Whole seconds that it took; null while it has not ended.",
    }),
    recordsProcessed: t.field({
      type: "SafeInt",
      description: "Rows of the view, when the run succeeded; else 0.",
      resolve: ({ recordsProcessed }) => recordsProcessed ?? 0,
    }),
    bytesProcessed: t.field({
      type: "SafeInt",
      description: "Bytes that the view and its indexes have on disk, when the run succeeded; else 0.",
      resolve: ({ bytesProcessed }) => bytesProcessed ?? 0,
    }),
    memoryUsageMb: t.exposeInt("memoryUsageMb", {
      nullable: true,
      description:
        "MiB of memory. For a refresh by the service: the greatest private memory of its PostgreSQL process, looked at four times a second; null where that can't be seen, because the database is on another machine or system.",
    }),
    cpuPercentage: t.exposeInt("cpuPercentage", {
      nullable: true,
      description:
        "Percent of one processor. For a refresh by the service: processor time of its PostgreSQL process over elapsed time, parallel workers left out; null where that can't be seen.",
    }),
    consecutiveFailures: t.int({
      description: "Failures in a row, up to this run; while it runs, up to the one before.",
      resolve: ({ consecutiveFailures }) => consecutiveFailures ?? 0,
    }),
    errors: t.exposeString("errors", { nullable: true, description: "What went wrong; null when nothing did." }),
    isSkipped: t.exposeBoolean("isSkipped", {
      description:
        "True when the refresh was left out because the report cools after failures: it counts for nothing, and there is one for each time of cooling.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was recorded." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When its record was last changed." }),
    job: t.field({
      type: ReportJob,
      nullable: true,
      description: "The state of its report; null when its manifest was deleted since.",
      resolve: ({ tableName }, _args, context) => reports.reportJob(context, tableName),
    }),
  }),
});

builder.queryFields((t) => ({
  seederJob: t.field({
    type: ReportJob,
    nullable: true,
    authScopes: { role: "VIEWER", system: "reports" },
    args: { tableName: t.arg.string({ required: true, description: "Name of the view, exactly." }) },
    description: "One report's state; null when it never ran. Role: VIEWER.",
    resolve: (_root, { tableName }, context) => reports.reportJob(context, tableName),
  }),
  seederJobs: t.field({
    type: ReportJobConnection,
    authScopes: { role: "VIEWER", system: "reports" },
    args: {
      filter: t.arg({ type: ReportJobFilter, description: "Only those that meet it." }),
      orderBy: t.arg({ type: ReportJobOrder, description: "Their order; null: TABLE_NAME." }),
      ...pageArgs,
    },
    description: "The monitoring list: the state of every report that ever ran. Role: VIEWER.",
    resolve: (_root, args, context) => reports.listReportJobs(context, args),
  }),
  seederRun: t.field({
    type: ReportRun,
    nullable: true,
    authScopes: { role: "VIEWER", system: "reports" },
    args: { runId: t.arg.string({ required: true, description: "The run's id." }) },
    description:
      "One run; of several that a program gave the same id, the newest. Null when there is none. Role: VIEWER.",
    resolve: (_root, { runId }, context) => reports.reportRun(context, runId),
  }),
  seederRuns: t.field({
    type: ReportRunConnection,
    authScopes: { role: "VIEWER", system: "reports" },
    args: { filter: t.arg({ type: ReportRunFilter, description: "Only those that meet it." }), ...pageArgs },
    description: "The history of all reports, newest first. Role: VIEWER.",
    resolve: (_root, args, context) => reports.listReportRuns(context, args),
  }),
}));
