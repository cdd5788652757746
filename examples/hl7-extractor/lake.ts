import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseReport } from "./parse.ts";
import { replaceFile } from "./replace-file.ts";
import { dateOfLog, UNKNOWN_DATE } from "./stage.ts";

export interface StagedMessage {
  readonly hl7FilePath: string;
  readonly segmentNumber: number;
}

/** `<lake>/2024-01-15/20240115_radiology.ndjson`: a file per log, so that ingesting a log again replaces its lines. */
function lakePath(lake: string, logPath: string): string {
  return join(lake, dateOfLog(logPath) ?? UNKNOWN_DATE, `${basename(logPath, ".log")}.ndjson`);
}

/**
 * Writes the reports of a log's staged messages into the lake, one JSON object a line, whole or not at all. Answers why
 * messages could not be ingested, by segment number; the others are in the lake.
 */
export async function ingest(
  lake: string,
  logFilePath: string,
  staged: readonly StagedMessage[],
): Promise<ReadonlyMap<number, string>> {
  const problems = new Map<number, string>();
  async function* lines(): AsyncGenerator<string, void> {
    for (const { hl7FilePath, segmentNumber } of staged) {
      const report = await readReport(hl7FilePath);
      if ("problem" in report) problems.set(segmentNumber, report.problem);
      else yield `${JSON.stringify({ ...report, hl7FilePath, logFilePath, segmentNumber })}\n`;
    }
  }
  const path = lakePath(lake, logFilePath);
  await replaceFile(path, lines());
  if (problems.size === staged.length) await rm(path);
  return problems;
}

async function readReport(path: string) {
  try {
    return parseReport(await readFile(path, "latin1"));
  } catch (error) {
    return { problem: `the staged file can't be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
