/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A report for several agencies. An update replaces all of it. */
export type CannedReportInput = {
  /** The database in which the query runs and the view stands: 1 is the service's own, WEIR_DATABASES names others. */
  readonly databaseId?: number;
  /** One query that reads: SELECT, WITH, VALUES or TABLE. `:agency_id` and `:agency_slug` stand for the agency's, as a number and as a text. */
  readonly query: string;
  /** Its name for people, 1 to 512 characters. */
  readonly reportName: string;
  /** Name of the materialized view in the schema reporting: letters, digits and underscores, not a digit first; 56 characters at most. The agency's slug is part of them. */
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
  /** Minutes between refreshes by the service; null: on demand only. */
  readonly scheduleMinutes?: number | null | undefined;
};

/** A report of one agency with a query of its own. An update replaces all of it. */
export type CustomReportManifestInput = {
  /** Number of its agency, from 0. */
  readonly agencyId: number;
  /** Short name of its agency: letters, digits, _ and -. */
  readonly agencySlug: string;
  /** The database in which the query runs and the view stands: 1 is the service's own, WEIR_DATABASES names others. */
  readonly databaseId?: number;
  /** Whether it is refreshed at all. */
  readonly enabled?: boolean;
  /** One query that reads: SELECT, WITH, VALUES or TABLE. `:agency_id` and `:agency_slug` stand for the agency's, as a number and as a text. */
  readonly query: string;
  /** Its name for people, 1 to 512 characters. */
  readonly reportName: string;
  /** Minutes between refreshes by the service; null: on demand only. */
  readonly scheduleMinutes?: number | null | undefined;
  /** Name of the materialized view in the schema reporting: letters, digits and underscores, not a digit first; 56 characters at most. */
  readonly tableName: string;
};

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
  | 'LOG';

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
  | 'STAGED';

/** How far a run of a report has come. */
export type SeederStatus =
  /** The report could not be made; it shows what it showed before. */
  | 'ERROR'
  /** It waits for its turn. */
  | 'PENDING'
  /** The report is being made. */
  | 'RUNNING'
  /** The report is up to date. */
  | 'SUCCESS';

export type DemoIngestedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type DemoIngestedSubscription = { readonly fileStatusRecorded: { readonly cursor: string } };

export type DemoSummaryQueryVariables = Exact<{ [key: string]: never; }>;


export type DemoSummaryQuery = { readonly ingestSummary: { readonly logFiles: { readonly total: number }, readonly hl7Files: { readonly total: number, readonly ingested: number, readonly failed: number } } };

export type RecordHl7FilesMutationVariables = Exact<{
  input: ReadonlyArray<Hl7FileInput>;
}>;


export type RecordHl7FilesMutation = { readonly recordHl7Files: ReadonlyArray<{ readonly segmentNumber: number }> };

export type RecordFileStatusesMutationVariables = Exact<{
  input: ReadonlyArray<FileStatusInput>;
  idempotencyKey: string;
}>;


export type RecordFileStatusesMutation = { readonly recordFileStatuses: ReadonlyArray<{ readonly id: string }> };

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

export type LiveCursorQueryVariables = Exact<{ [key: string]: never; }>;


export type LiveCursorQuery = { readonly liveCursor: string };

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
export const LiveCursorDocument = new TypedDocumentString(`
    query LiveCursor {
  liveCursor
}
    `) as unknown as TypedDocumentString<LiveCursorQuery, LiveCursorQueryVariables>;
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