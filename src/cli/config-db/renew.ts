import { type SQL, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import type { ConfigRow } from "./columns.ts";
import { updateRows } from "./rows.ts";
import { columnsOf } from "./settings.ts";

/** What the import says of a run, or a stage, that it has ended. */
const ENDED = "It was not finished when it was imported.";

export function isUnfinished(row: ConfigRow): boolean {
  return /^(?:pending|running)$/i.test(String(row["status"]));
}

/** The same row as failed, at this time. */
export function endedRow(row: ConfigRow, at: unknown): ConfigRow {
  if (!isUnfinished(row)) return row;
  return {
    ...row,
    status: "failed",
    completed_at: row["completed_at"] ?? (typeof at === "string" ? at : null),
    error_message: row["error_message"] ?? ENDED,
  };
}

/** As an import left it: nobody has moved it here. */
const LEFT: SQL = sql`(t.error_message = ${ENDED} or t.known_status in ('pending', 'running'))`;

/**
 * Runs that an earlier import found unfinished, and their logs, become what the file says of them now. Answers how many runs.
 * Logs first: which of them are the same ones their runs say.
 */
export async function renewHistory(
  tx: Transaction,
  runs: readonly { readonly id: number | null; readonly row: ConfigRow }[],
  logs: readonly ConfigRow[],
): Promise<number> {
  const known = runs.filter(({ id, row }) => id !== null && !isUnfinished(row));
  const ids = new Map(known.map(({ id, row }) => [String(row["origin_id"]), id]));
  const ofKnown = logs
    .filter((log) => !isUnfinished(log) && ids.has(String(log["pipeline_run_id"])))
    .map((log) => ({ ...log, id: ids.get(String(log["pipeline_run_id"])) }));
  const withId = (columns: ReturnType<typeof columnsOf>) => [["id", "bigint"] as const, ...columns];
  await updateRows(
    tx,
    "pipeline_run_stage_logs",
    ofKnown,
    withId(columnsOf("pipeline_run_stage_logs")),
    ["status", "completed_at", "error_message", "rows_processed", "file_paths", "time_taken"],
    sql`t.pipeline_run_id = r.id and t.origin_id = r.origin_id and ${LEFT}`,
  );
  return updateRows(
    tx,
    "pipeline_runs_master",
    known.map(({ id, row }) => ({ ...row, id })),
    withId(columnsOf("pipeline_runs_master")),
    ["status", "current_stage", "completed_at", "error_message"],
    sql`t.id = r.id and t.origin_id = r.origin_id and ${LEFT}`,
  );
}
