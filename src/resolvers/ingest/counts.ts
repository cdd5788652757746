import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import type { Known } from "../../db/columns.ts";
import { type FileTypeWord, files, type IngestStatusWord } from "../../db/ingest/tables.ts";
import { textArray } from "../batches.ts";
import { whereRecent } from "./filters.ts";

/** Counts of files by their latest status. */
export interface IngestCounts {
  parsed: number;
  staged: number;
  ingested: number;
  failed: number;
  unknown: number;
  /** Also those of no status yet. */
  total: number;
  /** Of the total, HL7 files of no log. */
  withoutLog: number;
}

export interface IngestDateCounts {
  readonly date: string;
  readonly logFiles: IngestCounts;
  readonly hl7Files: IngestCounts;
}

export interface IngestSummary {
  readonly logFiles: IngestCounts;
  readonly hl7Files: IngestCounts;
  readonly byDate: readonly IngestDateCounts[];
}

/** For each log, the counts of its HL7 files by latest status. */
export async function loadHl7Counts(db: Db, logPaths: readonly string[]): Promise<readonly IngestCounts[]> {
  const rows = await db.execute<{
    at: string;
    status: Known<IngestStatusWord> | null;
    count: string;
  }>(sql`/* ingest.hl7_counts_of_logs */
    select k.at, f.known_status as status, count(*) from unnest(${textArray(logPaths)}) with ordinality as k(path, at)
    join ${files} f on f.log_path_key = weir.path_key(k.path)
    group by k.at, f.known_status`);
  const counts = logPaths.map(() => noCounts());
  for (const row of rows) addCount(counts[Number(row.at) - 1], row.status, Number(row.count));
  return counts;
}

/** Counts of paths by date of log and latest status, from the sums that triggers keep. */
export async function summarize(db: Db, from: string | null, to: string | null): Promise<IngestSummary> {
  const rows = await db.execute<CountJson>(sql`/* ingest.summary */
    select type, date::text, status, has_log, sum(count) as count from ingest.file_counts
    where ${from === null ? sql`true` : sql`date >= ${from}::date`} and ${to === null ? sql`true` : sql`date <= ${to}::date`}
    group by type, date, status, has_log having sum(count) <> 0 order by date`);
  const logFiles = noCounts();
  const hl7Files = noCounts();
  const byDate = new Map<string, IngestDateCounts>();
  for (const { type, date, status, has_log, count } of rows) {
    if (type !== "Log" && type !== "HL7") continue;
    const isWithoutLog = type === "HL7" && !has_log;
    addCount(type === "Log" ? logFiles : hl7Files, status, Number(count), isWithoutLog);
    if (date === null) continue;
    const day = byDate.get(date) ?? { date, logFiles: noCounts(), hl7Files: noCounts() };
    byDate.set(date, day);
    addCount(type === "Log" ? day.logFiles : day.hl7Files, status, Number(count), isWithoutLog);
  }
  return { logFiles, hl7Files, byDate: [...byDate.values()] };
}

interface CountJson extends Record<string, unknown> {
  type: Known<FileTypeWord>;
  date: string | null;
  status: Known<IngestStatusWord> | null;
  has_log: boolean;
  count: string;
}

/** HL7 files whose latest status is staged since before that many minutes. */
export async function countStuckStaged(db: Db, minutes: number): Promise<number> {
  const where = whereRecent("HL7", { status: ["staged"] });
  const [row] = await db.execute<{ count: string }>(sql`/* ingest.stuck_staged */
    select count(*) from ${files} where ${where} and ${files.processedAt} < now() - make_interval(mins => ${minutes})`);
  return Number(row?.count ?? 0);
}

function noCounts(): IngestCounts {
  return { parsed: 0, staged: 0, ingested: 0, failed: 0, unknown: 0, total: 0, withoutLog: 0 };
}

function addCount(
  counts: IngestCounts | undefined,
  status: Known<IngestStatusWord> | null,
  count: number,
  isWithoutLog = false,
): void {
  if (counts === undefined) return;
  counts.total += count;
  if (isWithoutLog) counts.withoutLog += count;
  if (status !== null) counts[status] += count;
}
