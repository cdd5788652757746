import { sql } from "drizzle-orm";
import type { Db } from "./client.ts";

/** Files settled by one statement. */
const BATCH = 200;

/**
 * Sets the current state of files that a trigger had to leave unsettled, from their histories. A file whose row is still
 * held by another transaction stays for the next call. Any number of instances may call this at once. Answers how many
 * files were settled.
 */
export async function settleFiles(db: Db): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local lock_timeout = '500ms'`);
    const rows = await tx.execute<{ id: string }>(sql`/* ingest.settle */
      with taken as (
        delete from ingest.unsettled_files where id in (
          select id from ingest.unsettled_files order by id limit ${BATCH} for update skip locked)
        returning id, type, file_path),
      once as (select min(id) as id, type, file_path from taken group by type, file_path order by type, file_path)
      select o.id, ingest.settle_file(o.type, o.file_path) from once o`);
    return rows.length;
  });
}
