import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { pipelineRuns, stageLogs } from "../../db/pipelines/tables.ts";
import { textArray } from "../batches.ts";

/** Successful runs that a median is of: the newest. */
const LOOKED_AT = 20;

/** What a pipeline usually takes, in seconds; null, or absent, where nothing succeeded yet. */
export interface UsualDurations {
  readonly run: number | null;
  /** By the place of the stage. */
  readonly stages: ReadonlyMap<number, number>;
}

/** Of pipelines, by name: medians of their last successful runs, one statement for all. */
export async function loadUsualDurations(db: Db, names: readonly string[]): Promise<readonly UsualDurations[]> {
  const rows = await db.execute<{ at: string; stage: number | null; median: number }>(sql`/* runs.usual_durations */
    with success as materialized (
      select k.at, r.id, extract(epoch from r.completed_at - r.started_at)::float8 as seconds
      from unnest(${textArray(names)}) with ordinality as k(name, at)
      cross join lateral (
        select id, started_at, completed_at from ${pipelineRuns}
        where source_tablename = k.name and known_status = 'success'
          and completed_at > '-infinity' and completed_at < 'infinity'
        order by completed_at desc limit ${LOOKED_AT}) r
      where isfinite(r.started_at)
    )
    select at, null::integer as stage, percentile_cont(0.5) within group (order by seconds) as median
    from success group by at
    union all
    select s.at, l.stage_order, percentile_cont(0.5) within group (order by extract(epoch from l.completed_at - l.started_at)::float8)
    from success s join ${stageLogs} l on l.pipeline_run_id = s.id
    where l.known_status = 'success' and isfinite(l.completed_at) and isfinite(l.started_at)
    group by s.at, l.stage_order`);
  return names.map((_, at) => {
    const own = rows.filter((row) => Number(row.at) === at + 1);
    return {
      run: own.find(({ stage }) => stage === null)?.median ?? null,
      stages: new Map(own.flatMap(({ stage, median }) => (stage === null ? [] : [[stage, median] as const]))),
    };
  });
}

/** What a pipeline's runs of the last 24 hours came to. */
export interface DaySummary {
  readonly rowsProcessed: number;
  readonly success: number;
  readonly failed: number;
  readonly medianDurationSeconds: number | null;
}

/** Of pipelines, by name: one statement for all, by the index of their runs by time. */
export async function loadDaySummaries(db: Db, names: readonly string[]): Promise<readonly DaySummary[]> {
  const rows = await db.execute<{
    at: string;
    rows: string;
    success: string;
    failed: string;
    median: number | null;
  }>(sql`/* runs.day_summaries */
    select k.at, coalesce(sum(l.rows), 0) as rows, count(*) filter (where r.known_status = 'success') as success,
           count(*) filter (where r.known_status = 'failed') as failed,
           percentile_cont(0.5) within group (order by extract(epoch from r.completed_at - r.started_at)::float8)
             filter (where r.known_status = 'success' and isfinite(r.completed_at) and isfinite(r.started_at)) as median
    from unnest(${textArray(names)}) with ordinality as k(name, at)
    join ${pipelineRuns} r on r.source_tablename = k.name and coalesce(r.started_at, r.created_at) >= now() - interval '24 hours'
    cross join lateral (
      select sum(d.rows_processed) as rows from (
        select distinct on (l.stage_order) l.rows_processed from ${stageLogs} l
        where l.pipeline_run_id = r.id order by l.stage_order, l.id desc) d) l
    group by k.at`);
  const found = new Map(rows.map((row) => [Number(row.at), row]));
  return names.map((_, at) => {
    const row = found.get(at + 1);
    return {
      rowsProcessed: Number(row?.rows ?? 0),
      success: Number(row?.success ?? 0),
      failed: Number(row?.failed ?? 0),
      medianDurationSeconds: row?.median ?? null,
    };
  });
}
