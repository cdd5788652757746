import { type SQL, sql } from "drizzle-orm";
import type { Db, Transaction } from "../client.ts";

/** What the migration did with one file, or would do. */
export interface RebuiltFile {
  readonly fileId: number;
  readonly stepsCreated: number;
  readonly stepsUpdated: number;
  /** Steps that were as their logs imply. */
  readonly stepsSkipped: number;
  /** Whether `files` does not have it any more, or not yet: nothing was done then. */
  readonly isMissing: boolean;
  /** Why nothing was done; null when the file was rebuilt. */
  readonly error: string | null;
}

/** One step of a file as its logs imply it and as the table has it. */
export interface ComparedStep {
  readonly stepName: string;
  /** Null: no log entry tells of it. */
  readonly implied: string | null;
  /** Null: the table does not have it. */
  readonly stored: string | null;
}

/** An entry of the index that keeps (file, step) unique holds 2,704 bytes, with its header and the file's id. */
const MOST_STEP_BYTES = 2_600;

function idArray(ids: readonly number[]): SQL {
  return sql`${`{${ids.join(",")}}`}::bigint[]`;
}

/**
 * The next files, in the order of ids behind `after`, that have logs and lack a step that their logs imply. After an
 * interruption it goes on where it stopped: what was rebuilt is not found again.
 */
export async function findFilesToRebuild(db: Db, after: number, limit: number): Promise<readonly number[]> {
  const rows = await db.execute<{ file_id: string }>(sql`/* documents.files_to_rebuild */
    select distinct l.file_id from documents.processing_logs l
    where l.file_id > ${after} and l.step_name <> '' and not exists (
      select from documents.file_processing_steps s where s.file_id = l.file_id and s.step_name = l.step_name)
    order by l.file_id limit ${limit}`);
  return rows.map((row) => Number(row.file_id));
}

/** The next files, in the order of ids behind `after`, that have logs. */
export async function findFilesWithLogs(db: Db, after: number, limit: number): Promise<readonly number[]> {
  // From one file to the next by the index, however many logs each has.
  const rows = await db.execute<{ file_id: string }>(sql`/* documents.files_with_logs */
    with recursive f(file_id, n) as (
      (select min(file_id), 1 from documents.processing_logs where file_id > ${after})
      union all
      select (select min(l.file_id) from documents.processing_logs l where l.file_id > f.file_id), f.n + 1
      from f where f.file_id is not null and f.n < ${limit})
    select file_id from f where file_id is not null order by file_id`);
  return rows.map((row) => Number(row.file_id));
}

/** Least and greatest file id among the logs; undefined when no log tells of a file. */
export async function rangeOfLogs(db: Db): Promise<{ first: number; last: number } | undefined> {
  const [row] = await db.execute<{ first: string | null; last: string | null }>(sql`/* documents.range_of_logs */
    select min(file_id) as first, max(file_id) as last from documents.processing_logs`);
  return row?.first == null || row.last === null ? undefined : { first: Number(row.first), last: Number(row.last) };
}

/**
 * Sets the steps of these files to what their logs imply, set-wise: adds those that are missing, updates those whose status,
 * started_at or completed_at differ. A dry run answers the same and writes nothing. A file that can't be rebuilt has an error
 * and hinders no other.
 */
export async function rebuildSteps(
  tx: Transaction,
  fileIds: readonly number[],
  isDryRun: boolean,
): Promise<readonly RebuiltFile[]> {
  const ids = idArray(fileIds);
  if (!isDryRun) {
    // A worker that reports a step holds its row until its log entry is there: behind the lock, the next statement sees both.
    await tx.execute(sql`/* documents.lock_steps */
      select from documents.file_processing_steps where file_id = any(${ids}) order by id for no key update`);
  }
  const write = isDryRun ? sql`false` : sql`true`;
  const rows = await tx.execute<{
    file_id: string;
    created: string;
    updated: string;
    skipped: string;
    is_missing: boolean;
    error: string | null;
  }>(sql`/* documents.rebuild_steps */
    with asked as (select distinct unnest(${ids}) as file_id),
    implied as materialized (select * from documents.steps_of_logs(${ids})),
    wrong as (
      select a.file_id, not exists (select from documents.files f where f.id = a.file_id) as is_missing, case
        when not exists (select from documents.files f where f.id = a.file_id)
          then 'File ' || a.file_id || ' has logs and no row in documents.files. Insert it first, with this id.'
        when exists (select from implied i where i.file_id = a.file_id and octet_length(i.step_name) > ${MOST_STEP_BYTES})
          then 'File ' || a.file_id || ' has a log entry whose step name is longer than ${sql.raw(String(MOST_STEP_BYTES))} bytes.' end as error
      from asked a),
    compared as materialized (
      select i.*, s.id as step_id, s.id is null as is_missing,
             s.id is not null and (s.known_status, s.started_at, s.completed_at) is distinct from (i.status, i.started_at, i.completed_at) as differs
      from implied i join wrong w on w.file_id = i.file_id and w.error is null
      left join documents.file_processing_steps s on s.file_id = i.file_id and s.step_name = i.step_name),
    created as (
      insert into documents.file_processing_steps (file_id, step_name, status, started_at, completed_at, error_message)
      select c.file_id, c.step_name, c.status, c.started_at, c.completed_at, c.error_message
      from compared c where ${write} and c.is_missing order by c.file_id, c.first_at, c.first_id
      on conflict (file_id, step_name) do nothing),
    updated as (
      update documents.file_processing_steps s
      set status = c.status, started_at = c.started_at, completed_at = c.completed_at, error_message = c.error_message, updated_at = now()
      from compared c where ${write} and c.differs and s.id = c.step_id)
    select w.file_id, w.is_missing, w.error, count(*) filter (where c.is_missing) as created, count(*) filter (where c.differs) as updated,
           count(*) filter (where not c.is_missing and not c.differs) as skipped
    from wrong w left join compared c on c.file_id = w.file_id group by w.file_id, w.is_missing, w.error order by w.file_id`);
  return rows.map((row) => ({
    fileId: Number(row.file_id),
    stepsCreated: Number(row.created),
    stepsUpdated: Number(row.updated),
    stepsSkipped: Number(row.skipped),
    isMissing: row.is_missing,
    error: row.error,
  }));
}

/** What the logs of each file imply beside what the table has, in the order of the file's events. */
export async function compareSteps(
  db: Db,
  fileIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ComparedStep[]>> {
  const ids = idArray(fileIds);
  const rows = await db.execute<{ file_id: string; step_name: string; implied: string | null; stored: string | null }>(
    sql`/* documents.compare_steps */
    select coalesce(i.file_id, s.file_id) as file_id, coalesce(i.step_name, s.step_name) as step_name,
           i.status as implied, s.known_status as stored
    from documents.steps_of_logs(${ids}) i
    full join (select * from documents.file_processing_steps p where p.file_id = any(${ids})) s
      on s.file_id = i.file_id and s.step_name = i.step_name
    order by 1, i.first_at, i.first_id, s.id`,
  );
  const compared = rows.map((row) => ({
    fileId: Number(row.file_id),
    stepName: row.step_name,
    implied: row.implied,
    stored: row.stored,
  }));
  return Map.groupBy(compared, (step) => step.fileId);
}
