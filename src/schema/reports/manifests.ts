import { OWN_DATABASE } from "../../db/reports/tables.ts";
import {
  type CannedManifest,
  type CannedReport as CannedReportShape,
  type CustomManifest,
  viewNameOf,
} from "../../resolvers/reports/manifest-reads.ts";
import * as manifests from "../../resolvers/reports/manifests.ts";
import * as reports from "../../resolvers/reports/reports.ts";
import { builder } from "../builder.ts";
import { givenFields } from "../given.ts";
import { Node } from "../node.ts";
import { ReportJob } from "./reports.ts";

const scheduleMinutes = "Minutes between refreshes by the service; null: on demand only.";
const query =
  "One query that reads: SELECT, WITH, VALUES or TABLE. `:agency_id` and `:agency_slug` stand for the agency's, as a number and as a text.";
const databaseId =
  "The database in which the query runs and the view stands: 1 is the service's own, WEIR_DATABASES names others.";
const tableName =
  "Name of the materialized view in the schema reporting: letters, digits and underscores, not a digit first; 56 characters at most. The prefix `reporting.` may stand before it.";

export const CustomReportManifest = builder.objectRef<CustomManifest>("CustomReportManifest").implement({
  description: "A report of one agency with a query of its own.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique among custom manifests." }),
    tableName: t.exposeString("tableName", { description: "Name of its materialized view." }),
    reportName: t.exposeString("reportName", { description: "Its name for people." }),
    agencyId: t.exposeInt("agencyId", { description: "Number of its agency." }),
    agencySlug: t.exposeString("agencySlug", { description: "Short name of its agency." }),
    query: t.exposeString("query", { description: "Its query, as it was written." }),
    databaseId: t.exposeInt("databaseId", { description: "The database in which it runs; 1 is the service's own." }),
    enabled: t.exposeBoolean("enabled", { description: "Whether it is refreshed at all." }),
    scheduleMinutes: t.exposeInt("scheduleMinutes", { nullable: true, description: scheduleMinutes }),
    job: t.field({
      type: ReportJob,
      nullable: true,
      description: "The state of the report; null when it never ran.",
      resolve: (manifest, _args, context) => reports.reportJob(context, manifest.tableName),
    }),
  }),
});

export const CannedReport = builder.objectRef<CannedReportShape>("CannedReport");
export const CannedReportManifest = builder.objectRef<CannedManifest>("CannedReportManifest");

CannedReport.implement({
  description: "A report that several agencies have, each with a view of its own.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique among canned reports." }),
    tableName: t.exposeString("tableName", { description: "What the names of its views begin with." }),
    reportName: t.exposeString("reportName", { description: "Its name for people." }),
    query: t.exposeString("query", { description: "Its query, as it was written." }),
    databaseId: t.exposeInt("databaseId", { description: "The database in which it runs; 1 is the service's own." }),
    manifests: t.field({
      type: [CannedReportManifest],
      description: "The agencies that have it.",
      resolve: async ({ id }, _args, context) => [...(await reports.manifestsOf(context, id))],
    }),
  }),
});

CannedReportManifest.implement({
  description: "Gives a canned report to an agency.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique among canned manifests." }),
    agencyId: t.exposeInt("agencyId", { description: "Number of the agency." }),
    agencySlug: t.exposeString("agencySlug", { description: "Short name of the agency." }),
    cannedReport: t.field({
      type: CannedReport,
      description: "What it gives.",
      resolve: ({ report }) => report,
    }),
    tableName: t.string({
      description:
        "The materialized view of this agency: the canned report's table name, an underscore and the agency slug.",
      resolve: viewNameOf,
    }),
    enabled: t.exposeBoolean("enabled", { description: "Whether it is refreshed at all." }),
    scheduleMinutes: t.exposeInt("scheduleMinutes", { nullable: true, description: scheduleMinutes }),
    job: t.field({
      type: ReportJob,
      nullable: true,
      description: "The state of the agency's report; null when it never ran.",
      resolve: (manifest, _args, context) => reports.reportJob(context, viewNameOf(manifest)),
    }),
  }),
});

