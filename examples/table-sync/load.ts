import { once } from "node:events";
import type { Sql } from "postgres";
import { identifier, tableIdentifier } from "./database.ts";
import { readLines, readManifest } from "./lake.ts";

/**
 * Loads files of the lake into a table by COPY, which is made when it is not there: instead of what it has, or on top of it,
 * where a row with the same primary key is replaced. All of it or nothing. Answers the rows.
 */
export async function load(
  sql: Sql,
  options: { readonly table: string; readonly filePaths: readonly string[]; readonly isFull: boolean },
): Promise<number> {
  const { filePaths, isFull } = options;
  const { columns, primaryKey, isWhole } = await readManifest(filePaths);
  const table = tableIdentifier(options.table);
  const names = columns.map(({ name }) => identifier(name));
  const key = primaryKey.map(identifier);
  return sql.begin(async (tx) => {
    const schema = table.slice(0, table.indexOf('".') + 1);
    if (schema !== "") await tx.unsafe(`create schema if not exists ${schema}`);
    await tx.unsafe(
      `create table if not exists ${table} (${[
        ...columns.map(({ name, type }) => `${identifier(name)} ${type}`),
        ...(key.length === 0 ? [] : [`primary key (${key.join(", ")})`]),
      ].join(", ")})`,
    );
    await tx`create temporary table lines (line jsonb) on commit drop`;
    const copy = await tx`copy lines from stdin`.writable();
    let rows = 0;
    for await (const line of readLines(filePaths)) {
      rows += 1;
      // COPY's text format takes a backslash for its own.
      if (!copy.write(`${line.replaceAll("\\", "\\\\")}\n`)) await once(copy, "drain");
    }
    copy.end();
    await once(copy, "finish");
    // A part of the table can't take the place of the whole.
    if (isFull && isWhole) await tx.unsafe(`truncate ${table}`);
    const update = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    const onConflict =
      key.length === 0
        ? ""
        : `on conflict (${key.join(", ")}) do ${update.length === 0 ? "nothing" : `update set ${update.join(", ")}`}`;
    await tx.unsafe(`insert into ${table} (${names.join(", ")})
      select ${names.map((name) => `r.${name}`).join(", ")} from lines, jsonb_populate_record(null::${table}, line) r ${onConflict}`);
    return rows;
  });
}
