import type { FileStatusRow } from "../../db/ingest/tables.ts";
import * as ingest from "../../resolvers/ingest/ingest.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";
import { UNKNOWN_VALUE } from "../words.ts";
import { IngestCountsRef } from "./summary.ts";

export const FileType = builder.enumType("FileType", {
  description: "What a file is.",
  values: {
    HL7: { value: "HL7", description: "A HL7 message that was split from a log." },
    LOG: { value: "Log", description: "A HL7-ish log, as a listener writes it." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const IngestStatus = builder.enumType("IngestStatus", {
  description: "How far a file has come.",
  values: {
    PARSED: { value: "parsed", description: "A log was read and split." },
    STAGED: { value: "staged", description: "A HL7 file was written to the staging area." },
    INGESTED: { value: "ingested", description: "A HL7 file's content is in the tables. `success` in the wild." },
    FAILED: { value: "failed", description: "A log or a HL7 file could not be processed; see errorMessage." },
    UNKNOWN: UNKNOWN_VALUE,
  } as const,
});

export const FileStatus = builder.objectRef<FileStatusRow>("FileStatus").implement({
  description: "One report about a file. Reports are never changed: a file's history is all of its reports.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", {
      description: "Unique; of two reports with the same processedAt the greater id is the newer.",
    }),
    filePath: t.exposeString("filePath", {
      description: "Path or URI of the file. A message that failed may carry a placeholder.",
    }),
    type: t.expose("knownType", { type: FileType, description: "What the file is." }),
    typeText: t.exposeString("type", { description: "The type as it was stored, in the program's own word." }),
    status: t.expose("knownStatus", { type: IngestStatus, description: "What was reported." }),
    statusText: t.exposeString("status", { description: "The status as it was stored, in the program's own word." }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "What went wrong; null when nothing did.",
    }),
    workflowId: t.exposeString("workflowId", {
      nullable: true,
      description: "The workflow that processed the file, if it said so.",
    }),
    activityId: t.exposeString("activityId", {
      nullable: true,
      description: "The activity that processed the file, if it said so.",
    }),
    processedAt: t.expose("processedAt", {
      type: "DateTime",
      description: "When the file was processed; the newest is its status.",
    }),
  }),
});

const FileStatusConnection = connectionOf("FileStatus", FileStatus);

const date =
  "Date of the log: as reported last for it, else the first eight digits in its file name; null when neither gives one.";

export const LogFile = builder.objectRef<ingest.LogFile>("LogFile");
export const Hl7File = builder.objectRef<ingest.Hl7File>("Hl7File");
const LogFileConnection = connectionOf("LogFile", LogFile);
const Hl7FileConnection = connectionOf("Hl7File", Hl7File);

export const FileStatusFilter = builder.inputType("FileStatusFilter", {
  description: "Statuses that meet all that is given; null asks nothing.",
  fields: (t) => ({
    filePath: t.string({ description: "Exactly this path." }),
    filePathPrefix: t.string({ description: "Paths that begin with this text." }),
    type: t.field({ type: FileType, description: "Of files of this type." }),
    status: t.field({ type: [IngestStatus], description: "With one of these statuses." }),
    workflowId: t.string({ description: "Reported by this workflow." }),
    activityId: t.string({ description: "Reported by this activity." }),
    processedAfter: t.field({ type: "DateTime", description: "Processed after this instant." }),
    processedBefore: t.field({ type: "DateTime", description: "Processed before this instant." }),
  }),
});

const LogFileFilter = builder.inputType("LogFileFilter", {
  description: "Logs that meet all that is given; null asks nothing.",
  fields: (t) => ({
    pathPrefix: t.string({ description: "Paths that begin with this text." }),
    status: t.field({ type: [IngestStatus], description: "Whose latest status is one of these." }),
    hl7Status: t.field({
      type: [IngestStatus],
      description: "That have a HL7 file whose latest status is one of these: [FAILED] finds logs with failed files.",
    }),
    isStuck: t.boolean({ description: "That have a HL7 file which is stuck; false: that have none." }),
    search: t.string({ description: "Whose path has this text, in any case: of the latest 20,000 logs." }),
    dateFrom: t.field({ type: "Date", description: "Of this date or later." }),
    dateTo: t.field({ type: "Date", description: "Of this date or earlier." }),
  }),
});

