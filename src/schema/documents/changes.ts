import type { Delivery } from "../../feed/delivery.ts";
import { changeSource, rowOf } from "../../resolvers/changes.ts";
import { fileChanges, logChanges, stepChanges } from "../../resolvers/documents/filters.ts";
import { builder } from "../builder.ts";
import { afterArg, Change, snapshotArg } from "../changes.ts";
import { File } from "./file.ts";
import { FileProcessingStep, ProcessingLog } from "./steps.ts";

const FileChange = builder.objectRef<Delivery>("FileChange").implement({
  description: "A file was added, changed or removed. It changes with its steps: its counts of them belong to it.",
  interfaces: [Change],
  fields: (t) => ({
    file: t.field({ type: File, description: "The file.", resolve: (delivery) => rowOf("FILE", delivery) }),
  }),
});

const FileStepChange = builder.objectRef<Delivery>("FileStepChange").implement({
  description: "A step of a file was added, changed or removed.",
  interfaces: [Change],
  fields: (t) => ({
    step: t.field({
      type: FileProcessingStep,
      description: "The step.",
      resolve: (delivery) => rowOf("FILE_STEP", delivery),
    }),
  }),
});

const ProcessingLogChange = builder.objectRef<Delivery>("ProcessingLogChange").implement({
  description: "An entry was added to the history.",
  interfaces: [Change],
  fields: (t) => ({
    log: t.field({
      type: ProcessingLog,
      description: "The entry.",
      resolve: (delivery) => rowOf("PROCESSING_LOG", delivery),
    }),
  }),
});

builder.subscriptionFields((t) => ({
  fileChanged: t.field({
    type: FileChange,
    authScopes: { role: "VIEWER", system: "documents" },
    args: {
      id: t.arg.id({ description: "Only this file; null: all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description:
      "Every change of a file, so of its overall status. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, fileChanges(args.id), args),
    resolve: (delivery) => delivery,
  }),
  fileStepChanged: t.field({
    type: FileStepChange,
    authScopes: { role: "VIEWER", system: "documents" },
    args: {
      fileId: t.arg.id({ description: "Only steps of this file; null: of all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: "Every change of a step. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, stepChanges(args.fileId), args),
    resolve: (delivery) => delivery,
  }),
  processingLogAdded: t.field({
    type: ProcessingLogChange,
    authScopes: { role: "VIEWER", system: "documents" },
    args: {
      fileId: t.arg.id({ description: "Only entries about this file; null: all." }),
      after: afterArg(t),
      snapshot: snapshotArg(t),
    },
    description: "Every entry of the history as it is added. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, logChanges(args.fileId), args),
    resolve: (delivery) => delivery,
  }),
}));
