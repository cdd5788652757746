import { asc, eq, type SQL, sql } from "drizzle-orm";
import type { Db, Transaction } from "../../db/client.ts";
import { type ReportManifest, reportManifests } from "../../db/reports/tables.ts";
import { bigintArray, textArray } from "../batches.ts";
import { userError } from "../errors.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";

/** What writes of the runner need. Nobody asked for them: they have no actor. */
export type Writer = WriteContext;

/** Failures in a row after which a report is left alone for the cooling time. */
const BREAKS_AFTER = 5;
/** Times that a refresh is begun: one that takes the service down with it is not tried for ever. */
const MOST_ATTEMPTS = 3;

/**
 * Queues a refresh for each of these tables and answers the numbers of their runs. One that waits or is under way already
 * answers for it, and one that is cooling gets a run that says so and is over: a failure that counts for nothing.
 */
export async function enqueue(tx: Transaction, tableNames: readonly string[]): Promise<number[]> {
  const rows = await tx.execute<{ id: string }>(sql`/* reports.enqueue */
    with wanted as (
      -- A success that a worker or a program reported ends the cooling, too.
      select distinct on (m.table_name) m.*, c.errors as cause, c.skipped_run, j.consecutive_failures,
             case when coalesce(j.consecutive_failures, ${BREAKS_AFTER}) >= ${BREAKS_AFTER} then c.until end as until
      from reporting.seeder_manifests m
      left join reporting.seeder_cooling c on c.table_name = m.table_name and c.until > now()
      left join reporting.seeder_job_status j on j.table_name = m.table_name
      where m.table_name = any(${textArray(tableNames)})
      order by m.table_name, m.report_type, m.manifest_id
    ), known as (
      select q.table_name, q.history_id as id from reporting.seeder_queue q join wanted using (table_name)
    ), queued as (
      insert into reporting.seeder_queue as q (table_name, history_id)
      select w.table_name, nextval('reporting.seeder_run_history_id_seq') from wanted w
      where w.until is null and not exists (select from known k where k.table_name = w.table_name)
      order by w.table_name
      -- Of two who ask at once, the second one waits for the first one, and gets his run.
      on conflict (table_name) do update set attempts = q.attempts
      returning q.table_name, q.history_id as id, xmax = 0 as is_new
    ), waiting as (
      insert into reporting.seeder_run_history (id, run_id, manifest_id, table_name, report_name, agency_id, agency_slug,
        report_type, status)
      select q.id, gen_random_uuid()::text, w.manifest_id, w.table_name, w.report_name, w.agency_id, w.agency_slug,
             w.report_type, 'pending'
      from queued q join wanted w using (table_name) where q.is_new order by w.table_name
    ), skipped as (
      insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug,
        report_type, status, finish_time, duration_seconds, consecutive_failures, errors, is_skipped)
      select gen_random_uuid()::text, w.manifest_id, w.table_name, w.report_name, w.agency_id, w.agency_slug,
             w.report_type, 'error', now(), 0, coalesce(w.consecutive_failures, ${BREAKS_AFTER}),
             'Skipped until ' || to_char(w.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ', because of '
               || coalesce(w.consecutive_failures, ${BREAKS_AFTER}) || ' failures in a row. The last one: ' || coalesce(w.cause, 'unknown'), true
      from wanted w where w.until is not null and w.skipped_run is null
        and not exists (select from known k where k.table_name = w.table_name)
      order by w.table_name returning table_name, id
    ), noted as (
      -- One for each time of cooling, however often it is asked for.
      update reporting.seeder_cooling c set skipped_run = s.id from skipped s where c.table_name = s.table_name
    )
    select id from (select table_name, id from known union all select table_name, id from queued
                    union all select table_name, id from skipped
                    union all select w.table_name, w.skipped_run from wanted w
                    where w.until is not null and w.skipped_run is not null
                      and not exists (select from known k where k.table_name = w.table_name)) r
    order by r.table_name`);
  return rows.map(({ id }) => Number(id));
}

/** Nobody has taken it, or its instance is gone. */
const IS_FREE = sql`(lease_until is null or lease_until < now())`;
/** Its schedule asks for a refresh. */
const IS_DUE = sql`(schedule_minutes > 0
  and (scheduled_at is null or scheduled_at <= now() - make_interval(mins => schedule_minutes)))`;

