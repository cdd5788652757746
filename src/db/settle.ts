import { type SQL, sql } from "drizzle-orm";
import { type Db, SQLSTATE, sqlState } from "./client.ts";

/** Subjects settled by one call. */
const BATCH = 1_000;

/**
 * Settles subjects whose state a trigger had to leave, each in a transaction of its own: one whose row is still held by another
 * transaction stays for the next call and hinders no other. Any number of instances may call this at once. Answers how many
 * were settled.
 */
async function settleEach<Subject extends Record<string, unknown>>(
  db: Db,
  options: {
    readonly subjects: (most: number) => SQL;
    /** Takes its entries away, where settling does not. */
    readonly forget?: (subject: Subject) => SQL;
    readonly settle: (subject: Subject) => SQL;
  },
): Promise<number> {
  const subjects = await db.execute<Subject>(options.subjects(BATCH));
  let settled = 0;
  // drizzle can't relate rows to a type parameter.
  for (const subject of [...subjects] as unknown as readonly Subject[]) {
    try {
      await db.transaction(async (tx) => {
        await tx.execute(sql`set local lock_timeout = '20ms'`);
        if (options.forget !== undefined) await tx.execute(options.forget(subject));
        await tx.execute(options.settle(subject));
      });
      settled += 1;
    } catch (error) {
      if (sqlState(error) !== SQLSTATE.lockNotAvailable) throw error;
    }
  }
  return settled;
}

/** Settles and announces statuses of HL7 files and logs. */
export function settleStatuses(db: Db): Promise<number> {
  return settleEach<{ type: string; path_key: string }>(db, {
    subjects: (most) => sql`/* ingest.unsettled_statuses */
      select type, path_key from ingest.unsettled_statuses group by type, path_key order by min(status_id) limit ${most}`,
    settle: (of) => sql`/* ingest.settle_statuses */ select ingest.settle_statuses_of(${of.type}, ${of.path_key})`,
  });
}

/** Sets the mappings of HL7 files to what `hl7_files` says. */
export function settleMappings(db: Db): Promise<number> {
  return settleEach<{ file_path: string }>(db, {
    subjects: (most) =>
      sql`/* ingest.unsettled_files */ select distinct file_path from ingest.unsettled_files limit ${most}`,
    forget: (of) =>
      sql`/* ingest.forget_unsettled */ delete from ingest.unsettled_files where file_path = ${of.file_path}`,
    settle: (of) => sql`/* ingest.settle_mappings */ select ingest.settle_mappings_of(${of.file_path})`,
  });
}

/** Sets the counts of documents from their steps. */
export function settleDocuments(db: Db): Promise<number> {
  return settleEach<{ file_id: string }>(db, {
    subjects: (most) =>
      sql`/* documents.unsettled */ select distinct file_id from documents.unsettled_files limit ${most}`,
    forget: (of) =>
      sql`/* documents.forget_unsettled */ delete from documents.unsettled_files where file_id = ${of.file_id}`,
    settle: (of) => sql`/* documents.settle */ select documents.settle_file(${of.file_id}::bigint)`,
  });
}

/** Stamps pipelines with runs that programs ended. */
export function settleStamps(db: Db): Promise<number> {
  return settleEach<{ run_id: string }>(db, {
    subjects: (most) =>
      sql`/* runs.unstamped */ select run_id from pipeline.unstamped_runs order by run_id limit ${most}`,
    forget: (of) => sql`/* runs.forget_unstamped */ delete from pipeline.unstamped_runs where run_id = ${of.run_id}`,
    settle: (of) => sql`/* runs.stamp */ select pipeline.stamp(array[${of.run_id}::bigint])`,
  });
}

/** Sets the jobs of reports to what their histories say. */
export function settleJobs(db: Db): Promise<number> {
  return settleEach<{ table_name: string }>(db, {
    subjects: (most) =>
      sql`/* reports.unsettled */ select distinct table_name from reporting.seeder_unsettled_jobs limit ${most}`,
    forget: (of) => sql`/* reports.forget_unsettled */
      delete from reporting.seeder_unsettled_jobs where table_name = ${of.table_name}`,
    settle: (of) => sql`/* reports.settle */ select reporting.set_jobs(array[${of.table_name}]::text[])`,
  });
}
