import { sql } from "drizzle-orm";
import { tryLock } from "../../db/locks.ts";
import { IS_UNFINISHED, pipelineConfig, pipelineRuns } from "../../db/pipelines/tables.ts";
import { textArray } from "../batches.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";

const TEMPLATE = "default";

/** A pipeline that is due for longer than this many seconds is late: after a long stop, or an import, many are at once. */
const LATE_AFTER = 60;
/** Late pipelines, and those that never ran, that one look starts: the systems that they load from are not to be overrun. */
const MOST_LATE = 2;

export interface SchedulerOptions {
  /** Runs that the scheduler may have under way: what is due beyond waits, the oldest first. */
  readonly most: number;
  /** Default: the database's clock. */
  readonly now?: Date;
}

/**
 * Starts every pipeline that is due and has no unfinished run, once, however long it has been due; of those that are late only a
 * few, the others by the next looks. Any number of instances may do this at once: one of them does. Answers the ids of the runs.
 * Without a default template nothing is started.
 */
export function startDueRuns(context: WriteContext, { most, now }: SchedulerOptions): Promise<readonly number[]> {
  return writeInTransaction(context, null, async (tx) => {
    // Before the look: its snapshot then has the runs of whoever held the lock.
    if (!(await tryLock(tx, "scheduler"))) return [];
    const at = now === undefined ? sql`now()` : sql`${now.toISOString()}::timestamptz`;
    // A pipeline of which somebody is just making a run is locked by that, and left to the next look.
    const due = await tx.execute<{ name: string }>(sql`/* scheduler.due */
      with due as (
        select c.source_tablename as name, c.next_run_at as at,
               c.dl_to_sink_last_loader_run_timestamp is null or c.next_run_at < ${at} - make_interval(secs => ${LATE_AFTER}) as is_late
        from ${pipelineConfig} c
        where c.next_run_at <= ${at}
          and exists (select from pipeline.pipeline_stages s where s.pipeline_name = ${TEMPLATE} and s.is_active)
          and not exists (select from ${pipelineRuns} r where r.source_tablename = c.source_tablename and r.${IS_UNFINISHED})
      ), placed as (
        select d.*, row_number() over (partition by d.is_late order by d.at, d.name) as place from due d
      ), next as (
        select p.name from placed p where not p.is_late or p.place <= ${MOST_LATE} order by p.at, p.name
        limit greatest(0, ${most} - (select count(*) from ${pipelineRuns} r where r.${IS_UNFINISHED} and r.known_triggered_by = 'schedule'))
      )
      select c.source_tablename as name from ${pipelineConfig} c
      where c.source_tablename in (select n.name from next n)
      order by c.source_tablename for update of c skip locked`);
    if (due.length === 0) return [];
    // A new statement, so a new snapshot: it sees the runs that were made until the locks were taken.
    const made = await tx.execute<{ id: string }>(sql`/* scheduler.start */
      insert into ${pipelineRuns} (source_tablename, pipeline_name, triggered_by)
      select c.source_tablename, ${TEMPLATE}, 'schedule' from ${pipelineConfig} c
      where c.source_tablename = any(${textArray(due.map(({ name }) => name))})
        and not exists (select from ${pipelineRuns} r where r.source_tablename = c.source_tablename and r.${IS_UNFINISHED})
      order by c.next_run_at, c.source_tablename
      returning id`);
    return made.map(({ id }) => Number(id));
  });
}
