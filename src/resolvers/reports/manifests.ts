import { eq, sql } from "drizzle-orm";
import { SQLSTATE, sqlState, type Transaction } from "../../db/client.ts";
import { lock } from "../../db/locks.ts";
import {
  type CannedReportRow,
  type CustomReportManifestRow,
  cannedReportManifests,
  cannedReports,
  customReportManifests,
  OWN_DATABASE,
} from "../../db/reports/tables.ts";
import { textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { numberedId } from "../input.ts";
import { writeInTransaction } from "../transactions.ts";
import {
  type CannedManifestInput,
  type CannedReportInput,
  type CustomManifestInput,
  checkCannedManifest,
  checkCannedReport,
  checkCustomManifest,
} from "./input.ts";
import {
  type CannedManifest,
  cannedManifest,
  cannedReport,
  customManifest,
  listCannedManifests,
  viewNameOf,
} from "./manifest-reads.ts";
import { type Agency, bindAgency, problemOf, viewNameProblem } from "./query.ts";
import { stopCooling } from "./queue.ts";
import { checkQuery, dropView, isNameTaken } from "./views.ts";

/** Where a view stands. */
interface ViewPlace {
  readonly tableName: string;
  readonly databaseId: number;
}

export async function createCustomManifest(
  context: Context,
  input: CustomManifestInput,
): Promise<CustomReportManifestRow> {
  const manifest = checkCustomManifest(input);
  await assertQuery(context, manifest, { id: manifest.agencyId, slug: manifest.agencySlug });
  await assertNameIsFree(context, manifest);
  const id = await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [manifest.tableName], null);
    const [row] = await tx.insert(customReportManifests).values(manifest).returning({ id: customReportManifests.id });
    return row?.id ?? 0;
  });
  return found(await customManifest(context.database.db, id), "manifest", id);
}

export async function updateCustomManifest(
  context: Context,
  id: string,
  input: CustomManifestInput,
): Promise<CustomReportManifestRow> {
  const old = await customById(context, id);
  const manifest = checkCustomManifest(input);
  await assertQuery(context, manifest, { id: manifest.agencyId, slug: manifest.agencySlug });
  const isMoved = manifest.tableName !== old.tableName || manifest.databaseId !== old.databaseId;
  if (isMoved) await assertNameIsFree(context, manifest);
  await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [manifest.tableName], { reportType: "custom", ids: [old.id] });
    if (isMoved) await forget(context, tx, old);
    // Mended, as its writer hopes: it need not cool down.
    await stopCooling(tx, manifest.tableName);
    await tx
      .update(customReportManifests)
      .set({ ...manifest, scheduleMinutes: manifest.scheduleMinutes ?? null })
      .where(eq(customReportManifests.id, old.id));
    // Who filters by agency finds the report under its new one before it runs again.
    await tx.execute(sql`/* reports.describe_job */ update reporting.seeder_job_status
      set report_name = ${manifest.reportName}, agency_id = ${manifest.agencyId}, agency_slug = ${manifest.agencySlug}
      where table_name = ${manifest.tableName} and report_type = 'custom'`);
    return old.id;
  });
  return found(await customManifest(context.database.db, old.id), "manifest", id);
}

export async function deleteCustomManifest(context: Context, id: string): Promise<boolean> {
  const old = await customById(context, id);
  await writeInTransaction(context, null, async (tx) => {
    await forget(context, tx, old);
    await tx.delete(customReportManifests).where(eq(customReportManifests.id, old.id));
    return old.id;
  });
  return true;
}

export async function createCannedReport(context: Context, input: CannedReportInput): Promise<CannedReportRow> {
  const report = checkCannedReport(input);
  await assertQuery(context, report, SOME_AGENCY);
  const id = await writeInTransaction(context, null, async (tx) => {
    const [row] = await tx.insert(cannedReports).values(report).returning({ id: cannedReports.id });
    return row?.id ?? 0;
  });
  return found(await cannedReport(context.database.db, id), "canned report", id);
}

