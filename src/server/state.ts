import type { Sql } from "../db/client.ts";

/** Numbers of rows that an operator looks after. */
export interface State {
  /** Left by triggers, to be settled within seconds. */
  readonly unsettled: number;
  readonly runsUnderWay: number;
  /** Stages that a driver holds by a lease. */
  readonly leases: number;
  readonly reportsQueued: number;
  readonly pipelinesOverdue: number;
  /** Days ahead of today, by the database's clock, for which the feed has partitions; -1: not even today. */
  readonly partitionsAhead: number;
}

/** Reads them from indexes and small tables alone. Rejects when the database does not answer. */
export async function readState(sql: Sql): Promise<State> {
  const [row] = await sql<State[]>`/* state.read */
    select
      ((select count(*) from ingest.unsettled_statuses) + (select count(*) from ingest.unsettled_files)
        + (select count(*) from documents.unsettled_files))::int as "unsettled",
      (select count(*) from pipeline.pipeline_runs_master where known_status in ('pending', 'running'))::int as "runsUnderWay",
      (select count(*) from pipeline.pipeline_run_stage_logs where known_status = 'running' and lease_expires_at is not null)::int
        as "leases",
      (select count(*) from reporting.seeder_queue)::int as "reportsQueued",
      (select count(*) from pipeline.pipeline_config where overdue_at < now())::int as "pipelinesOverdue",
      coalesce((select max(substr(c.relname, 8)::date) from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'weir.change'::regclass and c.relname ~ '^change_[0-9]{8}$') - (now() at time zone 'UTC')::date, -1)
        as "partitionsAhead"`;
  if (row === undefined) throw new Error("the database has told no state");
  return row;
}