/** Queues what the schedules of manifests ask for. However long the service was away, each asks once. */
export async function enqueueDue(writer: Writer): Promise<void> {
  const due = (table: "seeder_custom_report_manifest" | "seeder_canned_report_manifest", isEnabled: SQL) => sql`
    update reporting.${sql.raw(table)} set scheduled_at = now() where id in (
      select id from reporting.${sql.raw(table)} where ${isEnabled} and ${IS_DUE} order by id limit 50 for update skip locked)
    returning id`;
  const custom = due("seeder_custom_report_manifest", sql`enabled`);
  const canned = due("seeder_canned_report_manifest", sql`enabled`);
  await writeInTransaction(writer, null, async (tx) => {
    const names = await tx.execute<{ table_name: string }>(sql`/* reports.due */
      with custom as (${custom}), canned as (${canned})
      select m.table_name from reporting.seeder_manifests m
      where (m.report_type = 'custom' and m.manifest_id in (select id from custom))
         or (m.report_type = 'canned' and m.manifest_id in (select id from canned))`);
    return names.length === 0
      ? []
      : enqueue(
          tx,
          names.map((row) => row.table_name),
        );
  });
}

/** A run that this instance has taken. */
export interface ClaimedRun {
  readonly id: number;
  readonly tableName: string;
}

/** Takes runs that wait, oldest first, and those of instances that are gone. Marks them as running. */
export async function claimRuns(
  writer: Writer,
  options: { readonly instance: string; readonly most: number; readonly leaseSeconds: number },
): Promise<readonly ClaimedRun[]> {
  const ids = await writeInTransaction(writer, null, async (tx) => {
    const claimed = await tx.execute<{ history_id: string; attempts: number }>(sql`/* reports.claim */
      update reporting.seeder_queue
      set claimed_by = ${options.instance}, lease_until = now() + make_interval(secs => ${options.leaseSeconds}), attempts = attempts + 1
      where table_name in (
        select table_name from reporting.seeder_queue where ${IS_FREE}
        order by history_id limit ${options.most} for update skip locked)
      returning history_id, attempts`);
    const taken: number[] = [];
    for (const { history_id, attempts } of claimed) {
      if (attempts <= MOST_ATTEMPTS) taken.push(Number(history_id));
      else {
        await tx.execute(
          sql`/* reports.give_up */ delete from reporting.seeder_queue where history_id = ${history_id}`,
        );
        await endReportRun(tx, Number(history_id), {
          errors: `The service ended during this refresh ${MOST_ATTEMPTS} times.`,
        });
      }
    }
    for (const id of taken) {
      await tx.execute(sql`/* reports.run_started */ update reporting.seeder_run_history
        set status = 'running', start_time = now(), updated_at = now() where id = ${id}`);
    }
    return taken;
  });
  if (ids.length === 0) return [];
  const rows = await writer.database.db.execute<{ history_id: string; table_name: string }>(sql`/* reports.claimed */
    select history_id, table_name from reporting.seeder_queue where claimed_by = ${options.instance}
      and history_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb)::bigint)`);
  return rows.map((row) => ({ id: Number(row.history_id), tableName: row.table_name }));
}

/** Says that this instance still makes these runs: one whose end it could not record is left to another one. */
export async function renewLeases(
  db: Db,
  options: { readonly instance: string; readonly runs: readonly number[]; readonly leaseSeconds: number },
): Promise<void> {
  await db.execute(sql`/* reports.renew */ update reporting.seeder_queue
    set lease_until = now() + make_interval(secs => ${options.leaseSeconds})
    where claimed_by = ${options.instance} and history_id = any(${bigintArray(options.runs)})`);
}

/** Whether a run waits or a schedule asks for one: the look that is made every second, and finds nothing mostly. */
export async function hasWork(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ has_work: boolean }>(sql`/* reports.has_work */
    select exists (select from reporting.seeder_queue where ${IS_FREE})
      or exists (select from reporting.seeder_custom_report_manifest where enabled and ${IS_DUE})
      or exists (select from reporting.seeder_canned_report_manifest where enabled and ${IS_DUE}) as has_work`);
  return row?.has_work === true;
}

/** What became of a run. */
export interface RunEnd {
  /** What went wrong; absent: nothing. */
  readonly errors?: string;
  readonly recordsProcessed?: number;
  readonly bytesProcessed?: number;
  readonly memoryUsageMb?: number | null;
  readonly cpuPercentage?: number | null;
}

