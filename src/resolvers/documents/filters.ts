import { and, eq, gt, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Known } from "../../db/columns.ts";
import {
  documentFiles,
  type FileOverallStatusWord,
  fileProcessingSteps,
  processingLogs,
  type StepStatusWord,
} from "../../db/documents/tables.ts";
import { type Condition, changesOf, containsText, type Filter } from "../../feed/conditions.ts";
import { badInput } from "../errors.ts";
import { numberedId } from "../input.ts";
import type { Settings } from "../settings.ts";

type Maybe<T> = T | null | undefined;

export interface FileFilter {
  readonly status?: Maybe<readonly FileOverallStatusWord[]>;
  readonly search?: Maybe<string>;
  readonly filehash?: Maybe<string>;
  readonly createdAfter?: Maybe<string>;
  readonly createdBefore?: Maybe<string>;
  readonly stepName?: Maybe<string>;
  readonly stepStatus?: Maybe<Known<StepStatusWord>>;
  readonly isStalled?: Maybe<boolean>;
}

export interface ProcessingLogFilter {
  readonly fileId?: Maybe<string>;
  readonly taskId?: Maybe<string>;
  readonly stepName?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly after?: Maybe<string>;
  readonly before?: Maybe<string>;
}

/** The column is this text: found by the bounded key that is in the index. */
function isText(column: SQL, value: string): SQL {
  return sql`weir.path_key(${column}) = weir.path_key(${value}::text) and ${column} = ${value}`;
}

/** How many steps of a file have each status: the columns that triggers keep. */
const STEPS_WITH: Readonly<Record<Known<StepStatusWord>, SQL>> = {
  pending: sql`${documentFiles.mainPending} + ${documentFiles.uploadPending}`,
  in_progress: sql`${documentFiles.mainInProgress} + ${documentFiles.uploadInProgress}`,
  success: sql`${documentFiles.mainSuccess} + ${documentFiles.uploadSuccess}`,
  failure: sql`${documentFiles.mainFailure} + ${documentFiles.uploadFailure}`,
  skipped: sql`${documentFiles.mainSkipped} + ${documentFiles.uploadSkipped}`,
  unknown: sql`${documentFiles.mainTotal} + ${documentFiles.uploadTotal}
    - ${documentFiles.mainPending} - ${documentFiles.uploadPending} - ${documentFiles.mainInProgress} - ${documentFiles.uploadInProgress}
    - ${documentFiles.mainSuccess} - ${documentFiles.uploadSuccess} - ${documentFiles.mainFailure} - ${documentFiles.uploadFailure}
    - ${documentFiles.mainSkipped} - ${documentFiles.uploadSkipped}`,
};

export function whereFile(
  filter: FileFilter,
  { stepTimeoutMinutes }: Pick<Settings, "stepTimeoutMinutes">,
): SQL | undefined {
  const { status, search, filehash, createdAfter, createdBefore } = filter;
  return and(
    status == null ? undefined : inArray(documentFiles.overallStatus, [...status]),
    search == null || search === ""
      ? undefined
      : sql`(${containsText([sql`${documentFiles.originalFilename}`], search)} or starts_with(${documentFiles.filehash}, ${search}))`,
    filehash == null ? undefined : isText(sql`${documentFiles.filehash}`, filehash),
    createdAfter == null ? undefined : gt(documentFiles.createdAt, createdAfter),
    createdBefore == null ? undefined : lt(documentFiles.createdAt, createdBefore),
    whereStep(filter),
    whereStalled(filter.isStalled, stepTimeoutMinutes),
  );
}

/** By the index of steps in progress: of all steps, few are. */
function whereStalled(wanted: Maybe<boolean>, minutes: number): SQL | undefined {
  if (wanted == null) return undefined;
  const stalled = sql`${documentFiles.id} in (select file_id from documents.file_processing_steps
    where known_status = 'in_progress' and coalesce(started_at, updated_at) < now() - make_interval(mins => ${minutes}))`;
  return wanted ? stalled : sql`not ${stalled}`;
}

/** Both are about one step; a status alone is about any. */
function whereStep({ stepName, stepStatus }: FileFilter): SQL | undefined {
  if (stepName == null) return stepStatus == null ? undefined : sql`${STEPS_WITH[stepStatus]} > 0`;
  const named = isText(sql`${fileProcessingSteps.stepName}`, stepName);
  const withStatus = stepStatus == null ? undefined : eq(fileProcessingSteps.knownStatus, stepStatus);
  return sql`${documentFiles.id} in (select ${fileProcessingSteps.fileId} from ${fileProcessingSteps} where ${and(named, withStatus)})`;
}

export function whereLog(filter: ProcessingLogFilter): SQL | undefined {
  const { taskId, stepName, status, after, before } = filter;
  const fileId = filterId(filter.fileId, "filter.fileId");
  return and(
    fileId === undefined ? undefined : eq(processingLogs.fileId, fileId),
    taskId == null ? undefined : isText(sql`${processingLogs.taskId}`, taskId),
    stepName == null ? undefined : isText(sql`${processingLogs.stepName}`, stepName),
    status == null
      ? undefined
      : sql`weir.path_key(lower(${processingLogs.status})) = weir.path_key(lower(${status}::text))`,
    after == null ? undefined : gt(processingLogs.timestamp, after),
    before == null ? undefined : lt(processingLogs.timestamp, before),
  );
}

/** Changes of steps, of one file or of all. */
export function stepChanges(fileId: Maybe<string>): Filter {
  return changesOf("FILE_STEP", ofFile("fileId", filterId(fileId, "fileId")));
}

/** New entries of the history, of one file or of all. */
export function logChanges(fileId: Maybe<string>): Filter {
  return changesOf("PROCESSING_LOG", ofFile("fileId", filterId(fileId, "fileId")));
}

/** Changes of files, of one or of all. */
export function fileChanges(id: Maybe<string>): Filter {
  return changesOf("FILE", ofFile("id", filterId(id, "id")));
}

function ofFile<Name extends string>(column: Name, id: number | undefined): readonly Condition<Name>[] {
  return id === undefined ? [] : [{ column, in: [id] }];
}

/** Undefined when nothing is asked. Throws BAD_USER_INPUT for what can't be an id: no row would ever match. */
function filterId(id: Maybe<string>, name: string): number | undefined {
  if (id == null) return undefined;
  const number = numberedId(id);
  if (number === undefined) {
    throw badInput(`${name} is ${JSON.stringify(id)}, which is no id of a file; ids are whole numbers from 1.`);
  }
  return number;
}