const CustomReportManifestInput = builder.inputType("CustomReportManifestInput", {
  description:
    "A report of one agency with a query of its own. An update replaces all of it but what it may leave out.",
  fields: (t) => ({
    tableName: t.string({ required: true, description: tableName }),
    reportName: t.string({ required: true, description: "Its name for people, 1 to 512 characters." }),
    agencyId: t.int({ required: true, description: "Number of its agency, from 0." }),
    agencySlug: t.string({ required: true, description: "Short name of its agency: letters, digits, _ and -." }),
    query: t.string({ required: true, description: query }),
    databaseId: t.int({ required: true, defaultValue: OWN_DATABASE, description: databaseId }),
    enabled: t.boolean({
      required: true,
      defaultValue: true,
      description: "Whether it is refreshed at all. Absent: true for a new one; an update leaves it as it is.",
    }),
    scheduleMinutes: t.int({ description: `${scheduleMinutes} Absent: an update leaves it as it is.` }),
  }),
});

const CannedReportInput = builder.inputType("CannedReportInput", {
  description: "A report for several agencies. An update replaces all of it.",
  fields: (t) => ({
    tableName: t.string({ required: true, description: `${tableName} The agency's slug is part of them.` }),
    reportName: t.string({ required: true, description: "Its name for people, 1 to 512 characters." }),
    query: t.string({ required: true, description: query }),
    databaseId: t.int({ required: true, defaultValue: OWN_DATABASE, description: databaseId }),
  }),
});

const CannedReportManifestInput = builder.inputType("CannedReportManifestInput", {
  description: "Gives a canned report to an agency.",
  fields: (t) => ({
    agencyId: t.int({ required: true, description: "Number of the agency, from 0." }),
    agencySlug: t.string({ required: true, description: "Short name of the agency: letters, digits, _ and -." }),
    cannedReportId: t.id({ required: true, description: "What to give." }),
    enabled: t.boolean({ required: true, defaultValue: true, description: "Whether it is refreshed at all." }),
    scheduleMinutes: t.int({ description: scheduleMinutes }),
  }),
});

const CannedReportManifestChange = builder.inputType("UpdateCannedReportManifestInput", {
  description: "What to change of a canned report of one agency. What is absent stays as it is.",
  fields: (t) => ({
    enabled: t.boolean({ description: "Whether it is refreshed at all; null: as it is." }),
    scheduleMinutes: t.int({ description: scheduleMinutes }),
  }),
});

const agencySlugArg = "Only those of this agency; null: of all.";

builder.queryFields((t) => ({
  customReportManifests: t.field({
    type: [CustomReportManifest],
    authScopes: { role: "VIEWER", system: "reports" },
    args: {
      agencySlug: t.arg.string({ description: agencySlugArg }),
      enabled: t.arg.boolean({ description: "Only those that are enabled, or not; null: both." }),
    },
    description: "The reports with a query of their own, in the order in which they were made. Role: VIEWER.",
    resolve: async (_root, { agencySlug, enabled }, context) => [
      ...(await reports.customManifests(context, agencySlug, enabled)),
    ],
  }),
  cannedReportManifests: t.field({
    type: [CannedReportManifest],
    authScopes: { role: "VIEWER", system: "reports" },
    args: { agencySlug: t.arg.string({ description: agencySlugArg }) },
    description: "Which agencies have which canned reports, in the order in which they got them. Role: VIEWER.",
    resolve: async (_root, { agencySlug }, context) => [...(await reports.cannedManifests(context, agencySlug))],
  }),
  cannedReports: t.field({
    type: [CannedReport],
    authScopes: { role: "VIEWER", system: "reports" },
    description: "The reports that agencies can share, in the order in which they were made. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await reports.cannedReportsOf(context))],
  }),
}));

const refusals =
  "BAD_USER_INPUT for a query that PostgreSQL refuses, with its words and the place; CONFLICT for a table name that is taken";

