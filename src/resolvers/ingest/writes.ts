import { sql } from "drizzle-orm";
import { type Database, type Db, isForNobody } from "../../db/client.ts";
import { instantFromPostgres, type Known } from "../../db/columns.ts";
import type { FileStatusRow, FileTypeWord, Hl7FileRow, IngestStatusWord } from "../../db/ingest/tables.ts";
import { bigintArray } from "../batches.ts";
import { coalesceWrites, type OnBatch } from "../coalesce.ts";
import { isMeantForCaller } from "../errors.ts";
import { claimKeys, claimRows, firstAnswer, type KeyedReport } from "../idempotency.ts";
import { asWriter } from "../transactions.ts";
import type { NewFileStatus, NewHl7File } from "./input.ts";

/** What one mutation asks to be written. */
interface StatusReport {
  /** Name of the token that writes; '' without authentication. */
  readonly actor: string;
  readonly operation: "recordFileStatus" | "recordFileStatuses";
  readonly idempotencyKey: string | null;
  readonly rows: readonly NewFileStatus[];
}

export interface IngestWriters {
  /** Writes the rows of one report, all or none, and answers them in its order. */
  recordStatuses(report: StatusReport): Promise<readonly FileStatusRow[]>;
  /** Upserts by (logFilePath, segmentNumber), all rows or none, and answers them in input order. */
  recordHl7Files(actor: string, rows: readonly NewHl7File[]): Promise<readonly Hl7FileRow[]>;
}

/** A report of more rows than this gains nothing from travelling with others. */
const MOST_COALESCED_ROWS = 20;

export function createIngestWriters({ db }: Database, onBatch?: OnBatch): IngestWriters {
  const coalesced = coalesceWrites({
    kind: "file_statuses",
    onBatch,
    write: (reports: readonly StatusReport[]) => writeReports(db, reports),
    groupOf: ({ actor }) => actor,
    // A statement can't tell apart two reports that claim the same key.
    subjectsOf: ({ actor, operation, idempotencyKey }) =>
      idempotencyKey === null ? [] : [JSON.stringify([actor, operation, idempotencyKey])],
    isFatal: isForNobody,
  });

  return {
    async recordStatuses(report) {
      if (report.rows.length <= MOST_COALESCED_ROWS) return coalesced(report);
      const [answer] = await writeReports(db, [report]);
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error("a report got no answer");
      return answer;
    },
    recordHl7Files: (actor, rows) => (rows.length === 0 ? Promise.resolve([]) : upsertHl7Files(db, actor, rows)),
  };
}

interface StatusJson extends Record<string, unknown> {
  report: number;
  id: string;
  file_path: string;
  type: string;
  known_type: Known<FileTypeWord>;
  status: string;
  known_status: Known<IngestStatusWord>;
  error_message: string | null;
  workflow_id: string | null;
  activity_id: string | null;
  processed_at: string;
}

/** Writes reports of several callers, each all or none. No two of them claim the same key. */
async function writeReports(
  db: Db,
  reports: readonly StatusReport[],
): Promise<readonly (readonly FileStatusRow[] | Error)[]> {
  const written = await insertReports(db, reports);
  const answers: (readonly FileStatusRow[] | Error)[] = [];
  for (const report of reports) answers.push(written.get(report) ?? (await firstRows(db, report)));
  return answers;
}

/**
 * One statement, hence one transaction: claims the idempotency keys, inserts the rows of the reports whose key was free,
 * and keeps the ids of their rows as the first answer. A report whose key was taken is missing from the result.
 */
