import { sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import type { StageOfRun } from "../../db/pipelines/tables.ts";
import { textArray } from "../../resolvers/batches.ts";
import type { ConfigRow, Refusal } from "./columns.ts";
import type { ConfigDb } from "./read.ts";
import { endedRow, isUnfinished, renewHistory } from "./renew.ts";
import { askOfEach, type Columns, insertRows } from "./rows.ts";
import { columnsOf, type ImportOptions, type Taken } from "./settings.ts";

const RUNS = "pipeline_runs_master";
const LOGS = "pipeline_run_stage_logs";

const NO_PIPELINE = "its pipeline is not there";

export interface History {
  readonly runs: Taken;
  readonly logs: Taken;
  /** Logs that came without a run: each has made one of its own. */
  readonly ownRuns: number;
  /** Runs that were not finished, and were ended as failed. */
  readonly ended: number;
  /** Runs that an earlier import found unfinished, and that have ended in the file since. */
  readonly renewed: number;
}

/** A run that is taken, or was. */
interface RunHere {
  readonly row: ConfigRow;
  /** Null: it is new. */
  id: number | null;
}

const RUN_COLUMNS: Columns = [["id", "bigint"], ...columnsOf(RUNS), ["created_at", "timestamptz"], ["stages", "jsonb"]];
const LOG_COLUMNS: Columns = [
  ...columnsOf(LOGS).filter(([name]) => name !== "pipeline_run_id"),
  ["pipeline_run_id", "bigint"],
  ["makes_run", "boolean"],
];

/**
 * Runs and their logs. What they are known by in the file is kept as their origin's id; a run here is the same one when its table
 * and its start are the same as well, so that two installations with the same numbers don't collide. New ones are numbered here,
 * in the order in which they began.
 */
export async function takeHistory(
  tx: Transaction,
  found: ConfigDb,
  options: ImportOptions,
  refusals: Refusal[],
): Promise<History> {
  const pipelines = found.rows.pipeline_config.map((row) => String(row["source_tablename"]));
  const runs = await findRuns(tx, found.rows[RUNS], pipelines, refusals);
  const { ofRuns, alone } = sortLogs(found.rows[LOGS], runs, refusals);
  const logsOfRun = Map.groupBy(ofRuns, (log) => String(log["pipeline_run_id"]));
  const known = await knownLogs(tx, ofRuns, runs);
  const ownRuns = await findOwnRuns(tx, alone, pipelines, refusals);

  const newRuns = [...runs.values()].filter(({ id }) => id === null);
  const newAlone = ownRuns.filter(({ id }) => id === null);
  const newLogs = ofRuns.filter((_, at) => !known[at]);
  const taken = {
    runs: { taken: newRuns.length, known: runs.size - newRuns.length },
    logs: {
      taken: newLogs.length + newAlone.length,
      known: ofRuns.length - newLogs.length + ownRuns.length - newAlone.length,
    },
    ownRuns: newAlone.length,
    ended: options.keepsUnfinished ? 0 : [...newRuns, ...newAlone].filter(({ row }) => isUnfinished(row)).length,
  };
  if (options.isDryRun) return { ...taken, renewed: 0 };

  const renewed = await renewHistory(tx, [...runs.values()], ofRuns);
  await numberRuns(tx, [...newRuns, ...newAlone]);
  const ended = (row: ConfigRow, at: unknown): ConfigRow => (options.keepsUnfinished ? row : endedRow(row, at));
  const templates = templatesOf(found);
  const rows = [
    ...newRuns.map(({ id, row }) => {
      const logs = logsOfRun.get(String(row["origin_id"])) ?? [];
      const last = logs.map((log) => log["completed_at"] ?? log["started_at"]).at(-1);
      const stages = stagesOf(templates.get(String(row["pipeline_name"])) ?? [], logs);
      return { ...ended(row, last ?? row["started_at"]), id, created_at: startOf(row), stages };
    }),
    ...newAlone.map(({ id, row }) => ({
      ...ended(runOfLog(row), startOf(row)),
      id,
      created_at: startOf(row),
      stages: stagesOf([], [row]),
    })),
  ];
  await insertRows(
    tx,
    RUNS,
    rows.toSorted((one, other) => Number(one.id) - Number(other.id)),
    RUN_COLUMNS,
  );
  await insertRows(
    tx,
    LOGS,
    [
      ...newLogs.map((log) => {
        const run = runs.get(String(log["pipeline_run_id"]));
        const table = log["source_tablename"] ?? run?.row["source_tablename"];
        return { ...ended(log, startOf(log)), source_tablename: table, pipeline_run_id: run?.id, makes_run: false };
      }),
      ...newAlone.map(({ id, row }) => ({ ...ended(row, startOf(row)), pipeline_run_id: id, makes_run: true })),
    ],
    LOG_COLUMNS,
  );
  return { ...taken, renewed };
}

/** By their ids in the file: those that can be taken, and those that are here. */
async function findRuns(
  tx: Transaction,
  rows: readonly ConfigRow[],
  pipelines: readonly string[],
  refusals: Refusal[],
): Promise<Map<string, RunHere>> {
  // An earlier import gave them the numbers that they have in the file.
  const answers = await askOfEach<{ id: string | null; has_pipeline: boolean }>(
    tx,
    rows,
    columnsOf(RUNS),
    sql`(select t.id from pipeline.pipeline_runs_master t
         where (t.origin_id = r.origin_id or (t.origin_id is null and t.id = ${asNumber}))
           and t.source_tablename = r.source_tablename and t.started_at is not distinct from r.started_at limit 1) as id,
        ${hasPipeline(pipelines)} as has_pipeline`,
  );
  const runs = new Map<string, RunHere>();
  for (const [at, row] of rows.entries()) {
    const [origin, answer] = [String(row["origin_id"]), answers[at]];
    if (runs.has(origin)) refusals.push({ table: RUNS, row: origin, why: "the file has it twice" });
    else if (answer?.id != null) runs.set(origin, { row, id: Number(answer.id) });
    else if (answer?.has_pipeline === true) runs.set(origin, { row, id: null });
    else refusals.push({ table: RUNS, row: origin, why: NO_PIPELINE });
  }
  return runs;
}

const asNumber = sql.raw("case when r.origin_id ~ '^[0-9]{1,15}$' then r.origin_id::bigint end");

/** The file's own are taken before. */
function hasPipeline(pipelines: readonly string[]) {
  return sql`(r.source_tablename = any(${textArray(pipelines)})
    or exists (select from pipeline.pipeline_config c where c.source_tablename = r.source_tablename))`;
}

/** Logs of runs that are taken, and those that came without one; all with a start and a stage. */
function sortLogs(rows: readonly ConfigRow[], runs: ReadonlyMap<string, RunHere>, refusals: Refusal[]) {
  const ofRuns: ConfigRow[] = [];
  const alone: ConfigRow[] = [];
  const seen = new Set<unknown>();
  for (const row of rows) {
    const run = row["pipeline_run_id"];
    const refuse = (why: string) => refusals.push({ table: LOGS, row: String(row["origin_id"]), why });
    const started = row["started_at"] ?? row["completed_at"] ?? null;
    if (seen.has(row["origin_id"])) refuse("the file has it twice");
    else if (started === null) refuse("started_at is empty");
    else if (run === null) alone.push({ ...row, started_at: started, stage_order: row["stage_order"] ?? 1 });
    else if (!runs.has(String(run))) refuse(`its run ${run} was not taken`);
    else if (row["stage_order"] === null) refuse("stage_order is empty");
    else ofRuns.push({ ...row, started_at: started });
    seen.add(row["origin_id"]);
  }
  return { ofRuns, alone };
}

/** Which of these logs are here, in their order. */
async function knownLogs(
  tx: Transaction,
  logs: readonly ConfigRow[],
  runs: ReadonlyMap<string, RunHere>,
): Promise<readonly boolean[]> {
  const answers = await askOfEach<{ is_known: boolean }>(
    tx,
    logs.map((log) => ({ origin_id: log["origin_id"], run: runs.get(String(log["pipeline_run_id"]))?.id ?? null })),
    [
      ["origin_id", "text"],
      ["run", "bigint"],
    ],
    sql`exists (select from pipeline.pipeline_run_stage_logs t where t.pipeline_run_id = r.run
          and (t.origin_id = r.origin_id or (t.origin_id is null and t.id = ${asNumber}))) as is_known`,
  );
  return answers.map(({ is_known }) => is_known);
}

/** Logs that came without a run. */
async function findOwnRuns(
  tx: Transaction,
  logs: readonly ConfigRow[],
  pipelines: readonly string[],
  refusals: Refusal[],
): Promise<readonly RunHere[]> {
  const answers = await askOfEach<{ id: string | null; has_pipeline: boolean }>(
    tx,
    logs,
    columnsOf(LOGS),
    sql`(select t.pipeline_run_id from pipeline.pipeline_run_stage_logs t
         where t.origin_id = r.origin_id and t.makes_run and t.source_tablename is not distinct from r.source_tablename
           and t.started_at = r.started_at limit 1) as id,
        (r.source_tablename is null or ${hasPipeline(pipelines)}) as has_pipeline`,
  );
  return logs.flatMap((row, at): readonly RunHere[] => {
    const answer = answers[at];
    if (answer?.id != null) return [{ row, id: Number(answer.id) }];
    if (answer?.has_pipeline === true) return [{ row, id: null }];
    refusals.push({ table: LOGS, row: String(row["origin_id"]), why: NO_PIPELINE });
    return [];
  });
}

function startOf(row: ConfigRow) {
  return row["started_at"] ?? row["completed_at"] ?? new Date().toISOString();
}

/** Gives new runs the next numbers, in the order in which they began. */
async function numberRuns(tx: Transaction, runs: readonly RunHere[]): Promise<void> {
  const ids = await tx.execute<{ id: string }>(sql`/* import.number_runs */
    select nextval(pg_get_serial_sequence('pipeline.pipeline_runs_master', 'id')) as id from generate_series(1, ${runs.length}::integer)`);
  const inOrder = runs
    .map((run) => ({ run, at: Date.parse(String(startOf(run.row))) }))
    .toSorted((one, other) => one.at - other.at);
  for (const [at, { run }] of inOrder.entries()) run.id = Number(ids[at]?.id);
}

/** The stages of each template as the file has them. */
function templatesOf(found: ConfigDb): ReadonlyMap<string, readonly StageOfRun[]> {
  const stages = found.rows.pipeline_stages
    .filter((row) => row["is_active"] === true)
    .map((row) => ({
      id: 0,
      pipeline_name: String(row["pipeline_name"]),
      stage_order: Number(row["stage_order"]),
      stage_name: String(row["stage_name"]),
      stage_type: String(row["stage_type"]),
      driver_container: String(row["driver_container"]),
    }));
  return Map.groupBy(stages, ({ pipeline_name }) => pipeline_name);
}

/** Of a run: its template's, but where a log says that another stage was run in that place. */
function stagesOf(template: readonly StageOfRun[], logs: readonly ConfigRow[]): readonly StageOfRun[] {
  const stages = new Map(template.map((stage) => [stage.stage_order, stage]));
  for (const log of logs) {
    const order = Number(log["stage_order"]);
    const present = stages.get(order);
    const type = log["pipeline_type"] ?? present?.stage_type ?? `stage ${order}`;
    if (present?.stage_type === type) continue;
    stages.set(order, {
      id: 0,
      pipeline_name: present?.pipeline_name ?? String(type),
      stage_order: order,
      stage_name: String(type),
      stage_type: String(type),
      driver_container: present?.driver_container ?? String(type),
    });
  }
  return [...stages.values()].toSorted((one, other) => one.stage_order - other.stage_order);
}

/** The run of one stage that a log without a run makes. */
function runOfLog(log: ConfigRow): ConfigRow {
  return {
    origin_id: log["origin_id"] ?? null,
    // The empty name, which no pipeline has, where the log has none.
    source_tablename: log["source_tablename"] ?? "",
    pipeline_name: log["pipeline_type"] ?? "default",
    status: log["status"] ?? null,
    current_stage: log["stage_order"] ?? 1,
    total_stages: 1,
    triggered_by: "schedule",
    started_at: log["started_at"] ?? null,
    completed_at: log["completed_at"] ?? null,
    error_message: log["error_message"] ?? null,
  };
}
