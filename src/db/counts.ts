import { type SQL, sql } from "drizzle-orm";
import type { Db } from "./client.ts";

/** Rows added up by one statement. */
const MOST_ADDED_UP = 200_000;
/** With no more rows than these, and two for each sum, there is nothing to gain. */
const FEW = 50;

/** Tables of sums: triggers only ever add rows to them, so that no writer waits for another. */
const SUMS = [
  { table: sql`ingest.file_counts`, of: sql`type, date, status, has_log` },
  { table: sql`documents.file_counts`, of: sql`status` },
  { table: sql`documents.step_counts`, of: sql`step_name, status` },
];

/** Adds the rows of each table of sums up into few. Any number of instances may call this at once. */
export async function addUpCounts(db: Db): Promise<void> {
  for (const { table, of } of SUMS) await addUp(db, table, of);
}

async function addUp(db: Db, table: SQL, of: SQL): Promise<void> {
  const [found] = await db.execute<{ many: boolean }>(
    sql`/* weir.many_counts */ select coalesce(sum(rows), 0) > ${FEW} + 2 * count(*) as many
      from (select count(*) as rows from ${table} group by ${of}) sums`,
  );
  if (found?.many !== true) return;
  await db.execute(sql`/* weir.add_up_counts */
    with taken as (
      delete from ${table} where id in (
        select id from ${table} order by id limit ${MOST_ADDED_UP} for update skip locked)
      returning ${of}, count)
    insert into ${table} (${of}, count)
    select ${of}, sum(count) from taken group by ${of} having sum(count) <> 0`);
}