export async function updateCannedReport(
  context: Context,
  id: string,
  input: CannedReportInput,
): Promise<CannedReportRow> {
  const { db } = context.database;
  const old = found(await cannedReport(db, manifestNumber(id)), "canned report", id);
  const report = checkCannedReport(input);
  const manifests = await listCannedManifests(db, eq(cannedReportManifests.cannedReportId, old.id));
  const [first] = manifests;
  await assertQuery(
    context,
    report,
    first === undefined ? SOME_AGENCY : { id: first.agencyId, slug: first.agencySlug },
  );
  const isMoved = report.tableName !== old.tableName || report.databaseId !== old.databaseId;
  const next = manifests.map((manifest) => viewNameOf({ ...manifest, report: { ...old, ...report } }));
  if (isMoved) {
    for (const tableName of next) await assertNameIsFree(context, { tableName, databaseId: report.databaseId });
  }
  await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, next, { reportType: "canned", ids: manifests.map((manifest) => manifest.id) });
    for (const manifest of manifests) {
      const tableName = viewNameOf(manifest);
      if (isMoved) await forget(context, tx, { tableName, databaseId: old.databaseId });
      await stopCooling(tx, tableName);
    }
    await tx.update(cannedReports).set(report).where(eq(cannedReports.id, old.id));
    return old.id;
  });
  return found(await cannedReport(db, old.id), "canned report", id);
}

/** Throws CONFLICT while agencies have it. */
export async function deleteCannedReport(context: Context, id: string): Promise<boolean> {
  const old = found(await cannedReport(context.database.db, manifestNumber(id)), "canned report", id);
  await writeInTransaction(context, null, async (tx) => {
    const manifests = await tx
      .select({ agencySlug: cannedReportManifests.agencySlug })
      .from(cannedReportManifests)
      .where(eq(cannedReportManifests.cannedReportId, old.id));
    if (manifests.length > 0) {
      const agencies = manifests.map(({ agencySlug }) => agencySlug).join(", ");
      throw userError("CONFLICT", `Agencies have the canned report ${id}: ${agencies}. Delete their manifests first.`);
    }
    await tx.delete(cannedReports).where(eq(cannedReports.id, old.id));
    return old.id;
  });
  return true;
}

export async function createCannedManifest(context: Context, input: CannedManifestInput): Promise<CannedManifest> {
  const { db } = context.database;
  const { cannedReportId, ...manifest } = checkCannedManifest(input);
  const report = found(await cannedReport(db, manifestNumber(cannedReportId)), "canned report", cannedReportId);
  const tableName = `${report.tableName}_${manifest.agencySlug}`;
  await assertQuery(context, report, { id: manifest.agencyId, slug: manifest.agencySlug });
  await assertNameIsFree(context, { tableName, databaseId: report.databaseId });
  const id = await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [tableName], null);
    const [row] = await tx
      .insert(cannedReportManifests)
      .values({ ...manifest, cannedReportId: report.id })
      .returning({ id: cannedReportManifests.id });
    return row?.id ?? 0;
  });
  return found(await cannedManifest(db, id), "manifest", id);
}

export async function deleteCannedManifest(context: Context, id: string): Promise<boolean> {
  const old = found(await cannedManifest(context.database.db, manifestNumber(id)), "manifest", id);
  await writeInTransaction(context, null, async (tx) => {
    await forget(context, tx, { tableName: viewNameOf(old), databaseId: old.report.databaseId });
    await tx.delete(cannedReportManifests).where(eq(cannedReportManifests.id, old.id));
    return old.id;
  });
  return true;
}

/** For the check of a canned report that no agency has yet. */
const SOME_AGENCY: Agency = { id: 0, slug: "" };

async function customById({ database }: Context, id: string): Promise<CustomReportManifestRow> {
  return found(await customManifest(database.db, manifestNumber(id)), "manifest", id);
}

function found<Row>(row: Row | null, what: string, id: string | number): Row {
  if (row === null) throw userError("NOT_FOUND", `There is no ${what} ${id}.`);
  return row;
}

/** PostgreSQL says what it thinks of a query, and nothing is run. */
async function assertQuery(
  { reportEngine }: Context,
  { query, databaseId }: { readonly query: string; readonly databaseId: number },
  agency: Agency,
): Promise<void> {
  const bound = bindAgency(query, agency);
  try {
    await reportEngine.inSession(databaseId, (session) => checkQuery(session, bound));
  } catch (error) {
    // Without a severity it is no answer of PostgreSQL: it could not be reached.
    if (!(error instanceof Error && "severity" in error)) throw error;
    throw badInput(`input.query is refused by PostgreSQL: ${problemOf(error, query, bound)}.`);
  }
}

