/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  subscription DemoIngested($after: Cursor) {\n    fileStatusRecorded(filter: { status: [INGESTED, FAILED] }, after: $after) {\n      cursor\n    }\n  }\n": typeof types.DemoIngestedDocument,
    "\n  query DemoSummary {\n    ingestSummary {\n      logFiles {\n        total\n      }\n      hl7Files {\n        total\n        ingested\n        failed\n      }\n    }\n  }\n": typeof types.DemoSummaryDocument,
    "\n  mutation DemoSetStages($stages: [PipelineStageInput!]!) {\n    setPipelineStages(stages: $stages) {\n      id\n    }\n  }\n": typeof types.DemoSetStagesDocument,
    "\n  mutation DemoCreateSource($creds: JSONObject!) {\n    createSource(input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n": typeof types.DemoCreateSourceDocument,
    "\n  mutation DemoCreateDestination($creds: JSONObject!) {\n    createDestination(\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n": typeof types.DemoCreateDestinationDocument,
    "\n  mutation DemoUpdateSource($creds: JSONObject!) {\n    updateSource(sourceName: \"shop\", input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n": typeof types.DemoUpdateSourceDocument,
    "\n  mutation DemoUpdateDestination($creds: JSONObject!) {\n    updateDestination(\n      destinationName: \"warehouse\"\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n": typeof types.DemoUpdateDestinationDocument,
    "\n  mutation DemoCreatePipeline($input: CreatePipelineInput!) {\n    createPipeline(input: $input) {\n      sourceTablename\n    }\n  }\n": typeof types.DemoCreatePipelineDocument,
    "\n  query DemoFailedRuns {\n    runs(filter: { status: [FAILED] }, first: 5) {\n      nodes {\n        id\n      }\n    }\n  }\n": typeof types.DemoFailedRunsDocument,
    "\n  mutation DemoRetryRun($id: ID!) {\n    retryRun(id: $id) {\n      id\n    }\n  }\n": typeof types.DemoRetryRunDocument,
    "\n  query DemoReports {\n    customReportManifests {\n      tableName\n    }\n    cannedReports {\n      id\n      tableName\n      manifests {\n        agencySlug\n      }\n    }\n  }\n": typeof types.DemoReportsDocument,
    "\n  mutation DemoMakeReport($input: CustomReportManifestInput!) {\n    createCustomReportManifest(input: $input) {\n      id\n    }\n  }\n": typeof types.DemoMakeReportDocument,
    "\n  mutation DemoMakeCannedReport($input: CannedReportInput!) {\n    createCannedReport(input: $input) {\n      id\n    }\n  }\n": typeof types.DemoMakeCannedReportDocument,
    "\n  mutation DemoGiveReport($input: CannedReportManifestInput!) {\n    createCannedReportManifest(input: $input) {\n      id\n    }\n  }\n": typeof types.DemoGiveReportDocument,
    "\n  subscription DemoRuns($after: Cursor) {\n    seederRunChanged(after: $after) {\n      cursor\n      run {\n        tableName\n        status\n        recordsProcessed\n        consecutiveFailures\n        errors\n      }\n    }\n  }\n": typeof types.DemoRunsDocument,
    "\n  query FilesOfHash($filehash: String!) {\n    files(filter: { filehash: $filehash }, first: 100) {\n      nodes {\n        id\n        originalFilename\n        overallStatus {\n          status\n        }\n        steps {\n          stepName\n          status\n        }\n      }\n    }\n  }\n": typeof types.FilesOfHashDocument,
    "\n  mutation CreateFile($input: CreateFileInput!, $idempotencyKey: String!) {\n    createFile(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": typeof types.CreateFileDocument,
    "\n  mutation AddUploadSteps($fileId: ID!, $destinations: [String!]!) {\n    addUploadSteps(fileId: $fileId, destinations: $destinations) {\n      stepName\n    }\n  }\n": typeof types.AddUploadStepsDocument,
    "\n  mutation UpdateStepStatus($input: UpdateStepStatusInput!, $idempotencyKey: String!) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": typeof types.UpdateStepStatusDocument,
    "\n  mutation RecordHl7Files($input: [Hl7FileInput!]!) {\n    recordHl7Files(input: $input) {\n      segmentNumber\n    }\n  }\n": typeof types.RecordHl7FilesDocument,
    "\n  mutation RecordFileStatuses($input: [FileStatusInput!]!, $idempotencyKey: String!) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": typeof types.RecordFileStatusesDocument,
    "\n  mutation ClaimStage($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {\n    claimStage(driverContainer: $driverContainer, worker: $worker, leaseSeconds: $leaseSeconds) {\n      runId\n      stageOrder\n      stage {\n        stageType\n      }\n      sourceCreds\n      destinationCreds\n      run {\n        sourceTablename\n        pipeline {\n          sinkTablename\n          sourceToDl {\n            loadType\n            incrementalKey\n            lastIncrementalValue\n          }\n          dlToSink {\n            loadType\n          }\n        }\n      }\n    }\n  }\n": typeof types.ClaimStageDocument,
    "\n  subscription StageWaiting($driverContainer: String!, $after: Cursor) {\n    stageWaiting(driverContainer: $driverContainer, after: $after, snapshot: true) {\n      cursor\n    }\n  }\n": typeof types.StageWaitingDocument,
    "\n  query RunFiles($id: ID!) {\n    run(id: $id) {\n      retryOf {\n        id\n      }\n      stages {\n        stageType\n        log {\n          status\n          filePaths\n        }\n      }\n    }\n  }\n": typeof types.RunFilesDocument,
    "\n  mutation WeirReportFile($input: FileStatusInput!, $idempotencyKey: String) {\n    recordFileStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      filePath\n      status\n      processedAt\n    }\n  }\n": typeof types.WeirReportFileDocument,
    "\n  mutation WeirReportStep($input: UpdateStepStatusInput!, $idempotencyKey: String) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      stepName\n      status\n    }\n  }\n": typeof types.WeirReportStepDocument,
    "\n  mutation WeirStartReport($table: String!, $run: String) {\n    startSeederRun(tableName: $table, runId: $run) {\n      runId\n      status\n    }\n  }\n": typeof types.WeirStartReportDocument,
    "\n  mutation WeirFinishReport($run: String!, $rows: SafeInt) {\n    finishSeederRun(runId: $run, input: { recordsProcessed: $rows }) {\n      runId\n      status\n    }\n  }\n": typeof types.WeirFinishReportDocument,
    "\n  mutation WeirFailReport($run: String!, $errors: String!) {\n    failSeederRun(runId: $run, errors: $errors) {\n      runId\n      status\n    }\n  }\n": typeof types.WeirFailReportDocument,
    "\n  query WeirStatus {\n    overview {\n      ingest {\n        hl7Files {\n          staged\n          ingested\n          failed\n          total\n        }\n        stuckStaged\n      }\n      pipelines {\n        total\n        overdue\n        runsByStatus24h {\n          status\n          count\n        }\n      }\n      documents {\n        status\n        count\n      }\n      seeder {\n        total\n        byStatus {\n          status\n          count\n        }\n      }\n    }\n    attention {\n      severity\n      title\n      message\n      since\n      isAcknowledged\n    }\n  }\n": typeof types.WeirStatusDocument,
    "\n  subscription WeirTail($topics: [Topic!], $after: Cursor) {\n    changes(topics: $topics, after: $after) {\n      type: __typename\n      cursor\n      topic\n      key\n      operation\n      at\n      actor\n      ... on FileStatusChange {\n        fileStatus {\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunChange {\n        run {\n          sourceTablename\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunStageChange {\n        stageLog {\n          stageOrder\n          statusText\n          errorMessage\n        }\n      }\n      ... on FileStepChange {\n        step {\n          stepName\n          statusText\n          errorMessage\n        }\n      }\n      ... on SeederJobChange {\n        job {\n          statusText\n          lastErrors\n        }\n      }\n    }\n  }\n": typeof types.WeirTailDocument,
    "\n  query WeirTailSince($at: DateTime!) {\n    cursorSince(at: $at)\n  }\n": typeof types.WeirTailSinceDocument,
    "\n  mutation ClientTestRecord($input: [FileStatusInput!]!, $idempotencyKey: String) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": typeof types.ClientTestRecordDocument,
    "\n  query ClientTestCount($prefix: String!) {\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 500) {\n      totalCount\n    }\n  }\n": typeof types.ClientTestCountDocument,
    "\n  query ClientTestNow {\n    liveCursor\n  }\n": typeof types.ClientTestNowDocument,
    "\n  subscription ClientTestRecorded($filter: FileStatusFilter, $after: Cursor) {\n    fileStatusRecorded(filter: $filter, after: $after) {\n      cursor\n      fileStatus {\n        filePath\n      }\n    }\n  }\n": typeof types.ClientTestRecordedDocument,
    "\n  subscription ClientTestRuns($table: String!, $snapshot: Boolean!, $after: Cursor) {\n    runChanged(filter: { sourceTablename: $table }, snapshot: $snapshot, after: $after) {\n      cursor\n      operation\n      run {\n        id\n      }\n    }\n  }\n": typeof types.ClientTestRunsDocument,
    "\n  subscription ClientTestNotResumable {\n    fileStatusRecorded {\n      cursor\n    }\n  }\n": typeof types.ClientTestNotResumableDocument,
    "\n  query ExtractorTestState($prefix: String!) {\n    logFiles(filter: { pathPrefix: $prefix }, first: 30) {\n      nodes {\n        logFilePath\n        currentStatus {\n          status\n          errorMessage\n        }\n        statuses(first: 9) {\n          nodes {\n            status\n          }\n        }\n        hl7FileCounts {\n          staged\n          ingested\n          failed\n          total\n        }\n        hl7Files(filter: { status: [FAILED] }, first: 9) {\n          nodes {\n            hl7FilePath\n            segmentNumber\n            currentStatus {\n              errorMessage\n            }\n            statuses(first: 9) {\n              nodes {\n                status\n              }\n            }\n          }\n        }\n      }\n    }\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 1) {\n      totalCount\n    }\n  }\n": typeof types.ExtractorTestStateDocument,
};
const documents: Documents = {
    "\n  subscription DemoIngested($after: Cursor) {\n    fileStatusRecorded(filter: { status: [INGESTED, FAILED] }, after: $after) {\n      cursor\n    }\n  }\n": types.DemoIngestedDocument,
    "\n  query DemoSummary {\n    ingestSummary {\n      logFiles {\n        total\n      }\n      hl7Files {\n        total\n        ingested\n        failed\n      }\n    }\n  }\n": types.DemoSummaryDocument,
    "\n  mutation DemoSetStages($stages: [PipelineStageInput!]!) {\n    setPipelineStages(stages: $stages) {\n      id\n    }\n  }\n": types.DemoSetStagesDocument,
    "\n  mutation DemoCreateSource($creds: JSONObject!) {\n    createSource(input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n": types.DemoCreateSourceDocument,
    "\n  mutation DemoCreateDestination($creds: JSONObject!) {\n    createDestination(\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n": types.DemoCreateDestinationDocument,
    "\n  mutation DemoUpdateSource($creds: JSONObject!) {\n    updateSource(sourceName: \"shop\", input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n": types.DemoUpdateSourceDocument,
    "\n  mutation DemoUpdateDestination($creds: JSONObject!) {\n    updateDestination(\n      destinationName: \"warehouse\"\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n": types.DemoUpdateDestinationDocument,
    "\n  mutation DemoCreatePipeline($input: CreatePipelineInput!) {\n    createPipeline(input: $input) {\n      sourceTablename\n    }\n  }\n": types.DemoCreatePipelineDocument,
    "\n  query DemoFailedRuns {\n    runs(filter: { status: [FAILED] }, first: 5) {\n      nodes {\n        id\n      }\n    }\n  }\n": types.DemoFailedRunsDocument,
    "\n  mutation DemoRetryRun($id: ID!) {\n    retryRun(id: $id) {\n      id\n    }\n  }\n": types.DemoRetryRunDocument,
    "\n  query DemoReports {\n    customReportManifests {\n      tableName\n    }\n    cannedReports {\n      id\n      tableName\n      manifests {\n        agencySlug\n      }\n    }\n  }\n": types.DemoReportsDocument,
    "\n  mutation DemoMakeReport($input: CustomReportManifestInput!) {\n    createCustomReportManifest(input: $input) {\n      id\n    }\n  }\n": types.DemoMakeReportDocument,
    "\n  mutation DemoMakeCannedReport($input: CannedReportInput!) {\n    createCannedReport(input: $input) {\n      id\n    }\n  }\n": types.DemoMakeCannedReportDocument,
    "\n  mutation DemoGiveReport($input: CannedReportManifestInput!) {\n    createCannedReportManifest(input: $input) {\n      id\n    }\n  }\n": types.DemoGiveReportDocument,
    "\n  subscription DemoRuns($after: Cursor) {\n    seederRunChanged(after: $after) {\n      cursor\n      run {\n        tableName\n        status\n        recordsProcessed\n        consecutiveFailures\n        errors\n      }\n    }\n  }\n": types.DemoRunsDocument,
    "\n  query FilesOfHash($filehash: String!) {\n    files(filter: { filehash: $filehash }, first: 100) {\n      nodes {\n        id\n        originalFilename\n        overallStatus {\n          status\n        }\n        steps {\n          stepName\n          status\n        }\n      }\n    }\n  }\n": types.FilesOfHashDocument,
    "\n  mutation CreateFile($input: CreateFileInput!, $idempotencyKey: String!) {\n    createFile(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": types.CreateFileDocument,
    "\n  mutation AddUploadSteps($fileId: ID!, $destinations: [String!]!) {\n    addUploadSteps(fileId: $fileId, destinations: $destinations) {\n      stepName\n    }\n  }\n": types.AddUploadStepsDocument,
    "\n  mutation UpdateStepStatus($input: UpdateStepStatusInput!, $idempotencyKey: String!) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": types.UpdateStepStatusDocument,
    "\n  mutation RecordHl7Files($input: [Hl7FileInput!]!) {\n    recordHl7Files(input: $input) {\n      segmentNumber\n    }\n  }\n": types.RecordHl7FilesDocument,
    "\n  mutation RecordFileStatuses($input: [FileStatusInput!]!, $idempotencyKey: String!) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": types.RecordFileStatusesDocument,
    "\n  mutation ClaimStage($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {\n    claimStage(driverContainer: $driverContainer, worker: $worker, leaseSeconds: $leaseSeconds) {\n      runId\n      stageOrder\n      stage {\n        stageType\n      }\n      sourceCreds\n      destinationCreds\n      run {\n        sourceTablename\n        pipeline {\n          sinkTablename\n          sourceToDl {\n            loadType\n            incrementalKey\n            lastIncrementalValue\n          }\n          dlToSink {\n            loadType\n          }\n        }\n      }\n    }\n  }\n": types.ClaimStageDocument,
    "\n  subscription StageWaiting($driverContainer: String!, $after: Cursor) {\n    stageWaiting(driverContainer: $driverContainer, after: $after, snapshot: true) {\n      cursor\n    }\n  }\n": types.StageWaitingDocument,
    "\n  query RunFiles($id: ID!) {\n    run(id: $id) {\n      retryOf {\n        id\n      }\n      stages {\n        stageType\n        log {\n          status\n          filePaths\n        }\n      }\n    }\n  }\n": types.RunFilesDocument,
    "\n  mutation WeirReportFile($input: FileStatusInput!, $idempotencyKey: String) {\n    recordFileStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      filePath\n      status\n      processedAt\n    }\n  }\n": types.WeirReportFileDocument,
    "\n  mutation WeirReportStep($input: UpdateStepStatusInput!, $idempotencyKey: String) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      stepName\n      status\n    }\n  }\n": types.WeirReportStepDocument,
    "\n  mutation WeirStartReport($table: String!, $run: String) {\n    startSeederRun(tableName: $table, runId: $run) {\n      runId\n      status\n    }\n  }\n": types.WeirStartReportDocument,
    "\n  mutation WeirFinishReport($run: String!, $rows: SafeInt) {\n    finishSeederRun(runId: $run, input: { recordsProcessed: $rows }) {\n      runId\n      status\n    }\n  }\n": types.WeirFinishReportDocument,
    "\n  mutation WeirFailReport($run: String!, $errors: String!) {\n    failSeederRun(runId: $run, errors: $errors) {\n      runId\n      status\n    }\n  }\n": types.WeirFailReportDocument,
    "\n  query WeirStatus {\n    overview {\n      ingest {\n        hl7Files {\n          staged\n          ingested\n          failed\n          total\n        }\n        stuckStaged\n      }\n      pipelines {\n        total\n        overdue\n        runsByStatus24h {\n          status\n          count\n        }\n      }\n      documents {\n        status\n        count\n      }\n      seeder {\n        total\n        byStatus {\n          status\n          count\n        }\n      }\n    }\n    attention {\n      severity\n      title\n      message\n      since\n      isAcknowledged\n    }\n  }\n": types.WeirStatusDocument,
    "\n  subscription WeirTail($topics: [Topic!], $after: Cursor) {\n    changes(topics: $topics, after: $after) {\n      type: __typename\n      cursor\n      topic\n      key\n      operation\n      at\n      actor\n      ... on FileStatusChange {\n        fileStatus {\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunChange {\n        run {\n          sourceTablename\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunStageChange {\n        stageLog {\n          stageOrder\n          statusText\n          errorMessage\n        }\n      }\n      ... on FileStepChange {\n        step {\n          stepName\n          statusText\n          errorMessage\n        }\n      }\n      ... on SeederJobChange {\n        job {\n          statusText\n          lastErrors\n        }\n      }\n    }\n  }\n": types.WeirTailDocument,
    "\n  query WeirTailSince($at: DateTime!) {\n    cursorSince(at: $at)\n  }\n": types.WeirTailSinceDocument,
    "\n  mutation ClientTestRecord($input: [FileStatusInput!]!, $idempotencyKey: String) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n": types.ClientTestRecordDocument,
    "\n  query ClientTestCount($prefix: String!) {\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 500) {\n      totalCount\n    }\n  }\n": types.ClientTestCountDocument,
    "\n  query ClientTestNow {\n    liveCursor\n  }\n": types.ClientTestNowDocument,
    "\n  subscription ClientTestRecorded($filter: FileStatusFilter, $after: Cursor) {\n    fileStatusRecorded(filter: $filter, after: $after) {\n      cursor\n      fileStatus {\n        filePath\n      }\n    }\n  }\n": types.ClientTestRecordedDocument,
    "\n  subscription ClientTestRuns($table: String!, $snapshot: Boolean!, $after: Cursor) {\n    runChanged(filter: { sourceTablename: $table }, snapshot: $snapshot, after: $after) {\n      cursor\n      operation\n      run {\n        id\n      }\n    }\n  }\n": types.ClientTestRunsDocument,
    "\n  subscription ClientTestNotResumable {\n    fileStatusRecorded {\n      cursor\n    }\n  }\n": types.ClientTestNotResumableDocument,
    "\n  query ExtractorTestState($prefix: String!) {\n    logFiles(filter: { pathPrefix: $prefix }, first: 30) {\n      nodes {\n        logFilePath\n        currentStatus {\n          status\n          errorMessage\n        }\n        statuses(first: 9) {\n          nodes {\n            status\n          }\n        }\n        hl7FileCounts {\n          staged\n          ingested\n          failed\n          total\n        }\n        hl7Files(filter: { status: [FAILED] }, first: 9) {\n          nodes {\n            hl7FilePath\n            segmentNumber\n            currentStatus {\n              errorMessage\n            }\n            statuses(first: 9) {\n              nodes {\n                status\n              }\n            }\n          }\n        }\n      }\n    }\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 1) {\n      totalCount\n    }\n  }\n": types.ExtractorTestStateDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription DemoIngested($after: Cursor) {\n    fileStatusRecorded(filter: { status: [INGESTED, FAILED] }, after: $after) {\n      cursor\n    }\n  }\n"): typeof import('./graphql.ts').DemoIngestedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DemoSummary {\n    ingestSummary {\n      logFiles {\n        total\n      }\n      hl7Files {\n        total\n        ingested\n        failed\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DemoSummaryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoSetStages($stages: [PipelineStageInput!]!) {\n    setPipelineStages(stages: $stages) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoSetStagesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoCreateSource($creds: JSONObject!) {\n    createSource(input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoCreateSourceDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoCreateDestination($creds: JSONObject!) {\n    createDestination(\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoCreateDestinationDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoUpdateSource($creds: JSONObject!) {\n    updateSource(sourceName: \"shop\", input: { sourceName: \"shop\", sourceType: \"postgres\", sourceCreds: $creds }) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoUpdateSourceDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoUpdateDestination($creds: JSONObject!) {\n    updateDestination(\n      destinationName: \"warehouse\"\n      input: { destinationName: \"warehouse\", destinationType: \"postgres\", destinationCreds: $creds }\n    ) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoUpdateDestinationDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoCreatePipeline($input: CreatePipelineInput!) {\n    createPipeline(input: $input) {\n      sourceTablename\n    }\n  }\n"): typeof import('./graphql.ts').DemoCreatePipelineDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DemoFailedRuns {\n    runs(filter: { status: [FAILED] }, first: 5) {\n      nodes {\n        id\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DemoFailedRunsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoRetryRun($id: ID!) {\n    retryRun(id: $id) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoRetryRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DemoReports {\n    customReportManifests {\n      tableName\n    }\n    cannedReports {\n      id\n      tableName\n      manifests {\n        agencySlug\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DemoReportsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoMakeReport($input: CustomReportManifestInput!) {\n    createCustomReportManifest(input: $input) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoMakeReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoMakeCannedReport($input: CannedReportInput!) {\n    createCannedReport(input: $input) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoMakeCannedReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DemoGiveReport($input: CannedReportManifestInput!) {\n    createCannedReportManifest(input: $input) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').DemoGiveReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription DemoRuns($after: Cursor) {\n    seederRunChanged(after: $after) {\n      cursor\n      run {\n        tableName\n        status\n        recordsProcessed\n        consecutiveFailures\n        errors\n      }\n    }\n  }\n"): typeof import('./graphql.ts').DemoRunsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FilesOfHash($filehash: String!) {\n    files(filter: { filehash: $filehash }, first: 100) {\n      nodes {\n        id\n        originalFilename\n        overallStatus {\n          status\n        }\n        steps {\n          stepName\n          status\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').FilesOfHashDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateFile($input: CreateFileInput!, $idempotencyKey: String!) {\n    createFile(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').CreateFileDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AddUploadSteps($fileId: ID!, $destinations: [String!]!) {\n    addUploadSteps(fileId: $fileId, destinations: $destinations) {\n      stepName\n    }\n  }\n"): typeof import('./graphql.ts').AddUploadStepsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateStepStatus($input: UpdateStepStatusInput!, $idempotencyKey: String!) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').UpdateStepStatusDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RecordHl7Files($input: [Hl7FileInput!]!) {\n    recordHl7Files(input: $input) {\n      segmentNumber\n    }\n  }\n"): typeof import('./graphql.ts').RecordHl7FilesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RecordFileStatuses($input: [FileStatusInput!]!, $idempotencyKey: String!) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').RecordFileStatusesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ClaimStage($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {\n    claimStage(driverContainer: $driverContainer, worker: $worker, leaseSeconds: $leaseSeconds) {\n      runId\n      stageOrder\n      stage {\n        stageType\n      }\n      sourceCreds\n      destinationCreds\n      run {\n        sourceTablename\n        pipeline {\n          sinkTablename\n          sourceToDl {\n            loadType\n            incrementalKey\n            lastIncrementalValue\n          }\n          dlToSink {\n            loadType\n          }\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ClaimStageDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription StageWaiting($driverContainer: String!, $after: Cursor) {\n    stageWaiting(driverContainer: $driverContainer, after: $after, snapshot: true) {\n      cursor\n    }\n  }\n"): typeof import('./graphql.ts').StageWaitingDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunFiles($id: ID!) {\n    run(id: $id) {\n      retryOf {\n        id\n      }\n      stages {\n        stageType\n        log {\n          status\n          filePaths\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').RunFilesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WeirReportFile($input: FileStatusInput!, $idempotencyKey: String) {\n    recordFileStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      filePath\n      status\n      processedAt\n    }\n  }\n"): typeof import('./graphql.ts').WeirReportFileDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WeirReportStep($input: UpdateStepStatusInput!, $idempotencyKey: String) {\n    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n      stepName\n      status\n    }\n  }\n"): typeof import('./graphql.ts').WeirReportStepDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WeirStartReport($table: String!, $run: String) {\n    startSeederRun(tableName: $table, runId: $run) {\n      runId\n      status\n    }\n  }\n"): typeof import('./graphql.ts').WeirStartReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WeirFinishReport($run: String!, $rows: SafeInt) {\n    finishSeederRun(runId: $run, input: { recordsProcessed: $rows }) {\n      runId\n      status\n    }\n  }\n"): typeof import('./graphql.ts').WeirFinishReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WeirFailReport($run: String!, $errors: String!) {\n    failSeederRun(runId: $run, errors: $errors) {\n      runId\n      status\n    }\n  }\n"): typeof import('./graphql.ts').WeirFailReportDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WeirStatus {\n    overview {\n      ingest {\n        hl7Files {\n          staged\n          ingested\n          failed\n          total\n        }\n        stuckStaged\n      }\n      pipelines {\n        total\n        overdue\n        runsByStatus24h {\n          status\n          count\n        }\n      }\n      documents {\n        status\n        count\n      }\n      seeder {\n        total\n        byStatus {\n          status\n          count\n        }\n      }\n    }\n    attention {\n      severity\n      title\n      message\n      since\n      isAcknowledged\n    }\n  }\n"): typeof import('./graphql.ts').WeirStatusDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WeirTail($topics: [Topic!], $after: Cursor) {\n    changes(topics: $topics, after: $after) {\n      type: __typename\n      cursor\n      topic\n      key\n      operation\n      at\n      actor\n      ... on FileStatusChange {\n        fileStatus {\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunChange {\n        run {\n          sourceTablename\n          statusText\n          errorMessage\n        }\n      }\n      ... on RunStageChange {\n        stageLog {\n          stageOrder\n          statusText\n          errorMessage\n        }\n      }\n      ... on FileStepChange {\n        step {\n          stepName\n          statusText\n          errorMessage\n        }\n      }\n      ... on SeederJobChange {\n        job {\n          statusText\n          lastErrors\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').WeirTailDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WeirTailSince($at: DateTime!) {\n    cursorSince(at: $at)\n  }\n"): typeof import('./graphql.ts').WeirTailSinceDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ClientTestRecord($input: [FileStatusInput!]!, $idempotencyKey: String) {\n    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {\n      id\n    }\n  }\n"): typeof import('./graphql.ts').ClientTestRecordDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ClientTestCount($prefix: String!) {\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 500) {\n      totalCount\n    }\n  }\n"): typeof import('./graphql.ts').ClientTestCountDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ClientTestNow {\n    liveCursor\n  }\n"): typeof import('./graphql.ts').ClientTestNowDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ClientTestRecorded($filter: FileStatusFilter, $after: Cursor) {\n    fileStatusRecorded(filter: $filter, after: $after) {\n      cursor\n      fileStatus {\n        filePath\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ClientTestRecordedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ClientTestRuns($table: String!, $snapshot: Boolean!, $after: Cursor) {\n    runChanged(filter: { sourceTablename: $table }, snapshot: $snapshot, after: $after) {\n      cursor\n      operation\n      run {\n        id\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ClientTestRunsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ClientTestNotResumable {\n    fileStatusRecorded {\n      cursor\n    }\n  }\n"): typeof import('./graphql.ts').ClientTestNotResumableDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ExtractorTestState($prefix: String!) {\n    logFiles(filter: { pathPrefix: $prefix }, first: 30) {\n      nodes {\n        logFilePath\n        currentStatus {\n          status\n          errorMessage\n        }\n        statuses(first: 9) {\n          nodes {\n            status\n          }\n        }\n        hl7FileCounts {\n          staged\n          ingested\n          failed\n          total\n        }\n        hl7Files(filter: { status: [FAILED] }, first: 9) {\n          nodes {\n            hl7FilePath\n            segmentNumber\n            currentStatus {\n              errorMessage\n            }\n            statuses(first: 9) {\n              nodes {\n                status\n              }\n            }\n          }\n        }\n      }\n    }\n    fileStatuses(filter: { filePathPrefix: $prefix }, first: 1) {\n      totalCount\n    }\n  }\n"): typeof import('./graphql.ts').ExtractorTestStateDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
