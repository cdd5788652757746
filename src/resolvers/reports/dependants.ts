import { SQLSTATE, sqlState } from "../../db/client.ts";
import { COMMENT_PREFIX, qualified, quoteName } from "./query.ts";
import { run, type Session } from "./session.ts";

/** What a view is made anew from. */
export interface KeptView {
  readonly name: string;
  readonly definition: string;
  readonly comment: string;
  /** Each as a statement behind `ON <view>`. */
  readonly indexes: readonly { readonly name: string; readonly isUnique: boolean; readonly definition: string }[];
  readonly grants: readonly { readonly privilege: string; readonly grantee: string }[];
}

interface Dependant {
  readonly oid: string;
  readonly name: string;
  readonly is_report: boolean;
}

/**
 * The views that read a view, also by way of others, each behind those that it reads. Throws an error that names them where one is
 * no report: what else people have made is not dropped.
 */
export async function dependantsOf(session: Session, oid: string, view: string): Promise<readonly Dependant[]> {
  const found = await session<Dependant[]>`/* reports.dependants */
    with recursive dependant as (
      select ${oid}::oid as oid, 0 as depth
      union
      select r.ev_class, d.depth + 1 from dependant d
      join pg_depend p on p.refclassid = 'pg_class'::regclass and p.refobjid = d.oid and p.classid = 'pg_rewrite'::regclass
      join pg_rewrite r on r.oid = p.objid and r.ev_class <> d.oid
    )
    select d.oid, case when n.nspname = 'reporting' then c.relname else n.nspname || '.' || c.relname end as name,
           c.relkind = 'm' and n.nspname = 'reporting' and pg_has_role(c.relowner, 'USAGE')
             and starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), ${COMMENT_PREFIX}) as is_report
    from (select oid, max(depth) as depth from dependant where depth > 0 group by oid) d
    join pg_class c on c.oid = d.oid join pg_namespace n on n.oid = c.relnamespace order by d.depth, name`;
  if (found.some(({ name }) => name === `${view}__new`))
    throw new Error(
      `the query reads reporting.${view}, which is the view of this report itself; let it read its sources`,
    );
  const others = found.filter(({ is_report }) => !is_report).map(({ name }) => name);
  if (others.length > 0) {
    throw new Error(
      `the query has changed, and reporting.${view} is read by ${others.join(", ")}, which the service did not make; drop that first, or give the report another table name`,
    );
  }
  return found;
}

export async function keepView(session: Session, oid: string): Promise<KeptView> {
  const [view] = await session<{ name: string; definition: string; comment: string }[]>`/* reports.keep_view */
    select c.relname as name, pg_get_viewdef(c.oid) as definition, coalesce(obj_description(c.oid, 'pg_class'), '') as comment
    from pg_class c where c.oid = ${oid}::oid`;
  if (view === undefined) throw new Error("a view is gone while it is replaced");
  const indexes = await session<{ name: string; isUnique: boolean; definition: string }[]>`/* reports.indexes_of_view */
    select x.relname as name, i.indisunique as "isUnique",
           regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON (ONLY )?reporting\\.("[^"]+"|[^ ]+)', '') as definition
    from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = ${oid}::oid order by x.relname`;
  const grants = await session<{ privilege: string; grantee: string }[]>`/* reports.grants_of_view */
    select a.privilege_type as privilege,
           case a.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end
             || case when a.is_grantable then ' WITH GRANT OPTION' else '' end as grantee
    from pg_class c, aclexplode(c.relacl) a where c.oid = ${oid}::oid and a.grantee <> c.relowner`;
  return { ...view, indexes, grants };
}

/** An index under the name that PostgreSQL gave it, and the one that it shall have. */
export interface MadeIndex {
  readonly made: string;
  readonly name: string;
}

/** Gives a view the indexes and grants that another one had; an index for whose columns the view has none is left out. */
export async function restoreView(
  session: Session,
  view: string,
  { indexes, grants }: Pick<KeptView, "indexes" | "grants">,
  signal: AbortSignal,
): Promise<readonly MadeIndex[]> {
  for (const { privilege, grantee } of grants)
    await session.unsafe(`GRANT ${privilege} ON ${qualified(view)} TO ${grantee}`);
  const all: MadeIndex[] = [];
  for (const { name, isUnique, definition } of indexes) {
    const statement = `CREATE ${isUnique ? "UNIQUE " : ""}INDEX ON ${qualified(view)}${definition}`;
    const made = await createIndex(session, view, statement, signal);
    if (made !== undefined) all.push({ name, made });
  }
  return all;
}

/** Once the view that had the names is gone. */
export async function nameIndexes(session: Session, indexes: readonly MadeIndex[]): Promise<void> {
  for (const { name, made } of indexes)
    if (name !== made) await session.unsafe(`ALTER INDEX ${qualified(made)} RENAME TO ${quoteName(name)}`);
}

/** Answers the index's name; undefined when the view has not the columns for it. */
async function createIndex(
  session: Session,
  view: string,
  statement: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await session.savepoint((inner) => run(inner, statement, signal));
  } catch (error) {
    if (sqlState(error) === SQLSTATE.undefinedColumn) return undefined;
    throw error;
  }
  const [made] = await session<{ name: string }[]>`/* reports.newest_index */
    select x.relname as name from pg_index i join pg_class x on x.oid = i.indexrelid
    where i.indrelid = to_regclass(${qualified(view)}) order by x.oid desc limit 1`;
  return made?.name;
}
