import { createHash } from "node:crypto";
import type postgres from "postgres";
import { SQLSTATE, type Sql, sqlState } from "../../db/client.ts";
import { type BoundQuery, quoteName } from "./query.ts";

type Session = postgres.TransactionSql;

/** A report's view as its manifest wants it. */
export interface ReportView {
  readonly tableName: string;
  readonly query: BoundQuery;
}

export interface Refreshed {
  readonly records: number;
  readonly bytes: number;
}

/** A view of ours carries the hash of its query as a comment: it lives and dies with the view. */
const COMMENT_PREFIX = "weir:";

/**
 * One statement by the extended protocol: the server's parser refuses a second one, so that no query breaks out of its
 * place. Cancelled when the signal is aborted.
 */
async function run<Row extends object = Record<string, unknown>>(
  session: Session,
  text: string,
  signal?: AbortSignal,
): Promise<readonly Row[] & { readonly count: number }> {
  signal?.throwIfAborted();
  const extended = { prepare: false, simple: false };
  const query = session.unsafe<Row[]>(text, [], extended);
  const cancel = () => query.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await query;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/**
 * Throws PostgreSQL's error unless the text is one query that reads and could be run. A cursor takes nothing else, and none that
 * writes by `WITH`.
 */
export async function checkQuery(sql: Sql, query: BoundQuery): Promise<void> {
  await sql.begin("read only", async (session) => {
    await prepareSession(session);
    await run(session, `DECLARE weir_check NO SCROLL CURSOR FOR\n${query.text}`);
  });
}

async function prepareSession(session: Session): Promise<void> {
  // A server whose client was killed goes on for hours otherwise. Windows can't tell.
  await session`/* reports.prepare */ select set_config('standard_conforming_strings', 'on', true),
    case when version() ~ '(Visual C|mingw|windows)' then '' else set_config('client_connection_check_interval', '2s', true) end`;
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

function qualified(tableName: string): string {
  return `reporting.${quoteName(tableName)}`;
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

/** Builds the new view beside the old one, with its indexes and grants, and swaps the names when it stands. */
async function replaceView(
  session: Session,
  view: ReportView,
  old: ExistingView,
  hash: string,
  signal: AbortSignal,
): Promise<void> {
  const next = `${view.tableName}__new`;
  await createView(session, view, next, hash, signal);
  const indexes = await session<{ name: string; definition: string }[]>`/* reports.indexes_of_view */
    select x.relname as name,
           'CREATE ' || case when i.indisunique then 'UNIQUE ' else '' end || 'INDEX ON ' || ${qualified(next)} ||
           regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON (ONLY )?reporting\\.("[^"]+"|[^ ]+)', '') as definition
    from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = ${old.oid}::oid order by x.relname`;
  const kept: { readonly name: string; readonly made: string }[] = [];
  for (const { name, definition } of indexes) {
    const made = await createIndex(session, definition, next, signal);
    if (made !== undefined) kept.push({ name, made });
  }
  const grants = await session<{ grant: string }[]>`/* reports.grants_of_view */
    select format('GRANT %s ON %s TO %s%s', a.privilege_type, ${qualified(next)}::text,
                  case a.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end,
                  case when a.is_grantable then ' WITH GRANT OPTION' else '' end) as grant
    from pg_class c, aclexplode(c.relacl) a where c.oid = ${old.oid}::oid and a.grantee <> c.relowner`;
  for (const { grant } of grants) await session.unsafe(grant);
  // The exclusive lock is held from here to the commit alone: a reader waits for a moment, and then finds the new view. Behind
  // a reader that takes long, others would wait for both.
  await session.unsafe("SET LOCAL lock_timeout = '5s'");
  await session.unsafe(`DROP MATERIALIZED VIEW ${qualified(view.tableName)}`);
  await session.unsafe(`ALTER MATERIALIZED VIEW ${qualified(next)} RENAME TO ${quoteName(view.tableName)}`);
  for (const { name, made } of kept)
    if (name !== made) await session.unsafe(`ALTER INDEX ${qualified(made)} RENAME TO ${quoteName(name)}`);
}

/** Answers the index's name; undefined when the new view has not the columns for it. */
async function createIndex(
  session: Session,
  definition: string,
  viewName: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await session.savepoint((inner) => run(inner, definition, signal));
  } catch (error) {
    if (sqlState(error) === SQLSTATE.undefinedColumn) return undefined;
    throw error;
  }
  const [made] = await session<{ name: string }[]>`/* reports.newest_index */
    select x.relname as name from pg_index i join pg_class x on x.oid = i.indexrelid
    where i.indrelid = to_regclass(${qualified(viewName)}) order by x.oid desc limit 1`;
  return made?.name;
}

async function measure(session: Session, tableName: string, signal: AbortSignal): Promise<Refreshed> {
  const [measured] = await run<{ records: string; bytes: string }>(
    session,
    `/* reports.measure */ select count(*) as records, pg_total_relation_size('${qualified(tableName)}') as bytes from ${qualified(tableName)}`,
    signal,
  );
  return { records: Number(measured?.records), bytes: Number(measured?.bytes) };
}
