import { and, asc, type Column, eq, getColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { Db, Transaction } from "../../db/client.ts";
import {
  type CannedReportManifestRow,
  type CannedReportRow,
  type CustomReportManifestRow,
  cannedReportManifests,
  cannedReports,
  customReportManifests,
  OWN_DATABASE,
} from "../../db/reports/tables.ts";
import { groupByPlace } from "../batches.ts";

/** A row that names its database: where the table has null, it is the service's own. */
type Placed<Row> = Omit<Row, "databaseId"> & { readonly databaseId: number };
export type CustomManifest = Placed<CustomReportManifestRow>;
export type CannedReport = Placed<CannedReportRow>;

/** Within a transaction, what is read holds to its end. */
type Reader = Db | Transaction;

/** A canned manifest with what it gives to its agency. */
export interface CannedManifest extends CannedReportManifestRow {
  readonly report: CannedReport;
}

function databaseIdOf(column: Column) {
  return sql<number>`coalesce(${column}, ${sql.raw(String(OWN_DATABASE))})`.as("database_id");
}

const CUSTOM_COLUMNS = {
  ...getColumns(customReportManifests),
  databaseId: databaseIdOf(customReportManifests.databaseId),
};
const REPORT_COLUMNS = { ...getColumns(cannedReports), databaseId: databaseIdOf(cannedReports.databaseId) };

/** The name of the view: agencies that share a canned report have one each. */
export function viewNameOf({ agencySlug, report }: CannedManifest): string {
  return `${report.tableName}_${agencySlug}`;
}

export function listCustomManifests(db: Reader, where: SQL | undefined): Promise<CustomManifest[]> {
  return db
    .select(CUSTOM_COLUMNS)
    .from(customReportManifests)
    .where(where)
    .orderBy(asc(customReportManifests.id))
    .comment("reports.custom_manifests");
}

export async function customManifest(db: Reader, id: number): Promise<CustomManifest | null> {
  const [row] = await listCustomManifests(db, eq(customReportManifests.id, id));
  return row ?? null;
}

export function listCannedReports(db: Reader, where: SQL | undefined): Promise<CannedReport[]> {
  return db
    .select(REPORT_COLUMNS)
    .from(cannedReports)
    .where(where)
    .orderBy(asc(cannedReports.id))
    .comment("reports.canned_reports");
}

export async function cannedReport(db: Reader, id: number): Promise<CannedReport | null> {
  const [row] = await listCannedReports(db, eq(cannedReports.id, id));
  return row ?? null;
}

export async function listCannedManifests(db: Reader, where: SQL | undefined): Promise<CannedManifest[]> {
  const rows = await db
    .select({ ...getColumns(cannedReportManifests), report: REPORT_COLUMNS })
    .from(cannedReportManifests)
    .innerJoin(cannedReports, eq(cannedReports.id, cannedReportManifests.cannedReportId))
    .where(where)
    .orderBy(asc(cannedReportManifests.id))
    .comment("reports.canned_manifests");
  return rows;
}

export async function cannedManifest(db: Reader, id: number): Promise<CannedManifest | null> {
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