/** A name is free unless something stands there that the service did not make. */
async function assertNameIsFree({ reportEngine }: Context, { tableName, databaseId }: ViewPlace): Promise<void> {
  const problem = viewNameProblem(tableName);
  if (problem !== undefined) throw badInput(`${tableName} ${problem}.`);
  if (await reportEngine.inSession(databaseId, (session) => isNameTaken(session, tableName)))
    throw userError(
      "CONFLICT",
      `reporting.${tableName} exists already and is not a report. Choose another table name.`,
    );
}

/** Two who store manifests go one after the other: no index can say that two kinds of manifests make one name. */
async function assertNoManifestMakes(
  tx: Transaction,
  tableNames: readonly string[],
  but: { readonly reportType: "custom" | "canned"; readonly ids: readonly number[] } | null,
): Promise<void> {
  await lock(tx, "manifests");
  const [other] = await tx.execute<{
    table_name: string;
    report_type: string;
    manifest_id: number;
  }>(sql`/* reports.same_name */
    select m.table_name, m.report_type, m.manifest_id from reporting.seeder_manifests m
    where m.table_name = any(${textArray(tableNames)}) and not (m.report_type = ${but?.reportType ?? ""}
      and m.manifest_id = any(${textArray((but?.ids ?? []).map(String))}::integer[])) limit 1`);
  if (other === undefined) return;
  throw userError(
    "CONFLICT",
    `The ${other.report_type} manifest ${other.manifest_id} makes ${other.table_name} already. Choose another table name.`,
  );
}

/** The view, the job and what waits go with the manifest; the history stays. Throws CONFLICT during a refresh. */
/** Ids of manifests have 32 bits; 0 is that of none. */
function manifestNumber(id: string): number {
  const number = numberedId(id) ?? 0;
  return number > 2_147_483_647 ? 0 : number;
}

async function forget({ reportEngine }: Context, tx: Transaction, place: ViewPlace): Promise<void> {
  const { tableName, databaseId } = place;
  const [queued] = await tx.execute<{ history_id: string; claimed_by: string | null }>(sql`/* reports.forget_queued */
    delete from reporting.seeder_queue where table_name = ${tableName} returning history_id, claimed_by`);
  if (queued !== undefined && queued.claimed_by !== null)
    throw userError("CONFLICT", `${tableName} is being refreshed. Try again when that is done.`);
  if (queued !== undefined) {
    await tx.execute(sql`/* reports.forget_run */ update reporting.seeder_run_history
      set status = 'error', errors = 'Its manifest was removed before it began.', finish_time = now(), updated_at = now()
      where id = ${queued.history_id}`);
  }
  // Their ends would bring the job back.
  await tx.execute(sql`/* reports.forget_runs */ update reporting.seeder_run_history
    set status = 'error', errors = 'Its manifest was removed while it ran.', finish_time = now(), updated_at = now()
    where table_name = ${tableName} and status in ('pending', 'running')`);
  await stopCooling(tx, tableName);
  await tx.execute(
    sql`/* reports.forget_job */ delete from reporting.seeder_job_status where table_name = ${tableName}`,
  );
  try {
    if (databaseId === OWN_DATABASE) await dropView((text) => tx.execute(sql.raw(text)), tableName);
    // A database that is configured no more is not ours to tidy.
    else if (reportEngine.refusal(databaseId) === undefined)
      await reportEngine.inSession(databaseId, (session) =>
        session.begin((there) => dropView((text) => there.unsafe(text), tableName)),
      );
  } catch (error) {
    if (sqlState(error) === SQLSTATE.lockNotAvailable)
      throw userError("CONFLICT", `reporting.${tableName} is being read. Try again when that is done.`);
    if (sqlState(error) !== SQLSTATE.dependentObjects) throw error;
    throw userError("CONFLICT", `Other views read reporting.${tableName}. Drop them first.`);
  }
}