/** Ends a run that this instance has taken; nothing when another one has taken it since. */
export async function endClaimedRun(
  writer: Writer,
  instance: string,
  run: ClaimedRun,
  end: RunEnd,
  coolingMinutes: number,
): Promise<void> {
  await writeInTransaction(writer, null, async (tx) => {
    const held = await tx.execute(sql`/* reports.unqueue */ delete from reporting.seeder_queue
      where table_name = ${run.tableName} and history_id = ${run.id} and claimed_by = ${instance} returning table_name`);
    if (held.length === 0) return 0;
    const streak = await endReportRun(tx, run.id, end);
    if (end.errors !== undefined && streak >= BREAKS_AFTER) {
      await tx.execute(sql`/* reports.cool */ insert into reporting.seeder_cooling (table_name, until, errors)
        values (${run.tableName}, now() + make_interval(mins => ${coolingMinutes}), ${end.errors})
        on conflict (table_name) do update set until = excluded.until, errors = excluded.errors, skipped_run = null`);
    } else if (end.errors === undefined) await stopCooling(tx, run.tableName);
    return run.id;
  });
}

export async function stopCooling(tx: Transaction, tableName: string): Promise<void> {
  await tx.execute(
    sql`/* reports.stop_cooling */ delete from reporting.seeder_cooling where table_name = ${tableName}`,
  );
}

/** Writes how a run ended, and answers the streak of failures. What is not given stays as it is. */
async function endReportRun(tx: Transaction, id: number, end: RunEnd): Promise<number> {
  const { errors, recordsProcessed: records, bytesProcessed: bytes, memoryUsageMb: memory, cpuPercentage: cpu } = end;
  const json = JSON.stringify([{ id, errors, records, bytes, memory, cpu }]);
  const [row] = await tx.execute<{ consecutive_failures: number }>(sql`/* reports.run_ended */
    select consecutive_failures from reporting.write_ends(${json}::text::jsonb)`);
  return row?.consecutive_failures ?? 0;
}

/** Ends a run that nobody has taken yet: left out, it counts for nothing. Answers its number. */
export async function cancelWaiting(tx: Transaction, tableName: string): Promise<number> {
  const [waiting] = await tx.execute<{ history_id: string; is_taken: boolean }>(sql`/* reports.waiting */
    select history_id, claimed_by is not null as is_taken from reporting.seeder_queue where table_name = ${tableName} for update`);
  if (waiting === undefined) throw userError("NOT_FOUND", `No refresh of ${tableName} waits.`);
  if (waiting.is_taken)
    throw userError("INVALID_TRANSITION", `The refresh of ${tableName} is being made already. It ends by itself.`);
  const id = Number(waiting.history_id);
  await tx.execute(sql`/* reports.cancel */ delete from reporting.seeder_queue where table_name = ${tableName}`);
  await tx.execute(sql`/* reports.leave_out */ update reporting.seeder_run_history set
    status = 'error', errors = 'Cancelled before it began.', is_skipped = true, finish_time = now(), duration_seconds = 0, updated_at = now()
    where id = ${id}`);
  return id;
}

/** Ends the runs whose worker has said nothing for so many minutes. Refreshes of the service have their lease instead. */
export async function expireRuns(writer: Writer, minutes: number): Promise<void> {
  await writeInTransaction(writer, null, async (tx) => {
    const rows = await tx.execute<{ id: string }>(sql`/* reports.expired */
      select h.id from reporting.seeder_run_history h
      where h.known_status = 'running' and h.start_time < now() - make_interval(mins => ${minutes})
        and not exists (select from reporting.seeder_queue q where q.history_id = h.id)
      order by h.start_time limit 100 for update skip locked`);
    for (const { id } of rows) {
      await endReportRun(tx, Number(id), {
        errors: `No end was reported within ${minutes} minutes: its worker is taken for gone.`,
      });
    }
    return [];
  });
}

/** The manifest that a table is made by; null when there is none. */
export async function manifestOf(db: Db | Transaction, tableName: string): Promise<ReportManifest | null> {
  const [row] = await db
    .select()
    .from(reportManifests)
    .where(eq(reportManifests.tableName, tableName))
    // A program may have stored two of one name: the same one is taken always.
    .orderBy(asc(reportManifests.reportType), asc(reportManifests.manifestId))
    .limit(1)
    .comment("reports.manifest");
  return row ?? null;
}
