/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What may be done about it. */
export type AttentionAction =
  /** refreshReport, for each subject. */
  | 'REFRESH'
  /** retryRun, for the newest run of each subject. */
  | 'RETRY'
  /** Look at it: it is mended where the work is done. */
  | 'SHOW';

/** What kind of trouble it is. FILES_FAILED, PIPELINE_FAILED, DOCUMENT_FAILED and REPORT_FAILING need a person; the others are to keep an eye on. */
export type AttentionKind =
  /** A step of a document failed. */
  | 'DOCUMENT_FAILED'
  /** The latest status of HL7 files or logs is FAILED. */
  | 'FILES_FAILED'
  /** HL7 files are staged for more than WEIR_STUCK_STAGED_MINUTES. */
  | 'FILES_STUCK'
  /** The newest run of a pipeline failed, and none is under way that may mend it. */
  | 'PIPELINE_FAILED'
  /** A pipeline should have run, and no run of it is under way. */
  | 'PIPELINE_OVERDUE'
  /** A report failed WEIR_FAILING_AFTER times in a row or more. */
  | 'REPORT_FAILING'
  /** A report runs for more than WEIR_LONG_RUNNING_MINUTES. */
  | 'REPORT_LONG'
  /** A report failed last time, not often enough yet to be failing. */
  | 'REPORT_STREAK'
  /** A run of a pipeline takes longer than usual. */
  | 'RUN_LONG'
  /** A step of a document is in progress for more than WEIR_STEP_TIMEOUT_MINUTES. */
  | 'STEP_STALLED';

/** Whether somebody has to act. */
export type AttentionSeverity =
  /** It does not mend itself. */
  | 'NEEDS_YOU'
  /** It may mend itself, or get worse. */
  | 'WATCH';

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

/** Files that meet all that is given; null asks nothing. */
export type FileFilter = {
  /** Created after this instant. */
  readonly createdAfter?: string | null | undefined;
  /** Created before this instant. */
  readonly createdBefore?: string | null | undefined;
  /** Of exactly this filehash: the same content. */
  readonly filehash?: string | null | undefined;
  /** That have a step which is IN_PROGRESS for more than WEIR_STEP_TIMEOUT_MINUTES; false: that have none. */
  readonly isStalled?: boolean | null | undefined;
  /** This text is in the original filename, in any case, or begins the filehash. */
  readonly search?: string | null | undefined;
  /** With one of these overall statuses. */
  readonly status?: ReadonlyArray<FileOverallStatus> | null | undefined;
  /** That have this step; with stepStatus: in that status. */
  readonly stepName?: string | null | undefined;
  /** That have a step, or the step stepName, in this status. */
  readonly stepStatus?: StepStatus | null | undefined;
};

/** The order of a list of files, by when they were reported first. */
export type FileOrder =
  /** Newest first. */
  | 'NEWEST_FIRST'
  /** Oldest first: with isStalled or a status, what waits for longest. */
  | 'OLDEST_FIRST';

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

/** What a file is. */
export type FileType =
  /** A HL7 message that was split from a log. */
  | 'HL7'
  /** A HL7-ish log, as a listener writes it. */
  | 'LOG'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** One of the four systems. */
export type GaugedSystem =
  /** Documents. */
  | 'DOCUMENTS'
  /** HL7 files. */
  | 'INGEST'
  /** Tables. */
  | 'PIPELINES'
  /** Reports. */
  | 'REPORTS';

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

/** Logs that meet all that is given; null asks nothing. */
export type LogFileFilter = {
  /** Of this date or later. */
  readonly dateFrom?: string | null | undefined;
  /** Of this date or earlier. */
  readonly dateTo?: string | null | undefined;
  /** That have a HL7 file whose latest status is one of these: [FAILED] finds logs with failed files. */
  readonly hl7Status?: ReadonlyArray<IngestStatus> | null | undefined;
  /** That have a HL7 file which is stuck; false: that have none. */
  readonly isStuck?: boolean | null | undefined;
  /** Paths that begin with this text. */
  readonly pathPrefix?: string | null | undefined;
  /** Whose path has this text, in any case: of the latest 20,000 logs. */
  readonly search?: string | null | undefined;
  /** Whose latest status is one of these. */
  readonly status?: ReadonlyArray<IngestStatus> | null | undefined;
};

/** The order of a list of logs. */
export type LogFileOrder =
  /** Latest date first, then by path; logs without a date come last. */
  | 'DATE'
  /** By the log's own latest status, newest first; logs without one are left out. */
  | 'RECENT_FIRST';

/** Pipelines that meet all that is given; null asks nothing. */
export type PipelineFilter = {
  /** With an active leg; false: with none. */
  readonly isActive?: boolean | null | undefined;
  /** That are overdue; false: that are not. */
  readonly isOverdue?: boolean | null | undefined;
  /** Whose last run ended so. */
  readonly lastRunStatus?: ReadonlyArray<RunStatus> | null | undefined;
  /** Whose newest run is in one of these states, one that goes on among them. */
  readonly latestRunStatus?: ReadonlyArray<RunStatus> | null | undefined;
  /** Whose source or sink table's name has this text, in any case. */
  readonly search?: string | null | undefined;
  /** Of this kind of sink. */
  readonly sinkType?: string | null | undefined;
  /** Of this kind of source. */
  readonly sourceType?: string | null | undefined;
};

/** The order of a list of pipelines; those that are equal in it go by name. */
export type PipelineOrder =
  /** By the end of the last run, newest first; those that never ran come last. */
  | 'LAST_RUN_FIRST'
  /** By source table. */
  | 'NAME'
  /** By when they are due, most urgent first; those without a schedule come last. */
  | 'NEXT_RUN_FIRST';

