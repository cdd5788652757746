/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Whether somebody has to act. */
export type AttentionSeverity =
  /** It does not mend itself. */
  | 'NEEDS_YOU'
  /** It may mend itself, or get worse. */
  | 'WATCH';

/** A report for several agencies. An update replaces all of it. */
export type CannedReportInput = {
  /** The database in which the query runs and the view stands: 1 is the service's own, WEIR_DATABASES names others. */
  readonly databaseId?: number;
  /** One query that reads: SELECT, WITH, VALUES or TABLE. `:agency_id` and `:agency_slug` stand for the agency's, as a number and as a text. */
  readonly query: string;
  /** Its name for people, 1 to 512 characters. */
  readonly reportName: string;
  /** Name of the materialized view in the schema reporting: letters, digits and underscores, not a digit first; 56 characters at most. The prefix `reporting.` may stand before it. The agency's slug is part of them. */
  readonly tableName: string;
};

/** Gives a canned report to an agency. */
export type CannedReportManifestInput = {
  /** Number of the agency, from 0. */
  readonly agencyId: number;
  /** Short name of the agency: letters, digits, _ and -. */
  readonly agencySlug: string;
  /** What to give. */
  readonly cannedReportId: string | number;
  /** Whether it is refreshed at all. */
  readonly enabled?: boolean;
  /** Minutes between refreshes by the service; null: on demand only. */
  readonly scheduleMinutes?: number | null | undefined;
};

/** What happened to the row. */
export type ChangeOperation =
  /** It was removed; it is shown as it was. */
  | 'DELETE'
  /** It was added. */
  | 'INSERT'
  /** Nothing: this is the state as it was when the subscription began. */
  | 'SNAPSHOT'
  /** It was changed; it is shown as it is since. */
  | 'UPDATE';

/** A new file. */
export type CreateFileInput = {
  /** Bytes. */
  readonly fileSize?: number | null | undefined;
  /** Digest of its content, 1 to 512 characters. */
  readonly filehash: string;
  /** Initialize the main steps in the same transaction. */
  readonly initializeSteps?: boolean;
  /** Its media type, up to 255 characters. */
  readonly mimeType?: string | null | undefined;
  /** The name under which it came, up to 4096 characters. */
  readonly originalFilename?: string | null | undefined;
  /** Its own steps, in order, instead of the main steps; null: the main steps. */
  readonly steps?: ReadonlyArray<string> | null | undefined;
};

/** A new pipeline. */
export type CreatePipelineInput = {
  /** Name of the destination with the connection; null: none. */
  readonly destinationName?: string | null | undefined;
  /** From the data lake to the sink. */
  readonly dlToSink?: PipelineLegInput | null | undefined;
  /** The table in the sink; null: none. */
  readonly sinkTablename?: string | null | undefined;
  /** Kind of the sink system; postgres when it is not given at all. */
  readonly sinkType?: string | null | undefined;
  /** Name of the source with the connection; null: none. */
  readonly sourceName?: string | null | undefined;
  /** Its source table, by which it is known. */
  readonly sourceTablename: string;
  /** From the source to the data lake. */
  readonly sourceToDl?: PipelineLegInput | null | undefined;
  /** Kind of the source system; postgres when it is not given at all. */
  readonly sourceType?: string | null | undefined;
};

/** A report of one agency with a query of its own. An update replaces all of it but what it may leave out. */
export type CustomReportManifestInput = {
  /** Number of its agency, from 0. */
  readonly agencyId: number;
  /** Short name of its agency: letters, digits, _ and -. */
  readonly agencySlug: string;
  /** The database in which the query runs and the view stands: 1 is the service's own, WEIR_DATABASES names others. */
  readonly databaseId?: number;
  /** Whether it is refreshed at all. Absent: true for a new one; an update leaves it as it is. */
  readonly enabled?: boolean;
  /** One query that reads: SELECT, WITH, VALUES or TABLE. `:agency_id` and `:agency_slug` stand for the agency's, as a number and as a text. */
  readonly query: string;
  /** Its name for people, 1 to 512 characters. */
  readonly reportName: string;
  /** Minutes between refreshes by the service; null: on demand only. Absent: an update leaves it as it is. */
  readonly scheduleMinutes?: number | null | undefined;
  /** Name of the materialized view in the schema reporting: letters, digits and underscores, not a digit first; 56 characters at most. The prefix `reporting.` may stand before it. */
  readonly tableName: string;
};

/** How far a file has come, over all of its steps. */
export type FileOverallStatus =
  /** Every step has succeeded or was skipped. */
  | 'COMPLETED'
  /** At least one step has failed. */
  | 'FAILED'
  /** No step has begun, or there is none. */
  | 'PENDING'
  /** Some step has begun, none has failed, not all are done. */
  | 'PROCESSING';