const LogFileOrder = builder.enumType("LogFileOrder", {
  description: "The order of a list of logs.",
  values: {
    DATE: { description: "Latest date first, then by path; logs without a date come last." },
    RECENT_FIRST: { description: "By the log's own latest status, newest first; logs without one are left out." },
  } as const,
});

const Hl7FileFilter = builder.inputType("Hl7FileFilter", {
  description: "HL7 files that meet all that is given; null asks nothing.",
  fields: (t) => ({
    logFilePath: t.string({ description: "Split from this log." }),
    withoutLog: t.boolean({
      description: "True: only files of no log, which statuses alone name. False: only files of logs.",
    }),
    pathPrefix: t.string({ description: "Paths that begin with this text." }),
    status: t.field({ type: [IngestStatus], description: "Whose latest status is one of these." }),
    isStuck: t.boolean({
      description: "STAGED for longer than WEIR_STUCK_STAGED_MINUTES; false: all others.",
    }),
    dateFrom: t.field({ type: "Date", description: "Of logs of this date or later." }),
    dateTo: t.field({ type: "Date", description: "Of logs of this date or earlier." }),
  }),
});

LogFile.implement({
  description: "A HL7-ish log. It is known as soon as a status of it or a HL7 file from it was reported.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("logFilePath", { description: "Unique among logs: its path." }),
    logFilePath: t.exposeString("logFilePath", { description: "Its path, as the worker sees it." }),
    date: t.expose("date", { type: "Date", nullable: true, description: date }),
    currentStatus: t.field({
      type: FileStatus,
      nullable: true,
      description: "Its latest status; null when none was reported yet.",
      resolve: (log, _args, context) => ingest.currentStatus(context, "Log", log.logFilePath, log.currentStatus),
    }),
    statuses: t.field({
      type: FileStatusConnection,
      args: pageArgs,
      description: "Every status row of this log file, newest first.",
      resolve: (log, args, context) => ingest.statusesOf(context, "Log", log.logFilePath, args),
    }),
    hl7Files: t.field({
      type: Hl7FileConnection,
      args: { filter: t.arg({ type: Hl7FileFilter, description: "Only those that meet it." }), ...pageArgs },
      description: "The HL7 files split from it, in the order of their segments.",
      resolve: (log, args, context) => ingest.hl7FilesOf(context, log.logFilePath, args),
    }),
    segmentStatuses: t.string({
      description:
        "The latest statuses of its HL7 files in the order of their segments, as text: a letter and how many in a row have it, as I12S3F1. P parsed, S staged, I ingested, F failed, U unknown, N none yet. Of a log with more than 10,000, those of the first. Empty for none.",
      resolve: ({ logFilePath }, _args, { loaders }) => loaders.ingest.segments.load(logFilePath),
    }),
    changedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "The newest processedAt of its own statuses and those of its HL7 files; null while there is none.",
      resolve: ({ logFilePath }, _args, { loaders }) => loaders.ingest.lastChange.load(logFilePath),
    }),
    hl7FileCounts: t.field({
      type: IngestCountsRef,
      description: "Its HL7 files by latest status.",
      resolve: (log, _args, context) => ingest.hl7FileCounts(context, log.logFilePath),
    }),
  }),
});

