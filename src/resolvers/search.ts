import { type SQL, sql } from "drizzle-orm";
import { documentFiles } from "../db/documents/tables.ts";
import { pipelineConfig, pipelineRuns } from "../db/pipelines/tables.ts";
import { reportJobs, reportManifests } from "../db/reports/tables.ts";
import type { Topic } from "../feed/topics.ts";
import { kindsFor } from "./attention/attention.ts";
import { MOST_LOOKED_AT } from "./attention/subjects.ts";
import { textArray } from "./batches.ts";
import type { Context } from "./context.ts";
import { badInput } from "./errors.ts";
import { numberedId } from "./input.ts";
import { agencyScope, withinAgencies } from "./reports/agency-scope.ts";
import { type System, sees } from "./viewer.ts";

const MOST_CHARACTERS = 200;
/** Documents and logs that are looked through for a part of a name: the newest. */
const MOST_SEARCHED = 20_000;
/** Above every text that begins with the same characters, byte by byte. */
const HIGHEST = "\u{10FFFF}";
/** A key of a long text begins like the text itself for this many characters. */
const KEY_PREFIX = 100;

/** Something that a text was found in. */
export interface SearchHit {
  readonly topic: Topic;
  readonly key: string;
  readonly title: string;
  /** The error that has the text; null where its name has it. */
  readonly message: string | null;
  /** Its type and `id`, for its global id. */
  readonly type: string;
  readonly id: string;
}

/** What each system finds, each part bounded: by a key, by what is configured, or among the newest. Rank 0 is the thing itself. */
type Part = (context: Context, text: string, first: number) => readonly SQL[];

const PARTS: Readonly<Record<System, Part>> = {
  ingest: (_context, text, first) => [
    sql`(select ${rankOfPath(text)} as rank, 'FILE_STATUS' as topic, f.file_path as key, f.file_path as title, null::text as message,
        case f.type when 'Log' then 'LogFile' else 'Hl7File' end as type,
        case f.type when 'Log' then f.file_path
          else coalesce(f.segment_number, -1) || ' ' || coalesce(f.log_file_path, f.file_path) end as id
      from ingest.files f where f.is_primary and f.type in ('Log', 'HL7') and ${startsWith(text)} order by f.path_key limit ${first})`,
    sql`(select 2, 'FILE_STATUS', l.file_path, l.file_path, null, 'LogFile', l.file_path from (
        select file_path from ingest.files where type = 'Log' order by coalesce(date, '-infinity'::date) desc, path_key limit ${MOST_SEARCHED}) l
      where ${contains(sql`l.file_path`, text)} limit ${first})`,
  ],
  pipelines: (_context, text, first) => [
    sql`(select case when lower(p.source_tablename) = lower(${text}::text) then 0 else 2 end, 'PIPELINE', p.source_tablename, p.source_tablename,
        null, 'Pipeline', p.source_tablename
      from ${pipelineConfig} p where ${contains(sql`p.source_tablename`, text)} or ${contains(sql`p.sink_tablename`, text)}
      order by 1, p.source_tablename limit ${first})`,
    sql`(select 0, 'RUN', r.id::text, r.source_tablename, null, 'Run', r.id::text from ${pipelineRuns} r where r.id = ${numberedId(text) ?? 0}::bigint)`,
  ],
  documents: (_context, text, first) => [
    sql`(select 0, 'FILE', d.id::text, coalesce(d.original_filename, d.filehash), null, 'File', d.id::text
      from ${documentFiles} d where weir.path_key(d.filehash) = weir.path_key(${text}::text) and d.filehash = ${text}
      order by d.created_at desc, d.id desc limit ${first})`,
    sql`(select 0, 'FILE', d.id::text, coalesce(d.original_filename, d.filehash), null, 'File', d.id::text
      from ${documentFiles} d where d.id = ${numberedId(text) ?? 0}::bigint)`,
    sql`(select 2, 'FILE', d.id::text, d.original_filename, null, 'File', d.id::text from (
        select id, original_filename from ${documentFiles} order by created_at desc, id desc limit ${MOST_SEARCHED}) d
      where ${contains(sql`d.original_filename`, text)} limit ${first})`,
  ],
  reports: (context, text, first) => {
    const scope = agencyScope(context);
    const within = (slug: typeof reportJobs.agencySlug | typeof reportManifests.agencySlug) =>
      withinAgencies(scope, slug) ?? sql`true`;
    return [
      sql`(select case when lower(r.table_name) = lower(${text}::text) then 0 else 2 end, 'SEEDER_JOB', r.table_name, r.report_name, null, 'SeederJob', r.table_name
        from (select distinct on (a.table_name) a.table_name, a.report_name from (
            select table_name, report_name from ${reportJobs} where ${within(reportJobs.agencySlug)}
            union all
            select table_name, report_name from ${reportManifests} where ${within(reportManifests.agencySlug)}) a
          where ${contains(sql`a.table_name`, text)} or ${contains(sql`a.report_name`, text)} order by a.table_name) r
        order by 1, r.table_name limit ${first})`,
    ];
  },
};

