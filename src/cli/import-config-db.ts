import { stat } from "node:fs/promises";
import { sql } from "drizzle-orm";
import type { Database, Transaction } from "../db/client.ts";
import { isMeantForCaller } from "../resolvers/errors.ts";
import { encryptCreds, type JsonObject, type Keyring } from "../resolvers/pipelines/credentials.ts";
import type { Config } from "../server/config.ts";
import { openKeyring } from "../server/secret-key.ts";
import {
  CONFIG_TABLES,
  type ConfigDb,
  ConfigDbError,
  type ConfigRow,
  type ConfigTable,
  columnsOf,
  type Refusal,
  readConfigDb,
} from "./config-db-read.ts";
import { withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

/** Rows of one statement. */
const BATCH = 5_000;
/** Refusals that are printed one by one. */
const MOST_PRINTED = 50;

/** By which columns a row is the same one, and by which it is seen to be another one with the same key. */
const IDENTITY: Readonly<Record<ConfigTable, { readonly key: readonly string[]; readonly alike: readonly string[] }>> =
  {
    sources_config: { key: ["source_name"], alike: ["id"] },
    destinations_config: { key: ["destination_name"], alike: ["id"] },
    pipeline_config: { key: ["source_tablename"], alike: [] },
    pipeline_stages: { key: ["pipeline_name", "stage_order"], alike: ["stage_type", "driver_container"] },
    pipeline_runs_master: { key: ["id"], alike: ["source_tablename", "started_at"] },
    pipeline_run_stage_logs: { key: ["id"], alike: ["pipeline_run_id", "stage_order", "started_at"] },
  };

interface Taken {
  readonly read: number;
  readonly taken: number;
  readonly known: number;
  readonly refused: number;
}

/** Ends a dry run's transaction. */
class DryRun extends Error {}

/** `weir import config-db <file>`: takes over what can be taken, in one transaction, and says what was refused and why. */
export async function importConfigDb(
  config: Config,
  file: string,
  { isDryRun }: { readonly isDryRun: boolean },
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
  return withDatabase(config, async (database) => {
    try {
      const keyring = await openKeyring(config);
      print(await write(database, keyring, found, isDryRun), isDryRun);
      return undefined;
    } catch (error) {
      if (isMeantForCaller(error)) return { exitCode: 1, message: `Nothing imported. ${error.message}` };
      throw error;
    }
  });
}

interface Outcome {
  readonly tables: ReadonlyMap<ConfigTable, Taken>;
  readonly refusals: readonly Refusal[];
}

async function write(database: Database, keyring: Keyring, found: ConfigDb, isDryRun: boolean): Promise<Outcome> {
  const refusals: Refusal[] = [...found.refusals];
  const tables = new Map<ConfigTable, Taken>();
  try {
    await database.db.transaction(async (tx) => {
      const runs = new Set<unknown>();
      for (const table of CONFIG_TABLES) {
        const ready = await prepared(table, found.rows[table], keyring, refusals);
        const rows = table === "pipeline_run_stage_logs" ? ofTheseRuns(ready, runs, refusals) : ready;
        const counts = { taken: 0, known: 0 };
        for (let at = 0; at < rows.length; at += BATCH) {
          const { taken, known, kept } = await writeRows(tx, table, rows.slice(at, at + BATCH), refusals);
          if (table === "pipeline_runs_master") for (const run of kept) runs.add(run["id"]);
          counts.taken += taken;
          counts.known += known;
        }
        const refused = refusals.filter((refusal) => refusal.table === table).length;
        tables.set(table, { ...counts, refused, read: counts.taken + counts.known + refused });
      }
      if (isDryRun) throw new DryRun();
      // Not undone by a rollback, hence the last that is done.
      for (const table of ["pipeline_stages", "pipeline_runs_master", "pipeline_run_stage_logs"]) {
        await tx.execute(sql`select setval(pg_get_serial_sequence(${`pipeline.${table}`}, 'id'), m.id)
          from (select max(id) as id from pipeline.${sql.identifier(table)}) m
          where m.id > (select last_value from pipeline.${sql.identifier(`${table}_id_seq`)})`);
      }
    });
  } catch (error) {
    if (!(error instanceof DryRun)) throw error;
  }
  return { tables, refusals };
}

/** Encrypts credentials; those that are no JSON object are refused, since they could not be masked either. */
async function prepared(
  table: ConfigTable,
  rows: readonly ConfigRow[],
  keyring: Keyring,
  refusals: Refusal[],
): Promise<readonly ConfigRow[]> {
  const column = table === "sources_config" ? "source_creds" : "destination_creds";
  if (table !== "sources_config" && table !== "destinations_config") return rows;
  const ready: ConfigRow[] = [];
  for (const row of rows) {
    const creds = row[column];
    const object = typeof creds === "string" ? parseObject(creds) : {};
    if (object === undefined) refusals.push({ table, row: String(row["id"]), why: `${column} is no JSON object` });
    else ready.push({ ...row, [column]: creds === null ? null : await encryptCreds(keyring, object) });
  }
  return ready;
}

/** A log belongs to the run of the file: a run of another origin may have the same id. */
function ofTheseRuns(
  rows: readonly ConfigRow[],
  runs: ReadonlySet<unknown>,
  refusals: Refusal[],
): readonly ConfigRow[] {
  return rows.filter((row) => {
    const run = row["pipeline_run_id"];
    if (run === null || runs.has(run)) return true;
    refusals.push({ table: "pipeline_run_stage_logs", row: String(row["id"]), why: `its run ${run} was not taken` });
    return false;
  });
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Inserts the rows that are not there yet. A row whose key another one has is refused, as is one that refers to nothing. */
async function writeRows(
  tx: Transaction,
  table: ConfigTable,
  rows: readonly ConfigRow[],
  refusals: Refusal[],
): Promise<{ taken: number; known: number; kept: readonly ConfigRow[] }> {
  const target = sql`pipeline.${sql.identifier(table)}`;
  // Stages whose id is null, as real files have them, are numbered here.
  const columns = columnsOf(table).filter(([name]) => table !== "pipeline_stages" || name !== "id");
  const list = (names: readonly string[], prefix: string) =>
    sql.join(
      names.map((name) => sql`${sql.raw(prefix)}${sql.identifier(name)}`),
      sql`, `,
    );
  const same = (names: readonly string[]) =>
    sql.join(
      names.map((name) => sql`t.${sql.identifier(name)} is not distinct from r.${sql.identifier(name)}`),
      sql` and `,
    );
  const names = columns.map(([name]) => name);
  const types = sql.raw(columns.map(([name, type]) => `${name} ${type}`).join(", "));
  const { key, alike } = IDENTITY[table];
  const parent = PARENTS[table];
  // A source that was renamed since is still the same one.
  const byId = alike.length === 1 && alike[0] === "id" ? sql` or ${same(alike)}` : sql``;
  const sameOne = sql`(${same(key)}${byId})`;
  const answered = await tx.execute<{ at: string; state: "new" | "known" | "taken" | "orphan" | "clash" }>(sql`
    /* import.config_db */
    with input as materialized (
      select r.*, case
        when t.${sql.identifier(key[0] ?? "id")} is not null and (${alike.length === 0 ? sql`true` : same(alike)}) then 'known'
        when t.${sql.identifier(key[0] ?? "id")} is not null then 'taken'
        when ${parent ?? sql`false`} then 'orphan'
        when row_number() over (partition by ${list(key, "r.")} order by r.at) > 1 then 'clash'
        else 'new' end as state
      from rows from (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as (${types}))
        with ordinality as r(${list(names, "")}, at)
      left join lateral (select * from ${target} t where ${sameOne} limit 1) t on true
    ), inserted as (
      insert into ${target} (${list(names, "")}${table === "pipeline_runs_master" ? sql`, created_at` : sql``})
      select ${list(names, "i.")}${table === "pipeline_runs_master" ? sql`, coalesce(i.started_at, now())` : sql``}
      from input i where i.state = 'new' order by i.at
    )
    select at, state from input order by at`);
  for (const { at, state } of answered) {
    const row = rows[Number(at) - 1];
    const why = WHY[state];
    if (row !== undefined && why !== undefined) {
      refusals.push({ table, row: key.map((name) => String(row[name])).join(" "), why });
    }
  }
  const count = (state: string) => answered.filter((row) => row.state === state).length;
  const kept = answered.flatMap(({ at, state }) => {
    const row = rows[Number(at) - 1];
    return row !== undefined && (state === "new" || state === "known") ? [row] : [];
  });
  return { taken: count("new"), known: count("known"), kept };
}

const WHY: Readonly<Record<string, string>> = {
  taken: "another one with this key is there already",
  orphan: "what it refers to is not there",
  clash: "the file has it twice",
};

/** True for a row whose parent is neither there nor taken before it. */
const PARENTS = {
  sources_config: null,
  destinations_config: null,
  pipeline_config: null,
  pipeline_stages: null,
  pipeline_runs_master: sql`not exists (select from pipeline.pipeline_config c where c.source_tablename = r.source_tablename)`,
  pipeline_run_stage_logs: null,
} as const;

function print({ tables, refusals }: Outcome, isDryRun: boolean): void {
  const lines = [...tables].map(
    ([table, { read, taken, known, refused }]) =>
      `${table.padEnd(24)} ${read} read, ${taken} taken, ${known} there already, ${refused} refused`,
  );
  for (const { table, row, why } of refusals.slice(0, MOST_PRINTED)) lines.push(`refused: ${table} ${row}: ${why}`);
  if (refusals.length > MOST_PRINTED) lines.push(`… and ${refusals.length - MOST_PRINTED} more`);
  if (isDryRun) lines.push("Nothing was written: this was a dry run.");
  process.stdout.write(`${lines.join("\n")}\n`);
}
