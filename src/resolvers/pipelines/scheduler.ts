import { sql } from "drizzle-orm";
import { tryLock } from "../../db/locks.ts";
import { IS_UNFINISHED, pipelineConfig, pipelineRuns } from "../../db/pipelines/tables.ts";
import { textArray } from "../batches.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";

/** Pipelines started by one transaction. */
const BATCH = 500;
const TEMPLATE = "default";

/**
 * Starts every pipeline that is due at `now` (default: by the database's clock) and has no unfinished run, once, however long it has been due. Any number of
 * instances may do this at once: one of them does. Answers the ids of the runs. Without a default template nothing is
 * started.
 */
export function startDueRuns(context: WriteContext, now?: Date): Promise<readonly number[]> {
  return writeInTransaction(context, null, async (tx) => {
    // Before the look: its snapshot then has the runs of whoever held the lock.
    if (!(await tryLock(tx, "scheduler"))) return [];
    // A pipeline of which somebody is just making a run is locked by that, and left to the next look.
    const due = await tx.execute<{ name: string }>(sql`/* scheduler.due */
      select c.source_tablename as name from ${pipelineConfig} c
      where c.next_run_at <= ${now === undefined ? sql`now()` : sql`${now.toISOString()}::timestamptz`}
        and exists (select from pipeline.pipeline_stages s where s.pipeline_name = ${TEMPLATE})
      order by c.next_run_at limit ${BATCH} for update of c skip locked`);
    if (due.length === 0) return [];
    // A new statement, so a new snapshot: it sees the runs that were made until the locks were taken.
    const made = await tx.execute<{ id: string }>(sql`/* scheduler.start */
      insert into ${pipelineRuns} (source_tablename, pipeline_name, triggered_by)
      select n.name, ${TEMPLATE}, 'schedule' from unnest(${textArray(due.map(({ name }) => name))}) n(name)
      where not exists (select from ${pipelineRuns} r where r.source_tablename = n.name and r.${IS_UNFINISHED})
      returning id`);
    return made.map(({ id }) => Number(id));
  });
}
