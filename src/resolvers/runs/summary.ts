import { sql } from "drizzle-orm";
import { type Known, UNKNOWN } from "../../db/columns.ts";
import { pipelineConfig, pipelineRuns, RUN_STATUSES, RUN_TIME, type RunStatusWord } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { IS_ACTIVE, IS_OVERDUE } from "../pipelines/reads.ts";
import { BUCKET_SECONDS, type WindowArgs, windowOf } from "../window.ts";

export interface RunBucket {
  readonly start: string;
  readonly success: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  readonly unknown: number;
  readonly rowsProcessed: number;
  readonly medianDurationSeconds: number | null;
}

/** Every entry of a count by status, in this order. */
const COUNTED: readonly Known<RunStatusWord>[] = [...RUN_STATUSES, UNKNOWN];

export interface RunStatusCount {
  readonly status: Known<RunStatusWord>;
  readonly count: number;
}

export interface RunSummary {
  readonly buckets: readonly RunBucket[];
  readonly byStatus: readonly RunStatusCount[];
  readonly rowsProcessed: number;
}

/** Of the runs that began, or were asked for, in `from <= time < to`. Buckets without runs are there as well. */
export async function runSummary(
  { database: { db } }: Context,
  args: WindowArgs & { readonly sourceTablename?: string | null | undefined },
): Promise<RunSummary> {
  const { bucket, sourceTablename } = args;
  const { from, to } = windowOf(args);
  const rows = await db.execute<{
    start: string;
    success: string;
    failed: string;
    cancelled: string;
    running: string;
    pending: string;
    unknown: string;
    rows: string;
    median: number | null;
  }>(sql`/* runs.summary */
    with run as materialized (
      select date_trunc(${bucket}, ${RUN_TIME}, 'UTC') as start, r.known_status as status,
             case when r.known_status = 'success' then extract(epoch from r.completed_at - r.started_at) end as seconds,
             (select coalesce(sum(l.rows_processed), 0) from (
                select distinct on (l.stage_order) l.rows_processed from pipeline.pipeline_run_stage_logs l
                where l.pipeline_run_id = r.id order by l.stage_order, l.id desc) l) as rows
      from pipeline.pipeline_runs_master r
      where ${RUN_TIME} >= ${from}::timestamptz and ${RUN_TIME} < ${to}::timestamptz
        and ${sourceTablename == null ? sql`true` : sql`r.source_tablename = ${sourceTablename}`}
    )
    select to_char(b.start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as start,
           count(*) filter (where r.status = 'success') as success, count(*) filter (where r.status = 'failed') as failed,
           count(*) filter (where r.status = 'cancelled') as cancelled, count(*) filter (where r.status = 'running') as running,
           count(*) filter (where r.status = 'pending') as pending, count(*) filter (where r.status = 'unknown') as unknown,
           coalesce(sum(r.rows), 0) as rows,
           percentile_cont(0.5) within group (order by r.seconds) as median
    from generate_series(date_trunc(${bucket}, ${from}::timestamptz, 'UTC'), ${to}::timestamptz - interval '1 microsecond',
                         make_interval(secs => ${BUCKET_SECONDS[bucket]})) as b(start)
    left join run r on r.start = b.start
    group by b.start order by b.start`);
  const counts = new Map<Known<RunStatusWord>, number>(COUNTED.map((status) => [status, 0]));
  for (const row of rows) {
    for (const status of COUNTED) counts.set(status, (counts.get(status) ?? 0) + Number(row[status]));
  }
  return {
    buckets: rows.map((row) => ({
      start: row.start,
      success: Number(row.success),
      failed: Number(row.failed),
      cancelled: Number(row.cancelled),
      running: Number(row.running),
      unknown: Number(row.unknown),
      rowsProcessed: Number(row.rows),
      medianDurationSeconds: row.median,
    })),
    byStatus: [...counts].map(([status, count]) => ({ status, count })),
    rowsProcessed: rows.reduce((sum, row) => sum + Number(row.rows), 0),
  };
}

export interface PipelineOverview {
  readonly total: number;
  readonly active: number;
  readonly overdue: number;
  readonly runsByStatus24h: readonly RunStatusCount[];
}

/** The configuration is counted whole; of the runs, a day by its index. */
export async function pipelineOverview({ database: { db } }: Context): Promise<PipelineOverview> {
  const [[counts], runs] = await Promise.all([
    db
      .select({
        total: sql<number>`count(*)::integer`,
        active: sql<number>`(count(*) filter (where ${IS_ACTIVE}))::integer`,
        overdue: sql<number>`(count(*) filter (where ${IS_OVERDUE}))::integer`,
      })
      .from(pipelineConfig)
      .comment("pipelines.overview"),
    db.execute<{ status: string; count: string }>(sql`/* runs.by_status_24h */
      select known_status as status, count(*) from ${pipelineRuns}
      where ${RUN_TIME} >= now() - interval '24 hours' group by known_status`),
  ]);
  const found = new Map(runs.map(({ status, count }) => [status, Number(count)]));
  return {
    total: counts?.total ?? 0,
    active: counts?.active ?? 0,
    overdue: counts?.overdue ?? 0,
    runsByStatus24h: COUNTED.map((status) => ({ status, count: found.get(status) ?? 0 })),
  };
}
