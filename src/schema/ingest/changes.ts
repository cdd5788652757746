import type { Delivery } from "../../feed/delivery.ts";
import { changeSource, rowOf } from "../../resolvers/changes.ts";
import { mappingChanges, statusChanges } from "../../resolvers/ingest/filters.ts";
import { builder } from "../builder.ts";
import { afterArg, Change } from "../changes.ts";
import { FileStatus, FileStatusFilter, Hl7File } from "./ingest.ts";

const FileStatusChange = builder.objectRef<Delivery>("FileStatusChange").implement({
  description: "A report was added to a file's history.",
  interfaces: [Change],
  fields: (t) => ({
    fileStatus: t.field({
      type: FileStatus,
      description: "The report.",
      resolve: (delivery) => rowOf("FILE_STATUS", delivery),
    }),
    isCurrent: t.boolean({
      description: "True when this row became its file's latest status; false for one that arrived late.",
      resolve: ({ change }) => change.isCurrent === true,
    }),
  }),
});

const Hl7FileChange = builder.objectRef<Delivery>("Hl7FileChange").implement({
  description: "The mapping of a HL7 file to its log was added, changed or removed.",
  interfaces: [Change],
  fields: (t) => ({
    hl7File: t.field({
      type: Hl7File,
      description: "The mapping.",
      resolve: (delivery) => rowOf("HL7_FILE", delivery),
    }),
  }),
});

builder.subscriptionFields((t) => ({
  fileStatusRecorded: t.field({
    type: FileStatusChange,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: {
      filter: t.arg({ type: FileStatusFilter, description: "Only reports that meet it." }),
      after: afterArg(t),
    },
    description:
      "Every report about a file, also one that arrived late. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, statusChanges(args.filter ?? {}), args),
    resolve: (delivery) => delivery,
  }),
  hl7FileChanged: t.field({
    type: Hl7FileChange,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: {
      logFilePath: t.arg.string({ description: "Only files that were split from this log; null: from any." }),
      after: afterArg(t),
    },
    description:
      "Every HL7 file that is mapped to its log, mapped anew, or whose mapping is removed. Role: VIEWER. Errors: CURSOR_EXPIRED, BAD_USER_INPUT.",
    subscribe: (_root, args, context) => changeSource(context, mappingChanges(args.logFilePath), args),
    resolve: (delivery) => delivery,
  }),
}));
