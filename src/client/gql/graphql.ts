/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
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
  | 'SUCCESS';

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