async function insertReports(
  db: Db,
  reports: readonly StatusReport[],
): Promise<ReadonlyMap<StatusReport, readonly FileStatusRow[]>> {
  const actor = reports[0]?.actor ?? "";
  const rows = reports.flatMap((report, at) =>
    report.rows.map((row) => ({
      report: at,
      file_path: row.filePath,
      type: row.type,
      status: row.status,
      error_message: row.errorMessage,
      workflow_id: row.workflowId,
      activity_id: row.activityId,
      processed_at: row.processedAt,
    })),
  );
  const inserted = await db.execute<StatusJson>(sql`/* ingest.record_file_statuses */
    with input as materialized (
      select r.*, nextval('ingest.file_statuses_id_seq') as id
      from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as (
        report integer, file_path text, type text, status text, error_message text, workflow_id text, activity_id text,
        processed_at timestamptz)) with ordinality as r(report, file_path, type, status, error_message, workflow_id,
        activity_id, processed_at, at)
    ), claim as (
      select * from ${claimRows(reports.map(keyedOf))}
    ), claimed as (
      ${claimKeys(sql`coalesce((select jsonb_agg(i.id order by i.at) from input i where i.report = c.place), '[]')`)}
    ), inserted as (
      insert into ingest.file_statuses (id, file_path, type, status, error_message, workflow_id, activity_id, processed_at)
      select i.id, i.file_path, i.type, i.status, i.error_message, i.workflow_id, i.activity_id, coalesce(i.processed_at, now())
      from input i, (${asWriter(actor)}) w
      where not exists (select from claim c where c.place = i.report)
         or exists (select from claim c join claimed using (operation, actor, key) where c.place = i.report)
      order by i.at
      returning *
    )
    select i.report, n.* from inserted n join input i on i.id = n.id order by i.at`);
  const answers = new Map<StatusReport, FileStatusRow[]>();
  for (const row of inserted) {
    const report = reports[row.report];
    if (report === undefined) continue;
    const answer = answers.get(report) ?? [];
    answer.push(toStatusRow(row));
    answers.set(report, answer);
  }
  // Without a key there is nothing to be taken: a report without rows has its answer too.
  for (const report of reports) if (report.idempotencyKey === null && !answers.has(report)) answers.set(report, []);
  return answers;
}

/** The rows of the first report under this key; CONFLICT when it said something else. */
async function firstRows(db: Db, report: StatusReport): Promise<readonly FileStatusRow[] | Error> {
  const keyed = keyedOf(report);
  if (keyed === null) return [];
  try {
    const ids = await firstAnswer<readonly number[]>(db, keyed);
    const rows = await db.execute<StatusJson>(sql`/* ingest.first_rows */
      select s.* from unnest(${bigintArray(ids)}) with ordinality as r(id, at)
      join ingest.file_statuses s on s.id = r.id order by r.at`);
    return rows.map(toStatusRow);
  } catch (error) {
    if (isMeantForCaller(error)) return error;
    throw error;
  }
}

async function upsertHl7Files(db: Db, actor: string, rows: readonly NewHl7File[]): Promise<readonly Hl7FileRow[]> {
  const json = rows.map((row) => ({
    hl7_file_path: row.hl7FilePath,
    log_file_path: row.logFilePath,
    segment_number: row.segmentNumber,
    date: row.date,
  }));
  const written = await db.execute<{
    hl7_file_path: string;
    log_file_path: string;
    segment_number: number;
    date: string | null;
  }>(
    sql`/* ingest.record_hl7_files */
    insert into ingest.hl7_files as h (hl7_file_path, log_file_path, segment_number, date)
    select r.hl7_file_path, r.log_file_path, r.segment_number, r.date
    from jsonb_to_recordset(${JSON.stringify(json)}::text::jsonb) as r(hl7_file_path text, log_file_path text, segment_number integer, date date),
      (${asWriter(actor)}) w
    order by r.log_file_path, r.segment_number
    on conflict (log_file_path, segment_number) do update set hl7_file_path = excluded.hl7_file_path, date = excluded.date
    returning h.hl7_file_path, h.log_file_path, h.segment_number, h.date::text`,
  );
  const byKey = new Map(written.map((row) => [`${row.segment_number} ${row.log_file_path}`, row]));
  return rows.map((row) => ({ ...row, date: byKey.get(`${row.segmentNumber} ${row.logFilePath}`)?.date ?? null }));
}

/** Null for a report without a key. */
function keyedOf({ operation, actor, idempotencyKey, rows }: StatusReport): KeyedReport | null {
  if (idempotencyKey === null) return null;
  const input = rows.map((row) => [
    row.filePath,
    row.type,
    row.status,
    row.errorMessage ?? null,
    row.workflowId ?? null,
    row.activityId ?? null,
    row.processedAt ?? null,
  ]);
  return { operation, actor, key: idempotencyKey, input };
}

function toStatusRow(row: StatusJson): FileStatusRow {
  return {
    id: Number(row.id),
    filePath: row.file_path,
    type: row.type,
    knownType: row.known_type,
    status: row.status,
    knownStatus: row.known_status,
    errorMessage: row.error_message,
    workflowId: row.workflow_id,
    activityId: row.activity_id,
    processedAt: instantFromPostgres(row.processed_at),
  };
}
