import { sql } from "drizzle-orm";
import { instantFromPostgres } from "../db/columns.ts";
import type { Context } from "./context.ts";

/** The present by the database's clock: every instant that is answered is one of it. */
export async function databaseNow({ database }: Context): Promise<string> {
  const [row] = await database.db.execute<{ now: string }>(sql`/* weir.now */ select now() as now`);
  if (row === undefined) throw new Error("the database does not say what time it is");
  return instantFromPostgres(row.now);
}
