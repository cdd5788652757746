import { sql } from "drizzle-orm";
import { SQLSTATE, sqlState, type Transaction } from "../../db/client.ts";
import { lock } from "../../db/locks.ts";
import { OWN_DATABASE } from "../../db/reports/tables.ts";
import { textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { viewNameProblem, viewOf } from "./query.ts";
import { stopCooling } from "./queue.ts";
import { dropView, isNameTaken } from "./views.ts";

/** Where a view stands. */
export interface ViewPlace {
  readonly tableName: string;
  readonly databaseId: number;
}

/** A name is free unless something stands there that the service did not make. */
export async function assertNameIsFree({ reportEngine }: Context, { tableName, databaseId }: ViewPlace): Promise<void> {
  const problem = viewNameProblem(tableName);
  if (problem !== undefined) throw badInput(`${tableName} ${problem}.`);
  if (await reportEngine.inSession(databaseId, (session) => isNameTaken(session, viewOf(tableName))))
    throw userError(
      "CONFLICT",
      `reporting.${viewOf(tableName)} exists already and is not a report. Choose another table name.`,
    );
}

/** Two who store manifests go one after the other: no index can say that two kinds of manifests make one name. */
export async function assertNoManifestMakes(
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
    where regexp_replace(m.table_name, '^reporting[.]', '') = any(${textArray(tableNames.map(viewOf))}) and not (m.report_type = ${but?.reportType ?? ""}
      and m.manifest_id = any(${textArray((but?.ids ?? []).map(String))}::integer[])) limit 1`);
  if (other === undefined) return;
  throw userError(
    "CONFLICT",
    `The ${other.report_type} manifest ${other.manifest_id} makes ${other.table_name} already. Choose another table name.`,
  );
}

/** The view in the own database, the job and what waits go with the manifest; the history stays. Throws CONFLICT during a refresh. */
export async function forget(tx: Transaction, { tableName, databaseId }: ViewPlace): Promise<void> {
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
    where table_name = ${tableName} and known_status in ('pending', 'running')`);
  await stopCooling(tx, tableName);
  await tx.execute(
    sql`/* reports.forget_job */ delete from reporting.seeder_job_status where table_name = ${tableName}`,
  );
  if (databaseId === OWN_DATABASE) await drop(tableName, (text) => tx.execute(sql.raw(text)));
}

/**
 * Drops the view of a manifest that was forgotten, where it stands in another database: once the manifest is gone, since what
 * is dropped there comes back with no transaction of ours. A database that is configured no more is not ours to tidy.
 */
export async function dropElsewhere({ reportEngine }: Context, { tableName, databaseId }: ViewPlace): Promise<void> {
  if (databaseId === OWN_DATABASE || reportEngine.refusal(databaseId) !== undefined) return;
  await reportEngine.inSession(databaseId, (session) =>
    session.begin((there) => drop(tableName, (text) => there.unsafe(text))),
  );
}

async function drop(tableName: string, execute: (text: string) => Promise<ArrayLike<unknown>>): Promise<void> {
  const view = viewOf(tableName);
  try {
    await dropView(execute, view);
  } catch (error) {
    if (sqlState(error) === SQLSTATE.lockNotAvailable)
      throw userError("CONFLICT", `reporting.${view} is being read. Try again when that is done.`);
    if (sqlState(error) !== SQLSTATE.dependentObjects) throw error;
    throw userError("CONFLICT", `Other views read reporting.${view}. Drop them first.`);
  }
}
