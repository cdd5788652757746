import type { SQLOutputValue } from "node:sqlite";

/** The tables of a config.db, in the order in which they refer to each other. */
export const CONFIG_TABLES = [
  "sources_config",
  "destinations_config",
  "pipeline_config",
  "pipeline_stages",
  "pipeline_runs_master",
  "pipeline_run_stage_logs",
] as const;
export type ConfigTable = (typeof CONFIG_TABLES)[number];

type Value = string | number | boolean | null;
/** A row as PostgreSQL takes it, by the names of its columns there. */
export type ConfigRow = Readonly<Record<string, Value>>;

/** A row that can't be taken. */
export interface Refusal {
  readonly table: ConfigTable;
  /** What the row is known by; its place in the table when it has no key. */
  readonly row: string;
  readonly why: string;
  /** How many rows that are; default: one. */
  readonly rows?: number;
}

/** How a column is read, and its type in PostgreSQL. */
interface Column {
  readonly type: "text" | "bigint" | "boolean" | "timestamptz" | "jsonb";
  /** Its name in the file, where that is another one. */
  readonly from?: string;
  readonly read: (value: SQLOutputValue) => Value;
}

/** A value that a column can't have; the message says what it is. */
export class ValueError extends Error {}

const text: Column = {
  type: "text",
  read: (value) => {
    if (value === null) return null;
    if (value instanceof Uint8Array) throw new ValueError("is binary");
    const words = String(value);
    if (words.includes("\0")) throw new ValueError("has a NUL character");
    return words;
  },
};

const wholeNumber: Column = {
  type: "bigint",
  read: (value) => {
    if (value === null) return null;
    const isWritten = typeof value === "bigint" || (typeof value === "string" && /^-?\d{1,15}$/.test(value));
    const number = isWritten ? Number(value) : value;
    if (typeof number === "number" && Number.isSafeInteger(number)) return number;
    throw new ValueError(`is ${shown(value)}, not a whole number that can be stored`);
  },
};

/** In 32 bits, as PostgreSQL's columns for it. */
const smallNumber: Column = {
  type: "bigint",
  read: (value) => {
    const number = wholeNumber.read(value);
    if (typeof number === "number" && (number | 0) !== number) throw new ValueError(`is ${number}, which is too much`);
    return number;
  },
};

const flag: Column = {
  type: "boolean",
  read: (value) => {
    if (value === null) return null;
    const word = shown(value).toLowerCase().replaceAll('"', "");
    if (word === "1" || word === "true") return true;
    if (word === "0" || word === "false") return false;
    throw new ValueError(`is ${shown(value)}, not 1 or 0`);
  },
};

const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-](?:0\d|1[0-5]):?[0-5]\d)?)?$/;

/** Text with or without an offset; without one it is UTC. */
const instant: Column = {
  type: "timestamptz",
  read: (value) => {
    if (value === null || value === "") return null;
    const match = typeof value === "string" ? INSTANT.exec(value) : null;
    if (match === null) throw new ValueError(`is ${shown(value)}, not a timestamp`);
    const [, day = "", clock = "00:00:00", fraction = "", offset = "Z"] = match;
    const whole = new Date(`${day}T${clock}Z`);
    if (Number.isNaN(whole.getTime()) || !whole.toISOString().startsWith(day) || day < "0001-01-02") {
      throw new ValueError(`is ${shown(value)}, which is not in the calendar`);
    }
    return `${day}T${clock}${fraction}${offset}`;
  },
};

function required({ type, read }: Column): Column {
  return {
    type,
    read: (value) => {
      const found = read(value);
      if (found === null || found === "") throw new ValueError("is empty");
      return found;
    },
  };
}

function named(from: string, column: Column): Column {
  return { ...column, from };
}

function orElse({ type, read }: Column, preset: Value): Column {
  return { type, read: (value) => read(value) ?? preset };
}

const minutes: Column = {
  type: "bigint",
  read: (value) => {
    const number = smallNumber.read(value);
    if (typeof number === "number" && number <= 0) throw new ValueError(`is ${number}; a schedule is 1 minute or more`);
    return number;
  },
};

const endpoint = (kind: string): Readonly<Record<string, Column>> => ({
  id: required(text),
  [`${kind}_name`]: required(text),
  [`${kind}_type`]: orElse(text, "postgres"),
  [`${kind}_creds`]: text,
  created_at: orElse(instant, new Date().toISOString()),
});

export const COLUMNS: Readonly<Record<ConfigTable, Readonly<Record<string, Column>>>> = {
  sources_config: endpoint("source"),
  destinations_config: endpoint("destination"),
  pipeline_config: {
    source_tablename: required(text),
    sink_tablename: text,
    source_to_dl_schedule: minutes,
    source_to_dl_load_type: orElse(text, "full"),
    source_to_dl_is_active: orElse(flag, true),
    source_type: orElse(text, "postgres"),
    source_to_dl_incremental_key: text,
    source_to_dl_last_incremental_value: text,
    dl_to_sink_schedule: minutes,
    dl_to_sink_load_type: orElse(text, "full"),
    dl_to_sink_is_active: orElse(flag, true),
    sink_type: orElse(text, "postgres"),
    dl_to_sink_incremental_key: text,
    dl_to_sink_last_incremental_value: text,
    dl_to_sink_last_loader_run_timestamp: instant,
    dl_to_sink_last_loader_run_status: text,
    source_to_dl_last_loader_run_timestamp: instant,
    source_to_dl_last_loader_run_status: text,
    source_name: text,
    destination_name: text,
  },
  pipeline_stages: {
    pipeline_name: required(text),
    stage_order: required(smallNumber),
    stage_name: required(text),
    stage_type: required(text),
    driver_container: required(text),
    is_active: orElse(flag, true),
  },
  pipeline_runs_master: {
    // Whole numbers or UUIDs: what a run has here is another id.
    origin_id: named("id", required(text)),
    source_tablename: required(text),
    pipeline_name: orElse(text, "default"),
    status: required(text),
    current_stage: orElse(smallNumber, 0),
    total_stages: orElse(smallNumber, 0),
    triggered_by: orElse(text, "manual"),
    started_at: instant,
    completed_at: instant,
    error_message: text,
  },
  pipeline_run_stage_logs: {
    origin_id: named("id", required(text)),
    pipeline_run_id: text,
    source_tablename: text,
    pipeline_type: text,
    stage_order: smallNumber,
    status: required(text),
    rows_processed: wholeNumber,
    file_paths: text,
    time_taken: text,
    started_at: instant,
    completed_at: instant,
    error_message: text,
  },
};

function shown(value: SQLOutputValue): string {
  return JSON.stringify(typeof value === "bigint" ? String(value) : value)?.slice(0, 100) ?? "";
}
