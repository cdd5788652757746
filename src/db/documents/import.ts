import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type postgres from "postgres";
import type { Sql } from "../client.ts";
import { CsvError, type CsvRecord, readCsv } from "./csv.ts";

/** A file can't be imported; the message has a line for each fault, with its line number. */
export class ImportError extends Error {}

const COLUMNS = ["id", "file_id", "task_id", "step_name", "status", "message", "detail", "timestamp"] as const;
/** Faults that are named; the others are counted. */
const MOST_FAULTS = 20;

type Sequel = postgres.TransactionSql;

/**
 * Loads log entries from a CSV file with a header, all or none. Entries whose id is there already, with the same content, are
 * skipped, so that a file can be loaded again; one with another content is a fault, since nothing may be lost silently. An
 * entry without an id gets one. Throws {@link ImportError}.
 */
export async function importLogs(sql: Sql, file: string): Promise<{ imported: number; known: number }> {
  return sql.begin(async (tx) => {
    // Everything as text: what is wrong is found set-wise, and told by its line.
    await tx`create temporary table staged_logs (
      line bigint primary key, id text, file_id text, task_id text, step_name text, status text, message text, detail text,
      "timestamp" text) on commit drop`;
    try {
      const copy = await tx`copy staged_logs (line, ${tx(COLUMNS)}) from stdin`.writable();
      await pipeline(createReadStream(file), (chunks: AsyncIterable<Uint8Array>) => copyLines(readCsv(chunks)), copy);
    } catch (error) {
      if (error instanceof CsvError) throw new ImportError(error.message, { cause: error });
      throw error;
    }
    await tx`analyze staged_logs`;
    refuse(await contentFaults(tx));
    // Nobody else draws a number or takes an id meanwhile.
    await tx`lock table documents.processing_logs in share row exclusive mode`;
    refuse(await takenIds(tx));
    await tx`select setval('documents.processing_logs_id_seq', m.id) from (select max(id::bigint) as id from staged_logs) m
      where m.id >= (select last_value from documents.processing_logs_id_seq)`;
    const written = await tx`/* documents.import_logs */
      insert into documents.processing_logs (id, file_id, task_id, step_name, status, message, detail, "timestamp")
      select coalesce(s.id::bigint, nextval('documents.processing_logs_id_seq')), s.file_id::bigint, s.task_id, s.step_name,
             s.status, s.message, s.detail, s."timestamp"::timestamptz
      from staged_logs s
      where s.id is null or not exists (select from documents.processing_logs l where l.id = s.id::bigint)
      order by s.line`;
    const [all] = await tx<{ count: string }[]>`select count(*) from staged_logs`;
    return { imported: written.count, known: Number(all?.count ?? 0) - written.count };
  });
}

/** Rows sent at once. */
const CHUNK = 500;

/**
 * The file's records as COPY reads them, in the order of our columns. Made here and not by COPY's own CSV: the driver tells
 * nobody when the server refuses what is copied.
 */
async function* copyLines(records: AsyncIterable<CsvRecord>): AsyncIterable<string> {
  let names: readonly (string | null)[] | undefined;
  let lines: string[] = [];
  for await (const { line, fields } of records) {
    if (names === undefined) {
      names = checkHeader(fields);
      continue;
    }
    if (fields.length !== names.length) {
      throw new CsvError(line, `has ${fields.length} values; the first line names ${names.length} columns`);
    }
    const byName = new Map(names.map((name, at) => [name, fields[at] ?? null]));
    lines.push(`${[String(line), ...COLUMNS.map((name) => copyText(byName.get(name) ?? null))].join("\t")}\n`);
    if (lines.length < CHUNK) continue;
    yield lines.join("");
    lines = [];
  }
  if (names === undefined) checkHeader([]);
  yield lines.join("");
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function copyText(value: string | null): string {
  return value === null ? "\\N" : value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}

function checkHeader(fields: readonly (string | null)[]): readonly (string | null)[] {
  const names = fields.map((name) => name?.trim() ?? "");
  const known: readonly string[] = COLUMNS;
  const strange = names.find((name, at) => !known.includes(name) || names.indexOf(name) !== at);
  if (strange === undefined && names.includes("timestamp")) return names;
  const problem =
    strange === undefined ? "timestamp is missing" : `${JSON.stringify(strange)} is no column, or is there twice`;
  throw new CsvError(1, `${problem}. The first line names the columns, of ${COLUMNS.join(", ")}; timestamp is needed.`);
}

interface Fault {
  readonly line: string;
  readonly problem: string;
  readonly total: string;
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const more = Number(faults[0]?.total) - faults.length;
  const lines = faults.map(({ line, problem }) => `line ${line}: ${problem}`);
  throw new ImportError([...lines, ...(more > 0 ? [`And ${more} more.`] : [])].join("\n"));
}

function contentFaults(tx: Sequel): Promise<Fault[]> {
  const clock = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?";
  const instant = `^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]${clock} ?(Z|z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?$`;
  const id = "^[0-9]{1,15}$";
  return tx<Fault[]>`/* documents.check_import */
    select line, problem, count(*) over () as total from (
      select line, case
        when id !~ ${id} or id::bigint = 0 then 'id ' || quote_literal(left(id, 40)) || ' is no whole number from 1'
        when id is not null and before is not null then 'id ' || id || ' is also in line ' || before
        when file_id !~ ${id} or file_id::bigint = 0 then 'file_id ' || quote_literal(left(file_id, 40)) || ' is no whole number from 1'
        when at is null or at = '' then 'timestamp is empty'
        when at !~ ${instant} then 'timestamp ' || quote_literal(left(at, 40)) || ' is no instant; write it like 2024-01-15T10:00:00Z'
        when left(at, 4)::int = 0 or substr(at, 6, 2)::int not between 1 and 12 or substr(at, 9, 2)::int not between 1 and
             extract(day from make_date(left(at, 4)::int, substr(at, 6, 2)::int, 1) + interval '1 month - 1 day')
          then 'timestamp ' || quote_literal(left(at, 40)) || ' is not in the calendar' end as problem
      from (select s.*, s."timestamp" as at, lag(line) over (partition by id order by line) as before from staged_logs s) s) f
    where problem is not null order by line limit ${MOST_FAULTS}`;
}

function takenIds(tx: Sequel): Promise<Fault[]> {
  return tx<Fault[]>`/* documents.check_ids */
    select s.line, 'id ' || l.id || ' belongs to another log entry; leave the id empty for a new one' as problem, count(*) over () as total
    from staged_logs s join documents.processing_logs l on l.id = s.id::bigint
    where (l.file_id, l.task_id, l.step_name, l.status, l.message, l.detail, l."timestamp") is distinct from
          (s.file_id::bigint, s.task_id, s.step_name, s.status, s.message, s.detail, s."timestamp"::timestamptz)
    order by s.line limit ${MOST_FAULTS}`;
}