/** Where a report's query comes from. */
export type ReportType =
  /** Shared by several agencies, each with a view of its own. */
  | 'CANNED'
  /** Written for one agency. */
  | 'CUSTOM'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

/** What a token may do; each role includes the ones before it. */
export type Role =
  /** Configure as well: pipelines, reports with their SQL, tokens. */
  | 'ADMIN'
  /** Query and subscribe. */
  | 'VIEWER'
  /** Report as well. */
  | 'WORKER';

/** Runs that meet all that is given; null asks nothing. */
export type RunFilter = {
  /** That failed with this text in their error, in any case: of the newest 20,000 that failed. */
  readonly errorContains?: string | null | undefined;
  /** This run. */
  readonly id?: string | number | null | undefined;
  /** Running for longer than usual, or not. Refused in subscriptions: it comes about by the clock. */
  readonly isLongRunning?: boolean | null | undefined;
  /** With this template. */
  readonly pipelineName?: string | null | undefined;
  /** Of this pipeline. */
  readonly sourceTablename?: string | null | undefined;
  /** Started after this instant. */
  readonly startedAfter?: string | null | undefined;
  /** Started before this instant. */
  readonly startedBefore?: string | null | undefined;
  /** In one of these states. */
  readonly status?: ReadonlyArray<RunStatus> | null | undefined;
  /** Asked for by one of these. */
  readonly triggeredBy?: ReadonlyArray<TriggeredBy> | null | undefined;
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

/** Jobs that meet all that is given; null asks nothing. */
export type SeederJobFilter = {
  /** Of this agency. */
  readonly agencySlug?: string | null | undefined;
  /** Failing, or not. */
  readonly isFailing?: boolean | null | undefined;
  /** Running for too long, or not. Refused in subscriptions: it comes about by the clock. */
  readonly isLongRunning?: boolean | null | undefined;
  /** Of this type. */
  readonly reportType?: ReportType | null | undefined;
  /** Whose table name, report name or agency slug contains this text, in any case. */
  readonly search?: string | null | undefined;
  /** In one of these states. */
  readonly status?: ReadonlyArray<SeederStatus> | null | undefined;
  /** Of exactly this table. */
  readonly tableName?: string | null | undefined;
};

/** The order of a list of jobs; those that are equal in it go by table name. */
export type SeederJobOrder =
  /** By the duration of the latest run, longest first; those without one come last. */
  | 'LONGEST_FIRST'
  /** By failures in a row, most first. */
  | 'MOST_FAILURES_FIRST'
  /** By the time of the last change, newest first. */
  | 'RECENTLY_UPDATED_FIRST'
  /** By the status: error, pending, running, success, unknown. */
  | 'STATUS'
  /** By table name. */
  | 'TABLE_NAME';

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

/** What a step belongs to. */
export type StepKind =
  /** The processing itself. */
  | 'MAIN'
  /** An upload to a destination: its name begins with queue_ or upload_to_. */
  | 'UPLOAD';

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

/** Who asked for a run. */
export type TriggeredBy =
  /** A program. */
  | 'API'
  /** A person. */
  | 'MANUAL'
  /** The scheduler. */
  | 'SCHEDULE'
  /** A program stored a word that means none of the others; the field beside it whose name ends in Text has the word. In a filter: every such word. Refused where something is reported. */
  | 'UNKNOWN';

export type SessionQueryVariables = Exact<{ [key: string]: never; }>;


export type SessionQuery = { readonly viewer: { readonly name: string, readonly role: Role } | null, readonly service: { readonly version: string, readonly now: string, readonly retentionDays: number, readonly thresholds: { readonly stuckStagedMinutes: number, readonly longRunningMinutes: number, readonly stepTimeoutMinutes: number, readonly failingAfter: number, readonly coolingMinutes: number } } | null };

export type BoardQueryVariables = Exact<{ [key: string]: never; }>;


export type BoardQuery = { readonly overview: { readonly ingest: { readonly stuckStaged: number, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }, readonly pipelines: { readonly total: number, readonly active: number, readonly overdue: number, readonly runsByStatus24h: ReadonlyArray<{ readonly status: RunStatus, readonly count: number }> }, readonly documents: ReadonlyArray<{ readonly status: FileOverallStatus, readonly count: number }>, readonly seeder: { readonly total: number, readonly byStatus: ReadonlyArray<{ readonly status: SeederStatus, readonly count: number }>, readonly failing: ReadonlyArray<{ readonly tableName: string }>, readonly longRunning: ReadonlyArray<{ readonly tableName: string }> } } };

export type InWorkQueryVariables = Exact<{ [key: string]: never; }>;


export type InWorkQuery = { readonly pending: { readonly totalCount: number | null }, readonly running: { readonly totalCount: number | null } };

export type ThroughputQueryVariables = Exact<{
  from?: string | null | undefined;
}>;


export type ThroughputQuery = { readonly ingest: ReadonlyArray<{ readonly start: string, readonly done: number, readonly failed: number }> | null, readonly documents: ReadonlyArray<{ readonly start: string, readonly done: number, readonly failed: number }> | null, readonly reports: ReadonlyArray<{ readonly start: string, readonly done: number, readonly failed: number }> | null, readonly pipelines: { readonly buckets: ReadonlyArray<{ readonly start: string, readonly success: number, readonly failed: number, readonly rowsProcessed: number }> } };

export type AttentionQueryVariables = Exact<{ [key: string]: never; }>;


export type AttentionQuery = { readonly attention: ReadonlyArray<{ readonly id: string, readonly kind: AttentionKind, readonly severity: AttentionSeverity, readonly system: GaugedSystem, readonly title: string, readonly message: string | null, readonly count: number | null, readonly since: string | null, readonly latest: string | null, readonly actions: ReadonlyArray<AttentionAction>, readonly isAcknowledged: boolean, readonly subjects: ReadonlyArray<{ readonly topic: Topic, readonly key: string, readonly title: string, readonly at: string | null }> }> };

export type AttentionSubjectsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type AttentionSubjectsQuery = { readonly attention: ReadonlyArray<{ readonly id: string, readonly allSubjects: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly topic: Topic, readonly key: string, readonly title: string, readonly at: string | null }> } }> };

