import { stat } from "node:fs/promises";
import type { Database } from "../../db/client.ts";
import { isMeantForCaller } from "../../resolvers/errors.ts";
import type { Keyring } from "../../resolvers/pipelines/credentials.ts";
import type { Config } from "../../server/config.ts";
import { openKeyring } from "../../server/secret-key.ts";
import { describeTarget, withDatabase } from "../database.ts";
import type { Failure } from "../failure.ts";
import { CONFIG_TABLES, type ConfigTable, type Refusal } from "./columns.ts";
import { type History, takeHistory } from "./history.ts";
import { type ConfigDb, ConfigDbError, readConfigDb } from "./read.ts";
import { type ImportOptions, type Taken, takeEndpoints, takePipelines, takeTemplates } from "./settings.ts";

/** Refusals that are printed one by one. */
const MOST_PRINTED = 50;
/** What can't be entered again by hand. */
const HISTORY: ReadonlySet<ConfigTable> = new Set(["pipeline_runs_master", "pipeline_run_stage_logs"]);

/**
 * `weir import config-db <file>`: takes over what can be taken, in one transaction, and says what was refused and why. Fails when
 * a part of the history was refused.
 */
export async function importConfigDb(
  config: Config,
  file: string,
  { isJson, ...options }: ImportOptions & { readonly isJson: boolean },
): Promise<Failure | undefined> {
  // SQLite would make a file that is not there.
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return { exitCode: 2, message: `There is no file ${file}.` };
  let found: ConfigDb;
  try {
    found = readConfigDb(file);
  } catch (error) {
    if (error instanceof ConfigDbError) return { exitCode: 1, message: error.message };
    throw error;
  }
  const take = async (database: Database): Promise<Failure | undefined> => {
    try {
      const outcome = await write(database, await openKeyring(config), found, options);
      if (isJson) process.stdout.write(`${JSON.stringify(toJson(outcome, options))}\n`);
      else print(outcome, describeTarget(config), options);
      const lost = rowsOf(outcome.refusals.filter(({ table }) => HISTORY.has(table)));
      return lost === 0 ? undefined : { exitCode: 1, message: `${lost} rows of the history were refused.` };
    } catch (error) {
      if (isMeantForCaller(error)) return { exitCode: 1, message: `Nothing imported. ${error.message}` };
      throw error;
    }
  };
  return withDatabase(config, take, { mustExist: true });
}

interface Outcome {
  readonly tables: ReadonlyMap<ConfigTable, Taken>;
  readonly history: History;
  readonly refusals: readonly Refusal[];
}

async function write(database: Database, keyring: Keyring, found: ConfigDb, options: ImportOptions): Promise<Outcome> {
  const refusals: Refusal[] = [...found.refusals];
  return database.db.transaction(async (tx) => {
    const tables = new Map<ConfigTable, Taken>();
    for (const table of ["sources_config", "destinations_config"] as const) {
      tables.set(table, await takeEndpoints(tx, table, found, keyring, options, refusals));
    }
    tables.set("pipeline_config", await takePipelines(tx, found, options, refusals));
    tables.set("pipeline_stages", await takeTemplates(tx, found, options, refusals));
    const history = await takeHistory(tx, found, options, refusals);
    tables.set("pipeline_runs_master", history.runs);
    tables.set("pipeline_run_stage_logs", history.logs);
    return { tables, history, refusals };
  });
}

function rowsOf(refusals: readonly Refusal[]): number {
  return refusals.reduce((sum, { rows = 1 }) => sum + rows, 0);
}

/** All of it, where the lines for people leave refusals out. */
function toJson({ tables, history, refusals }: Outcome, { isDryRun }: ImportOptions): object {
  const { ownRuns, ended, renewed } = history;
  return { isDryRun, tables: Object.fromEntries(tables), ownRuns, ended, renewed, refusals };
}

function print({ tables, history, refusals }: Outcome, target: string, { isDryRun, isPaused }: ImportOptions): void {
  const lines = [`Into ${target}:`];
  for (const table of CONFIG_TABLES) {
    const { taken, known } = tables.get(table) ?? { taken: 0, known: 0 };
    const refused = rowsOf(refusals.filter((refusal) => refusal.table === table));
    lines.push(
      `${table.padEnd(24)} ${taken + known + refused} read, ${taken} taken, ${known} there already, ${refused} refused`,
    );
  }
  const { ownRuns, ended, renewed } = history;
  if (ownRuns > 0) lines.push(`Logs without a run, of each of which a run was made: ${ownRuns}.`);
  if (ended > 0)
    lines.push(`Runs that were not finished, ended as failed: ${ended}. With --keep-unfinished they go on.`);
  if (renewed > 0) lines.push(`Runs that have ended since an earlier import: ${renewed}.`);
  if (isPaused) lines.push("New pipelines are paused: set isActive of their legs by updatePipeline.");
  for (const { table, row, why } of refusals.slice(0, MOST_PRINTED)) lines.push(`refused: ${table} ${row}: ${why}`);
  if (refusals.length > MOST_PRINTED) lines.push(`… and ${refusals.length - MOST_PRINTED} more`);
  if (isDryRun) lines.push("Nothing was written: this was a dry run.");
  process.stdout.write(`${lines.join("\n")}\n`);
}
