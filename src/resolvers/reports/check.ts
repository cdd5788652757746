import type { Sql } from "../../db/client.ts";
import { badInput } from "../errors.ts";
import type { BoundQuery } from "./query.ts";
import { prepareSession, run, type Session } from "./session.ts";

/** PostgreSQL's limit for a view. A query alone may have some more. */
const MOST_COLUMNS = 1_600;

/**
 * Throws PostgreSQL's error unless the text is one query that reads and could be run, and BAD_USER_INPUT unless a view can be made
 * of it. A cursor takes nothing else, and none that writes by `WITH`. `view`: the report's, which it can't read itself.
 */
export async function checkQuery(sql: Sql, query: BoundQuery, view: string | null): Promise<void> {
  await sql.begin("read only", async (session) => {
    await prepareSession(session);
    await run(session, `DECLARE weir_check NO SCROLL CURSOR FOR\n${query.text}`);
    const { columns } = await run(session, "FETCH FORWARD 0 FROM weir_check");
    await assertColumns(session, columns);
    if (view !== null) await assertReadsOthers(session, query, view);
  });
}

async function assertColumns(
  session: Session,
  columns: readonly { readonly name: string; readonly type: number }[],
): Promise<void> {
  if (columns.length > MOST_COLUMNS)
    throw badInput(`input.query has ${columns.length} columns; a view has ${MOST_COLUMNS} at most.`);
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name))
      throw badInput(`input.query has two columns named "${name}". Give each a name of its own, by AS.`);
    seen.add(name);
  }
  const pseudo = await session<{ oid: number; name: string }[]>`/* reports.pseudo_types */
    select oid::integer as oid, format_type(oid, null) as name from pg_type
    where typtype = 'p' and oid = any(string_to_array(${columns.map(({ type }) => type).join(",")}, ',')::oid[])`;
  const names = new Map(pseudo.map(({ oid, name }) => [oid, name]));
  const refused = columns.find(({ type }) => names.has(type));
  if (refused === undefined) return;
  throw badInput(
    `input.query has a column "${refused.name}" of the type ${names.get(refused.type)}, which no view can have. Cast it to another type.`,
  );
}

/** A view can't be made anew from what it holds. Only a view that stands can be found in a plan; one that does not is unknown. */
async function assertReadsOthers(session: Session, query: BoundQuery, view: string): Promise<void> {
  const [row] = await run(session, `EXPLAIN (FORMAT JSON, VERBOSE) ${query.text}`);
  const plan: unknown = row?.["QUERY PLAN"];
  if (!scans(typeof plan === "string" ? JSON.parse(plan) : plan, view)) return;
  throw badInput(`input.query reads reporting.${view}, which is the view of this report itself. Read its sources.`);
}

/** Whether a plan, or any part of it, reads a view of the schema reporting. */
function scans(plan: unknown, view: string): boolean {
  if (Array.isArray(plan)) return plan.some((part: unknown) => scans(part, view));
  if (typeof plan !== "object" || plan === null) return false;
  const node: Readonly<Record<string, unknown>> = { ...plan };
  if (node["Relation Name"] === view && node["Schema"] === "reporting") return true;
  return Object.values(node).some((part) => typeof part === "object" && scans(part, view));
}