export type SearchQueryVariables = Exact<{
  text: string;
}>;


export type SearchQuery = { readonly search: ReadonlyArray<{ readonly topic: Topic, readonly key: string, readonly title: string, readonly message: string | null, readonly node:
      | { readonly kind: 'ApiToken' }
      | { readonly kind: 'AuditEntry' }
      | { readonly kind: 'CannedReport' }
      | { readonly kind: 'CannedReportManifest' }
      | { readonly kind: 'CustomReportManifest' }
      | { readonly kind: 'Destination' }
      | { readonly kind: 'File', readonly overallStatus: { readonly status: FileOverallStatus } }
      | { readonly kind: 'FileProcessingStep' }
      | { readonly kind: 'FileStatus' }
      | { readonly kind: 'Hl7File', readonly currentStatus: { readonly status: IngestStatus } | null }
      | { readonly kind: 'LogFile', readonly currentStatus: { readonly status: IngestStatus } | null }
      | { readonly kind: 'Pipeline', readonly latestRun: { readonly status: RunStatus } | null }
      | { readonly kind: 'PipelineStage' }
      | { readonly kind: 'ProcessingLog' }
      | { readonly sourceTablename: string, readonly status: RunStatus, readonly kind: 'Run' }
      | { readonly kind: 'RunStageLog' }
      | { readonly jobStatus: SeederStatus, readonly kind: 'SeederJob' }
      | { readonly kind: 'SeederRun' }
      | { readonly kind: 'Source' }
     | null }> | null };

export type ChangesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ChangesSubscription = { readonly changes:
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'FileChange' }
    | { readonly isCurrent: boolean, readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'FileStatusChange', readonly fileStatus: { readonly filePath: string, readonly type: FileType, readonly status: IngestStatus, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'FileStepChange', readonly step: { readonly stepName: string, readonly status: StepStatus, readonly errorMessage: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'Hl7FileChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'PipelineChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'ProcessingLogChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'RunChange', readonly run: { readonly id: string, readonly sourceTablename: string, readonly status: RunStatus, readonly currentStage: number, readonly totalStages: number } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'RunStageChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'SeederJobChange', readonly job: { readonly reportName: string, readonly status: SeederStatus, readonly lastErrors: string | null } }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'SeederRunChange' }
    | { readonly cursor: string, readonly topic: Topic, readonly key: string, readonly operation: ChangeOperation, readonly at: string, readonly isReplay: boolean, readonly type: 'StageWaitingChange' }
   };

export type LatestRunQueryVariables = Exact<{
  table: string;
}>;


export type LatestRunQuery = { readonly pipeline: { readonly latestRun: { readonly id: string, readonly status: RunStatus } | null } | null };

export type RetryRunMutationVariables = Exact<{
  id: string | number;
}>;


export type RetryRunMutation = { readonly retryRun: { readonly id: string } };

export type CancelRunMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelRunMutation = { readonly cancelRun: { readonly id: string, readonly status: RunStatus } };

export type TriggerRunMutationVariables = Exact<{
  table: string;
  idempotencyKey?: string | null | undefined;
}>;


export type TriggerRunMutation = { readonly triggerRun: { readonly id: string } };

export type RefreshReportMutationVariables = Exact<{
  table: string;
}>;


export type RefreshReportMutation = { readonly refreshReport: { readonly id: string } };

export type AcknowledgeMutationVariables = Exact<{
  id: string | number;
}>;


export type AcknowledgeMutation = { readonly acknowledge: { readonly id: string, readonly isAcknowledged: boolean } };

export type PipelineListQueryVariables = Exact<{
  filter?: PipelineFilter | null | undefined;
  orderBy?: PipelineOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type PipelineListQuery = { readonly pipelines: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly sourceTablename: string, readonly sinkTablename: string | null, readonly isOverdue: boolean, readonly nextRunAt: string | null, readonly summary24h: { readonly rowsProcessed: number, readonly medianDurationSeconds: number | null }, readonly sourceToDl: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly dlToSink: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly latestRun: { readonly id: string, readonly status: RunStatus, readonly errorMessage: string | null, readonly currentStage: number, readonly startedAt: string | null, readonly completedAt: string | null, readonly createdAt: string, readonly rowsProcessed: number, readonly isLongRunning: boolean, readonly waitingFor: { readonly driverContainer: string } | null, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string }> } | null }> } };

export type PipelineStripsQueryVariables = Exact<{
  tables: ReadonlyArray<string>;
}>;


export type PipelineStripsQuery = { readonly runsPerPipeline: ReadonlyArray<{ readonly sourceTablename: string, readonly runs: ReadonlyArray<{ readonly id: string, readonly status: RunStatus, readonly durationSeconds: number | null, readonly createdAt: string, readonly errorMessage: string | null }> }> | null };

export type PipelineDayQueryVariables = Exact<{
  from?: string | null | undefined;
}>;


export type PipelineDayQuery = { readonly runSummary: { readonly rowsProcessed: number, readonly byStatus: ReadonlyArray<{ readonly status: RunStatus, readonly count: number }>, readonly buckets: ReadonlyArray<{ readonly start: string, readonly success: number, readonly failed: number, readonly rowsProcessed: number, readonly medianDurationSeconds: number | null }> } };

