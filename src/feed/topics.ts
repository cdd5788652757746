import { documentFiles, fileProcessingSteps, processingLogs } from "../db/documents/tables.ts";
import { fileStatuses, hl7Files } from "../db/ingest/tables.ts";
import { pipelineConfig, pipelineRuns, stageLogs } from "../db/pipelines/tables.ts";
import { reportJobs, reportRuns } from "../db/reports/tables.ts";

/**
 * What the feed announces. A topic names the table whose rows its changes carry, and the column that is the subject's
 * natural key; triggers write the same names into `weir.change`.
 */
export const TOPICS = {
  FILE_STATUS: { table: fileStatuses, keyColumn: "filePath", primaryKey: ["id"] },
  HL7_FILE: { table: hl7Files, keyColumn: "hl7FilePath", primaryKey: ["logFilePath", "segmentNumber"] },
  PIPELINE: { table: pipelineConfig, keyColumn: "sourceTablename", primaryKey: ["sourceTablename"] },
  RUN: { table: pipelineRuns, keyColumn: "id", primaryKey: ["id"] },
  RUN_STAGE: { table: stageLogs, keyColumn: "pipelineRunId", primaryKey: ["id"] },
  FILE: { table: documentFiles, keyColumn: "id", primaryKey: ["id"] },
  FILE_STEP: { table: fileProcessingSteps, keyColumn: "fileId", primaryKey: ["id"] },
  PROCESSING_LOG: { table: processingLogs, keyColumn: "fileId", primaryKey: ["id"] },
  SEEDER_JOB: { table: reportJobs, keyColumn: "tableName", primaryKey: ["tableName"] },
  SEEDER_RUN: { table: reportRuns, keyColumn: "tableName", primaryKey: ["id"] },
} as const;

export type Topic = keyof typeof TOPICS;
/** The row that changes of a topic carry. */
export type RowOf<T extends Topic> = (typeof TOPICS)[T]["table"]["$inferSelect"];

export const TOPIC_NAMES: readonly Topic[] = [
  "FILE_STATUS",
  "HL7_FILE",
  "PIPELINE",
  "RUN",
  "RUN_STAGE",
  "FILE",
  "FILE_STEP",
  "PROCESSING_LOG",
  "SEEDER_JOB",
  "SEEDER_RUN",
];

const CHANGE_OPERATIONS = ["SNAPSHOT", "INSERT", "UPDATE", "DELETE"] as const;
export type ChangeOperation = (typeof CHANGE_OPERATIONS)[number];
