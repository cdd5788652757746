import { sql } from "drizzle-orm";
import type { Db } from "./client.ts";

/** Reports settled by one statement. */
const BATCH = 200;

/**
 * Sets the jobs that a trigger had to leave unsettled to what their histories say. One whose row is still held by another
 * transaction stays for the next call. Any number of instances may call this at once.
 */
export async function settleJobs(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`set local lock_timeout = '500ms'`);
    await tx.execute(sql`/* seeder.settle */
      with taken as (
        delete from reporting.seeder_unsettled_jobs where id in (
          select id from reporting.seeder_unsettled_jobs order by id limit ${BATCH} for update skip locked)
        returning table_name)
      select reporting.set_jobs(array_agg(table_name)) from taken having count(*) > 0`);
  });
}