export type PipelinePageQueryVariables = Exact<{
  table: string;
}>;


export type PipelinePageQuery = { readonly pipeline: { readonly sourceTablename: string, readonly sinkTablename: string | null, readonly sourceType: string, readonly sinkType: string, readonly isOverdue: boolean, readonly nextRunAt: string | null, readonly summary24h: { readonly success: number, readonly failed: number, readonly rowsProcessed: number, readonly medianDurationSeconds: number | null }, readonly sourceToDl: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null, readonly lastLoaderRunTimestamp: string | null }, readonly dlToSink: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null, readonly lastLoaderRunTimestamp: string | null }, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: RunStatus, readonly triggeredBy: TriggeredBy, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number, readonly errorMessage: string | null }> } } | null };

export type RunListQueryVariables = Exact<{
  filter?: RunFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type RunListQuery = { readonly runs: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly id: string, readonly sourceTablename: string, readonly status: RunStatus, readonly triggeredBy: TriggeredBy, readonly createdAt: string, readonly durationSeconds: number | null, readonly rowsProcessed: number, readonly errorMessage: string | null, readonly isLongRunning: boolean, readonly waitingFor: { readonly driverContainer: string, readonly since: string } | null }> } };

export type StageTemplatesQueryVariables = Exact<{ [key: string]: never; }>;


export type StageTemplatesQuery = { readonly pipelineStages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string, readonly stageType: string, readonly driverContainer: string, readonly isActive: boolean }>, readonly drivers: ReadonlyArray<{ readonly driverContainer: string, readonly worker: string | null, readonly lastSeenAt: string | null, readonly waiting: number | null, readonly holds: ReadonlyArray<{ readonly runId: string, readonly stageOrder: number, readonly run: { readonly sourceTablename: string } | null }> }> | null };

export type ConnectionsQueryVariables = Exact<{ [key: string]: never; }>;


export type ConnectionsQuery = { readonly sources: ReadonlyArray<{ readonly sourceName: string, readonly sourceType: string, readonly createdAt: string }>, readonly destinations: ReadonlyArray<{ readonly destinationName: string, readonly destinationType: string, readonly createdAt: string }> };

export type AttemptFragment = { readonly id: string, readonly status: RunStatus, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly currentStage: number, readonly errorMessage: string | null, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string, readonly stageType: string, readonly driverContainer: string, readonly usualDurationSeconds: number | null, readonly log: { readonly status: StageStatus, readonly startedAt: string, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number | null, readonly filePaths: ReadonlyArray<string>, readonly errorMessage: string | null, readonly worker: string | null, readonly leaseExpiresAt: string | null } | null }> };

export type RunPageQueryVariables = Exact<{
  id: string | number;
}>;


export type RunPageQuery = { readonly run: { readonly sourceTablename: string, readonly statusText: string, readonly triggeredBy: TriggeredBy, readonly durationSeconds: number | null, readonly usualDurationSeconds: number | null, readonly rowsProcessed: number, readonly totalStages: number, readonly isLongRunning: boolean, readonly id: string, readonly status: RunStatus, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly currentStage: number, readonly errorMessage: string | null, readonly waitingFor: { readonly driverContainer: string, readonly stageOrder: number, readonly since: string } | null, readonly retriedBy: { readonly id: string, readonly status: RunStatus } | null, readonly retryOf: { readonly id: string, readonly status: RunStatus, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly currentStage: number, readonly errorMessage: string | null, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string, readonly stageType: string, readonly driverContainer: string, readonly usualDurationSeconds: number | null, readonly log: { readonly status: StageStatus, readonly startedAt: string, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number | null, readonly filePaths: ReadonlyArray<string>, readonly errorMessage: string | null, readonly worker: string | null, readonly leaseExpiresAt: string | null } | null }> } | null, readonly pipeline: { readonly sinkTablename: string | null, readonly sourceToDl: { readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: RunStatus, readonly durationSeconds: number | null, readonly createdAt: string, readonly errorMessage: string | null }> } } | null, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string, readonly stageType: string, readonly driverContainer: string, readonly usualDurationSeconds: number | null, readonly log: { readonly status: StageStatus, readonly startedAt: string, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number | null, readonly filePaths: ReadonlyArray<string>, readonly errorMessage: string | null, readonly worker: string | null, readonly leaseExpiresAt: string | null } | null }> } | null };

export type DriversQueryVariables = Exact<{ [key: string]: never; }>;


export type DriversQuery = { readonly drivers: ReadonlyArray<{ readonly driverContainer: string, readonly worker: string | null, readonly lastSeenAt: string | null, readonly waiting: number | null, readonly holds: ReadonlyArray<{ readonly runId: string, readonly stageOrder: number }> }> | null };

export type LogListQueryVariables = Exact<{
  filter?: LogFileFilter | null | undefined;
  orderBy?: LogFileOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type LogListQuery = { readonly logFiles: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly logFilePath: string, readonly date: string | null, readonly changedAt: string | null, readonly segmentStatuses: string, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null, readonly hl7FileCounts: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }> } };

export type IngestDaysQueryVariables = Exact<{ [key: string]: never; }>;


export type IngestDaysQuery = { readonly ingestSummary: { readonly stuckStaged: number, readonly oldestStagedAt: string | null, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number }, readonly logFiles: { readonly parsed: number, readonly failed: number, readonly total: number }, readonly byDate: ReadonlyArray<{ readonly date: string, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }> } };

export type LogPageQueryVariables = Exact<{
  path: string;
}>;