/** Statuses that meet all that is given; null asks nothing. */
export type FileStatusFilter = {
  /** Reported by this activity. */
  readonly activityId?: string | null | undefined;
  /** Exactly this path. */
  readonly filePath?: string | null | undefined;
  /** Paths that begin with this text. */
  readonly filePathPrefix?: string | null | undefined;
  /** Processed after this instant. */
  readonly processedAfter?: string | null | undefined;
  /** Processed before this instant. */
  readonly processedBefore?: string | null | undefined;
  /** With one of these statuses. */
  readonly status?: ReadonlyArray<IngestStatus> | null | undefined;
  /** Of files of this type. */
  readonly type?: FileType | null | undefined;
  /** Reported by this workflow. */
  readonly workflowId?: string | null | undefined;
};

/** A report about a file. PARSED goes with LOG; STAGED and INGESTED go with HL7; FAILED with both. */
export type FileStatusInput = {
  /** The activity that processed it, up to 512 characters. */
  readonly activityId?: string | null | undefined;
  /** What went wrong, up to 262144 characters. */
  readonly errorMessage?: string | null | undefined;
  /** Path or URI of the file, 1 to 4096 characters. */
  readonly filePath: string;
  /** Defaults to now. */
  readonly processedAt?: string | null | undefined;
  /** What has become of it. */
  readonly status: IngestStatus;
  /** What the file is. */
  readonly type: FileType;
  /** The workflow that processed it, up to 512 characters. */
  readonly workflowId?: string | null | undefined;
};

/** What a file is. */
export type FileType =
  /** A HL7 message that was split from a log. */
  | 'HL7'
  /** A HL7-ish log, as a listener writes it. */
  | 'LOG'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** Which HL7 file was split from which segment of which log. */
export type Hl7FileInput = {
  /** Date of the log; null: the first group of eight digits in its file name. */
  readonly date?: string | null | undefined;
  /** Path or URI of the HL7 file, 1 to 4096 characters. */
  readonly hl7FilePath: string;
  /** Path of the log, up to 2600 bytes in UTF-8. */
  readonly logFilePath: string;
  /** The message's place in the log, from 0. */
  readonly segmentNumber: number;
};

/** How far a file has come. */
export type IngestStatus =
  /** A log or a HL7 file could not be processed; see errorMessage. */
  | 'FAILED'
  /** A HL7 file's content is in the tables. `success` in the wild. */
  | 'INGESTED'
  /** A log was read and split. */
  | 'PARSED'
  /** A HL7 file was written to the staging area. */
  | 'STAGED'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** How much of a table a leg loads. */
export type LoadType =
  /** The whole table, each time. */
  | 'FULL'
  /** The rows behind the watermark. */
  | 'INCREMENTAL'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** Settings of a leg. What is absent stays as it is. */
export type PipelineLegInput = {
  /** The column by which it loads incrementally; null: none. */
  readonly incrementalKey?: string | null | undefined;
  /** True when it is not given at all. */
  readonly isActive?: boolean | null | undefined;
  /** The watermark, which can only be moved forward unless resetWatermark says so; null: the next load begins anew. */
  readonly lastIncrementalValue?: string | null | undefined;
  /** FULL when it is not given at all. */
  readonly loadType?: LoadType | null | undefined;
  /** True: lastIncrementalValue may be before the stored one, or no number where that is one. Null: it may not. */
  readonly resetWatermark?: boolean | null | undefined;
  /** Minutes between runs, 1 or more; null: only on demand. */
  readonly schedule?: number | null | undefined;
};

/** A stage of a template. */
export type PipelineStageInput = {
  /** The name by which drivers claim it. */
  readonly driverContainer: string;
  /** What people call it. */
  readonly stageName: string;
  /** Its place: 1, 2, 3… without a gap. */
  readonly stageOrder: number;
  /** What it is for the system. */
  readonly stageType: string;
};

/** How far a run has come. */
export type RunStatus =
  /** Somebody cancelled it. */
  | 'CANCELLED'
  /** A stage failed, and the run with it; see errorMessage. */
  | 'FAILED'
  /** Asked for; no stage has started. */
  | 'PENDING'
  /** A stage has started. */
  | 'RUNNING'
  /** Every stage succeeded. */
  | 'SUCCESS'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** How far a run of a report has come. */
export type SeederStatus =
  /** The report could not be made; it shows what it showed before. */
  | 'ERROR'
  /** It waits for its turn. */
  | 'PENDING'
  /** The report is being made. */
  | 'RUNNING'
  /** The report is up to date. */
  | 'SUCCESS'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** How far a stage of a run has come. */
