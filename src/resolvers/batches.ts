import { type SQL, sql } from "drizzle-orm";

/** Rows that say by `at`, from 1, to which of so many places they belong. */
export function groupByPlace<Row extends { readonly at: number }>(
  places: number,
  rows: readonly Row[],
): readonly (readonly Row[])[] {
  const groups: Row[][] = Array.from({ length: places }, () => []);
  for (const row of rows) groups[row.at - 1]?.push(row);
  return groups;
}

/** One parameter, whatever the length: the statement's text stays the same. */
export function textArray(values: readonly string[]): SQL {
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb))`;
}

/** The same for whole numbers, as bigint. */
export function bigintArray(values: readonly number[]): SQL {
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb)::bigint)`;
}
