import { isUploadStep } from "../../db/documents/tables.ts";
import * as documents from "../../resolvers/documents/documents.ts";
import { countSteps, type FileStatusCount, type StepStatusCount } from "../../resolvers/documents/reads.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { File, FileOverallStatus } from "./file.ts";
import { StepKind, StepStatus } from "./steps.ts";

const FileConnection = connectionOf("File", File);

const FileFilter = builder.inputType("FileFilter", {
  description: "Files that meet all that is given; null asks nothing.",
  fields: (t) => ({
    status: t.field({ type: [FileOverallStatus], description: "With one of these overall statuses." }),
    search: t.string({ description: "This text is in the original filename, in any case, or begins the filehash." }),
    filehash: t.string({ description: "Of exactly this filehash: the same content." }),
    createdAfter: t.field({ type: "DateTime", description: "Created after this instant." }),
    createdBefore: t.field({ type: "DateTime", description: "Created before this instant." }),
    stepName: t.string({ description: "That have this step; with stepStatus: in that status." }),
    stepStatus: t.field({ type: StepStatus, description: "That have a step, or the step stepName, in this status." }),
    isStalled: t.boolean({
      description:
        "That have a step which is IN_PROGRESS for more than WEIR_STEP_TIMEOUT_MINUTES; false: that have none.",
    }),
  }),
});

const FileOrder = builder.enumType("FileOrder", {
  description: "The order of a list of files, by when they were reported first.",
  values: {
    NEWEST_FIRST: { description: "Newest first." },
    OLDEST_FIRST: { description: "Oldest first: with isStalled or a status, what waits for longest." },
  } as const,
});

const StepStatusCountRef = builder.objectRef<StepStatusCount>("StepStatusCount").implement({
  description: "How many steps of one name have a status, over all files.",
  fields: (t) => ({
    stepName: t.exposeString("stepName", { description: "The steps' name." }),
    kind: t.field({
      type: StepKind,
      description: "Whether they belong to the processing or to uploads.",
      resolve: ({ stepName }) => (isUploadStep(stepName) ? "UPLOAD" : "MAIN"),
    }),
    status: t.expose("status", { type: StepStatus, description: "Their status." }),
    count: t.expose("count", { type: "SafeInt", description: "Steps that have it." }),
  }),
});

export const FileStatusCountRef = builder.objectRef<FileStatusCount>("FileStatusCount").implement({
  description: "How many files have an overall status.",
  fields: (t) => ({
    status: t.field({ type: FileOverallStatus, description: "The overall status.", resolve: ({ status }) => status }),
    count: t.expose("count", { type: "SafeInt", description: "Files that have it." }),
  }),
});

builder.queryFields((t) => ({
  file: t.field({
    type: File,
    nullable: true,
    authScopes: { role: "VIEWER", system: "documents" },
    args: { id: t.arg.id({ required: true, description: "The file's id." }) },
    description: "One file by its id; null when there is none. Role: VIEWER.",
    resolve: (_root, { id }, context) => documents.file(context, id),
  }),
  files: t.field({
    type: FileConnection,
    authScopes: { role: "VIEWER", system: "documents" },
    args: {
      filter: t.arg({ type: FileFilter, description: "Only those that meet it." }),
      orderBy: t.arg({ type: FileOrder, description: "Their order; null: NEWEST_FIRST." }),
      ...pageArgs,
    },
    description: "Files, newest first unless orderBy says otherwise. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => documents.files(context, args),
  }),
  stepStatusCounts: t.field({
    type: [StepStatusCountRef],
    nullable: true,
    authScopes: { role: "VIEWER", system: "documents" },
    description:
      "Number of steps of each name and status, over all files, by name; what no step has is left out, and so is what comes after 2,000 entries. Null beside an error alone. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await countSteps(context.database.db))],
  }),
  fileStatusCounts: t.field({
    type: [FileStatusCountRef],
    authScopes: { role: "VIEWER", system: "documents" },
    description:
      "Number of files in each overall status, by the same definition as File.overallStatus. Every status is there, also with 0. Role: VIEWER.",
    resolve: async (_root, _args, context) => [...(await documents.fileStatusCounts(context))],
  }),
}));