export type StageStatus =
  /** The run was cancelled while it ran. */
  | 'CANCELLED'
  /** It failed; see errorMessage. */
  | 'FAILED'
  /** It has started. */
  | 'RUNNING'
  /** It is done. */
  | 'SUCCESS'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** How far a step has come. */
export type StepStatus =
  /** It failed; see errorMessage. IN_PROGRESS begins a new attempt. */
  | 'FAILURE'
  /** A worker is at it. */
  | 'IN_PROGRESS'
  /** It has not begun. */
  | 'PENDING'
  /** It is not needed here; it counts as done. */
  | 'SKIPPED'
  /** It is done. */
  | 'SUCCESS'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** What a change is about. */
export type Topic =
  /** A document was added, changed or removed; its counts of steps belong to it. */
  | 'FILE'
  /** A report about a HL7 file or a log was added. */
  | 'FILE_STATUS'
  /** A step of a document was added, changed or removed. */
  | 'FILE_STEP'
  /** A HL7 file was mapped to its log, mapped anew, or the mapping removed. */
  | 'HL7_FILE'
  /** A pipeline was created, configured, stamped by a run's end, or deleted. */
  | 'PIPELINE'
  /** An event was added to the history of the documents. */
  | 'PROCESSING_LOG'
  /** A run was asked for, or moved on. */
  | 'RUN'
  /** A stage of a run started, or ended. */
  | 'RUN_STAGE'
  /** The state of a report changed. */
  | 'SEEDER_JOB'
  /** A run of a report was recorded, or went on. */
  | 'SEEDER_RUN';

/** What has become of a step. */
export type UpdateStepStatusInput = {
  /** When it ended, not before startedAt; null: now with SUCCESS, FAILURE and SKIPPED, with which alone it goes. */
  readonly completedAt?: string | null | undefined;
  /** Diagnostics for the log entry; null: none. */
  readonly detail?: string | null | undefined;
  /** Why it failed or was skipped, up to 262144 characters. The other statuses clear it. */
  readonly errorMessage?: string | null | undefined;
  /** The file. */
  readonly fileId: string | number;
  /** For the log entry; null: errorMessage. */
  readonly message?: string | null | undefined;
  /** When the attempt began; null: now with the first IN_PROGRESS of an attempt, else as it was. */
  readonly startedAt?: string | null | undefined;
  /** Where it stands now. IN_PROGRESS after an end begins a new attempt; PENDING puts the step back to its beginning. */
  readonly status: StepStatus;
  /** The step, 1 to 255 characters; one that the file does not have yet is added. */
  readonly stepName: string;
  /** For the log entry: the task that reports, up to 255 characters. */
  readonly taskId?: string | null | undefined;
};

export type DemoIngestedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type DemoIngestedSubscription = { readonly fileStatusRecorded: { readonly cursor: string } };

export type DemoSummaryQueryVariables = Exact<{ [key: string]: never; }>;


export type DemoSummaryQuery = { readonly ingestSummary: { readonly logFiles: { readonly total: number }, readonly hl7Files: { readonly total: number, readonly ingested: number, readonly failed: number } } };

export type DemoSetStagesMutationVariables = Exact<{
  stages: ReadonlyArray<PipelineStageInput>;
}>;


export type DemoSetStagesMutation = { readonly setPipelineStages: ReadonlyArray<{ readonly id: string }> };

export type DemoCreateSourceMutationVariables = Exact<{
  creds: Record<string, unknown>;
}>;


export type DemoCreateSourceMutation = { readonly createSource: { readonly id: string } };

export type DemoCreateDestinationMutationVariables = Exact<{
  creds: Record<string, unknown>;
}>;


export type DemoCreateDestinationMutation = { readonly createDestination: { readonly id: string } };

export type DemoUpdateSourceMutationVariables = Exact<{
  creds: Record<string, unknown>;
}>;


export type DemoUpdateSourceMutation = { readonly updateSource: { readonly id: string } };

export type DemoUpdateDestinationMutationVariables = Exact<{
  creds: Record<string, unknown>;
}>;


export type DemoUpdateDestinationMutation = { readonly updateDestination: { readonly id: string } };

export type DemoCreatePipelineMutationVariables = Exact<{
  input: CreatePipelineInput;
}>;


export type DemoCreatePipelineMutation = { readonly createPipeline: { readonly sourceTablename: string } };

export type DemoFailedRunsQueryVariables = Exact<{ [key: string]: never; }>;


export type DemoFailedRunsQuery = { readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string }> } };

export type DemoRetryRunMutationVariables = Exact<{
  id: string | number;
}>;


export type DemoRetryRunMutation = { readonly retryRun: { readonly id: string } };

