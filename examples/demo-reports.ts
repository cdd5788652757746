import { createWeirClient, type WeirClient } from "../src/client/index.ts";
import { GIVE_REPORT, MAKE_CANNED_REPORT, MAKE_REPORT, REPORTS, RUNS } from "./demo-reports-documents.ts";

const AGENCIES = [
  { agencyId: 0, agencySlug: "north" },
  { agencyId: 1, agencySlug: "south" },
  { agencyId: 2, agencySlug: "west" },
] as const;

/** Minutes between refreshes. */
const OFTEN = 1;

const CUSTOM = [
  {
    ...AGENCIES[0],
    tableName: "files_per_minute",
    reportName: "Files per minute",
    query: `SELECT date_trunc('minute', processed_at) AS minute, type, status, count(*) AS files
FROM ingest.file_statuses WHERE processed_at > now() - interval '1 hour' GROUP BY 1, 2, 3`,
  },
  {
    ...AGENCIES[1],
    tableName: "failed_files",
    reportName: "Files that have failed",
    query: "SELECT file_path, type, error_message, processed_at FROM ingest.files WHERE status = 'failed'",
  },
  {
    ...AGENCIES[0],
    tableName: "rows_synced",
    reportName: "Rows synced by table",
    query: `SELECT r.source_tablename, count(DISTINCT r.id) AS runs, sum(l.rows_processed) AS rows
FROM pipeline.pipeline_runs_master r JOIN pipeline.pipeline_run_stage_logs l ON l.pipeline_run_id = r.id GROUP BY 1`,
  },
  {
    ...AGENCIES[1],
    tableName: "documents_by_status",
    reportName: "Documents by status",
    query: "SELECT overall_status, count(*) AS documents FROM documents.files GROUP BY 1",
  },
  {
    ...AGENCIES[2],
    tableName: "files_per_beat",
    reportName: "Files per beat (fails in every third minute)",
    query: "SELECT count(*) / (extract(minute FROM now())::integer % 3) AS files FROM ingest.files",
  },
] as const;

const CANNED = {
  tableName: "agency_files",
  reportName: "An agency's files by status",
  // The samples know no agencies: each gets a third of the files.
  query: `SELECT :agency_slug::text AS agency, type, status, count(*) AS files
FROM ingest.files WHERE abs(hashtext(file_path)) % 3 = :agency_id GROUP BY type, status`,
} as const;

export interface SeederDemoOptions {
  /** URL of the service. */
  readonly weir: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Makes reports over the demo's own tables, which the service refreshes on their schedule, and tells how that goes. */
export async function runSeederDemo({ weir, signal, print }: SeederDemoOptions): Promise<void> {
  const client = createWeirClient({ url: weir, retry: { attempts: 5 } });
  const changes = client.subscribe(RUNS, {}, { signal });
  await makeReports(client);
  for await (const { seederRunChanged } of changes) {
    const { tableName, status, recordsProcessed, consecutiveFailures, errors } = seederRunChanged.run;
    if (status === "SUCCESS") print(`report ${tableName}: ${recordsProcessed} rows`);
    if (status === "ERROR") print(`report ${tableName}: failure ${consecutiveFailures} in a row: ${errors}`);
  }
}

/** Makes those that an earlier demo has not made. */
async function makeReports(client: WeirClient): Promise<void> {
  const { customReportManifests, cannedReports } = await client.request(REPORTS, {});
  const known = new Set(customReportManifests.map(({ tableName }) => tableName));
  for (const input of CUSTOM) {
    if (!known.has(input.tableName))
      await client.request(MAKE_REPORT, { input: { ...input, databaseId: 1, enabled: true, scheduleMinutes: OFTEN } });
  }
  const canned = cannedReports.find(({ tableName }) => tableName === CANNED.tableName);
  const id =
    canned?.id ??
    (await client.request(MAKE_CANNED_REPORT, { input: { ...CANNED, databaseId: 1 } })).createCannedReport.id;
  for (const agency of AGENCIES) {
    if (canned?.manifests.some(({ agencySlug }) => agencySlug === agency.agencySlug) !== true)
      await client.request(GIVE_REPORT, { input: { ...agency, cannedReportId: id, scheduleMinutes: OFTEN } });
  }
}
