import { getColumns, type InferSelectModel } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { instantFromPostgres } from "./columns.ts";

/** `to_jsonb` of a row. */
export type JsonRow = Readonly<Record<string, unknown>>;

/** A reader of {@link JsonRow}s of a table: answers what a select of the row does, with drizzle's names and instants in their one form. */
export function rowReader<Table extends PgTable>(table: Table): (json: JsonRow) => InferSelectModel<Table> {
  const columns = Object.entries(getColumns(table)).map(([name, column]) => ({
    name,
    stored: column.name,
    isInstant: column.getSQLType() === "timestamp with time zone",
  }));
  return (json) => {
    const row: Record<string, unknown> = {};
    for (const { name, stored, isInstant } of columns) {
      const value = json[stored] ?? null;
      row[name] = isInstant && typeof value === "string" ? instantFromPostgres(value) : value;
    }
    // The columns of the table are the keys of its rows.
    return row as InferSelectModel<Table>;
  };
}
