import { type SQL, sql } from "drizzle-orm";
import { processingLogs } from "../db/documents/tables.ts";
import { fileStatuses } from "../db/ingest/tables.ts";
import { reportRuns } from "../db/reports/tables.ts";
import type { Context } from "./context.ts";
import { userError } from "./errors.ts";
import { agencyScope, withinAgencies } from "./reports/agency-scope.ts";
import { BUCKET_SECONDS, type WindowArgs, windowOf } from "./window.ts";

/** Ends of a window that are counted, of each outcome. */
const MOST_COUNTED = 500_000;

/** What came to an end within one column of a chart. */
export interface ThroughputBucket {
  readonly start: string;
  readonly done: number;
  readonly failed: number;
}

/** The ends of one outcome within a window, as a select of the column `at`: by an index. */
type Ends = (outcome: "done" | "failed", within: (at: SQL) => SQL) => SQL;

/** HL7 files that were ingested; files of both types that failed. */
export function ingestThroughput(context: Context, args: WindowArgs): Promise<readonly ThroughputBucket[]> {
  return throughput(context, "ingest", args, (outcome, within) => {
    const at = sql`${fileStatuses.processedAt}`;
    const status = outcome === "done" ? sql`'ingested'` : sql`'failed'`;
    return sql`select ${at} as at from ${fileStatuses} where ${fileStatuses.knownStatus} = ${status} and ${within(at)}`;
  });
}

/** Steps of documents that succeeded, or failed, by the history. */
export function documentThroughput(context: Context, args: WindowArgs): Promise<readonly ThroughputBucket[]> {
  return throughput(context, "documents", args, (outcome, within) => {
    const at = sql`${processingLogs.timestamp}`;
    const status = outcome === "done" ? sql`'success'` : sql`'failure'`;
    return sql`select ${at} as at from ${processingLogs}
      where weir.path_key(lower(${processingLogs.status})) = weir.path_key(${status}::text) and ${within(at)}`;
  });
}

/** Runs of reports that succeeded, or failed: of those that the viewer sees. */
export function reportThroughput(context: Context, args: WindowArgs): Promise<readonly ThroughputBucket[]> {
  const scope = withinAgencies(agencyScope(context), reportRuns.agencySlug) ?? sql`true`;
  return throughput(context, "reports", args, (outcome, within) => {
    const at = sql`${reportRuns.finishTime}`;
    const status = outcome === "done" ? sql`'success'` : sql`'error'`;
    return sql`select ${at} as at from ${reportRuns}
      where ${reportRuns.knownStatus} = ${status} and not ${reportRuns.isSkipped} and ${within(at)} and ${scope}`;
  });
}

async function throughput(
  { database: { db } }: Context,
  system: string,
  args: WindowArgs,
  ends: Ends,
): Promise<readonly ThroughputBucket[]> {
  const { bucket } = args;
  const { from, to } = windowOf(args);
  const within = (at: SQL) => sql`${at} >= ${from}::timestamptz and ${at} < ${to}::timestamptz`;
  const counted = (outcome: "done" | "failed") => sql`
    select date_trunc(${bucket}, e.at, 'UTC') as start, count(*) as count
    from (${ends(outcome, within)} limit ${MOST_COUNTED + 1}) e group by 1`;
  const rows = await db.execute<{
    start: string;
    done: string;
    failed: string;
    all_done: string;
    all_failed: string;
  }>(sql`
    /* ${sql.raw(system)}.throughput */
    with done as (${counted("done")}), failed as (${counted("failed")})
    select to_char(b.start, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as start, coalesce(d.count, 0) as done, coalesce(f.count, 0) as failed,
      (select coalesce(sum(count), 0) from done) as all_done, (select coalesce(sum(count), 0) from failed) as all_failed
    from generate_series(date_trunc(${bucket}, ${from}::timestamptz, 'UTC'), ${to}::timestamptz - interval '1 microsecond',
                         make_interval(secs => ${BUCKET_SECONDS[bucket]})) as b(start)
    left join done d on d.start = b.start left join failed f on f.start = b.start
    order by b.start`);
  const [any] = rows;
  if (any !== undefined && Math.max(Number(any.all_done), Number(any.all_failed)) > MOST_COUNTED) {
    throw userError(
      "TOO_COMPLEX",
      `From ${from} to ${to} more than ${MOST_COUNTED} of one outcome came to an end. Ask for a shorter window.`,
    );
  }
  return rows.map(({ start, done, failed }) => ({ start, done: Number(done), failed: Number(failed) }));
}
