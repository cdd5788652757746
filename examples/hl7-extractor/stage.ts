import { basename, join } from "node:path";
import { dayOf } from "./parse.ts";
import { replaceFile } from "./replace-file.ts";

export const UNKNOWN_DATE = "unknown-date";

/** The date of a log: the first eight digits of a number in its file name that are a date; null when there are none. */
export function dateOfLog(logPath: string): string | null {
  for (const [digits] of basename(logPath).matchAll(/\d{8,}/g)) {
    const day = dayOf(digits);
    if (day !== null) return day;
  }
  return null;
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
