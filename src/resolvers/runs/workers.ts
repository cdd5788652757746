import { sql } from "drizzle-orm";
import { instantFromPostgres } from "../../db/columns.ts";
import { drivers, IS_UNFINISHED, pipelineRuns, stageLogs } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";

/** Drivers that are told. */
const MOST = 500;
const MOST_COUNTED = 10_000;

export interface HeldStage {
  readonly runId: number;
  readonly stageOrder: number;
}

/** Who works for a driver container, or that nobody does. */
export interface Driver {
  readonly driverContainer: string;
  /** Null: stages wait for the container, and nobody has asked for them. */
  readonly worker: string | null;
  readonly lastSeenAt: string | null;
  readonly holds: readonly HeldStage[];
  /** Null: more than are counted. */
  readonly waiting: number | null;
}

interface DriverJson extends Record<string, unknown> {
  readonly container: string;
  readonly worker: string | null;
  readonly seen: string | null;
  readonly holds: readonly { readonly run: number; readonly stage: number }[];
  readonly waiting: string;
}

/** Containers by name, the workers of each by name. What runs and what waits is found by index, the history is not read. */
export async function listDrivers({ database: { db } }: Context): Promise<readonly Driver[]> {
  const rows = await db.execute<DriverJson>(sql`/* runs.drivers */
    with recursive waiting(container) as (
      (select next_driver from ${pipelineRuns} where next_driver is not null and ${IS_UNFINISHED} order by next_driver limit 1)
      union all
      select (select next_driver from ${pipelineRuns} where next_driver is not null and ${IS_UNFINISHED} and next_driver > w.container
              order by next_driver limit 1)
      from waiting w where w.container is not null
    ), held as (
      select s ->> 'driver_container' as container, l.worker, l.pipeline_run_id as run, l.stage_order as stage
      from (select * from ${stageLogs} where known_status = 'running' and lease_expires_at is not null
            order by lease_expires_at desc limit ${MOST}) l
      join ${pipelineRuns} r on r.id = l.pipeline_run_id
      cross join lateral jsonb_array_elements(r.stages) s
      where (s ->> 'stage_order')::integer = l.stage_order and l.worker is not null
    ), seen as (
      select driver_container as container, worker, last_seen_at from ${drivers} order by last_seen_at desc limit ${MOST}
    ), known as (
      select container, worker from seen union select container, worker from held
    ), every as (
      select container, worker from known
      union all
      select c.container, null from (
        select container from waiting where container is not null union select driver_container from pipeline.pipeline_stages where is_active) c
      where not exists (select from known k where k.container = c.container)
    )
    select e.container, e.worker, s.last_seen_at as seen,
      (select coalesce(jsonb_agg(jsonb_build_object('run', h.run, 'stage', h.stage) order by h.run, h.stage), '[]')
       from held h where h.container = e.container and h.worker = e.worker) as holds,
      (select count(*) from (select from ${pipelineRuns} where next_driver = e.container and ${IS_UNFINISHED}
                             limit ${MOST_COUNTED + 1}) w) as waiting
    from every e left join seen s on s.container = e.container and s.worker = e.worker
    order by e.container collate "C", e.worker collate "C"`);
  return rows.map(({ container, worker, seen, holds, waiting }) => ({
    driverContainer: container,
    worker,
    lastSeenAt: seen === null ? null : instantFromPostgres(seen),
    holds: holds.map(({ run, stage }) => ({ runId: run, stageOrder: stage })),
    waiting: Number(waiting) > MOST_COUNTED ? null : Number(waiting),
  }));
}
