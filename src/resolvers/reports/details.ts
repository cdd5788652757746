import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { instantFromPostgres } from "../../db/columns.ts";
import { reportRuns } from "../../db/reports/tables.ts";
import { textArray } from "../batches.ts";
import { withinAgencies } from "./agency-scope.ts";

/** What a job's own row does not say: its schedule, its cooling, and what its history tells. Null: there is none. */
export interface JobDetails {
  readonly scheduleMinutes: number | null;
  readonly nextRefreshAt: string | null;
  readonly coolingUntil: string | null;
  readonly lastSuccessAt: string | null;
  readonly recordsProcessed: number | null;
  readonly bytesProcessed: number | null;
  readonly usualDurationSeconds: number | null;
}

const NOTHING: JobDetails = {
  scheduleMinutes: null,
  nextRefreshAt: null,
  coolingUntil: null,
  lastSuccessAt: null,
  recordsProcessed: null,
  bytesProcessed: null,
  usualDurationSeconds: null,
};

/** Successful runs that a median is of: the newest. */
const LOOKED_AT = 20;

interface DetailsJson extends Record<string, unknown> {
  readonly at: string;
  readonly minutes: number | null;
  readonly next: string | null;
  readonly cooling: string | null;
  readonly success: string | null;
  readonly records: string | null;
  readonly bytes: string | null;
  readonly median: number | null;
}

/** Of tables, one statement for all. Of each history the newest successes are read, those of the agencies that the viewer sees. */
export async function loadDetails(
  db: Db,
  names: readonly string[],
  scope: readonly string[] | null,
): Promise<readonly JobDetails[]> {
  const rows = await db.execute<DetailsJson>(sql`/* reports.details_of_jobs */
    with manifest as materialized (
      select distinct on (table_name) table_name, schedule_minutes, scheduled_at from reporting.seeder_manifests
      where enabled and schedule_minutes > 0 and table_name = any(${textArray(names)})
      order by table_name, schedule_minutes
    )
    select k.at, m.schedule_minutes as minutes,
      case when m.table_name is not null then coalesce(m.scheduled_at + make_interval(mins => m.schedule_minutes), now()) end as next,
      c.until as cooling, s.success, s.records, s.bytes, s.median
    from unnest(${textArray(names)}) with ordinality as k(name, at)
    left join manifest m on m.table_name = k.name
    left join reporting.seeder_cooling c on c.table_name = k.name and c.until > now()
    left join lateral (
      select (array_agg(coalesce(r.finish_time, r.start_time) order by r.start_time desc, r.id desc))[1] as success,
        (array_agg(r.records_processed order by r.start_time desc, r.id desc))[1] as records,
        (array_agg(r.bytes_processed order by r.start_time desc, r.id desc))[1] as bytes,
        percentile_cont(0.5) within group (order by r.duration_seconds) as median
      from (
        select * from ${reportRuns} where table_name = k.name and known_status = 'success' and duration_seconds is not null
          and ${withinAgencies(scope, reportRuns.agencySlug) ?? sql`true`}
        order by start_time desc, id desc limit ${LOOKED_AT}) r) s on true`);
  const found = new Map(rows.map((row) => [Number(row.at), row]));
  return names.map((_, at) => {
    const row = found.get(at + 1);
    return row === undefined ? NOTHING : toDetails(row);
  });
}

function toDetails({ minutes, next, cooling, success, records, bytes, median }: DetailsJson): JobDetails {
  const instant = (text: string | null) => (text === null ? null : instantFromPostgres(text));
  return {
    scheduleMinutes: minutes,
    nextRefreshAt: instant(next),
    coolingUntil: instant(cooling),
    lastSuccessAt: instant(success),
    recordsProcessed: records === null ? null : Number(records),
    bytesProcessed: bytes === null ? null : Number(bytes),
    usualDurationSeconds: median,
  };
}