builder.mutationFields((t) => ({
  createCustomReportManifest: t.field({
    type: CustomReportManifest,
    authScopes: { role: "ADMIN", system: "reports" },
    args: { input: t.arg({ type: CustomReportManifestInput, required: true, description: "The report." }) },
    description: `Makes a report; its view comes with the first refresh. Role: ADMIN. Errors: ${refusals}.`,
    resolve: (_root, { input }, context) => manifests.createCustomManifest(context, input),
  }),
  updateCustomReportManifest: t.field({
    type: CustomReportManifest,
    authScopes: { role: "ADMIN", system: "reports" },
    args: {
      id: t.arg.id({ required: true, description: "The manifest." }),
      input: t.arg({ type: CustomReportManifestInput, required: true, description: "What it is from now on." }),
    },
    description: `Changes a report. Its view follows with the next refresh; under another table name or in another database it is made anew, and the old one is dropped. Role: ADMIN. Errors: NOT_FOUND, ${refusals}, or that is being refreshed.`,
    resolve: (_root, { id, input }, context, info) =>
      manifests.updateCustomManifest(context, id, input, givenFields(info, "input")),
  }),
  deleteCustomReportManifest: t.boolean({
    authScopes: { role: "ADMIN", system: "reports" },
    args: { id: t.arg.id({ required: true, description: "The manifest." }) },
    description:
      "Deletes a report with its view and its state; the history of its runs stays. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while it is being refreshed or other views read it.",
    resolve: (_root, { id }, context) => manifests.deleteCustomManifest(context, id),
  }),
  createCannedReport: t.field({
    type: CannedReport,
    authScopes: { role: "ADMIN", system: "reports" },
    args: { input: t.arg({ type: CannedReportInput, required: true, description: "The report." }) },
    description: `Makes a report that agencies can be given. Role: ADMIN. Errors: ${refusals}.`,
    resolve: (_root, { input }, context) => manifests.createCannedReport(context, input),
  }),
  updateCannedReport: t.field({
    type: CannedReport,
    authScopes: { role: "ADMIN", system: "reports" },
    args: {
      id: t.arg.id({ required: true, description: "The canned report." }),
      input: t.arg({ type: CannedReportInput, required: true, description: "What it is from now on." }),
    },
    description: `Changes a report for all agencies that have it; their views follow as those of updateCustomReportManifest do. Role: ADMIN. Errors: NOT_FOUND, ${refusals}, or that is being refreshed.`,
    resolve: (_root, { id, input }, context) => manifests.updateCannedReport(context, id, input),
  }),
  deleteCannedReport: t.boolean({
    authScopes: { role: "ADMIN", system: "reports" },
    args: { id: t.arg.id({ required: true, description: "The canned report." }) },
    description:
      "Deletes a report that no agency has. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while agencies have it.",
    resolve: (_root, { id }, context) => manifests.deleteCannedReport(context, id),
  }),
  createCannedReportManifest: t.field({
    type: CannedReportManifest,
    authScopes: { role: "ADMIN", system: "reports" },
    args: { input: t.arg({ type: CannedReportManifestInput, required: true, description: "Who gets what." }) },
    description: `Gives a canned report to an agency. Role: ADMIN. Errors: NOT_FOUND, ${refusals}.`,
    resolve: (_root, { input }, context) => manifests.createCannedManifest(context, input),
  }),
  updateCannedReportManifest: t.field({
    type: CannedReportManifest,
    authScopes: { role: "ADMIN", system: "reports" },
    args: {
      id: t.arg.id({ required: true, description: "The manifest." }),
      input: t.arg({ type: CannedReportManifestChange, required: true, description: "What to change." }),
    },
    description:
      "Changes when an agency's canned report is refreshed, and whether at all. To give another report, or to another agency, delete it and make one anew. Role: ADMIN. Errors: NOT_FOUND, BAD_USER_INPUT.",
    resolve: (_root, { id, input }, context, info) =>
      manifests.updateCannedManifest(context, id, input, givenFields(info, "input")),
  }),
  deleteCannedReportManifest: t.boolean({
    authScopes: { role: "ADMIN", system: "reports" },
    args: { id: t.arg.id({ required: true, description: "The manifest." }) },
    description:
      "Takes a canned report from an agency, with its view and its state; the history of its runs stays. Role: ADMIN. Errors: NOT_FOUND, CONFLICT while it is being refreshed or other views read it.",
    resolve: (_root, { id }, context) => manifests.deleteCannedManifest(context, id),
  }),
}));
