import { DatabaseSync } from "node:sqlite";
import { COLUMNS, CONFIG_TABLES, type ConfigRow, type ConfigTable, type Refusal, ValueError } from "./columns.ts";

export interface ConfigDb {
  readonly rows: Readonly<Record<ConfigTable, readonly ConfigRow[]>>;
  readonly refusals: readonly Refusal[];
}

/** The file is no config.db; the message is one line. */
export class ConfigDbError extends Error {}

/** The names that tables had in earlier versions of the program. */
const FORMER_NAMES: Readonly<Partial<Record<ConfigTable, string>>> = {
  pipeline_runs_master: "pipeline_runs",
  pipeline_run_stage_logs: "pipeline_run_logs",
};

/**
 * Reads a whole config.db, of whichever version: only `pipeline_config` has to be there, and of each table the columns that make
 * a row one. Throws {@link ConfigDbError} when it is none.
 */
export function readConfigDb(file: string): ConfigDb {
  const refusals: Refusal[] = [];
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const open = database;
    const there = new Set(
      open
        .prepare("select name from sqlite_schema where type in ('table', 'view')")
        .all()
        .map(({ name }) => String(name)),
    );
    if (!there.has("pipeline_config")) throw new ConfigDbError("no such table: pipeline_config");
    const rows = Object.fromEntries(
      CONFIG_TABLES.map((table) => {
        const name = [table, FORMER_NAMES[table]].find((candidate) => candidate !== undefined && there.has(candidate));
        return [table, name === undefined ? [] : readTable(open, table, name, refusals)];
      }),
    );
    // Object.fromEntries forgets which keys there are.
    return { rows: rows as ConfigDb["rows"], refusals };
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new ConfigDbError(`${file} can't be read as a config.db: ${why}.`);
  } finally {
    database?.close();
  }
}

function readTable(
  database: DatabaseSync,
  table: ConfigTable,
  name: string,
  refusals: Refusal[],
): readonly ConfigRow[] {
  const rows: ConfigRow[] = [];
  const columns = Object.entries(COLUMNS[table]);
  const statement = database.prepare(`select * from ${name}`);
  // One number beyond 2^53 refuses its row, not the file.
  statement.setReadBigInts(true);
  for (const [at, stored] of statement.all().entries()) {
    const [key] = Object.values(stored);
    try {
      rows.push(
        Object.fromEntries(
          columns.map(([column, { from = column, read }]) => {
            try {
              return [column, read(stored[from] ?? null)];
            } catch (error) {
              if (error instanceof ValueError) throw new ValueError(`${from} ${error.message}`);
              throw error;
            }
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      refusals.push({ table, row: key == null ? `row ${at + 1}` : String(key), why: error.message });
    }
  }
  return rows;
}
