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

export type BoardQueryVariables = Exact<{ [key: string]: never; }>;


export type BoardQuery = { readonly liveCursor: string, readonly overview: { readonly ingest: { readonly stuckStaged: number, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }, readonly pipelines: { readonly total: number, readonly active: number, readonly overdue: number, readonly runsByStatus24h: ReadonlyArray<{ readonly status: RunStatus, readonly count: number }> }, readonly documents: ReadonlyArray<{ readonly status: FileOverallStatus, readonly count: number }>, readonly seeder: { readonly total: number, readonly byStatus: ReadonlyArray<{ readonly status: SeederStatus, readonly count: number }>, readonly failing: ReadonlyArray<{ readonly tableName: string }>, readonly longRunning: ReadonlyArray<{ readonly tableName: string }> } }, readonly pending: { readonly totalCount: number | null }, readonly running: { readonly totalCount: number | null } };

export type AttentionQueryVariables = Exact<{ [key: string]: never; }>;


export type AttentionQuery = { readonly viewer: { readonly name: string, readonly role: Role } | null, readonly attention: ReadonlyArray<{ readonly id: string, readonly kind: AttentionKind, readonly severity: AttentionSeverity, readonly system: GaugedSystem, readonly title: string, readonly message: string | null, readonly count: number | null, readonly since: string | null, readonly latest: string | null, readonly actions: ReadonlyArray<AttentionAction>, readonly isAcknowledged: boolean, readonly subjects: ReadonlyArray<{ readonly topic: Topic, readonly key: string, readonly title: string, readonly at: string | null }> }> };

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

export type PipelineListQueryVariables = Exact<{
  filter?: PipelineFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type PipelineListQuery = { readonly pipelines: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly sourceTablename: string, readonly sinkTablename: string | null, readonly isOverdue: boolean, readonly nextRunAt: string | null, readonly sourceToDl: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly dlToSink: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null }, readonly latestRun: { readonly id: string, readonly status: RunStatus, readonly errorMessage: string | null, readonly currentStage: number, readonly startedAt: string | null, readonly completedAt: string | null, readonly createdAt: string, readonly rowsProcessed: number, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string }> } | null, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: RunStatus, readonly durationSeconds: number | null, readonly createdAt: string, readonly errorMessage: string | null }> } }> } };

export type PipelinePageQueryVariables = Exact<{
  table: string;
}>;


export type PipelinePageQuery = { readonly pipeline: { readonly sourceTablename: string, readonly sinkTablename: string | null, readonly sourceType: string, readonly sinkType: string, readonly isOverdue: boolean, readonly nextRunAt: string | null, readonly sourceToDl: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null, readonly lastLoaderRunTimestamp: string | null }, readonly dlToSink: { readonly isActive: boolean, readonly schedule: number | null, readonly loadType: LoadType, readonly incrementalKey: string | null, readonly lastIncrementalValue: string | null, readonly lastLoaderRunTimestamp: string | null }, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: RunStatus, readonly triggeredBy: TriggeredBy, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number, readonly errorMessage: string | null }> } } | null };

export type RunPageQueryVariables = Exact<{
  id: string | number;
}>;


export type RunPageQuery = { readonly run: { readonly id: string, readonly sourceTablename: string, readonly status: RunStatus, readonly statusText: string, readonly triggeredBy: TriggeredBy, readonly createdAt: string, readonly startedAt: string | null, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number, readonly currentStage: number, readonly errorMessage: string | null, readonly isLongRunning: boolean, readonly retryOf: { readonly id: string } | null, readonly stages: ReadonlyArray<{ readonly stageOrder: number, readonly stageName: string, readonly stageType: string, readonly driverContainer: string, readonly log: { readonly status: StageStatus, readonly startedAt: string, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly rowsProcessed: number | null, readonly filePaths: ReadonlyArray<string>, readonly errorMessage: string | null, readonly worker: string | null } | null }> } | null };

export type LogListQueryVariables = Exact<{
  filter?: LogFileFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type LogListQuery = { readonly ingestSummary: { readonly stuckStaged: number, readonly hl7Files: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number }, readonly logFiles: { readonly parsed: number, readonly failed: number, readonly total: number } }, readonly logFiles: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly logFilePath: string, readonly date: string | null, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null, readonly hl7FileCounts: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number } }> } };

export type LogPageQueryVariables = Exact<{
  path: string;
}>;


export type LogPageQuery = { readonly logFile: { readonly logFilePath: string, readonly date: string | null, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null, readonly hl7FileCounts: { readonly staged: number, readonly ingested: number, readonly failed: number, readonly total: number }, readonly statuses: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null }> }, readonly hl7Files: { readonly totalCount: number | null, readonly nodes: ReadonlyArray<{ readonly segmentNumber: number, readonly hl7FilePath: string, readonly currentStatus: { readonly status: IngestStatus, readonly processedAt: string, readonly errorMessage: string | null } | null }> } } | null };

export type DocumentListQueryVariables = Exact<{
  filter?: FileFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type DocumentListQuery = { readonly fileStatusCounts: ReadonlyArray<{ readonly status: FileOverallStatus, readonly count: number }>, readonly files: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly id: string, readonly originalFilename: string | null, readonly filehash: string, readonly createdAt: string, readonly overallStatus: { readonly status: FileOverallStatus }, readonly steps: ReadonlyArray<{ readonly id: string, readonly stepName: string, readonly kind: StepKind, readonly status: StepStatus, readonly durationSeconds: number | null, readonly errorMessage: string | null, readonly isStalled: boolean }> }> } };