/** What has the text in its name, then what is in trouble with it in its error. Throws BAD_USER_INPUT. */
export async function search(context: Context, given: string, first: number): Promise<readonly SearchHit[]> {
  const { database, settings, viewer } = context;
  const text = given.trim();
  if (text === "" || text.length > MOST_CHARACTERS)
    throw badInput(`text has ${text.length} characters; give 1 to ${MOST_CHARACTERS} that are no blanks at its ends.`);
  if (first < 1 || first > settings.maxPageSize)
    throw badInput(`first is ${first}; it can be 1 to ${settings.maxPageSize}.`);
  const systems = (["ingest", "pipelines", "documents", "reports"] as const).filter((system) => sees(viewer, system));
  const parts = [...systems.flatMap((system) => PARTS[system](context, text, first)), inErrors(context, text, first)];
  const rows = await database.db.execute<HitJson>(sql`/* weir.search */
    select min(rank) as rank, topic, key, min(title) as title, min(message) as message, min(type) as type, min(id) as id
    from (${sql.join(parts, sql` union all `)}) hits(rank, topic, key, title, message, type, id)
    group by topic, key order by min(rank), min(title) collate "C", topic, key limit ${first}`);
  const kinds = kindsFor(viewer);
  return rows.map(({ topic, type, id, ...row }) => {
    const ofKind = kinds.get(topic);
    return ofKind === undefined
      ? { ...row, topic: topic as Topic, type, id }
      : { ...row, topic: ofKind, type: TYPES[ofKind] ?? "", id: row.key };
  });
}

interface HitJson extends Record<string, unknown> {
  readonly topic: string;
  readonly key: string;
  readonly title: string;
  readonly message: string | null;
  readonly type: string;
  readonly id: string;
}

/** The types of what is in trouble. Which HL7 file a path is the trouble does not say: it is looked up as a log. */
const TYPES: Partial<Readonly<Record<Topic, string>>> = {
  FILE_STATUS: "LogFile",
  PIPELINE: "Pipeline",
  RUN: "Run",
  FILE: "File",
  SEEDER_JOB: "SeederJob",
};

/** What needs attention now, by the error's words: as many as attention looks at. */
function inErrors(context: Context, text: string, first: number): SQL {
  const { stuckStagedMinutes, longRunningMinutes, stepTimeoutMinutes, failingAfter } = context.settings;
  const scope = agencyScope(context);
  return sql`(select 3, t.kind, t.key, t.title, t.message, '', '' from weir.trouble(${stuckStagedMinutes}, ${longRunningMinutes},
      ${stepTimeoutMinutes}, ${failingAfter}, ${scope === null ? null : textArray(scope)}, ${MOST_LOOKED_AT}, ${textArray([...kindsFor(context.viewer).keys()])}) t
    where ${contains(sql`t.message`, text)} order by t.at desc nulls last limit ${first})`;
}

function contains(column: SQL, text: string): SQL {
  return sql`strpos(lower(${column}), lower(${text}::text)) > 0`;
}

function startsWith(text: string): SQL {
  const start = Array.from(text).slice(0, KEY_PREFIX).join("");
  return sql`f.path_key >= ${start} and f.path_key < ${start + HIGHEST} and starts_with(f.file_path, ${text})`;
}

function rankOfPath(text: string): SQL {
  return sql`case when f.file_path = ${text} then 0 else 1 end`;
}
