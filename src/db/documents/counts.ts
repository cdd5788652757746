import { sql } from "drizzle-orm";
import type { Db } from "../client.ts";

/** Rows added up by one statement. */
const MOST_ADDED_UP = 200_000;
/** With fewer rows there is nothing to gain. */
const FEW = 50;

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
