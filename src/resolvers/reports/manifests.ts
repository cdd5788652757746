import { eq, sql } from "drizzle-orm";
import { lock } from "../../db/locks.ts";
import { cannedReportManifests, cannedReports, customReportManifests } from "../../db/reports/tables.ts";
import { textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { numberedId } from "../input.ts";
import { writeInTransaction } from "../transactions.ts";
import { checkQuery } from "./check.ts";
import {
  type CannedManifestChange,
  type CannedManifestInput,
  type CannedReportInput,
  type CustomManifestInput,
  checkCannedManifest,
  checkCannedManifestChange,
  checkCannedReport,
  checkCustomManifest,
} from "./input.ts";
import {
  type CannedManifest,
  type CannedReport,
  type CustomManifest,
  cannedManifest,
  cannedReport,
  customManifest,
  listCannedManifests,
  viewNameOf,
} from "./manifest-reads.ts";
import { assertNameIsFree, assertNoManifestMakes, dropElsewhere, forget } from "./places.ts";
import { type Agency, bindAgency, problemOf, viewOf } from "./query.ts";
import { stopCooling } from "./queue.ts";

export async function createCustomManifest(context: Context, input: CustomManifestInput): Promise<CustomManifest> {
  const manifest = checkCustomManifest(input);
  await assertQuery(context, manifest, { id: manifest.agencyId, slug: manifest.agencySlug }, null);
  await assertNameIsFree(context, manifest);
  const id = await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [manifest.tableName], null);
    const [row] = await tx.insert(customReportManifests).values(manifest).returning({ id: customReportManifests.id });
    return row?.id ?? 0;
  });
  return found(await customManifest(context.database.db, id), "manifest", id);
}

/** `given`: the fields that the caller gave. `enabled` and `scheduleMinutes` stay as they are where they are not among them. */
export async function updateCustomManifest(
  context: Context,
  id: string,
  input: CustomManifestInput,
  given: ReadonlySet<string>,
): Promise<CustomManifest> {
  const old = await customById(context, id);
  const manifest = checkCustomManifest(input);
  const { enabled, scheduleMinutes, ...replaced } = manifest;
  await assertQuery(context, manifest, { id: manifest.agencyId, slug: manifest.agencySlug }, manifest.tableName);
  const isMoved = manifest.tableName !== old.tableName || manifest.databaseId !== old.databaseId;
  if (isMoved) await assertNameIsFree(context, manifest);
  await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [manifest.tableName], { reportType: "custom", ids: [old.id] });
    if (isMoved) await forget(tx, old);
    // Mended, as its writer hopes: it need not cool down.
    await stopCooling(tx, manifest.tableName);
    await tx
      .update(customReportManifests)
      .set({
        ...replaced,
        ...(given.has("enabled") ? { enabled } : {}),
        ...(given.has("scheduleMinutes") ? { scheduleMinutes: scheduleMinutes ?? null } : {}),
      })
      .where(eq(customReportManifests.id, old.id));
    // Who filters by agency finds the report under its new one before it runs again.
    await tx.execute(sql`/* reports.describe_job */ update reporting.seeder_job_status
      set report_name = ${manifest.reportName}, agency_id = ${manifest.agencyId}, agency_slug = ${manifest.agencySlug}
      where table_name = ${manifest.tableName} and known_report_type = 'custom'`);
    return old.id;
  });
  if (isMoved) await dropElsewhere(context, old);
  return found(await customManifest(context.database.db, old.id), "manifest", id);
}

export async function deleteCustomManifest(context: Context, id: string): Promise<boolean> {
  const old = await customById(context, id);
  await writeInTransaction(context, null, async (tx) => {
    await forget(tx, old);
    await tx.delete(customReportManifests).where(eq(customReportManifests.id, old.id));
    return old.id;
  });
  await dropElsewhere(context, old);
  return true;
}

