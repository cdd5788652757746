import { SQLSTATE } from "../../db/client.ts";

/** The agency for which a query is run. */
export interface Agency {
  readonly id: number;
  readonly slug: string;
}

/** A query with its agency filled in. */
export interface BoundQuery {
  readonly text: string;
  /** Where a place of `text`, counted from 0, was in the query as it was written. */
  readonly sourceIndex: (index: number) => number;
}

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const PARAMETER = /:(agency_id|agency_slug)(?![\w$\u0080-\uffff])/y;
/** What can hold a colon that is no parameter: strings, quoted names, comments to the end of the line, casts. */
const OPAQUE = [
  /[eE]'(?:[^'\\]|\\[^]|'')*'?/y,
  /'(?:[^']|'')*'?/y,
  /"(?:[^"]|"")*"?/y,
  /--[^\n]*/y,
  /\$((?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[^]*?\$\1\$/y,
  /::/y,
  WORD,
];

/**
 * Puts the agency in the place of `:agency_id` and `:agency_slug`, as literals: a view's definition takes no parameters.
 * Strings, quoted names, comments and casts stay as they are.
 */
export function bindAgency(query: string, agency: Agency): BoundQuery {
  // In parentheses: a minus after an operator would be another operator, and beside another minus a comment.
  const values: Readonly<Record<string, string>> = {
    agency_id: `(${agency.id})`,
    agency_slug: quoteLiteral(agency.slug),
  };
  const shifts: { readonly from: number; readonly by: number }[] = [];
  let text = "";
  for (let at = 0; at < query.length; ) {
    const parameter = matchAt(PARAMETER, query, at);
    const value = values[parameter?.[1] ?? ""];
    if (parameter !== null && value !== undefined) {
      text += value;
      at += parameter[0].length;
      shifts.push({ from: text.length, by: at - text.length });
      continue;
    }
    const end = endOfToken(query, at);
    text += query.slice(at, end);
    at = end;
  }
  const sourceIndex = (index: number) => index + (shifts.findLast(({ from }) => from <= index)?.by ?? 0);
  return { text, sourceIndex };
}

function endOfToken(query: string, at: number): number {
  if (query.startsWith("/*", at)) return endOfComment(query, at);
  for (const pattern of OPAQUE) {
    const match = matchAt(pattern, query, at);
    if (match !== null) return at + match[0].length;
  }
  return at + 1;
}

/** Comments of this kind nest. */
function endOfComment(query: string, start: number): number {
  let depth = 0;
  for (let at = start; at < query.length; ) {
    const two = query.slice(at, at + 2);
    if (two === "/*" || two === "*/") {
      depth += two === "/*" ? 1 : -1;
      at += 2;
      if (depth === 0) return at;
    } else at += 1;
  }
  return query.length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A view of reports, for a statement. */
export function qualified(view: string): string {
  return `reporting.${quoteName(view)}`;
}

/** A view of ours carries the hash of its query as a comment: it lives and dies with the view. */
export const COMMENT_PREFIX = "weir:";

/** What the service appends to a name while it builds the next view has to fit into PostgreSQL's 63 bytes. */
const MOST_NAME_CHARACTERS = 56;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SLUG = /^[A-Za-z0-9_-]+$/;
const VIEW_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** The schema of the views. A program may write it before the name of its table. */
const SCHEMA = "reporting.";

/** The name of the view that a manifest's table name stands for. */
export function viewOf(tableName: string): string {
  return tableName.startsWith(SCHEMA) ? tableName.slice(SCHEMA.length) : tableName;
}

/** Why this can't be the name of a report's table; undefined when it can. */
export function tableNameProblem(tableName: string): string | undefined {
  const name = viewOf(tableName);
  if (!NAME.test(name)) return "is not a plain identifier; use letters, digits and underscores, not a digit first";
  return viewNameProblem(name);
}

export function slugProblem(slug: string): string | undefined {
  return SLUG.test(slug) ? undefined : "is not a slug; use letters, digits, underscores and hyphens";
}

/** Why this can't be the name of a view: a manifest that a program stored was not checked when it was. */
export function viewNameProblem(tableName: string): string | undefined {
  const name = viewOf(tableName);
  if (name.includes(".")) return "names another schema than reporting, in which all views stand";
  if (!VIEW_NAME.test(name)) return "is not a plain identifier";
  if (name.length > MOST_NAME_CHARACTERS)
    return `makes a view's name of ${name.length} characters; it can have ${MOST_NAME_CHARACTERS}`;
  if (/__(?:new|old)$/.test(name)) return "ends like the names that the service gives to views while it replaces them";
  return undefined;
}

interface PostgresProblem {
  readonly message: string;
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: string | undefined;
  /** The statement, of which the query is a part. */
  readonly query?: string | undefined;
}

/** What PostgreSQL says is wrong, in its words, with the place in the query as it was written. */
export function problemOf(error: unknown, query: string, bound: BoundQuery): string {
  if (!(error instanceof Error)) return String(error);
  const problem: PostgresProblem = error;
  const advice = adviceOn(problem);
  return [`${problem.message}${placeOf(problem, query, bound)}`, problem.detail, problem.hint, advice]
    .filter((part) => part !== undefined && part !== "")
    .join(". ");
}

/** What PostgreSQL does not know to say. */
function adviceOn({ code, message }: PostgresProblem): string | undefined {
  if (code === SQLSTATE.insufficientPrivilege && message.startsWith("permission denied"))
    return "Reports have a login of their own (docs/reports.md): GRANT it what they shall read";
  if (code === SQLSTATE.queryCanceled && message.includes("statement timeout"))
    return "It took longer than WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS allows: make the query faster, or raise that setting";
  if (/bind message supplies 0 parameters|there is no parameter \$/.test(message))
    return "A view's query takes no parameters like $1: write the value, or :agency_id and :agency_slug for the agency's";
  return undefined;
}

function placeOf({ position, query: statement }: PostgresProblem, query: string, bound: BoundQuery): string {
  const start = statement?.indexOf(bound.text) ?? -1;
  if (position === undefined || statement === undefined || start < 0) return "";
  // PostgreSQL counts characters from 1, JavaScript counts UTF-16 units.
  const at = Array.from(statement)
    .slice(0, Number(position) - 1)
    .join("").length;
  if (at < start) return "";
  const lines = query.slice(0, bound.sourceIndex(at - start)).split("\n");
  return ` (line ${lines.length}, column ${Array.from(lines.at(-1) ?? "").length + 1})`;
}
