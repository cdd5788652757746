import { z } from "zod";
import type { Known } from "../../db/columns.ts";
import {
  FILE_TYPES,
  type FileTypeWord,
  INGEST_STATUSES,
  type IngestStatusWord,
  STATUSES_OF_TYPE,
} from "../../db/ingest/tables.ts";
import { badInput } from "../errors.ts";
import { checked, reportedWord } from "../input.ts";
import type { Settings } from "../settings.ts";

/** PATH_MAX of Linux; an S3 key has 1,024 bytes at most. */
const MOST_PATH_CHARACTERS = 4_096;
/** An entry of the index that keeps (log, segment) unique holds 2,704 bytes, with its header and the number. */
const MOST_LOG_PATH_BYTES = 2_600;
const MOST_NAME_CHARACTERS = 512;
const MOST_MESSAGE_CHARACTERS = 262_144;

const path = z
  .string()
  .regex(/\S/, "is empty")
  .max(MOST_PATH_CHARACTERS, `is longer than ${MOST_PATH_CHARACTERS} characters`);
const name = z.string().max(MOST_NAME_CHARACTERS, `is longer than ${MOST_NAME_CHARACTERS} characters`).nullish();

const fileStatus = z
  .object({
    filePath: path,
    type: reportedWord(FILE_TYPES),
    status: reportedWord(INGEST_STATUSES),
    errorMessage: z
      .string()
      .max(MOST_MESSAGE_CHARACTERS, `is longer than ${MOST_MESSAGE_CHARACTERS} characters`)
      .nullish(),
    workflowId: name,
    activityId: name,
    processedAt: z.string().nullish(),
  })
  .superRefine(({ type, status }, context) => {
    if (STATUSES_OF_TYPE[type].includes(status)) return;
    const allowed = STATUSES_OF_TYPE[type].map((word) => word.toUpperCase()).join(", ");
    context.addIssue({
      code: "custom",
      path: ["status"],
      message: `is ${status.toUpperCase()}, which a ${type === "Log" ? "LOG" : type} file can't have; it can be ${allowed}`,
    });
  });

const fileStatuses = z.array(fileStatus);

const hl7File = z.object({
  hl7FilePath: path,
  logFilePath: path.refine(
    (text) => Buffer.byteLength(text) <= MOST_LOG_PATH_BYTES,
    `is longer than ${MOST_LOG_PATH_BYTES} bytes in UTF-8`,
  ),
  segmentNumber: z.int().min(0, "is negative; segments count from 0"),
  date: z.string().nullish(),
});
const hl7Files = z.array(hl7File);

/** A report about one file, checked. */
export interface NewFileStatus {
  readonly filePath: string;
  readonly type: FileTypeWord;
  readonly status: IngestStatusWord;
  readonly errorMessage?: string | null | undefined;
  readonly workflowId?: string | null | undefined;
  readonly activityId?: string | null | undefined;
  readonly processedAt?: string | null | undefined;
}

/** A HL7 file of a log, checked. */
export type NewHl7File = z.infer<typeof hl7File>;

/** A report as it comes. */
export interface FileStatusInput extends Omit<NewFileStatus, "type" | "status"> {
  readonly type: Known<FileTypeWord>;
  readonly status: Known<IngestStatusWord>;
}

export function checkFileStatus(input: FileStatusInput, settings: Settings): NewFileStatus {
  const row = checked(fileStatus, input, ["input"]);
  assertNotAhead(row, "input", settings);
  return row;
}

export function checkFileStatuses(input: readonly FileStatusInput[], settings: Settings): readonly NewFileStatus[] {
  assertBatchSize(input, settings.maxBatchRows);
  const rows = checked(fileStatuses, input, ["input"]);
  for (const [at, row] of rows.entries()) assertNotAhead(row, `input[${at}]`, settings);
  return rows;
}

/** A latest status that lies far in the future would stay the latest one, whatever comes. */
function assertNotAhead({ processedAt }: NewFileStatus, place: string, { maxClockAheadMinutes }: Settings): void {
  if (processedAt == null) return;
  if (processedAt <= new Date(Date.now() + maxClockAheadMinutes * 60_000).toISOString()) return;
  throw badInput(
    `${place}.processedAt is more than ${maxClockAheadMinutes} minutes ahead of the service's clock; check the clock and the time zone, or raise WEIR_MAX_CLOCK_AHEAD_MINUTES.`,
  );
}

export function checkHl7Files(input: readonly NewHl7File[], mostRows: number): readonly NewHl7File[] {
  assertBatchSize(input, mostRows);
  const rows = checked(hl7Files, input, ["input"]);
  const seen = new Map<string, number>();
  for (const [at, { logFilePath, segmentNumber }] of rows.entries()) {
    const key = `${segmentNumber} ${logFilePath}`;
    const before = seen.get(key);
    if (before !== undefined) {
      throw badInput(
        `input[${before}] and input[${at}] are the same segment ${segmentNumber} of ${logFilePath}. Send it once.`,
      );
    }
    seen.set(key, at);
  }
  return rows;
}

function assertBatchSize(input: readonly unknown[], mostRows: number): void {
  if (input.length > mostRows) {
    throw badInput(`input has ${input.length} rows; a batch has ${mostRows} at most. Send several batches.`);
  }
}