Hl7File.implement({
  description:
    "A HL7 file and the log that it was split from: one for each row of hl7_files, so that a path of several logs or segments is there once for each. A file that only statuses name is one of no log.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: "Unique among HL7 files: its segment and its log; of a file of no log, -1 and its own path.",
      resolve: ingest.hl7FileId,
    }),
    hl7FilePath: t.exposeString("hl7FilePath", { description: "Its path or URI." }),
    logFilePath: t.exposeString("logFilePath", {
      description: "The log's path; empty for a file of no log.",
    }),
    segmentNumber: t.exposeInt("segmentNumber", {
      description: "Its place in the log, from 0; -1 for a file of no log.",
    }),
    date: t.expose("date", { type: "Date", nullable: true, description: date }),
    logFile: t.field({
      type: LogFile,
      description: "The log that it was split from; for a file of no log, one with an empty path.",
      resolve: async (hl7, _args, context) =>
        (await ingest.logFile(context, hl7.logFilePath)) ?? { logFilePath: hl7.logFilePath, date: hl7.date },
    }),
    others: t.field({
      type: [Hl7File],
      description: "The other rows of the same path: of other logs, or other segments of its log. Mostly empty.",
      resolve: async (hl7, _args, context) => [...(await ingest.otherMappings(context, hl7))],
    }),
    currentStatus: t.field({
      type: FileStatus,
      nullable: true,
      description: "Its latest status; null when none was reported yet.",
      resolve: (hl7, _args, context) => ingest.currentStatus(context, "HL7", hl7.hl7FilePath, hl7.currentStatus),
    }),
    statuses: t.field({
      type: FileStatusConnection,
      args: pageArgs,
      description: "Every status row of this file, newest first.",
      resolve: (hl7, args, context) => ingest.statusesOf(context, "HL7", hl7.hl7FilePath, args),
    }),
  }),
});

const statusListArgs = {
  ...builder.args((t) => ({ filter: t.field({ type: FileStatusFilter, description: "Only those that meet it." }) })),
  ...pageArgs,
};

builder.queryFields((t) => ({
  fileStatuses: t.field({
    type: FileStatusConnection,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: statusListArgs,
    description: "The history: every status ever reported, newest first. Role: VIEWER.",
    resolve: (_root, args, context) => ingest.fileStatuses(context, args),
  }),
  recentLogFileStatuses: t.field({
    type: FileStatusConnection,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: statusListArgs,
    description: "The latest status of each log, newest first. Role: VIEWER.",
    resolve: (_root, args, context) => ingest.recentFileStatuses(context, "Log", args),
  }),
  recentHl7FileStatuses: t.field({
    type: FileStatusConnection,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: statusListArgs,
    description:
      "The latest status of each HL7 file, newest first. Role: VIEWER. Example: `query { recentHl7FileStatuses(first: 20) { nodes { filePath status processedAt } } }`",
    resolve: (_root, args, context) => ingest.recentFileStatuses(context, "HL7", args),
  }),
  logFile: t.field({
    type: LogFile,
    nullable: true,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: { logFilePath: t.arg.string({ required: true, description: "The log's path, exactly." }) },
    description:
      'One log by its path; null when nothing was reported of it. Role: VIEWER. Example: `query { logFile(logFilePath: "/logs/20240115_radiology.log") { hl7FileCounts { ingested failed total } } }`',
    resolve: (_root, { logFilePath }, context) => ingest.logFile(context, logFilePath),
  }),
  logFiles: t.field({
    type: LogFileConnection,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: {
      filter: t.arg({ type: LogFileFilter, description: "Only those that meet it." }),
      orderBy: t.arg({ type: LogFileOrder, description: "Their order; null: DATE." }),
      ...pageArgs,
    },
    description:
      "Logs, by date unless orderBy says otherwise. Role: VIEWER. Example: `query { logFiles(first: 20, filter: { status: [PARSED] }) { nodes { logFilePath date } pageInfo { endCursor hasNextPage } } }`",
    resolve: (_root, args, context) => ingest.logFiles(context, args),
  }),
  hl7File: t.field({
    type: Hl7File,
    nullable: true,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: { hl7FilePath: t.arg.string({ required: true, description: "The file's path or URI, exactly." }) },
    description:
      "One HL7 file by its path: of several rows the one that was mapped last; see others. Null when nothing was reported of it. Role: VIEWER.",
    resolve: (_root, { hl7FilePath }, context) => ingest.hl7File(context, hl7FilePath),
  }),
  hl7Files: t.field({
    type: Hl7FileConnection,
    authScopes: { role: "VIEWER", system: "ingest" },
    args: { filter: t.arg({ type: Hl7FileFilter, description: "Only those that meet it." }), ...pageArgs },
    description:
      "HL7 files, latest date first, then by log, then in the order of the log; files without a date come last. Role: VIEWER.",
    resolve: (_root, args, context) => ingest.hl7Files(context, args),
  }),
}));
