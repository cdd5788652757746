import type { Sql } from "../../src/db/client.ts";
import { ask } from "./service.ts";

export interface RunAnswer {
  readonly runId: string;
  readonly tableName: string;
  readonly status: string;
  readonly errors: string | null;
  readonly consecutiveFailures: number;
  readonly recordsProcessed: number;
  readonly bytesProcessed: number;
  readonly durationSeconds: number | null;
}

const RUN = "runId tableName status errors consecutiveFailures recordsProcessed bytesProcessed durationSeconds";

/** Makes a custom manifest by the API; answers its id. */
export async function makeReport(url: string, tableName: string, query: string, more: object = {}): Promise<string> {
  const { createCustomReportManifest } = await ask<{ createCustomReportManifest: { id: string } }>(
    url,
    "mutation ($input: CustomReportManifestInput!) { createCustomReportManifest(input: $input) { id } }",
    { input: { tableName, reportName: `Report ${tableName}`, agencyId: 7, agencySlug: "north", query, ...more } },
  );
  return createCustomReportManifest.id;
}

export const changeReport = (url: string, id: string, tableName: string, query: string, more: object = {}) =>
  ask(
    url,
    "mutation ($id: ID!, $input: CustomReportManifestInput!) { updateCustomReportManifest(id: $id, input: $input) { id } }",
    { id, input: { tableName, reportName: tableName, agencyId: 7, agencySlug: "north", query, ...more } },
  );

/** Puts a manifest in by SQL, unchecked, as a program does. */
export const insertManifest = (sql: Sql, tableName: string, query: string) =>
  sql`insert into reporting.seeder_custom_report_manifest (table_name, report_name, agency_id, agency_slug, query)
    values (${tableName}, ${tableName}, 7, 'north', ${query})`;

export async function refresh(url: string, tableName: string): Promise<RunAnswer> {
  const { refreshReport } = await ask<{ refreshReport: RunAnswer }>(
    url,
    `mutation ($tableName: String!) { refreshReport(tableName: $tableName) { ${RUN} } }`,
    { tableName },
  );
  return refreshReport;
}

export async function runOf(url: string, runId: string): Promise<RunAnswer | null> {
  return (
    await ask<{ seederRun: RunAnswer | null }>(url, `query ($id: String!) { seederRun(runId: $id) { ${RUN} } }`, {
      id: runId,
    })
  ).seederRun;
}

/** Asks again until it holds: for what no change announces to this test. */
export async function until<Value>(read: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Refreshes, and answers the run when it has ended. */
export async function refreshed(url: string, tableName: string): Promise<RunAnswer> {
  return ended(url, await refresh(url, tableName));
}

export async function ended(url: string, { runId }: { readonly runId: string }): Promise<RunAnswer> {
  const run = await until(
    () => runOf(url, runId),
    (found) => found?.status === "SUCCESS" || found?.status === "ERROR",
  );
  if (run === null) throw new Error(`the run ${runId} is gone`);
  return run;
}