export type LogPageQuery = { readonly logFile: { readonly logFilePath: string, readonly date: string | null, readonly changedAt: string | null, readonly segmentStatuses: string, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null, readonly workflowId: string | null, readonly activityId: string | null } | null, readonly hl7FileCounts: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number }, readonly hl7Files: { readonly totalCount: number | null, readonly nodes: ReadonlyArray<{ readonly segmentNumber: number, readonly hl7FilePath: string, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null }> } } | null };

export type FilePageQueryVariables = Exact<{
  path: string;
}>;


export type FilePageQuery = { readonly hl7File: { readonly hl7FilePath: string, readonly logFilePath: string, readonly segmentNumber: number, readonly date: string | null, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null } | null, readonly fileStatuses: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null, readonly workflowId: string | null }> } };

export type DocumentListQueryVariables = Exact<{
  filter?: FileFilter | null | undefined;
  orderBy?: FileOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type DocumentListQuery = { readonly files: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly id: string, readonly originalFilename: string | null, readonly filehash: string, readonly createdAt: string, readonly overallStatus: { readonly status: FileOverallStatus }, readonly steps: ReadonlyArray<{ readonly id: string, readonly stepName: string, readonly kind: StepKind, readonly status: StepStatus, readonly durationSeconds: number | null, readonly errorMessage: string | null, readonly isStalled: boolean }> }> } };

export type DocumentCountsQueryVariables = Exact<{ [key: string]: never; }>;


export type DocumentCountsQuery = { readonly fileStatusCounts: ReadonlyArray<{ readonly status: FileOverallStatus, readonly count: number }>, readonly stalled: { readonly totalCount: number | null }, readonly stepStatusCounts: ReadonlyArray<{ readonly stepName: string, readonly kind: StepKind, readonly status: StepStatus, readonly count: number }> | null };

export type DocumentPageQueryVariables = Exact<{
  id: string | number;
}>;


export type DocumentPageQuery = { readonly file: { readonly id: string, readonly originalFilename: string | null, readonly filehash: string, readonly mimeType: string | null, readonly fileSize: number | null, readonly createdAt: string, readonly updatedAt: string, readonly overallStatus: { readonly status: FileOverallStatus }, readonly steps: ReadonlyArray<{ readonly id: string, readonly stepName: string, readonly kind: StepKind, readonly status: StepStatus, readonly startedAt: string | null, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly errorMessage: string | null, readonly isStalled: boolean, readonly attempts: number }>, readonly logs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly stepName: string | null, readonly status: string | null, readonly message: string | null, readonly detail: string | null, readonly timestamp: string }> } } | null };

export type ReportListQueryVariables = Exact<{
  filter?: SeederJobFilter | null | undefined;
  orderBy?: SeederJobOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ReportListQuery = { readonly seederJobs: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly tableName: string, readonly reportName: string, readonly agencySlug: string, readonly status: SeederStatus, readonly startTime: string | null, readonly durationSeconds: number | null, readonly consecutiveFailures: number, readonly isFailing: boolean, readonly isLongRunning: boolean, readonly lastErrors: string | null, readonly lastSuccessAt: string | null, readonly coolingUntil: string | null, readonly nextRefreshAt: string | null, readonly scheduleMinutes: number | null, readonly usualDurationSeconds: number | null, readonly recordsProcessed: number | null, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: SeederStatus, readonly durationSeconds: number | null, readonly startTime: string }> } }> } };

export type ReportFiguresQueryVariables = Exact<{ [key: string]: never; }>;


export type ReportFiguresQuery = { readonly seederDashboard: { readonly total: number, readonly successRate24h: number | null, readonly byStatus: ReadonlyArray<{ readonly status: SeederStatus, readonly count: number }> }, readonly agencies: ReadonlyArray<{ readonly agencySlug: string, readonly reports: number }> | null, readonly neverRan: { readonly totalCount: number | null, readonly nodes: ReadonlyArray<{ readonly tableName: string, readonly reportName: string, readonly agencySlug: string, readonly enabled: boolean, readonly reportType: ReportType, readonly nextRefreshAt: string | null, readonly scheduleMinutes: number | null }> } | null };

export type ReportPageQueryVariables = Exact<{
  table: string;
}>;


export type ReportPageQuery = { readonly seederJob: { readonly tableName: string, readonly reportName: string, readonly agencySlug: string, readonly reportType: ReportType, readonly status: SeederStatus, readonly startTime: string | null, readonly durationSeconds: number | null, readonly usualDurationSeconds: number | null, readonly consecutiveFailures: number, readonly isFailing: boolean, readonly lastErrors: string | null, readonly lastSuccessAt: string | null, readonly coolingUntil: string | null, readonly nextRefreshAt: string | null, readonly scheduleMinutes: number | null, readonly recordsProcessed: number | null, readonly bytesProcessed: number | null, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: SeederStatus, readonly startTime: string, readonly finishTime: string | null, readonly durationSeconds: number | null, readonly recordsProcessed: number, readonly errors: string | null, readonly cpuPercentage: number | null, readonly memoryUsageMb: number | null }> } } | null };

export type CancelRefreshMutationVariables = Exact<{
  table: string;
}>;


export type CancelRefreshMutation = { readonly cancelRefresh: { readonly id: string } };

export type RefreshAllMutationVariables = Exact<{
  type?: ReportType | null | undefined;
}>;


export type RefreshAllMutation = { readonly refreshAllReports: ReadonlyArray<{ readonly id: string }> };

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
export const AttemptFragmentDoc = new TypedDocumentString(`
    fragment Attempt on Run {
  id
  status
  createdAt
  startedAt
  completedAt
  currentStage
  errorMessage
  stages {
    stageOrder
    stageName
    stageType
    driverContainer
    usualDurationSeconds
    log {
      status
      startedAt
      completedAt
      durationSeconds
      rowsProcessed
      filePaths
      errorMessage
      worker
      leaseExpiresAt
    }
  }
}
    `, {"fragmentName":"Attempt"}) as unknown as TypedDocumentString<AttemptFragment, unknown>;