export type DocumentPageQueryVariables = Exact<{
  id: string | number;
}>;


export type DocumentPageQuery = { readonly file: { readonly id: string, readonly originalFilename: string | null, readonly filehash: string, readonly fileSize: number | null, readonly createdAt: string, readonly overallStatus: { readonly status: FileOverallStatus }, readonly steps: ReadonlyArray<{ readonly id: string, readonly stepName: string, readonly kind: StepKind, readonly status: StepStatus, readonly startedAt: string | null, readonly completedAt: string | null, readonly durationSeconds: number | null, readonly errorMessage: string | null, readonly isStalled: boolean }>, readonly logs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly stepName: string | null, readonly status: string | null, readonly message: string | null, readonly detail: string | null, readonly timestamp: string }> } } | null };

export type ReportListQueryVariables = Exact<{
  filter?: SeederJobFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ReportListQuery = { readonly seederDashboard: { readonly total: number, readonly successRate24h: number | null, readonly byStatus: ReadonlyArray<{ readonly status: SeederStatus, readonly count: number }> }, readonly seederJobs: { readonly totalCount: number | null, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly tableName: string, readonly reportName: string, readonly agencySlug: string, readonly status: SeederStatus, readonly startTime: string | null, readonly durationSeconds: number | null, readonly consecutiveFailures: number, readonly isFailing: boolean, readonly isLongRunning: boolean, readonly lastErrors: string | null, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: SeederStatus, readonly durationSeconds: number | null, readonly startTime: string }> } }> } };

export type ReportPageQueryVariables = Exact<{
  table: string;
}>;


export type ReportPageQuery = { readonly seederJob: { readonly tableName: string, readonly reportName: string, readonly agencySlug: string, readonly reportType: ReportType, readonly status: SeederStatus, readonly startTime: string | null, readonly durationSeconds: number | null, readonly consecutiveFailures: number, readonly isFailing: boolean, readonly lastErrors: string | null, readonly runs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly status: SeederStatus, readonly startTime: string, readonly finishTime: string | null, readonly durationSeconds: number | null, readonly recordsProcessed: number, readonly errors: string | null }> } } | null };

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

export const BoardDocument = new TypedDocumentString(`
    query Board {
  liveCursor
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
  pending: runs(filter: { status: [PENDING] }, first: 1) {
    totalCount
  }
  running: runs(filter: { status: [RUNNING] }, first: 1) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<BoardQuery, BoardQueryVariables>;
export const AttentionDocument = new TypedDocumentString(`
    query Attention {
  viewer {
    name
    role
  }
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
export const PipelineListDocument = new TypedDocumentString(`
    query PipelineList($filter: PipelineFilter, $after: String) {
  pipelines(filter: $filter, first: 50, after: $after) {
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
        stages {
          stageOrder
          stageName
        }
      }
      runs(first: 24) {
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
    `) as unknown as TypedDocumentString<PipelineListQuery, PipelineListQueryVariables>;
export const PipelinePageDocument = new TypedDocumentString(`
    query PipelinePage($table: String!) {
  pipeline(sourceTablename: $table) {
    sourceTablename
    sinkTablename
    sourceType
    sinkType
    isOverdue
    nextRunAt
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
    runs(first: 50) {
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
export const RunPageDocument = new TypedDocumentString(`
    query RunPage($id: ID!) {
  run(id: $id) {
    id
    sourceTablename
    status
    statusText
    triggeredBy
    createdAt
    startedAt
    completedAt
    durationSeconds
    rowsProcessed
    currentStage
    errorMessage
    isLongRunning
    retryOf {
      id
    }
    stages {
      stageOrder
      stageName
      stageType
      driverContainer
      log {
        status
        startedAt
        completedAt
        durationSeconds
        rowsProcessed
        filePaths
        errorMessage
        worker
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RunPageQuery, RunPageQueryVariables>;
export const LogListDocument = new TypedDocumentString(`
    query LogList($filter: LogFileFilter, $after: String) {
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
  }
  logFiles(filter: $filter, first: 50, after: $after) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      logFilePath
      date
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
export const LogPageDocument = new TypedDocumentString(`
    query LogPage($path: String!) {
  logFile(logFilePath: $path) {
    logFilePath
    date
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
    statuses(first: 50) {
      nodes {
        id
        status
        processedAt
        errorMessage
      }
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
export const DocumentListDocument = new TypedDocumentString(`
    query DocumentList($filter: FileFilter, $after: String) {
  fileStatusCounts {
    status
    count
  }
  files(filter: $filter, first: 50, after: $after) {
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
export const DocumentPageDocument = new TypedDocumentString(`
    query DocumentPage($id: ID!) {
  file(id: $id) {
    id
    originalFilename
    filehash
    fileSize
    createdAt
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
    query ReportList($filter: SeederJobFilter, $after: String) {
  seederDashboard {
    total
    byStatus {
      status
      count
    }
    successRate24h
  }
  seederJobs(
    filter: $filter
    orderBy: MOST_FAILURES_FIRST
    first: 50
    after: $after
  ) {
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
    consecutiveFailures
    isFailing
    lastErrors
    runs(first: 50) {
      nodes {
        id
        status
        startTime
        finishTime
        durationSeconds
        recordsProcessed
        errors
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ReportPageQuery, ReportPageQueryVariables>;
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