export type DemoReportsQueryVariables = Exact<{ [key: string]: never; }>;


export type DemoReportsQuery = { readonly customReportManifests: ReadonlyArray<{ readonly tableName: string }>, readonly cannedReports: ReadonlyArray<{ readonly id: string, readonly tableName: string, readonly manifests: ReadonlyArray<{ readonly agencySlug: string }> }> };

export type DemoMakeReportMutationVariables = Exact<{
  input: CustomReportManifestInput;
}>;


export type DemoMakeReportMutation = { readonly createCustomReportManifest: { readonly id: string } };

export type DemoMakeCannedReportMutationVariables = Exact<{
  input: CannedReportInput;
}>;


export type DemoMakeCannedReportMutation = { readonly createCannedReport: { readonly id: string } };

export type DemoGiveReportMutationVariables = Exact<{
  input: CannedReportManifestInput;
}>;


export type DemoGiveReportMutation = { readonly createCannedReportManifest: { readonly id: string } };

export type DemoRunsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type DemoRunsSubscription = { readonly seederRunChanged: { readonly cursor: string, readonly run: { readonly tableName: string, readonly status: SeederStatus, readonly recordsProcessed: number, readonly consecutiveFailures: number, readonly errors: string | null } } };

export type FilesOfHashQueryVariables = Exact<{
  filehash: string;
}>;


export type FilesOfHashQuery = { readonly files: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly originalFilename: string | null, readonly overallStatus: { readonly status: FileOverallStatus }, readonly steps: ReadonlyArray<{ readonly stepName: string, readonly status: StepStatus }> }> } };

export type CreateFileMutationVariables = Exact<{
  input: CreateFileInput;
  idempotencyKey: string;
}>;


export type CreateFileMutation = { readonly createFile: { readonly id: string } };

export type AddUploadStepsMutationVariables = Exact<{
  fileId: string | number;
  destinations: ReadonlyArray<string>;
}>;


export type AddUploadStepsMutation = { readonly addUploadSteps: ReadonlyArray<{ readonly stepName: string }> };

export type UpdateStepStatusMutationVariables = Exact<{
  input: UpdateStepStatusInput;
  idempotencyKey: string;
}>;


export type UpdateStepStatusMutation = { readonly updateStepStatus: { readonly id: string } };

export type RecordHl7FilesMutationVariables = Exact<{
  input: ReadonlyArray<Hl7FileInput>;
}>;


export type RecordHl7FilesMutation = { readonly recordHl7Files: ReadonlyArray<{ readonly segmentNumber: number }> };

export type RecordFileStatusesMutationVariables = Exact<{
  input: ReadonlyArray<FileStatusInput>;
  idempotencyKey: string;
}>;


export type RecordFileStatusesMutation = { readonly recordFileStatuses: ReadonlyArray<{ readonly id: string }> };

export type ClaimStageMutationVariables = Exact<{
  driverContainer: string;
  worker: string;
  leaseSeconds: number;
}>;


