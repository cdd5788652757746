import { sql } from "drizzle-orm";
import { pipelineConfig, pipelineRuns } from "../db/pipelines.ts";
import type { Context } from "./context.ts";
import { writeInTransaction } from "./transactions.ts";

/** "weir", and which of its locks; see src/db/migrate.ts. */
const LOCK_SPACE = 1464158546;
const SCHEDULER_LOCK = 2;
/** Pipelines started by one transaction. */
const BATCH = 500;
const TEMPLATE = "default";

/**
 * Starts every pipeline that is due at `now` and has no unfinished run, once, however long it has been due. Any number of
 * instances may do this at once: one of them does. Answers the ids of the runs. Without a default template nothing is
 * started.
 */
export function startDueRuns(
  context: Pick<Context, "database" | "feed" | "viewer">,
  now: Date,
): Promise<readonly number[]> {
  return writeInTransaction(context, null, async (tx) => {
    // Before the look: its snapshot then has the runs of whoever held the lock.
    const [lock] = await tx.execute<{ taken: boolean }>(
      sql`/* scheduler.lock */ select pg_try_advisory_xact_lock(${LOCK_SPACE}::integer, ${SCHEDULER_LOCK}::integer) as taken`,
    );
    if (lock?.taken !== true) return [];
    const due = await tx.execute<{ name: string }>(sql`/* scheduler.due */
      select c.source_tablename as name from ${pipelineConfig} c
      where c.next_run_at <= ${now.toISOString()}::timestamptz
        and exists (select from pipeline.pipeline_stages s where s.pipeline_name = ${TEMPLATE})
        and not exists (select from ${pipelineRuns} r
                        where r.source_tablename = c.source_tablename and r.status in ('pending', 'running'))
      order by c.next_run_at limit ${BATCH}`);
    if (due.length === 0) return [];
    const made = await tx
      .insert(pipelineRuns)
      .values(due.map(({ name }) => ({ sourceTablename: name, pipelineName: TEMPLATE, triggeredBy: "schedule" })))
      .returning({ id: pipelineRuns.id });
    return made.map(({ id }) => id);
  });
}
