import { createHash } from "node:crypto";
import type { Sql } from "../../db/client.ts";
import { dependantsOf, type KeptView, keepView, nameIndexes, restoreView } from "./dependants.ts";
import { type BoundQuery, COMMENT_PREFIX, qualified, quoteName } from "./query.ts";
import { prepareSession, run, type Session } from "./session.ts";

/** A report's view as its manifest wants it. */
export interface ReportView {
  readonly tableName: string;
  readonly query: BoundQuery;
}

export interface Refreshed {
  readonly records: number;
  readonly bytes: number;
}

interface ExistingView {
  readonly oid: string;
  readonly kind: string;
  readonly comment: string | null;
  readonly is_populated: boolean;
  readonly has_unique_index: boolean;
  readonly owner: string;
  readonly is_own: boolean;
}

/**
 * Makes the view on first use, refreshes it afterwards, and replaces it when its query has changed. Who reads the view
 * meanwhile sees the old rows or the new ones, never none.
 */
export async function refreshView(
  sql: Sql,
  view: ReportView,
  options: { readonly signal: AbortSignal; readonly onSession?: (session: Session) => Promise<void> },
): Promise<Refreshed> {
  const { signal } = options;
  const hash = hashOf(view.query);
  return sql.begin(async (session) => {
    await prepareSession(session);
    await options.onSession?.(session);
    // IF NOT EXISTS asks for the right to create schemas even where there is one.
    const [schema] = await session`select to_regnamespace('reporting') is not null as is_there`;
    if (schema?.["is_there"] !== true) await session`create schema if not exists reporting`;
    const existing = await findView(session, view.tableName);
    assertReplaceable(view, existing);
    if (existing === undefined) await createView(session, view, view.tableName, hash, signal);
    else if (existing.comment !== hash) await replaceView(session, view, existing, hash, signal);
    else {
      const way = existing.has_unique_index && existing.is_populated ? "CONCURRENTLY " : "";
      await run(session, `REFRESH MATERIALIZED VIEW ${way}${qualified(view.tableName)}`, signal);
    }
    // Whoever reads the rows next gets a plan for as many as there are now: nothing else counts them soon.
    await run(session, `ANALYZE ${qualified(view.tableName)}`, signal);
    return measure(session, view.tableName, signal);
  });
}

/** Drops the view, when it is one of ours. */
export async function dropView(
  execute: (text: string) => Promise<ArrayLike<unknown>>,
  tableName: string,
): Promise<void> {
  const name = qualified(tableName);
  const found = await execute(`/* reports.own_view */ select 1 from pg_class c
    where c.oid = to_regclass('${name.replaceAll("'", "''")}') and c.relkind = 'm'
      and starts_with(obj_description(c.oid, 'pg_class'), '${COMMENT_PREFIX}')`);
  if (found.length === 0) return;
  await execute("SET LOCAL lock_timeout = '2s'");
  await execute(`DROP MATERIALIZED VIEW ${name}`);
}

/** Whether the name is taken by something that the service did not make. */
export async function isNameTaken(sql: Sql, tableName: string): Promise<boolean> {
  const found =
    await sql`/* reports.name_taken */ select 1 from pg_class c where c.oid = to_regclass(${qualified(tableName)})
    and not (c.relkind = 'm' and starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), ${COMMENT_PREFIX}))`;
  return found.length > 0;
}

function assertReplaceable({ tableName }: ReportView, existing: ExistingView | undefined): void {
  if (existing === undefined) return;
  if (existing.kind !== "m")
    throw new Error(`reporting.${tableName} exists and is no materialized view; rename one of them`);
  if (!existing.is_own)
    throw new Error(
      `reporting.${tableName} belongs to ${existing.owner}, and reports are made as another role; drop it, or let ALTER MATERIALIZED VIEW reporting.${quoteName(tableName)} OWNER TO hand it over`,
    );
}

function hashOf(query: BoundQuery): string {
  // The null stands where views that were made before have it: another text would make all of them anew.
  const hash = createHash("sha256")
    .update(JSON.stringify([query.text, null]))
    .digest("hex");
  return COMMENT_PREFIX + hash;
}

async function findView(session: Session, tableName: string): Promise<ExistingView | undefined> {
  const [found] = await session<ExistingView[]>`/* reports.find_view */
    select c.oid, c.relkind as kind, obj_description(c.oid, 'pg_class') as comment, c.relispopulated as is_populated,
           exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate
                     and i.indpred is null and i.indexprs is null) as has_unique_index,
           pg_get_userbyid(c.relowner) as owner, pg_has_role(c.relowner, 'USAGE') as is_own
    from pg_class c where c.oid = to_regclass(${qualified(tableName)})`;
  return found;
}

async function createView(
  session: Session,
  { query }: ReportView,
  name: string,
  hash: string,
  signal: AbortSignal,
): Promise<void> {
  await run(session, `CREATE MATERIALIZED VIEW ${qualified(name)} AS\n${query.text}`, signal);
  await session.unsafe(`COMMENT ON MATERIALIZED VIEW ${qualified(name)} IS '${hash}'`);
  // Whoever reads by the service's own user finds the views readable.
  const [schema] = await session<{ owner: string }[]>`/* reports.owner_of_schema */
    select n.nspowner::regrole::text as owner from pg_namespace n where n.nspname = 'reporting'`;
  if (schema !== undefined) await session.unsafe(`GRANT SELECT ON ${qualified(name)} TO ${schema.owner}`);
}

/**
 * Builds the new view beside the old one, with its indexes and grants, and swaps the names when it stands. Reports that read the
 * old one are made anew from what they are, in the same transaction: their readers wait for as long.
 */
async function replaceView(
  session: Session,
  view: ReportView,
  old: ExistingView,
  hash: string,
  signal: AbortSignal,
): Promise<void> {
  const { tableName } = view;
  const next = `${tableName}__new`;
  await createView(session, view, next, hash, signal);
  const indexes = await restoreView(session, next, await keepView(session, old.oid), signal);
  const dependants: KeptView[] = [];
  for (const { oid } of await dependantsOf(session, old.oid, tableName)) dependants.push(await keepView(session, oid));
  // The exclusive lock is held from here to the commit alone: a reader waits for a moment, and then finds the new view. Behind
  // a reader that takes long, others would wait for both.
  await session.unsafe("SET LOCAL lock_timeout = '5s'");
  for (const { name } of dependants.toReversed()) await session.unsafe(`DROP MATERIALIZED VIEW ${qualified(name)}`);
  await session.unsafe(`DROP MATERIALIZED VIEW ${qualified(tableName)}`);
  await session.unsafe(`ALTER MATERIALIZED VIEW ${qualified(next)} RENAME TO ${quoteName(tableName)}`);
  await session.unsafe("SET LOCAL lock_timeout TO DEFAULT");
  await nameIndexes(session, indexes);
  for (const { name, definition, comment, ...kept } of dependants) {
    await run(session, `CREATE MATERIALIZED VIEW ${qualified(name)} AS\n${definition}`, signal);
    await session.unsafe(`COMMENT ON MATERIALIZED VIEW ${qualified(name)} IS '${comment}'`);
    await nameIndexes(session, await restoreView(session, name, kept, signal));
  }
}

async function measure(session: Session, tableName: string, signal: AbortSignal): Promise<Refreshed> {
  const [measured] = await run<{ records: string; bytes: string }>(
    session,
    `/* reports.measure */ select count(*) as records, pg_total_relation_size('${qualified(tableName)}') as bytes from ${qualified(tableName)}`,
    signal,
  );
  return { records: Number(measured?.records), bytes: Number(measured?.bytes) };
}
