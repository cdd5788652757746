import { basename, join } from "node:path";
import { dayOf } from "./parse.ts";
import { replaceFile } from "./replace-file.ts";

export const UNKNOWN_DATE = "unknown-date";

/** The date of a log: the first group of exactly eight digits in its file name; null when there is none or it is no date. */
export function dateOfLog(logPath: string): string | null {
  return dayOf(/(?<!\d)\d{8}(?!\d)/.exec(basename(logPath))?.[0] ?? null);
}

/** `<staging>/2024/01/15/20240115_radiology_0.hl7` */
export function stagedPath(staging: string, logPath: string, segmentNumber: number): string {
  const folders = dateOfLog(logPath)?.split("-") ?? [UNKNOWN_DATE];
  return join(staging, ...folders, `${basename(logPath, ".log")}_${segmentNumber}.hl7`);
}

/** Stands for the path of a message that was not staged. */
export function placeholderPath(logPath: string, segmentNumber: number): string {
  return `${logPath}_${segmentNumber}`;
}

/** Writes a message byte for byte as the log has it. */
export function stage(path: string, text: string): Promise<void> {
  return replaceFile(path, [text], "latin1");
}
