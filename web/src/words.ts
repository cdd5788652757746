import { dateOf, timeOf } from "./clock.ts";

/** How a status looks: its mark, its tone, and its word for those who do not see the mark. */
interface Look {
  readonly mark: string;
  readonly tone: string;
  readonly word: string;
}

const look = (mark: string, tone: string, word: string): Look => ({ mark, tone, word });

const LOOKS: Readonly<Record<string, Look>> = {
  FAILED: look("failed", "failed", "failed"),
  FAILURE: look("failed", "failed", "failed"),
  ERROR: look("failed", "failed", "failed"),
  SUCCESS: look("done", "done", "done"),
  INGESTED: look("done", "done", "ingested"),
  PARSED: look("done", "done", "parsed"),
  COMPLETED: look("done", "done", "completed"),
  RUNNING: look("moving", "moving", "running"),
  STAGED: look("moving", "moving", "staged"),
  PROCESSING: look("moving", "moving", "processing"),
  IN_PROGRESS: look("moving", "moving", "in progress"),
  PENDING: look("waiting", "waiting", "waiting"),
  CANCELLED: look("cancelled", "idle", "cancelled"),
  SKIPPED: look("skipped", "idle", "skipped"),
  UNKNOWN: look("watch", "watch", "unknown"),
};

export function lookOf(status: string | null | undefined): Look {
  return status == null ? look("waiting", "waiting", "nothing yet") : (LOOKS[status] ?? look("watch", "watch", status));
}

/** Whole numbers as people read them. */
export function figure(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value >= 10_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  if (value >= 100_000) return `${Math.round(value / 1_000)} k`;
  return value.toLocaleString("en");
}

/** A length of time in words; null: nothing. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return "";
  if (seconds < 0) return "0 s";
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function ago(instant: string | null | undefined, now: number): string {
  if (instant == null) return "";
  const seconds = (now - Date.parse(instant)) / 1_000;
  if (Number.isNaN(seconds)) return instant;
  if (seconds > 86_400) return dateOf(instant);
  if (seconds < -5) return timeOf(instant);
  return seconds < 5 ? "now" : `${duration(seconds)} ago`;
}

/** Local time and UTC, for a title. */
export function bothTimes(instant: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : `${date.toLocaleString()} · ${date.toISOString()}`;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** "1 file", "2 files". */
export function many(count: number, one: string, plural = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : plural}`;
}
