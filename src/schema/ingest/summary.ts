import type { IngestCounts, IngestDateCounts, IngestSummary } from "../../resolvers/ingest/counts.ts";
import * as ingest from "../../resolvers/ingest/ingest.ts";
import { builder } from "../builder.ts";

export const IngestCountsRef = builder.objectRef<IngestCounts>("IngestCounts").implement({
  description: "Files by their latest status.",
  fields: (t) => ({
    parsed: t.expose("parsed", { type: "SafeInt", description: "Latest status PARSED." }),
    staged: t.expose("staged", { type: "SafeInt", description: "Latest status STAGED." }),
    ingested: t.expose("ingested", { type: "SafeInt", description: "Latest status INGESTED." }),
    failed: t.expose("failed", { type: "SafeInt", description: "Latest status FAILED." }),
    unknown: t.expose("unknown", { type: "SafeInt", description: "Latest status UNKNOWN." }),
    total: t.expose("total", {
      type: "SafeInt",
      description: "All of them, each path once, also those without a status.",
    }),
    withoutLog: t.expose("withoutLog", {
      type: "SafeInt",
      description:
        "Of the total, HL7 files of no log: those that only statuses name. 0 among logs and among the files of one.",
    }),
  }),
});

const IngestDateCountsRef = builder.objectRef<IngestDateCounts>("IngestDateCounts").implement({
  description: "Files of one log date by their latest status.",
  fields: (t) => ({
    date: t.expose("date", { type: "Date", description: "Date of the logs." }),
    logFiles: t.field({
      type: IngestCountsRef,
      description: "Logs of this date.",
      resolve: ({ logFiles }) => logFiles,
    }),
    hl7Files: t.field({
      type: IngestCountsRef,
      description: "HL7 files of logs of this date.",
      resolve: ({ hl7Files }) => hl7Files,
    }),
  }),
});

export const IngestSummaryRef = builder.objectRef<IngestSummary>("IngestSummary").implement({
  description: "Counts of files by their latest status, as of one moment.",
  fields: (t) => ({
    logFiles: t.field({
      type: IngestCountsRef,
      description: "All logs in the range of dates.",
      resolve: ({ logFiles }) => logFiles,
    }),
    hl7Files: t.field({
      type: IngestCountsRef,
      description: "All HL7 files; in a range of dates, those whose log has a date of it.",
      resolve: ({ hl7Files }) => hl7Files,
    }),
    byDate: t.field({
      type: [IngestDateCountsRef],
      description: "The same per log date, oldest first; files without a date are in the sums alone.",
      resolve: ({ byDate }) => byDate,
    }),
    oldestStagedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the HL7 file was processed that is STAGED for longest, of whatever date; null when none is.",
      resolve: (_summary, _args, context) => ingest.oldestStagedAt(context),
    }),
    stuckStaged: t.field({
      type: "SafeInt",
      description:
        "HL7 files, of whatever date, whose latest status is STAGED for longer than WEIR_STUCK_STAGED_MINUTES.",
      resolve: (_summary, _args, context) => ingest.stuckStaged(context),
    }),
  }),
});

builder.queryFields((t) => ({
  ingestSummary: t.field({
    type: IngestSummaryRef,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: {
      from: t.arg({ type: "Date", description: "First log date; null: from the beginning." }),
      to: t.arg({ type: "Date", description: "Last log date; null: to the end." }),
    },
    description:
      "Counts of files by their latest status, per log date; the data behind the ingest charts. Role: VIEWER.",
    resolve: (_root, { from, to }, context) => ingest.ingestSummary(context, from, to),
  }),
}));
