import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { type FileTypeWord, files, ingestStatusOf } from "../../db/ingest/tables.ts";
import { textArray } from "../batches.ts";
import { SORT_DATE, whereHl7File, whereLogFile, whereRecent } from "./filters.ts";

/** Counts of files by their latest status. `total` also has those of no status yet, and of a status of no known meaning. */
export interface IngestCounts {
  parsed: number;
  staged: number;
  ingested: number;
  failed: number;
  total: number;
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
    status: string | null;
    count: string;
  }>(sql`/* ingest.hl7_counts_of_logs */
    select k.at, f.status, count(*) from unnest(${textArray(logPaths)}) with ordinality as k(path, at)
    join ${files} f on f.log_path_key = weir.path_key(k.path)
    group by k.at, f.status`);
  const counts = logPaths.map(() => noCounts());
  for (const row of rows) addCount(counts[Number(row.at) - 1], row.status, Number(row.count));
  return counts;
}

/** Counts by date of log and latest status, from the indexes of the current state. */
export async function summarize(db: Db, from: string | null, to: string | null): Promise<IngestSummary> {
  const range = { dateFrom: from, dateTo: to };
  const counted = (type: FileTypeWord, where: SQL | undefined) => sql`
    select ${type} as type, nullif(${SORT_DATE}, '-infinity')::text as date, ${files.status}, count(*)
    from ${files} where ${where} group by ${SORT_DATE}, ${files.status}`;
  const rows = await db.execute<{ type: FileTypeWord; date: string | null; status: string | null; count: string }>(
    sql`/* ingest.summary */ ${counted("Log", whereLogFile(range))} union all ${counted("HL7", whereHl7File(range))} order by date`,
  );
  const logFiles = noCounts();
  const hl7Files = noCounts();
  const byDate = new Map<string, IngestDateCounts>();
  for (const { type, date, status, count } of rows) {
    addCount(type === "Log" ? logFiles : hl7Files, status, Number(count));
    if (date === null) continue;
    const day = byDate.get(date) ?? { date, logFiles: noCounts(), hl7Files: noCounts() };
    byDate.set(date, day);
    addCount(type === "Log" ? day.logFiles : day.hl7Files, status, Number(count));
  }
  return { logFiles, hl7Files, byDate: [...byDate.values()] };
}

/** HL7 files whose latest status is staged since before that many minutes. */
export async function countStuckStaged(db: Db, minutes: number): Promise<number> {
  const where = whereRecent("HL7", { status: ["staged"] });
  const [row] = await db.execute<{ count: string }>(sql`/* ingest.stuck_staged */
    select count(*) from ${files} where ${where} and ${files.processedAt} < now() - make_interval(mins => ${minutes})`);
  return Number(row?.count ?? 0);
}

function noCounts(): IngestCounts {
  return { parsed: 0, staged: 0, ingested: 0, failed: 0, total: 0 };
}

function addCount(counts: IngestCounts | undefined, word: string | null, count: number): void {
  if (counts === undefined) return;
  counts.total += count;
  const status = word === null ? undefined : ingestStatusOf(word);
  if (status !== undefined) counts[status] += count;
}
