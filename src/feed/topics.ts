import { fileStatuses, hl7Files } from "../db/ingest.ts";
import { seederJobs, seederRuns } from "../db/seeder.ts";

/**
 * What the feed announces. A topic names the table whose rows its changes carry, and the column that is the subject's
 * natural key; triggers write the same names into `weir.change`.
 */
export const TOPICS = {
  FILE_STATUS: { table: fileStatuses, keyColumn: "filePath", primaryKey: ["id"] },
  HL7_FILE: { table: hl7Files, keyColumn: "hl7FilePath", primaryKey: ["logFilePath", "segmentNumber"] },
  SEEDER_JOB: { table: seederJobs, keyColumn: "tableName", primaryKey: ["tableName"] },
  SEEDER_RUN: { table: seederRuns, keyColumn: "tableName", primaryKey: ["id"] },
} as const;

export type Topic = keyof typeof TOPICS;
/** The row that changes of a topic carry. */
export type RowOf<T extends Topic> = (typeof TOPICS)[T]["table"]["$inferSelect"];

export const TOPIC_NAMES: readonly Topic[] = ["FILE_STATUS", "HL7_FILE", "SEEDER_JOB", "SEEDER_RUN"];

export const CHANGE_OPERATIONS = ["SNAPSHOT", "INSERT", "UPDATE", "DELETE"] as const;
export type ChangeOperation = (typeof CHANGE_OPERATIONS)[number];
