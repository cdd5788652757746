import { and, asc, eq, getColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import {
  type CannedReportManifestRow,
  type CannedReportRow,
  type CustomReportManifestRow,
  cannedReportManifests,
  cannedReports,
  customReportManifests,
} from "../../db/reports/tables.ts";
import { groupByPlace } from "../batches.ts";

/** A canned manifest with what it gives to its agency. */
export interface CannedManifest extends CannedReportManifestRow {
  readonly report: CannedReportRow;
}

/** The name of the view: agencies that share a canned report have one each. */
export function viewNameOf({ agencySlug, report }: CannedManifest): string {
  return `${report.tableName}_${agencySlug}`;
}

export function listCustomManifests(db: Db, where: SQL | undefined): Promise<CustomReportManifestRow[]> {
  return db
    .select()
    .from(customReportManifests)
    .where(where)
    .orderBy(asc(customReportManifests.id))
    .comment("reports.custom_manifests");
}

export async function customManifest(db: Db, id: number): Promise<CustomReportManifestRow | null> {
  const [row] = await listCustomManifests(db, eq(customReportManifests.id, id));
  return row ?? null;
}

export function listCannedReports(db: Db, where: SQL | undefined): Promise<CannedReportRow[]> {
  return db.select().from(cannedReports).where(where).orderBy(asc(cannedReports.id)).comment("reports.canned_reports");
}

export async function cannedReport(db: Db, id: number): Promise<CannedReportRow | null> {
  const [row] = await listCannedReports(db, eq(cannedReports.id, id));
  return row ?? null;
}

export async function listCannedManifests(db: Db, where: SQL | undefined): Promise<CannedManifest[]> {
  const rows = await db
    .select({ ...getColumns(cannedReportManifests), report: getColumns(cannedReports) })
    .from(cannedReportManifests)
    .innerJoin(cannedReports, eq(cannedReports.id, cannedReportManifests.cannedReportId))
    .where(where)
    .orderBy(asc(cannedReportManifests.id))
    .comment("reports.canned_manifests");
  return rows;
}

export async function cannedManifest(db: Db, id: number): Promise<CannedManifest | null> {
  const [row] = await listCannedManifests(db, and(eq(cannedReportManifests.id, id)));
  return row ?? null;
}

export async function loadManifestsOfReports(
  db: Db,
  ids: readonly number[],
): Promise<readonly (readonly CannedManifest[])[]> {
  const wanted = sql`(select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb)::integer)`;
  const rows = await listCannedManifests(db, inArray(cannedReportManifests.cannedReportId, wanted));
  const place = new Map(ids.map((id, at) => [id, at + 1]));
  return groupByPlace(
    ids.length,
    rows.map((row) => ({ ...row, at: place.get(row.cannedReportId) ?? 0 })),
  );
}
