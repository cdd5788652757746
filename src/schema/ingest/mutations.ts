import * as ingest from "../../resolvers/ingest/ingest.ts";
import { builder } from "../builder.ts";
import { FileStatus, FileType, Hl7File, IngestStatus } from "./ingest.ts";

const FileStatusInput = builder.inputType("FileStatusInput", {
  description: "A report about a file. PARSED goes with LOG; STAGED and INGESTED go with HL7; FAILED with both.",
  fields: (t) => ({
    filePath: t.string({ required: true, description: "Path or URI of the file, 1 to 4096 characters." }),
    type: t.field({ type: FileType, required: true, description: "What the file is." }),
    status: t.field({ type: IngestStatus, required: true, description: "What has become of it." }),
    errorMessage: t.string({ description: "What went wrong, up to 262144 characters." }),
    workflowId: t.string({ description: "The workflow that processed it, up to 512 characters." }),
    activityId: t.string({ description: "The activity that processed it, up to 512 characters." }),
    processedAt: t.field({ type: "DateTime", description: "Defaults to now." }),
  }),
});

const Hl7FileInput = builder.inputType("Hl7FileInput", {
  description: "Which HL7 file was split from which segment of which log.",
  fields: (t) => ({
    hl7FilePath: t.string({ required: true, description: "Path or URI of the HL7 file, 1 to 4096 characters." }),
    logFilePath: t.string({ required: true, description: "Path of the log, up to 2600 bytes in UTF-8." }),
    segmentNumber: t.int({ required: true, description: "The message's place in the log, from 0." }),
    date: t.field({
      type: "Date",
      description: "Date of the log; null: the first group of eight digits in its file name.",
    }),
  }),
});

const idempotencyKey =
  "Makes a retry harmless: the same key with the same input answers what the first call did and stores nothing; with another input it is a CONFLICT. 1 to 255 characters, remembered as long as the feed's changes.";

builder.mutationFields((t) => ({
  recordFileStatus: t.field({
    type: FileStatus,
    authScopes: { role: "WORKER", system: "ingest" },
    args: {
      input: t.arg({ type: FileStatusInput, required: true, description: "The report." }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description:
      'Adds one report to a file\'s history. Role: WORKER. Errors: BAD_USER_INPUT, CONFLICT. Example: `mutation { recordFileStatus(input: { filePath: "/logs/20240115_radiology.log", type: LOG, status: PARSED }) { id } }`',
    resolve: (_root, { input, idempotencyKey: key }, context) => ingest.recordFileStatus(context, input, key),
  }),
  recordFileStatuses: t.field({
    type: [FileStatus],
    authScopes: { role: "WORKER", system: "ingest" },
    args: {
      input: t.arg({
        type: [FileStatusInput],
        required: true,
        description: "The reports, in the order in which they happened.",
      }),
      idempotencyKey: t.arg.string({ description: idempotencyKey }),
    },
    description:
      'All rows or none. Answers in input order. Role: WORKER. Errors: BAD_USER_INPUT, CONFLICT. Example: `mutation { recordFileStatuses(idempotencyKey: "batch-1", input: [{ filePath: "/lake/a.hl7", type: HL7, status: STAGED }]) { id } }`',
    resolve: async (_root, { input, idempotencyKey: key }, context) => [
      ...(await ingest.recordFileStatuses(context, input, key)),
    ],
  }),
  recordHl7Files: t.field({
    type: [Hl7File],
    authScopes: { role: "WORKER", system: "ingest" },
    args: { input: t.arg({ type: [Hl7FileInput], required: true, description: "The files; a segment at most once." }) },
    description:
      "Upsert by (logFilePath, segmentNumber). All rows or none. Answers in input order. Role: WORKER. Errors: BAD_USER_INPUT.",
    resolve: async (_root, { input }, context) => [...(await ingest.recordHl7Files(context, input))],
  }),
}));
