import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { instantFromPostgres, type Known } from "../../db/columns.ts";
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

/** Segments of one log that are told; no log of a day has as many. */
const MOST_SEGMENTS = 10_000;

/** For each log the latest statuses of its HL7 files, as run-length text: see `LogFile.segmentStatuses`. By the index of segments alone. */
export async function loadSegments(db: Db, logPaths: readonly string[]): Promise<readonly string[]> {
  const rows = await db.execute<{ at: string; statuses: string }>(sql`/* ingest.segments_of_logs */
    select at, string_agg(letter || count, '' order by run) as statuses from (
      select at, letter, count(*) as count, min(nth) as run from (
        select s.*, s.nth - row_number() over (partition by s.at, s.letter order by s.nth) as island from (
          select k.at, f.nth, case f.known_status when 'parsed' then 'P' when 'staged' then 'S' when 'ingested' then 'I'
            when 'failed' then 'F' when 'unknown' then 'U' else 'N' end as letter
          from unnest(${textArray(logPaths)}) with ordinality as k(path, at)
          cross join lateral (
            select known_status, row_number() over (order by segment_number) as nth from ${files}
            where log_path_key = weir.path_key(k.path) order by segment_number limit ${MOST_SEGMENTS}) f) s) i
      group by at, letter, island) runs
    group by at`);
  const found = new Map(rows.map((row) => [Number(row.at), row.statuses]));
  return logPaths.map((_, at) => found.get(at + 1) ?? "");
}

/** For each log the newest instant of a status of its own, or of one of its HL7 files; null where there is none. */
export async function loadLastChanges(db: Db, logPaths: readonly string[]): Promise<readonly (string | null)[]> {
  const rows = await db.execute<{ at: string; changed: string | null }>(sql`/* ingest.last_changes_of_logs */
    select k.at, greatest(
      (select max(f.processed_at) from ${files} f where f.log_path_key = weir.path_key(k.path)),
      (select f.processed_at from ${files} f where f.path_key = weir.path_key(k.path) and f.type = 'Log' and f.is_primary)) as changed
    from unnest(${textArray(logPaths)}) with ordinality as k(path, at)`);
  const found = new Map(rows.map((row) => [Number(row.at), row.changed]));
  return logPaths.map((_, at) => {
    const changed = found.get(at + 1) ?? null;
    return changed === null ? null : instantFromPostgres(changed);
  });
}

/** By index; null when no HL7 file is staged. */
export async function readOldestStaged(db: Db): Promise<string | null> {
  const [row] = await db.execute<{ at: string }>(sql`/* ingest.oldest_staged */
    select processed_at as at from ${files} where ${whereRecent("HL7", { status: ["staged"] })}
    order by processed_at, status_id limit 1`);
  return row === undefined ? null : instantFromPostgres(row.at);
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
