import { randomUUID } from "node:crypto";
import { and, eq } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import { OWN_DATABASE, type ReportRunRow, type ReportTypeWord, reportManifests } from "../../db/reports/tables.ts";
import type { Context } from "../context.ts";
import { userError } from "../errors.ts";
import { writeInTransaction } from "../transactions.ts";
import { agencyScope, ifVisible, withinAgencies } from "./agency-scope.ts";
import { checkErrors, checkMetrics, checkRunId, type RunMetrics } from "./input.ts";
import { cancelWaiting, enqueue, manifestOf } from "./queue.ts";
import { runsByNumber } from "./reads.ts";

/**
 * Records that a worker begins to refresh a table. The same run id again answers the run as it stands. Throws NOT_FOUND
 * when no manifest makes the table, CONFLICT when the id is that of a run of another table.
 */
export async function startReportRun(
  context: Context,
  tableName: string,
  runId: string | null | undefined,
): Promise<ReportRunRow> {
  const run = runId == null ? randomUUID() : checkRunId(runId);
  const started = await context.reportWriters.start({ ...reporter(context), run, name: tableName });
  if (started.verdict === "other_report")
    throw userError("CONFLICT", `The run ${run} is one of another table. Give each run an id of its own.`);
  if (started.run === null) throw noManifest(tableName);
  context.written();
  return started.run;
}

export function finishReportRun(
  context: Context,
  runId: string,
  input: RunMetrics | null | undefined,
): Promise<ReportRunRow> {
  return reportEnd(context, runId, null, checkMetrics(input));
}

export function failReportRun(
  context: Context,
  runId: string,
  errors: string,
  input: RunMetrics | null | undefined,
): Promise<ReportRunRow> {
  return reportEnd(context, runId, checkErrors(errors), checkMetrics(input));
}

/** The same end reported again answers the run as it stands. */
async function reportEnd(
  context: Context,
  runId: string,
  errors: string | null,
  measured: RunMetrics,
): Promise<ReportRunRow> {
  const { verdict, run } = await context.reportWriters.end({
    ...reporter(context),
    run: runId,
    errors,
    records: measured.recordsProcessed ?? null,
    bytes: measured.bytesProcessed ?? null,
    memory: measured.memoryUsageMb ?? null,
    cpu: measured.cpuPercentage ?? null,
  });
  if (run === null) throw userError("NOT_FOUND", `There is no run ${runId}. Start it by startSeederRun.`);
  if (verdict === "invalid")
    throw userError(
      "INVALID_TRANSITION",
      `The run ${runId} is ${run.status.toUpperCase()}; only one that is RUNNING can end. Start a new run.`,
    );
  if (verdict === "own")
    throw userError("INVALID_TRANSITION", `The run ${runId} is the service's own; it ends by itself.`);
  context.written();
  return run;
}

function reporter(context: Context) {
  return { actor: context.viewer.name ?? "", agencies: agencyScope(context) };
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
  reportType: Known<ReportTypeWord> | null | undefined,
): Promise<readonly ReportRunRow[]> {
  const manifests = await context.database.db
    .selectDistinct({ tableName: reportManifests.tableName })
    .from(reportManifests)
    .where(
      and(
        withinAgencies(agencyScope(context), reportManifests.agencySlug),
        eq(reportManifests.enabled, true),
        agencySlug == null ? undefined : eq(reportManifests.agencySlug, agencySlug),
        reportType == null ? undefined : eq(reportManifests.reportType, reportType),
      ),
    )
    .comment("reports.enabled_manifests");
  return queue(
    context,
    manifests.map(({ tableName }) => tableName),
  );
}

/** Takes a refresh back that waits. Throws NOT_FOUND when none does, INVALID_TRANSITION for one that is being made. */
export async function cancelRefresh(context: Context, tableName: string): Promise<ReportRunRow> {
  const manifest = ifVisible(context, await manifestOf(context.database.db, tableName));
  if (manifest === null) throw noManifest(tableName);
  const id = await writeInTransaction(context, null, (tx) => cancelWaiting(tx, tableName));
  const [run] = await runsByNumber(context.database.db, [id]);
  if (run === undefined) throw new Error(`the run ${id} is not there any more`);
  return run;
}

async function queue(context: Context, tableNames: readonly string[]): Promise<readonly ReportRunRow[]> {
  const ids = await writeInTransaction(context, null, (tx) => enqueue(tx, tableNames));
  context.reportEngine.wake();
  return runsByNumber(context.database.db, ids);
}

function noManifest(tableName: string): Error {
  return userError(
    "NOT_FOUND",
    `No manifest makes the table ${tableName}. Create one by createCustomReportManifest or createCannedReportManifest; customReportManifests and cannedReportManifests list the names that there are.`,
  );
}
