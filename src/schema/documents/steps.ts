import { isUploadStep, type ProcessingLogRow, type StepRow } from "../../db/documents/tables.ts";
import * as documents from "../../resolvers/documents/documents.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";
import { UNKNOWN_VALUE } from "../words.ts";
import { File } from "./file.ts";

export const StepStatus = builder.enumType("StepStatus", {
  description: "How far a step has come.",
  values: {
    PENDING: { value: "pending", description: "It has not begun." },
    IN_PROGRESS: { value: "in_progress", description: "A worker is at it." },
    SUCCESS: { value: "success", description: "It is done." },
    FAILURE: { value: "failure", description: "It failed; see errorMessage. IN_PROGRESS begins a new attempt." },
    SKIPPED: { value: "skipped", description: "It is not needed here; it counts as done." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const StepKind = builder.enumType("StepKind", {
  description: "What a step belongs to.",
  values: {
    MAIN: { description: "The processing itself." },
    UPLOAD: { description: "An upload to a destination: its name begins with queue_ or upload_to_." },
  },
});

export const FileProcessingStep = builder.objectRef<StepRow>("FileProcessingStep").implement({
  description: "The current state of one step of a file.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique; the steps of a file are in its order." }),
    fileId: t.exposeID("fileId", { description: "The file." }),
    file: t.field({
      type: File,
      description: "The file. An error when it was removed since.",
      resolve: ({ fileId }, _args, context) => documents.fileOf(context, fileId),
    }),
    stepName: t.exposeString("stepName", { description: "The step's name, unique in its file." }),
    kind: t.field({
      type: StepKind,
      description: "Whether it belongs to the processing or to an upload.",
      resolve: ({ stepName }) => (isUploadStep(stepName) ? "UPLOAD" : "MAIN"),
    }),
    status: t.expose("knownStatus", { type: StepStatus, description: "Where it stands." }),
    statusText: t.exposeString("status", { description: "The status as it is stored, in the program's own word." }),
    startedAt: t.expose("startedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the latest attempt began; null before the first.",
    }),
    completedAt: t.expose("completedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it succeeded, failed or was skipped; null before.",
    }),
    durationSeconds: t.float({
      nullable: true,
      description: "Seconds from startedAt to completedAt; null while one of them is null.",
      resolve: documents.durationSeconds,
    }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "Why it failed or was skipped; null when nothing was said, and once a new attempt has begun.",
    }),
    attempts: t.int({
      description:
        "How often it was begun, by the log of its file: an IN_PROGRESS that is the first, or comes after an end. 0: never, or by nobody who wrote the log.",
      resolve: (step, _args, { loaders }) => loaders.documents.attempts.load(step),
    }),
    isStalled: t.boolean({
      description: "In progress for longer than WEIR_STEP_TIMEOUT_MINUTES.",
      resolve: (step, _args, context) => documents.isStalled(context, step),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the step was added." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When the step was last changed." }),
  }),
});

export const ProcessingLog = builder.objectRef<ProcessingLogRow>("ProcessingLog").implement({
  description: "One event of the history. Entries are never changed.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "Unique; of two entries with the same timestamp the greater id is the later.",
    }),
    fileId: t.exposeID("fileId", { nullable: true, description: "The file; null when it is about none." }),
    taskId: t.exposeString("taskId", { nullable: true, description: "The task that reported it, if it said so." }),
    stepName: t.exposeString("stepName", { nullable: true, description: "The step; null when it is about none." }),
    status: t.exposeString("status", {
      nullable: true,
      description: "The status as it was reported, of whatever words; null when none was.",
    }),
    message: t.exposeString("message", { nullable: true, description: "What happened; null when nothing was said." }),
    detail: t.exposeString("detail", { nullable: true, description: "Diagnostics; null when there are none." }),
    timestamp: t.expose("timestamp", { type: "DateTime", description: "When it happened." }),
  }),
});

const ProcessingLogConnection = connectionOf("ProcessingLog", ProcessingLog);

const ProcessingLogFilter = builder.inputType("ProcessingLogFilter", {
  description: "Entries that meet all that is given; null asks nothing.",
  fields: (t) => ({
    fileId: t.id({ description: "About this file." }),
    taskId: t.string({ description: "Reported by this task." }),
    stepName: t.string({ description: "About this step." }),
    status: t.string({ description: "With this status, in upper or lower case." }),
    after: t.field({ type: "DateTime", description: "Later than this instant." }),
    before: t.field({ type: "DateTime", description: "Earlier than this instant." }),
  }),
});

builder.objectFields(File, (t) => ({
  updatedAt: t.field({
    type: "DateTime",
    description: "When one of its steps was changed last; while it has none, when it was reported.",
    resolve: (file, _args, context) => documents.lastChangeOf(context, file),
  }),
  steps: t.field({
    type: [FileProcessingStep],
    description: "Its steps, in the order in which they were added.",
    resolve: async ({ id }, _args, context) => [...(await documents.stepsOf(context, id))],
  }),
  logs: t.field({
    type: ProcessingLogConnection,
    args: pageArgs,
    description: "Oldest first: the timeline.",
    resolve: ({ id }, args, context) => documents.logsOf(context, id, args),
  }),
}));

builder.queryFields((t) => ({
  processingLogs: t.field({
    type: ProcessingLogConnection,
    authScopes: { role: "VIEWER", system: "documents" },
    args: { filter: t.arg({ type: ProcessingLogFilter, description: "Only those that meet it." }), ...pageArgs },
    description: "The history of all files, newest first. Role: VIEWER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => documents.processingLogs(context, args),
  }),
}));