export type ClaimStageMutation = { readonly claimStage: { readonly runId: string, readonly stageOrder: number, readonly sourceCreds: Record<string, unknown> | null, readonly destinationCreds: Record<string, unknown> | null, readonly stage: { readonly stageType: string }, readonly run: { readonly sourceTablename: string, readonly pipeline: { readonly sinkTablename: string | null, readonly sourceToDl: { readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly dlToSink: { readonly loadType: LoadType } } | null } } | null };

export type StageWaitingSubscriptionVariables = Exact<{
  driverContainer: string;
  after?: string | null | undefined;
}>;


export type StageWaitingSubscription = { readonly stageWaiting: { readonly cursor: string } };

export type RunFilesQueryVariables = Exact<{
  id: string | number;
}>;


export type RunFilesQuery = { readonly run: { readonly retryOf: { readonly id: string } | null, readonly stages: ReadonlyArray<{ readonly stageType: string, readonly log: { readonly status: StageStatus, readonly filePaths: ReadonlyArray<string> } | null }> } | null };

export type WeirReportFileMutationVariables = Exact<{
  input: FileStatusInput;
  idempotencyKey?: string | null | undefined;
}>;


export type WeirReportFileMutation = { readonly recordFileStatus: { readonly id: string, readonly filePath: string, readonly status: IngestStatus, readonly processedAt: string } };

export type WeirReportStepMutationVariables = Exact<{
  input: UpdateStepStatusInput;
  idempotencyKey?: string | null | undefined;
}>;


export type WeirReportStepMutation = { readonly updateStepStatus: { readonly id: string, readonly stepName: string, readonly status: StepStatus } };

export type WeirStartReportMutationVariables = Exact<{
  table: string;
  run?: string | null | undefined;
}>;


export type WeirStartReportMutation = { readonly startSeederRun: { readonly runId: string, readonly status: SeederStatus } };

export type WeirFinishReportMutationVariables = Exact<{
  run: string;
  rows?: number | null | undefined;
}>;


export type WeirFinishReportMutation = { readonly finishSeederRun: { readonly runId: string, readonly status: SeederStatus } };

export type WeirFailReportMutationVariables = Exact<{
  run: string;
  errors: string;
}>;


export type WeirFailReportMutation = { readonly failSeederRun: { readonly runId: string, readonly status: SeederStatus } };

export type WeirStatusQueryVariables = Exact<{ [key: string]: never; }>;


export type WeirStatusQuery = { readonly overview: { readonly ingest: { readonly stuckStaged: number, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }, readonly pipelines: { readonly total: number, readonly overdue: number, readonly runsByStatus24h: ReadonlyArray<{ readonly status: RunStatus, readonly count: number }> }, readonly documents: ReadonlyArray<{ readonly status: FileOverallStatus, readonly count: number }>, readonly seeder: { readonly total: number, readonly byStatus: ReadonlyArray<{ readonly status: SeederStatus, readonly count: number }> } }, readonly attention: ReadonlyArray<{ readonly severity: AttentionSeverity, readonly title: string, readonly message: string | null, readonly since: string | null, readonly isAcknowledged: boolean }> };

export type WeirTailSubscriptionVariables = Exact<{
  topics?: ReadonlyArray<Topic> | null | undefined;
  after?: string | null | undefined;
}>;


export type WeirTailSubscription = { readonly changes:
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'FileChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'FileStatusChange', readonly fileStatus: { readonly statusText: string, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'FileStepChange', readonly step: { readonly stepName: string, readonly statusText: string, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'Hl7FileChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'PipelineChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'ProcessingLogChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'RunChange', readonly run: { readonly sourceTablename: string, readonly statusText: string, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'RunStageChange', readonly stageLog: { readonly stageOrder: number, readonly statusText: string, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'SeederJobChange', readonly job: { readonly statusText: string, readonly lastErrors: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'SeederRunChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly actor: string | null, readonly type: 'StageWaitingChange' }
   };

export type WeirTailSinceQueryVariables = Exact<{
  at: string;
}>;


export type WeirTailSinceQuery = { readonly cursorSince: string };

export type ClientTestRecordMutationVariables = Exact<{
  input: ReadonlyArray<FileStatusInput>;
  idempotencyKey?: string | null | undefined;
}>;


export type ClientTestRecordMutation = { readonly recordFileStatuses: ReadonlyArray<{ readonly id: string }> };

export type ClientTestCountQueryVariables = Exact<{
  prefix: string;
}>;


export type ClientTestCountQuery = { readonly fileStatuses: { readonly totalCount: number | null } };

export type ClientTestNowQueryVariables = Exact<{ [key: string]: never; }>;


export type ClientTestNowQuery = { readonly liveCursor: string };

export type ClientTestRecordedSubscriptionVariables = Exact<{
  filter?: FileStatusFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ClientTestRecordedSubscription = { readonly fileStatusRecorded: { readonly cursor: string, readonly fileStatus: { readonly filePath: string } } };

export type ClientTestRunsSubscriptionVariables = Exact<{
  table: string;
  snapshot: boolean;
  after?: string | null | undefined;
}>;


export type ClientTestRunsSubscription = { readonly runChanged: { readonly cursor: string, readonly operation: ChangeOperation, readonly run: { readonly id: string } } };

export type ClientTestNotResumableSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ClientTestNotResumableSubscription = { readonly fileStatusRecorded: { readonly cursor: string } };

export type ExtractorTestStateQueryVariables = Exact<{
  prefix: string;
}>;


export type ExtractorTestStateQuery = { readonly logFiles: { readonly nodes: ReadonlyArray<{ readonly logFilePath: string, readonly currentStatus: { readonly status: IngestStatus, readonly errorMessage: string | null } | null, readonly statuses: { readonly nodes: ReadonlyArray<{ readonly status: IngestStatus }> }, readonly hl7FileCounts: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number }, readonly hl7Files: { readonly nodes: ReadonlyArray<{ readonly hl7FilePath: string, readonly segmentNumber: number, readonly currentStatus: { readonly errorMessage: string | null } | null, readonly statuses: { readonly nodes: ReadonlyArray<{ readonly status: IngestStatus }> } }> } }> }, readonly fileStatuses: { readonly totalCount: number | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const DemoIngestedDocument = new TypedDocumentString(`
    subscription DemoIngested($after: Cursor) {
  fileStatusRecorded(filter: { status: [INGESTED, FAILED] }, after: $after) {
    cursor
  }
}
    `) as unknown as TypedDocumentString<DemoIngestedSubscription, DemoIngestedSubscriptionVariables>;
export const DemoSummaryDocument = new TypedDocumentString(`
    query DemoSummary {
  ingestSummary {
    logFiles {
      total
    }
    hl7Files {
      total
      ingested
      failed
    }
  }
}
    `) as unknown as TypedDocumentString<DemoSummaryQuery, DemoSummaryQueryVariables>;
export const DemoSetStagesDocument = new TypedDocumentString(`
    mutation DemoSetStages($stages: [PipelineStageInput!]!) {
  setPipelineStages(stages: $stages) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoSetStagesMutation, DemoSetStagesMutationVariables>;
export const DemoCreateSourceDocument = new TypedDocumentString(`
    mutation DemoCreateSource($creds: JSONObject!) {
  createSource(
    input: { sourceName: "shop", sourceType: "postgres", sourceCreds: $creds }
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoCreateSourceMutation, DemoCreateSourceMutationVariables>;
export const DemoCreateDestinationDocument = new TypedDocumentString(`
    mutation DemoCreateDestination($creds: JSONObject!) {
  createDestination(
    input: {
      destinationName: "warehouse"
      destinationType: "postgres"
      destinationCreds: $creds
    }
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoCreateDestinationMutation, DemoCreateDestinationMutationVariables>;
export const DemoUpdateSourceDocument = new TypedDocumentString(`
    mutation DemoUpdateSource($creds: JSONObject!) {
  updateSource(
    sourceName: "shop"
    input: { sourceName: "shop", sourceType: "postgres", sourceCreds: $creds }
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoUpdateSourceMutation, DemoUpdateSourceMutationVariables>;
export const DemoUpdateDestinationDocument = new TypedDocumentString(`
    mutation DemoUpdateDestination($creds: JSONObject!) {
  updateDestination(
    destinationName: "warehouse"
    input: {
      destinationName: "warehouse"
      destinationType: "postgres"
      destinationCreds: $creds
    }
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoUpdateDestinationMutation, DemoUpdateDestinationMutationVariables>;
export const DemoCreatePipelineDocument = new TypedDocumentString(`
    mutation DemoCreatePipeline($input: CreatePipelineInput!) {
  createPipeline(input: $input) {
    sourceTablename
  }
}
    `) as unknown as TypedDocumentString<DemoCreatePipelineMutation, DemoCreatePipelineMutationVariables>;
export const DemoFailedRunsDocument = new TypedDocumentString(`
    query DemoFailedRuns {
  runs(filter: { status: [FAILED] }, first: 5) {
    nodes {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<DemoFailedRunsQuery, DemoFailedRunsQueryVariables>;
export const DemoRetryRunDocument = new TypedDocumentString(`
    mutation DemoRetryRun($id: ID!) {
  retryRun(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoRetryRunMutation, DemoRetryRunMutationVariables>;
export const DemoReportsDocument = new TypedDocumentString(`
    query DemoReports {
  customReportManifests {
    tableName
  }
  cannedReports {
    id
    tableName
    manifests {
      agencySlug
    }
  }
}
    `) as unknown as TypedDocumentString<DemoReportsQuery, DemoReportsQueryVariables>;
export const DemoMakeReportDocument = new TypedDocumentString(`
    mutation DemoMakeReport($input: CustomReportManifestInput!) {
  createCustomReportManifest(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoMakeReportMutation, DemoMakeReportMutationVariables>;
export const DemoMakeCannedReportDocument = new TypedDocumentString(`
    mutation DemoMakeCannedReport($input: CannedReportInput!) {
  createCannedReport(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoMakeCannedReportMutation, DemoMakeCannedReportMutationVariables>;
export const DemoGiveReportDocument = new TypedDocumentString(`
    mutation DemoGiveReport($input: CannedReportManifestInput!) {
  createCannedReportManifest(input: $input) {
    id
  }
}
    `) as unknown as TypedDocumentString<DemoGiveReportMutation, DemoGiveReportMutationVariables>;
export const DemoRunsDocument = new TypedDocumentString(`
    subscription DemoRuns($after: Cursor) {
  seederRunChanged(after: $after) {
    cursor
    run {
      tableName
      status
      recordsProcessed
      consecutiveFailures
      errors
    }
  }
}
    `) as unknown as TypedDocumentString<DemoRunsSubscription, DemoRunsSubscriptionVariables>;
export const FilesOfHashDocument = new TypedDocumentString(`
    query FilesOfHash($filehash: String!) {
  files(filter: { filehash: $filehash }, first: 100) {
    nodes {
      id
      originalFilename
      overallStatus {
        status
      }
      steps {
        stepName
        status
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FilesOfHashQuery, FilesOfHashQueryVariables>;
export const CreateFileDocument = new TypedDocumentString(`
    mutation CreateFile($input: CreateFileInput!, $idempotencyKey: String!) {
  createFile(input: $input, idempotencyKey: $idempotencyKey) {
    id
  }
}
    `) as unknown as TypedDocumentString<CreateFileMutation, CreateFileMutationVariables>;
export const AddUploadStepsDocument = new TypedDocumentString(`
    mutation AddUploadSteps($fileId: ID!, $destinations: [String!]!) {
  addUploadSteps(fileId: $fileId, destinations: $destinations) {
    stepName
  }
}
    `) as unknown as TypedDocumentString<AddUploadStepsMutation, AddUploadStepsMutationVariables>;
export const UpdateStepStatusDocument = new TypedDocumentString(`
    mutation UpdateStepStatus($input: UpdateStepStatusInput!, $idempotencyKey: String!) {
  updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {
    id
  }
}
    `) as unknown as TypedDocumentString<UpdateStepStatusMutation, UpdateStepStatusMutationVariables>;
export const RecordHl7FilesDocument = new TypedDocumentString(`
    mutation RecordHl7Files($input: [Hl7FileInput!]!) {
  recordHl7Files(input: $input) {
    segmentNumber
  }
}
    `) as unknown as TypedDocumentString<RecordHl7FilesMutation, RecordHl7FilesMutationVariables>;
export const RecordFileStatusesDocument = new TypedDocumentString(`
    mutation RecordFileStatuses($input: [FileStatusInput!]!, $idempotencyKey: String!) {
  recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {
    id
  }
}
    `) as unknown as TypedDocumentString<RecordFileStatusesMutation, RecordFileStatusesMutationVariables>;
export const ClaimStageDocument = new TypedDocumentString(`
    mutation ClaimStage($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {
  claimStage(
    driverContainer: $driverContainer
    worker: $worker
    leaseSeconds: $leaseSeconds
  ) {
    runId
    stageOrder
    stage {
      stageType
    }
    sourceCreds
    destinationCreds
    run {
      sourceTablename
      pipeline {
        sinkTablename
        sourceToDl {
          loadType
          incrementalKey
          lastIncrementalValue
        }
        dlToSink {
          loadType
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ClaimStageMutation, ClaimStageMutationVariables>;
export const StageWaitingDocument = new TypedDocumentString(`
    subscription StageWaiting($driverContainer: String!, $after: Cursor) {
  stageWaiting(driverContainer: $driverContainer, after: $after, snapshot: true) {
    cursor
  }
}
    `) as unknown as TypedDocumentString<StageWaitingSubscription, StageWaitingSubscriptionVariables>;
export const RunFilesDocument = new TypedDocumentString(`
    query RunFiles($id: ID!) {
  run(id: $id) {
    retryOf {
      id
    }
    stages {
      stageType
      log {
        status
        filePaths
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunFilesQuery, RunFilesQueryVariables>;
export const WeirReportFileDocument = new TypedDocumentString(`
    mutation WeirReportFile($input: FileStatusInput!, $idempotencyKey: String) {
  recordFileStatus(input: $input, idempotencyKey: $idempotencyKey) {
    id
    filePath
    status
    processedAt
  }
}
    `) as unknown as TypedDocumentString<WeirReportFileMutation, WeirReportFileMutationVariables>;
export const WeirReportStepDocument = new TypedDocumentString(`
    mutation WeirReportStep($input: UpdateStepStatusInput!, $idempotencyKey: String) {
  updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {
    id
    stepName
    status
  }
}
    `) as unknown as TypedDocumentString<WeirReportStepMutation, WeirReportStepMutationVariables>;
export const WeirStartReportDocument = new TypedDocumentString(`
    mutation WeirStartReport($table: String!, $run: String) {
  startSeederRun(tableName: $table, runId: $run) {
    runId
    status
  }
}
    `) as unknown as TypedDocumentString<WeirStartReportMutation, WeirStartReportMutationVariables>;
export const WeirFinishReportDocument = new TypedDocumentString(`
    mutation WeirFinishReport($run: String!, $rows: SafeInt) {
  finishSeederRun(runId: $run, input: { recordsProcessed: $rows }) {
    runId
    status
  }
}
    `) as unknown as TypedDocumentString<WeirFinishReportMutation, WeirFinishReportMutationVariables>;
export const WeirFailReportDocument = new TypedDocumentString(`
    mutation WeirFailReport($run: String!, $errors: String!) {
  failSeederRun(runId: $run, errors: $errors) {
    runId
    status
  }
}
    `) as unknown as TypedDocumentString<WeirFailReportMutation, WeirFailReportMutationVariables>;
export const WeirStatusDocument = new TypedDocumentString(`
    query WeirStatus {
  overview {
    ingest {
      hl7Files {
        staged
        ingested
        failed
        total
      }
      stuckStaged
    }
    pipelines {
      total
      overdue
      runsByStatus24h {
        status
        count
      }
    }
    documents {
      status
      count
    }
    seeder {
      total
      byStatus {
        status
        count
      }
    }
  }
  attention {
    severity
    title
    message
    since
    isAcknowledged
  }
}
    `) as unknown as TypedDocumentString<WeirStatusQuery, WeirStatusQueryVariables>;
export const WeirTailDocument = new TypedDocumentString(`
    subscription WeirTail($topics: [Topic!], $after: Cursor) {
  changes(topics: $topics, after: $after) {
    type: __typename
    cursor
    topic
    key
    operation
    at
    actor
    ... on FileStatusChange {
      fileStatus {
        statusText
        errorMessage
      }
    }
    ... on RunChange {
      run {
        sourceTablename
        statusText
        errorMessage
      }
    }
    ... on RunStageChange {
      stageLog {
        stageOrder
        statusText
        errorMessage
      }
    }
    ... on FileStepChange {
      step {
        stepName
        statusText
        errorMessage
      }
    }
    ... on SeederJobChange {
      job {
        statusText
        lastErrors
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WeirTailSubscription, WeirTailSubscriptionVariables>;
export const WeirTailSinceDocument = new TypedDocumentString(`
    query WeirTailSince($at: DateTime!) {
  cursorSince(at: $at)
}
    `) as unknown as TypedDocumentString<WeirTailSinceQuery, WeirTailSinceQueryVariables>;
export const ClientTestRecordDocument = new TypedDocumentString(`
    mutation ClientTestRecord($input: [FileStatusInput!]!, $idempotencyKey: String) {
  recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {
    id
  }
}
    `) as unknown as TypedDocumentString<ClientTestRecordMutation, ClientTestRecordMutationVariables>;
export const ClientTestCountDocument = new TypedDocumentString(`
    query ClientTestCount($prefix: String!) {
  fileStatuses(filter: { filePathPrefix: $prefix }, first: 500) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<ClientTestCountQuery, ClientTestCountQueryVariables>;
export const ClientTestNowDocument = new TypedDocumentString(`
    query ClientTestNow {
  liveCursor
}
    `) as unknown as TypedDocumentString<ClientTestNowQuery, ClientTestNowQueryVariables>;
export const ClientTestRecordedDocument = new TypedDocumentString(`
    subscription ClientTestRecorded($filter: FileStatusFilter, $after: Cursor) {
  fileStatusRecorded(filter: $filter, after: $after) {
    cursor
    fileStatus {
      filePath
    }
  }
}
    `) as unknown as TypedDocumentString<ClientTestRecordedSubscription, ClientTestRecordedSubscriptionVariables>;
export const ClientTestRunsDocument = new TypedDocumentString(`
    subscription ClientTestRuns($table: String!, $snapshot: Boolean!, $after: Cursor) {
  runChanged(
    filter: { sourceTablename: $table }
    snapshot: $snapshot
    after: $after
  ) {
    cursor
    operation
    run {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<ClientTestRunsSubscription, ClientTestRunsSubscriptionVariables>;
export const ClientTestNotResumableDocument = new TypedDocumentString(`
    subscription ClientTestNotResumable {
  fileStatusRecorded {
    cursor
  }
}
    `) as unknown as TypedDocumentString<ClientTestNotResumableSubscription, ClientTestNotResumableSubscriptionVariables>;
export const ExtractorTestStateDocument = new TypedDocumentString(`
    query ExtractorTestState($prefix: String!) {
  logFiles(filter: { pathPrefix: $prefix }, first: 30) {
    nodes {
      logFilePath
      currentStatus {
        status
        errorMessage
      }
      statuses(first: 9) {
        nodes {
          status
        }
      }
      hl7FileCounts {
        staged
        ingested
        failed
        total
      }
      hl7Files(filter: { status: [FAILED] }, first: 9) {
        nodes {
          hl7FilePath
          segmentNumber
          currentStatus {
            errorMessage
          }
          statuses(first: 9) {
            nodes {
              status
            }
          }
        }
      }
    }
  }
  fileStatuses(filter: { filePathPrefix: $prefix }, first: 1) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<ExtractorTestStateQuery, ExtractorTestStateQueryVariables>;