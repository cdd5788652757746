import * as documents from "../../resolvers/documents/documents.ts";
import { builder } from "../builder.ts";
import { File } from "./file.ts";
import { FileProcessingStep, ProcessingLog, StepStatus } from "./steps.ts";

const CreateFileInput = builder.inputType("CreateFileInput", {
  description: "A new file.",
  fields: (t) => ({
    filehash: t.string({ required: true, description: "Digest of its content, 1 to 512 characters." }),
    originalFilename: t.string({ description: "The name under which it came, up to 4096 characters." }),
    fileSize: t.field({ type: "SafeInt", description: "Bytes." }),
    mimeType: t.string({ description: "Its media type, up to 255 characters." }),
    initializeSteps: t.boolean({
      required: true,
      defaultValue: true,
      description: "Initialize the main steps in the same transaction.",
    }),
    steps: t.stringList({ description: "Its own steps, in order, instead of the main steps; null: the main steps." }),
  }),
});

const UpdateStepStatusInput = builder.inputType("UpdateStepStatusInput", {
  description: "What has become of a step.",
  fields: (t) => ({
    fileId: t.id({ required: true, description: "The file." }),
    stepName: t.string({
      required: true,
      description: "The step, 1 to 255 characters; one that the file does not have yet is added.",
    }),
    status: t.field({
      type: StepStatus,
      required: true,
      description:
        "Where it stands now. IN_PROGRESS after an end begins a new attempt; PENDING puts the step back to its beginning.",
    }),
    errorMessage: t.string({
      description: "Why it failed or was skipped, up to 262144 characters. The other statuses clear it.",
    }),
    startedAt: t.field({
      type: "DateTime",
      description: "When the attempt began; null: now with the first IN_PROGRESS of an attempt, else as it was.",
    }),
    completedAt: t.field({
      type: "DateTime",
      description:
        "When it ended, not before startedAt; null: now with SUCCESS, FAILURE and SKIPPED, with which alone it goes.",
    }),
    message: t.string({ description: "For the log entry; null: errorMessage." }),
    detail: t.string({ description: "Diagnostics for the log entry; null: none." }),
    taskId: t.string({ description: "For the log entry: the task that reports, up to 255 characters." }),
  }),
});

const ProcessingLogInput = builder.inputType("ProcessingLogInput", {
  description: "An event.",
  fields: (t) => ({
    fileId: t.id({ description: "The file; null: it is about none." }),
    taskId: t.string({ description: "The task that reports, up to 255 characters." }),
    stepName: t.string({ description: "The step, up to 255 characters." }),
    status: t.string({ description: "A status, of whatever words, up to 255 characters." }),
    message: t.string({ description: "What happened, up to 262144 characters." }),
    detail: t.string({ description: "Diagnostics, up to 262144 characters." }),
    timestamp: t.field({ type: "DateTime", description: "When it happened; null: now." }),
  }),
});

const idempotencyKey =
  "Makes a retry harmless: the same key with the same input stores nothing again and answers the same subject as it is now; with another input it is a CONFLICT. 1 to 255 characters, remembered as long as the feed's changes.";
const fileId = "The file.";

builder.mutationFields((t) => ({
  createFile: t.field({
    type: File,
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      input: t.arg({ type: CreateFileInput, required: true, description: "The file." }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description: "Adds a file and its steps, both or neither. Role: WORKER. Errors: BAD_USER_INPUT, CONFLICT.",
    resolve: (_root, { input, idempotencyKey: key }, context) => documents.createFile(context, input, key),
  }),
  initializeFileSteps: t.field({
    type: [FileProcessingStep],
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      fileId: t.arg.id({ required: true, description: fileId }),
      steps: t.arg.stringList({ description: "Names of the steps, in order; null: the main steps." }),
    },
    description:
      "Adds the steps that the file does not have yet, as PENDING. Answers the steps of the list, in its order. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND.",
    resolve: async (_root, args, context) => [
      ...(await documents.initializeFileSteps(context, args.fileId, args.steps)),
    ],
  }),
  addUploadSteps: t.field({
    type: [FileProcessingStep],
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      fileId: t.arg.id({ required: true, description: fileId }),
      destinations: t.arg.stringList({
        required: true,
        description: "Names of destinations: letters, digits, _ . - alone, up to 100 characters.",
      }),
    },
    description:
      "Adds queue_<destination> and upload_to_<destination> for each destination, where they are missing. Answers them in order. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND.",
    resolve: async (_root, args, context) => [
      ...(await documents.addUploadSteps(context, args.fileId, args.destinations)),
    ],
  }),
  updateStepStatus: t.field({
    type: FileProcessingStep,
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      input: t.arg({ type: UpdateStepStatusInput, required: true, description: "The report." }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description:
      "Sets the current state and appends the log entry, both or neither. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT.",
    resolve: (_root, { input, idempotencyKey: key }, context) => documents.updateStepStatus(context, input, key),
  }),
  updateStepStatuses: t.field({
    type: [FileProcessingStep],
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      input: t.arg({
        type: [UpdateStepStatusInput],
        required: true,
        description: "The reports, in the order in which they happened.",
      }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description:
      "All reports or none, each with its log entry. Answers the step of each, in input order. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT.",
    resolve: async (_root, { input, idempotencyKey: key }, context) => [
      ...(await documents.updateStepStatuses(context, input, key)),
    ],
  }),
  logProcessingEvent: t.field({
    type: ProcessingLog,
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      input: t.arg({ type: ProcessingLogInput, required: true, description: "The event." }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description:
      "Appends a log entry without touching the current state. Role: WORKER. Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT.",
    resolve: (_root, { input, idempotencyKey: key }, context) => documents.logProcessingEvent(context, input, key),
  }),
}));
