import { sql } from "drizzle-orm";
import { SYSTEMS } from "../db/access/tables.ts";
import { instantFromPostgres } from "../db/columns.ts";
import { documentFiles, fileProcessingSteps, STEP_END } from "../db/documents/tables.ts";
import { files, IS_PRIMARY } from "../db/ingest/tables.ts";
import { pipelineRuns, RUN_END } from "../db/pipelines/tables.ts";
import { reportRuns } from "../db/reports/tables.ts";
import type { Topic } from "../feed/topics.ts";
import type { Context } from "./context.ts";
import { badInput } from "./errors.ts";
import { agencyScope, withinAgencies } from "./reports/agency-scope.ts";
import { type System, sees } from "./viewer.ts";

/** Something that failed, in any of the systems. */
export interface Failure {
  readonly topic: Topic;
  /** The subject's natural key. */
  readonly key: string;
  readonly title: string;
  readonly message: string | null;
  readonly at: string;
}

/** Answers the newest failures of one system, newest first, by an index: no history is scanned. */
type FailureSource = (context: Context, most: number) => Promise<readonly Failure[]>;

/** Each system has its entry. */
const SOURCES: Readonly<Record<System, FailureSource>> = {
  ingest: failedFiles,
  pipelines: failedRuns,
  documents: failedSteps,
  reports: failedReports,
};

/** The newest failures of all systems that the viewer sees, newest first. */
export async function recentFailures(context: Context, first: number): Promise<readonly Failure[]> {
  const { maxPageSize } = context.settings;
  if (first < 0 || first > maxPageSize) throw badInput(`first is ${first}; it can be 0 to ${maxPageSize}.`);
  const found = await Promise.all(
    SYSTEMS.filter((system) => sees(context.viewer, system)).map((system) => SOURCES[system](context, first)),
  );
  return found
    .flat()
    .toSorted((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0))
    .slice(0, first);
}

interface FailureJson extends Record<string, unknown> {
  key: string;
  title: string;
  message: string | null;
  at: string;
}

async function failedFiles({ database }: Context, most: number): Promise<readonly Failure[]> {
  const newest = (type: "Log" | "HL7") => sql`
    (select ${files.filePath} as key, regexp_replace(${files.filePath}, '^.*[/\\\\]', '') as title,
            ${files.errorMessage} as message, ${files.processedAt} as at
     from ${files} where ${files.type} = ${sql.raw(`'${type}'`)} and ${files.statusId} is not null
       and ${IS_PRIMARY} and ${files.knownStatus} = 'failed'
     order by ${files.processedAt} desc, ${files.statusId} desc limit ${most})`;
  const rows = await database.db.execute<FailureJson>(sql`/* ingest.failures */
    ${newest("Log")} union all ${newest("HL7")} order by at desc limit ${most}`);
  return rows.map((row) => toFailure("FILE_STATUS", row));
}

async function failedRuns({ database }: Context, most: number): Promise<readonly Failure[]> {
  const rows = await database.db.execute<FailureJson>(sql`/* runs.failures */
    select id as key, source_tablename as title, error_message as message, ${RUN_END} as at
    from ${pipelineRuns} where known_status = 'failed' order by ${RUN_END} desc, id desc limit ${most}`);
  return rows.map((row) => toFailure("RUN", row));
}

async function failedSteps({ database }: Context, most: number): Promise<readonly Failure[]> {
  const rows = await database.db.execute<FailureJson>(sql`/* documents.failures */
    select s.file_id as key, concat_ws(' of ', s.step_name, coalesce(f.original_filename, f.filehash)) as title,
           s.error_message as message, s.at
    from (select *, ${STEP_END} as at from ${fileProcessingSteps}
          where known_status = 'failure' order by ${STEP_END} desc, id desc limit ${most}) s
    left join ${documentFiles} f on f.id = s.file_id`);
  return rows.map((row) => toFailure("FILE_STEP", row));
}

async function failedReports(context: Context, most: number): Promise<readonly Failure[]> {
  const ended = sql`coalesce(${reportRuns.finishTime}, ${reportRuns.startTime})`;
  const scope = withinAgencies(agencyScope(context), reportRuns.agencySlug) ?? sql`true`;
  const rows = await context.database.db.execute<FailureJson>(sql`/* reports.failures */
    select ${reportRuns.tableName} as key, ${reportRuns.reportName} as title, ${reportRuns.errors} as message, ${ended} as at
    from ${reportRuns} where ${reportRuns.knownStatus} = 'error' and not ${reportRuns.isSkipped} and ${scope}
    order by ${ended} desc, ${reportRuns.id} desc limit ${most}`);
  return rows.map((row) => toFailure("SEEDER_RUN", row));
}

function toFailure(topic: Topic, { key, title, message, at }: FailureJson): Failure {
  return { topic, key, title, message, at: instantFromPostgres(at) };
}