export const SessionDocument = new TypedDocumentString(`
    query Session {
  viewer {
    name
    role
  }
  service {
    version
    now
    retentionDays
    thresholds {
      stuckStagedMinutes
      longRunningMinutes
      stepTimeoutMinutes
      failingAfter
      coolingMinutes
    }
  }
}
    `) as unknown as TypedDocumentString<SessionQuery, SessionQueryVariables>;
export const BoardDocument = new TypedDocumentString(`
    query Board {
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
      active
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
      failing {
        tableName
      }
      longRunning {
        tableName
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BoardQuery, BoardQueryVariables>;
export const InWorkDocument = new TypedDocumentString(`
    query InWork {
  pending: runs(filter: { status: [PENDING] }, first: 1) {
    totalCount
  }
  running: runs(filter: { status: [RUNNING] }, first: 1) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<InWorkQuery, InWorkQueryVariables>;
export const ThroughputDocument = new TypedDocumentString(`
    query Throughput($from: DateTime) {
  ingest: ingestThroughput(from: $from, bucket: MINUTE) {
    start
    done
    failed
  }
  documents: documentThroughput(from: $from, bucket: MINUTE) {
    start
    done
    failed
  }
  reports: reportThroughput(from: $from, bucket: MINUTE) {
    start
    done
    failed
  }
  pipelines: runSummary(from: $from, bucket: MINUTE) {
    buckets {
      start
      success
      failed
      rowsProcessed
    }
  }
}
    `) as unknown as TypedDocumentString<ThroughputQuery, ThroughputQueryVariables>;
export const AttentionDocument = new TypedDocumentString(`
    query Attention {
  attention {
    id
    kind
    severity
    system
    title
    message
    count
    since
    latest
    actions
    isAcknowledged
    subjects(first: 50) {
      topic
      key
      title
      at
    }
  }
}
    `) as unknown as TypedDocumentString<AttentionQuery, AttentionQueryVariables>;
export const AttentionSubjectsDocument = new TypedDocumentString(`
    query AttentionSubjects($after: String) {
  attention {
    id
    allSubjects(first: 100, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        topic
        key
        title
        at
      }
    }
  }
}
    `) as unknown as TypedDocumentString<AttentionSubjectsQuery, AttentionSubjectsQueryVariables>;
export const SearchDocument = new TypedDocumentString(`
    query Search($text: String!) {
  search(text: $text, first: 20) {
    topic
    key
    title
    message
    node {
      kind: __typename
      ... on Run {
        sourceTablename
        status
      }
      ... on Pipeline {
        latestRun {
          status
        }
      }
      ... on File {
        overallStatus {
          status
        }
      }
      ... on SeederJob {
        jobStatus: status
      }
      ... on LogFile {
        currentStatus {
          status
        }
      }
      ... on Hl7File {
        currentStatus {
          status
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SearchQuery, SearchQueryVariables>;
export const ChangesDocument = new TypedDocumentString(`
    subscription Changes($after: Cursor) {
  changes(after: $after) {
    type: __typename
    cursor
    topic
    key
    operation
    at
    isReplay
    ... on FileStatusChange {
      isCurrent
      fileStatus {
        filePath
        type
        status
        errorMessage
      }
    }
    ... on RunChange {
      run {
        id
        sourceTablename
        status
        currentStage
        totalStages
      }
    }
    ... on FileStepChange {
      step {
        stepName
        status
        errorMessage
      }
    }
    ... on SeederJobChange {
      job {
        reportName
        status
        lastErrors
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ChangesSubscription, ChangesSubscriptionVariables>;
export const LatestRunDocument = new TypedDocumentString(`
    query LatestRun($table: String!) {
  pipeline(sourceTablename: $table) {
    latestRun {
      id
      status
    }
  }
}
    `) as unknown as TypedDocumentString<LatestRunQuery, LatestRunQueryVariables>;
export const RetryRunDocument = new TypedDocumentString(`
    mutation RetryRun($id: ID!) {
  retryRun(id: $id) {
    id
  }
}
    `) as unknown as TypedDocumentString<RetryRunMutation, RetryRunMutationVariables>;
export const CancelRunDocument = new TypedDocumentString(`
    mutation CancelRun($id: ID!) {
  cancelRun(id: $id, reason: "cancelled on the page") {
    id
    status
  }
}
    `) as unknown as TypedDocumentString<CancelRunMutation, CancelRunMutationVariables>;
export const TriggerRunDocument = new TypedDocumentString(`
    mutation TriggerRun($table: String!, $idempotencyKey: String) {
  triggerRun(
    sourceTablename: $table
    triggeredBy: MANUAL
    idempotencyKey: $idempotencyKey
  ) {
    id
  }
}
    `) as unknown as TypedDocumentString<TriggerRunMutation, TriggerRunMutationVariables>;
export const RefreshReportDocument = new TypedDocumentString(`
    mutation RefreshReport($table: String!) {
  refreshReport(tableName: $table) {
    id
  }
}
    `) as unknown as TypedDocumentString<RefreshReportMutation, RefreshReportMutationVariables>;
export const AcknowledgeDocument = new TypedDocumentString(`
    mutation Acknowledge($id: ID!) {
  acknowledge(id: $id) {
    id
    isAcknowledged
  }
}
    `) as unknown as TypedDocumentString<AcknowledgeMutation, AcknowledgeMutationVariables>;
export const PipelineListDocument = new TypedDocumentString(`
    query PipelineList($filter: PipelineFilter, $orderBy: PipelineOrder, $first: Int, $after: String) {
  pipelines(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      sourceTablename
      sinkTablename
      isOverdue
      nextRunAt
      summary24h {
        rowsProcessed
        medianDurationSeconds
      }
      sourceToDl {
        isActive
        schedule
        loadType
        incrementalKey
        lastIncrementalValue
      }
      dlToSink {
        isActive
        schedule
        loadType
        incrementalKey
        lastIncrementalValue
      }
      latestRun {
        id
        status
        errorMessage
        currentStage
        startedAt
        completedAt
        createdAt
        rowsProcessed
        isLongRunning
        waitingFor {
          driverContainer
        }
        stages {
          stageOrder
          stageName
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PipelineListQuery, PipelineListQueryVariables>;
export const PipelineStripsDocument = new TypedDocumentString(`
    query PipelineStrips($tables: [String!]!) {
  runsPerPipeline(sourceTablenames: $tables, first: 24) {
    sourceTablename
    runs {
      id
      status
      durationSeconds
      createdAt
      errorMessage
    }
  }
}
    `) as unknown as TypedDocumentString<PipelineStripsQuery, PipelineStripsQueryVariables>;
export const PipelineDayDocument = new TypedDocumentString(`
    query PipelineDay($from: DateTime) {
  runSummary(from: $from, bucket: HOUR) {
    rowsProcessed
    byStatus {
      status
      count
    }
    buckets {
      start
      success
      failed
      rowsProcessed
      medianDurationSeconds
    }
  }
}
    `) as unknown as TypedDocumentString<PipelineDayQuery, PipelineDayQueryVariables>;
export const PipelinePageDocument = new TypedDocumentString(`
    query PipelinePage($table: String!) {
  pipeline(sourceTablename: $table) {
    sourceTablename
    sinkTablename
    sourceType
    sinkType
    isOverdue
    nextRunAt
    summary24h {
      success
      failed
      rowsProcessed
      medianDurationSeconds
    }
    sourceToDl {
      isActive
      schedule
      loadType
      incrementalKey
      lastIncrementalValue
      lastLoaderRunTimestamp
    }
    dlToSink {
      isActive
      schedule
      loadType
      incrementalKey
      lastIncrementalValue
      lastLoaderRunTimestamp
    }
    runs(first: 60) {
      nodes {
        id
        status
        triggeredBy
        createdAt
        startedAt
        completedAt
        durationSeconds
        rowsProcessed
        errorMessage
      }
    }
  }
}
    `) as unknown as TypedDocumentString<PipelinePageQuery, PipelinePageQueryVariables>;
export const RunListDocument = new TypedDocumentString(`
    query RunList($filter: RunFilter, $first: Int, $after: String) {
  runs(filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      sourceTablename
      status
      triggeredBy
      createdAt
      durationSeconds
      rowsProcessed
      errorMessage
      isLongRunning
      waitingFor {
        driverContainer
        since
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunListQuery, RunListQueryVariables>;
export const StageTemplatesDocument = new TypedDocumentString(`
    query StageTemplates {
  pipelineStages {
    stageOrder
    stageName
    stageType
    driverContainer
    isActive
  }
  drivers {
    driverContainer
    worker
    lastSeenAt
    waiting
    holds {
      runId
      stageOrder
      run {
        sourceTablename
      }
    }
  }
}
    `) as unknown as TypedDocumentString<StageTemplatesQuery, StageTemplatesQueryVariables>;
export const ConnectionsDocument = new TypedDocumentString(`
    query Connections {
  sources {
    sourceName
    sourceType
    createdAt
  }
  destinations {
    destinationName
    destinationType
    createdAt
  }
}
    `) as unknown as TypedDocumentString<ConnectionsQuery, ConnectionsQueryVariables>;
export const RunPageDocument = new TypedDocumentString(`
    query RunPage($id: ID!) {
  run(id: $id) {
    ...Attempt
    sourceTablename
    statusText
    triggeredBy
    durationSeconds
    usualDurationSeconds
    rowsProcessed
    totalStages
    isLongRunning
    waitingFor {
      driverContainer
      stageOrder
      since
    }
    retriedBy {
      id
      status
    }
    retryOf {
      ...Attempt
    }
    pipeline {
      sinkTablename
      sourceToDl {
        incrementalKey
        lastIncrementalValue
      }
      runs(first: 60) {
        nodes {
          id
          status
          durationSeconds
          createdAt
          errorMessage
        }
      }
    }
  }
}
    fragment Attempt on Run {
  id
  status
  createdAt
  startedAt
  completedAt
  currentStage
  errorMessage
  stages {
    stageOrder
    stageName
    stageType
    driverContainer
    usualDurationSeconds
    log {
      status
      startedAt
      completedAt
      durationSeconds
      rowsProcessed
      filePaths
      errorMessage
      worker
      leaseExpiresAt
    }
  }
}`) as unknown as TypedDocumentString<RunPageQuery, RunPageQueryVariables>;
export const DriversDocument = new TypedDocumentString(`
    query Drivers {
  drivers {
    driverContainer
    worker
    lastSeenAt
    waiting
    holds {
      runId
      stageOrder
    }
  }
}
    `) as unknown as TypedDocumentString<DriversQuery, DriversQueryVariables>;
export const LogListDocument = new TypedDocumentString(`
    query LogList($filter: LogFileFilter, $orderBy: LogFileOrder, $first: Int, $after: String) {
  logFiles(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      logFilePath
      date
      changedAt
      segmentStatuses
      currentStatus {
        status
        processedAt
        errorMessage
      }
      hl7FileCounts {
        staged
        ingested
        failed
        total
      }
    }
  }
}
    `) as unknown as TypedDocumentString<LogListQuery, LogListQueryVariables>;
export const IngestDaysDocument = new TypedDocumentString(`
    query IngestDays {
  ingestSummary {
    hl7Files {
      staged
      ingested
      failed
      total
    }
    logFiles {
      parsed
      failed
      total
    }
    stuckStaged
    oldestStagedAt
    byDate {
      date
      hl7Files {
        staged
        ingested
        failed
        total
      }
    }
  }
}
    `) as unknown as TypedDocumentString<IngestDaysQuery, IngestDaysQueryVariables>;
export const LogPageDocument = new TypedDocumentString(`
    query LogPage($path: String!) {
  logFile(logFilePath: $path) {
    logFilePath
    date
    changedAt
    segmentStatuses
    currentStatus {
      status
      processedAt
      errorMessage
      workflowId
      activityId
    }
    hl7FileCounts {
      staged
      ingested
      failed
      total
    }
    hl7Files(first: 200) {
      totalCount
      nodes {
        segmentNumber
        hl7FilePath
        currentStatus {
          status
          processedAt
          errorMessage
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<LogPageQuery, LogPageQueryVariables>;
export const FilePageDocument = new TypedDocumentString(`
    query FilePage($path: String!) {
  hl7File(hl7FilePath: $path) {
    hl7FilePath
    logFilePath
    segmentNumber
    date
    currentStatus {
      status
      processedAt
      errorMessage
    }
  }
  fileStatuses(filter: { filePath: $path, type: HL7 }, first: 50) {
    nodes {
      id
      status
      processedAt
      errorMessage
      workflowId
    }
  }
}
    `) as unknown as TypedDocumentString<FilePageQuery, FilePageQueryVariables>;
export const DocumentListDocument = new TypedDocumentString(`
    query DocumentList($filter: FileFilter, $orderBy: FileOrder, $first: Int, $after: String) {
  files(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      id
      originalFilename
      filehash
      createdAt
      overallStatus {
        status
      }
      steps {
        id
        stepName
        kind
        status
        durationSeconds
        errorMessage
        isStalled
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DocumentListQuery, DocumentListQueryVariables>;
export const DocumentCountsDocument = new TypedDocumentString(`
    query DocumentCounts {
  fileStatusCounts {
    status
    count
  }
  stalled: files(filter: { isStalled: true }, first: 1) {
    totalCount
  }
  stepStatusCounts {
    stepName
    kind
    status
    count
  }
}
    `) as unknown as TypedDocumentString<DocumentCountsQuery, DocumentCountsQueryVariables>;
export const DocumentPageDocument = new TypedDocumentString(`
    query DocumentPage($id: ID!) {
  file(id: $id) {
    id
    originalFilename
    filehash
    mimeType
    fileSize
    createdAt
    updatedAt
    overallStatus {
      status
    }
    steps {
      id
      stepName
      kind
      status
      startedAt
      completedAt
      durationSeconds
      errorMessage
      isStalled
      attempts
    }
    logs(first: 200) {
      nodes {
        id
        stepName
        status
        message
        detail
        timestamp
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DocumentPageQuery, DocumentPageQueryVariables>;
export const ReportListDocument = new TypedDocumentString(`
    query ReportList($filter: SeederJobFilter, $orderBy: SeederJobOrder, $first: Int, $after: String) {
  seederJobs(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      tableName
      reportName
      agencySlug
      status
      startTime
      durationSeconds
      consecutiveFailures
      isFailing
      isLongRunning
      lastErrors
      lastSuccessAt
      coolingUntil
      nextRefreshAt
      scheduleMinutes
      usualDurationSeconds
      recordsProcessed
      runs(first: 12) {
        nodes {
          id
          status
          durationSeconds
          startTime
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ReportListQuery, ReportListQueryVariables>;
export const ReportFiguresDocument = new TypedDocumentString(`
    query ReportFigures {
  seederDashboard {
    total
    byStatus {
      status
      count
    }
    successRate24h
  }
  agencies {
    agencySlug
    reports
  }
  neverRan: reports(filter: { neverRan: true }, first: 50) {
    totalCount
    nodes {
      tableName
      reportName
      agencySlug
      enabled
      reportType
      nextRefreshAt
      scheduleMinutes
    }
  }
}
    `) as unknown as TypedDocumentString<ReportFiguresQuery, ReportFiguresQueryVariables>;
export const ReportPageDocument = new TypedDocumentString(`
    query ReportPage($table: String!) {
  seederJob(tableName: $table) {
    tableName
    reportName
    agencySlug
    reportType
    status
    startTime
    durationSeconds
    usualDurationSeconds
    consecutiveFailures
    isFailing
    lastErrors
    lastSuccessAt
    coolingUntil
    nextRefreshAt
    scheduleMinutes
    recordsProcessed
    bytesProcessed
    runs(first: 24) {
      nodes {
        id
        status
        startTime
        finishTime
        durationSeconds
        recordsProcessed
        errors
        cpuPercentage
        memoryUsageMb
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ReportPageQuery, ReportPageQueryVariables>;
export const CancelRefreshDocument = new TypedDocumentString(`
    mutation CancelRefresh($table: String!) {
  cancelRefresh(tableName: $table) {
    id
  }
}
    `) as unknown as TypedDocumentString<CancelRefreshMutation, CancelRefreshMutationVariables>;
export const RefreshAllDocument = new TypedDocumentString(`
    mutation RefreshAll($type: ReportType) {
  refreshAllReports(reportType: $type) {
    id
  }
}
    `) as unknown as TypedDocumentString<RefreshAllMutation, RefreshAllMutationVariables>;