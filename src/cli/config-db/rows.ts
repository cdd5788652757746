import { type SQL, sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";

/** Rows of one statement. */
const BATCH = 5_000;

/** Columns with their types, as PostgreSQL reads the rows. */
export type Columns = readonly (readonly [name: string, type: string])[];

function list(names: readonly string[], prefix = ""): SQL {
  return sql.join(
    names.map((name) => sql`${sql.raw(prefix)}${sql.identifier(name)}`),
    sql`, `,
  );
}

/** The rows as a relation `r`, in their order by its column `at`, from 1. */
function relation(rows: readonly object[], columns: Columns): SQL {
  const types = sql.raw(columns.map(([name, type]) => `${name} ${type}`).join(", "));
  return sql`rows from (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as (${types}))
    with ordinality as r(${list(columns.map(([name]) => name))}, at)`;
}

/** Asks something of each row; answers in the order of the rows, one answer each. */
export async function askOfEach<Answer extends Record<string, unknown>>(
  tx: Transaction,
  rows: readonly object[],
  columns: Columns,
  question: SQL,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < rows.length; at += BATCH) {
    const batch = rows.slice(at, at + BATCH);
    const found = await tx.execute<Answer>(sql`/* import.ask */
      select ${question} from ${relation(batch, columns)} order by r.at`);
    if (found.length !== batch.length) throw new Error(`${batch.length} rows have ${found.length} answers`);
    // drizzle can't relate rows to a type parameter.
    answers.push(...([...found] as unknown as readonly Answer[]));
  }
  return answers;
}

/** Inserts all of the rows, in their order. */
export async function insertRows(
  tx: Transaction,
  table: string,
  rows: readonly object[],
  columns: Columns,
): Promise<void> {
  const names = columns.map(([name]) => name);
  for (let at = 0; at < rows.length; at += BATCH) {
    await tx.execute(sql`/* import.insert */
      insert into pipeline.${sql.identifier(table)} (${list(names)})
      select ${list(names, "r.")} from ${relation(rows.slice(at, at + BATCH), columns)} order by r.at`);
  }
}

/** Sets these columns of the rows `t` that `matches` relates to a row `r`. Answers how many. */
export async function updateRows(
  tx: Transaction,
  table: string,
  rows: readonly object[],
  columns: Columns,
  changed: readonly string[],
  matches: SQL,
): Promise<number> {
  const sets = sql.join(
    changed.map((name) => sql`${sql.identifier(name)} = r.${sql.identifier(name)}`),
    sql`, `,
  );
  let updated = 0;
  for (let at = 0; at < rows.length; at += BATCH) {
    const found = await tx.execute<{ id: string }>(sql`/* import.update */
      update pipeline.${sql.identifier(table)} t set ${sets} from ${relation(rows.slice(at, at + BATCH), columns)}
      where ${matches} returning t.id`);
    updated += found.length;
  }
  return updated;
}
