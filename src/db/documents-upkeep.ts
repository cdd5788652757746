import { sql } from "drizzle-orm";
import type { Db } from "./client.ts";

/** Files settled, and rows added up, by one statement. */
const BATCH = 200;
const MOST_ADDED_UP = 200_000;
/** With fewer rows there is nothing to gain. */
const FEW = 50;

/**
 * Sets the counts of files that a trigger had to leave unsettled, from their steps. A file whose row is still held by another
 * transaction stays for the next call. Any number of instances may call this at once. Answers how many were settled.
 */
export async function settleDocuments(db: Db): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local lock_timeout = '500ms'`);
    const rows = await tx.execute(sql`/* documents.settle */
      with taken as (
        delete from documents.unsettled_files where id in (
          select id from documents.unsettled_files order by id limit ${BATCH} for update skip locked)
        returning file_id),
      once as (select distinct file_id from taken order by file_id)
      select o.file_id, documents.settle_file(o.file_id) from once o`);
    return rows.length;
  });
}

/** Adds the rows of `documents.file_counts` up into one for each status. Any number of instances may call this at once. */
export async function addUpFileCounts(db: Db): Promise<void> {
  const [found] = await db.execute<{ many: boolean }>(
    sql`/* documents.many_file_counts */ select exists (select from documents.file_counts offset ${FEW}) as many`,
  );
  if (found?.many !== true) return;
  await db.execute(sql`/* documents.add_up_file_counts */
    with taken as (
      delete from documents.file_counts where id in (
        select id from documents.file_counts order by id limit ${MOST_ADDED_UP} for update skip locked)
      returning status, count)
    insert into documents.file_counts (status, count)
    select status, sum(count) from taken group by status having sum(count) <> 0`);
}
