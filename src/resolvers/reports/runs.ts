import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { lockSubject } from "../../db/locks.ts";
import { OWN_DATABASE, type ReportRunRow, reportManifests, reportRuns } from "../../db/reports/tables.ts";
import type { Context } from "../context.ts";
import { userError } from "../errors.ts";
import { writeInTransaction } from "../transactions.ts";
import { agencyScope, ifVisible, withinAgencies } from "./agency-scope.ts";
import { checkErrors, checkMetrics, checkRunId, type RunMetrics } from "./input.ts";
import { endReportRun, enqueue, manifestOf, type RunEnd } from "./queue.ts";
import { runByRunId, runsByNumber } from "./reads.ts";

/**
 * Records that a worker begins to refresh a table. The same run id again answers the run as it stands. Throws NOT_FOUND
 * when no manifest makes the table, CONFLICT when the id is that of a run of another table.
 */
export async function startReportRun(
  context: Context,
  tableName: string,
  runId: string | null | undefined,
): Promise<ReportRunRow> {
  const wanted = runId == null ? randomUUID() : checkRunId(runId);
  const id = await writeInTransaction(context, null, async (tx) => {
    await lockSubject(tx, "reportRun", wanted);
    const known = await runByRunId(tx, wanted);
    if (known !== null) {
      if (known.tableName !== tableName || ifVisible(context, known) === null)
        throw userError("CONFLICT", `The run ${wanted} is one of another table. Give each run an id of its own.`);
      return known.id;
    }
    const manifest = ifVisible(context, await manifestOf(tx, tableName));
    if (manifest === null) throw noManifest(tableName);
    const [run] = await tx
      .insert(reportRuns)
      .values({ ...manifest, runId: wanted, status: "running" })
      .returning({ id: reportRuns.id });
    return run?.id ?? 0;
  });
  return answer(context, id);
}

export function finishReportRun(
  context: Context,
  runId: string,
  input: RunMetrics | null | undefined,
): Promise<ReportRunRow> {
  return reportEnd(context, runId, checkMetrics(input));
}

export function failReportRun(
  context: Context,
  runId: string,
  errors: string,
  input: RunMetrics | null | undefined,
): Promise<ReportRunRow> {
  return reportEnd(context, runId, { ...checkMetrics(input), errors: checkErrors(errors) });
}

/** The same end reported again answers the run as it stands. */
async function reportEnd(
  context: Context,
  runId: string,
  end: RunMetrics & { readonly errors?: string },
): Promise<ReportRunRow> {
  const status = end.errors === undefined ? "success" : "error";
  const id = await writeInTransaction(context, null, async (tx) => {
    await lockSubject(tx, "reportRun", runId);
    const run = ifVisible(context, await runByRunId(tx, runId));
    if (run === null) throw userError("NOT_FOUND", `There is no run ${runId}. Start it by startReportRun.`);
    if (run.knownStatus === status) return run.id;
    if (run.knownStatus !== "running")
      throw userError(
        "INVALID_TRANSITION",
        `The run ${runId} is ${run.status.toUpperCase()}; only one that is RUNNING can end. Start a new run.`,
      );
    const [ours] = await tx.execute(sql`/* reports.is_queued */
      select 1 from reporting.seeder_queue where table_name = ${run.tableName} and history_id = ${run.id}`);
    if (ours !== undefined)
      throw userError("INVALID_TRANSITION", `The run ${runId} is the service's own; it ends by itself.`);
    await endReportRun(tx, run.id, given(end));
    return run.id;
  });
  return answer(context, id);
}

/** GraphQL's null says the same as nothing. */
function given(end: RunMetrics & { readonly errors?: string }): RunEnd {
  const { errors, recordsProcessed, bytesProcessed, memoryUsageMb = null, cpuPercentage = null } = end;
  return {
    memoryUsageMb,
    cpuPercentage,
    ...(errors === undefined ? {} : { errors }),
    ...(recordsProcessed == null ? {} : { recordsProcessed }),
    ...(bytesProcessed == null ? {} : { bytesProcessed }),
  };
}

/** Queues a refresh of one table, and answers its run: the one that waits or is under way already, if there is one. */
export async function refreshReport(context: Context, tableName: string): Promise<ReportRunRow> {
  const manifest = ifVisible(context, await manifestOf(context.database.db, tableName));
  if (manifest === null) throw noManifest(tableName);
  if (!manifest.enabled) throw userError("CONFLICT", `The manifest of ${tableName} is disabled. Enable it first.`);
  const refusal = manifest.databaseId === OWN_DATABASE ? context.reportEngine.refusal(OWN_DATABASE) : undefined;
  if (refusal !== undefined) throw refusal;
  const [run] = await queue(context, [tableName]);
  // Its manifest was deleted in between.
  if (run === undefined) throw noManifest(tableName);
  return run;
}

export async function refreshAllReports(
  context: Context,
  agencySlug: string | null | undefined,
): Promise<readonly ReportRunRow[]> {
  const manifests = await context.database.db
    .selectDistinct({ tableName: reportManifests.tableName })
    .from(reportManifests)
    .where(
      and(
        withinAgencies(agencyScope(context), reportManifests.agencySlug),
        eq(reportManifests.enabled, true),
        agencySlug == null ? undefined : eq(reportManifests.agencySlug, agencySlug),
      ),
    )
    .comment("reports.enabled_manifests");
  return queue(
    context,
    manifests.map(({ tableName }) => tableName),
  );
}

async function queue(context: Context, tableNames: readonly string[]): Promise<readonly ReportRunRow[]> {
  const ids = await writeInTransaction(context, null, (tx) => enqueue(tx, tableNames));
  context.reportEngine.wake();
  return runsByNumber(context.database.db, ids);
}

async function answer(context: Context, id: number): Promise<ReportRunRow> {
  const [run] = await runsByNumber(context.database.db, [id]);
  if (run === undefined) throw new Error("a run that was written is not there");
  return run;
}

function noManifest(tableName: string): Error {
  return userError(
    "NOT_FOUND",
    `No manifest makes the table ${tableName}. Create one by createCustomReportManifest or createCannedReportManifest; customReportManifests and cannedReportManifests list the names that there are.`,
  );
}