export async function createCannedReport(context: Context, input: CannedReportInput): Promise<CannedReport> {
  const report = checkCannedReport(input);
  await assertQuery(context, report, SOME_AGENCY, null);
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
): Promise<CannedReport> {
  const { db } = context.database;
  const old = found(await cannedReport(db, manifestNumber(id)), "canned report", id);
  const report = checkCannedReport(input);
  const isMoved = report.tableName !== old.tableName || report.databaseId !== old.databaseId;
  const viewsOf = (manifests: readonly CannedManifest[]) =>
    manifests.map((manifest) => viewNameOf({ ...manifest, report: { ...old, ...report } }));
  const given = await listCannedManifests(db, eq(cannedReportManifests.cannedReportId, old.id));
  const [first] = given;
  await assertQuery(
    context,
    report,
    first === undefined ? SOME_AGENCY : { id: first.agencyId, slug: first.agencySlug },
    viewsOf(given)[0] ?? null,
  );
  if (isMoved) {
    for (const tableName of viewsOf(given))
      await assertNameIsFree(context, { tableName, databaseId: report.databaseId });
  }
  let forgotten: readonly string[] = [];
  await writeInTransaction(context, null, async (tx) => {
    await lock(tx, "manifests");
    // Once more, now that nobody gives or takes it.
    const manifests = await listCannedManifests(tx, eq(cannedReportManifests.cannedReportId, old.id));
    const next = viewsOf(manifests);
    await assertNoManifestMakes(tx, next, { reportType: "canned", ids: manifests.map((manifest) => manifest.id) });
    forgotten = isMoved ? manifests.map(viewNameOf) : [];
    for (const tableName of forgotten) await forget(tx, { tableName, databaseId: old.databaseId });
    for (const tableName of manifests.map(viewNameOf)) await stopCooling(tx, tableName);
    await tx.update(cannedReports).set(report).where(eq(cannedReports.id, old.id));
    // Who filters by name finds the reports under the new one before they run again.
    await tx.execute(sql`/* reports.rename_jobs */ update reporting.seeder_job_status set report_name = ${report.reportName}
      where table_name = any(${textArray(next)}) and known_report_type = 'canned' and report_name <> ${report.reportName}`);
    return old.id;
  });
  for (const tableName of forgotten) await dropElsewhere(context, { tableName, databaseId: old.databaseId });
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
  await assertQuery(context, report, { id: manifest.agencyId, slug: manifest.agencySlug }, null);
  await assertNameIsFree(context, { tableName, databaseId: report.databaseId });
  const id = await writeInTransaction(context, null, async (tx) => {
    await assertNoManifestMakes(tx, [tableName], null);
    // Under the lock of manifests: nobody changes it from here on.
    const present = await cannedReport(tx, report.id);
    if (present?.tableName !== report.tableName || present.databaseId !== report.databaseId)
      throw userError("CONFLICT", `The canned report ${cannedReportId} has just been changed. Try again.`);
    const [row] = await tx
      .insert(cannedReportManifests)
      .values({ ...manifest, cannedReportId: report.id })
      .returning({ id: cannedReportManifests.id });
    return row?.id ?? 0;
  });
  return found(await cannedManifest(db, id), "manifest", id);
}

/** What was not given stays as it is. */
export async function updateCannedManifest(
  context: Context,
  id: string,
  input: CannedManifestChange,
  given: ReadonlySet<string>,
): Promise<CannedManifest> {
  const { db } = context.database;
  const old = found(await cannedManifest(db, manifestNumber(id)), "manifest", id);
  const { enabled, scheduleMinutes } = checkCannedManifestChange(input);
  const change = {
    ...(given.has("enabled") && enabled != null ? { enabled } : {}),
    ...(given.has("scheduleMinutes") ? { scheduleMinutes: scheduleMinutes ?? null } : {}),
  };
  if (Object.keys(change).length > 0) {
    await writeInTransaction(context, null, async (tx) => {
      await tx.update(cannedReportManifests).set(change).where(eq(cannedReportManifests.id, old.id));
      return old.id;
    });
  }
  return found(await cannedManifest(db, old.id), "manifest", id);
}

export async function deleteCannedManifest(context: Context, id: string): Promise<boolean> {
  const old = found(await cannedManifest(context.database.db, manifestNumber(id)), "manifest", id);
  await writeInTransaction(context, null, async (tx) => {
    await forget(tx, { tableName: viewNameOf(old), databaseId: old.report.databaseId });
    await tx.delete(cannedReportManifests).where(eq(cannedReportManifests.id, old.id));
    return old.id;
  });
  await dropElsewhere(context, { tableName: viewNameOf(old), databaseId: old.report.databaseId });
  return true;
}

/** For the check of a canned report that no agency has yet. */
const SOME_AGENCY: Agency = { id: 0, slug: "" };

async function customById({ database }: Context, id: string): Promise<CustomManifest> {
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
  tableName: string | null,
): Promise<void> {
  const bound = bindAgency(query, agency);
  try {
    await reportEngine.inSession(databaseId, (session) =>
      checkQuery(session, bound, tableName === null ? null : viewOf(tableName)),
    );
  } catch (error) {
    // Without a severity it is no answer of PostgreSQL: it could not be reached.
    if (!(error instanceof Error && "severity" in error)) throw error;
    throw badInput(`input.query is refused by PostgreSQL: ${problemOf(error, query, bound)}.`);
  }
}

/** Ids of manifests have 32 bits; 0 is that of none. */
function manifestNumber(id: string): number {
  const number = numberedId(id) ?? 0;
  return number > 2_147_483_647 ? 0 : number;
}
