import type { Sql } from "postgres";
import { identifier, tableIdentifier } from "./database.ts";
import { type Column, writeFiles } from "./lake.ts";

const ROWS_AT_ONCE = 1_000;

/** The columns of a table and its primary key. Throws when there is no such table. */
export async function describeTable(
  sql: Sql,
  name: string,
): Promise<{ columns: readonly Column[]; primaryKey: readonly string[] }> {
  const table = tableIdentifier(name);
  const columns = await sql<{ name: string; type: string; key: number | null }[]>`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, array_position(i.indkey::int2[], a.attnum) as key
    from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
    where a.attrelid = to_regclass(${table}) and a.attnum > 0 and not a.attisdropped order by a.attnum`;
  if (columns.length === 0) throw new Error(`there is no table ${table}`);
  const key = columns
    .filter((column) => column.key !== null)
    .toSorted((one, other) => Number(one.key) - Number(other.key));
  return {
    columns: columns.map(({ name: column, type }) => ({ name: column, type })),
    primaryKey: key.map((column) => column.name),
  };
}

export interface Extraction {
  readonly rows: number;
  readonly filePaths: readonly string[];
  /** The greatest key among the rows; null when there were none, or the load is a full one. */
  readonly watermark: string | null;
}

/** Reads a table, or what lies beyond its watermark, into a folder of the lake. */
export async function extract(
  sql: Sql,
  options: {
    readonly table: string;
    readonly folder: string;
    readonly incremental: { readonly key: string; readonly after: string | null } | null;
  },
): Promise<Extraction> {
  const { table, folder, incremental } = options;
  const { columns, primaryKey } = await describeTable(sql, table);
  const keyColumn = columns.find(({ name }) => name === incremental?.key);
  if (incremental !== null && keyColumn === undefined) throw new Error(`${table} has no column ${incremental.key}`);
  // One look for the whole load: what is written meanwhile is beyond the watermark of this one.
  return sql.begin("isolation level repeatable read read only", async (tx) => {
    let watermark: string | null = null;
    const key = keyColumn === undefined ? null : identifier(keyColumn.name);
    const after = incremental?.after ?? null;
    const query = `select to_jsonb(t)::text as line, ${key === null ? "null" : `t.${key}::text`} as key
      from ${tableIdentifier(table)} t
      ${key === null || after === null ? "" : `where t.${key} > $1::text::${keyColumn?.type}`}
      ${key === null ? "" : `order by t.${key}`}`;
    async function* lines(): AsyncIterable<readonly string[]> {
      const rows = tx.unsafe<{ line: string; key: string | null }[]>(
        query,
        key === null || after === null ? [] : [after],
      );
      for await (const batch of rows.cursor(ROWS_AT_ONCE)) {
        watermark = batch.at(-1)?.key ?? watermark;
        yield batch.map((row) => row.line);
      }
    }
    const written = await writeFiles(folder, lines(), {
      columns: [...columns],
      primaryKey: [...primaryKey],
      isWhole: after === null,
    });
    return { ...written, watermark };
  });
}
