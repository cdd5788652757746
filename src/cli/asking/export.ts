import type { WeirClient } from "../../client/index.ts";
import type { Failure } from "../failure.ts";
import { askService, clientOf, type Remote } from "./remote.ts";

interface Options extends Remote {
  readonly what: string;
  readonly limit: number | undefined;
}

/** The list's field, and what is printed of each entry. */
const LISTS: Readonly<Record<string, readonly [field: string, selection: string]>> = {
  "file-statuses": [
    "fileStatuses",
    "id filePath type: typeText status: statusText errorMessage workflowId activityId processedAt",
  ],
  logs: [
    "logFiles",
    "logFilePath date currentStatus { status: statusText errorMessage processedAt } hl7FileCounts { staged ingested failed total }",
  ],
  "hl7-files": [
    "hl7Files",
    "hl7FilePath logFilePath segmentNumber date currentStatus { status: statusText errorMessage processedAt }",
  ],
  pipelines: [
    "pipelines",
    "sourceTablename sourceType sinkType sinkTablename isOverdue nextRunAt latestRun { id status: statusText createdAt }",
  ],
  runs: [
    "runs",
    "id sourceTablename pipelineName status: statusText triggeredBy currentStage totalStages errorMessage createdAt startedAt completedAt retryOf { id }",
  ],
  documents: ["files", "id filehash overallStatus { status completedSteps totalSteps } createdAt"],
  reports: [
    "seederJobs",
    "tableName reportName reportType agencySlug status: statusText consecutiveFailures lastErrors startTime durationSeconds",
  ],
  "report-runs": [
    "seederRuns",
    "runId tableName agencySlug status: statusText startTime finishTime durationSeconds recordsProcessed bytesProcessed errors",
  ],
};

/** What a page holds: as much as a service allows by default. */
const PAGE = 500;

interface Page {
  readonly list: {
    readonly nodes: readonly object[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** Prints a list, a JSON object in each line, page by page: whoever reads slowly slows it down. */
export function exportList(options: Options): Promise<Failure | undefined> {
  const client = clientOf(options);
  return askService(async () => {
    let left = options.limit ?? Infinity;
    for await (const nodes of pagesOf(client, options.what)) {
      const lines = nodes.slice(0, left).map((node) => `${JSON.stringify(node)}\n`);
      left -= lines.length;
      if (!process.stdout.write(lines.join(""))) await new Promise((resolve) => process.stdout.once("drain", resolve));
      if (left <= 0) break;
    }
    return undefined;
  });
}

async function* pagesOf(client: WeirClient, what: string): AsyncGenerator<readonly object[]> {
  const [field, selection] = LISTS[what] ?? [];
  const query = `query WeirExport($after: String) {
    list: ${field}(first: ${PAGE}, after: $after) { nodes { ${selection} } pageInfo { hasNextPage endCursor } } }`;
  for (let after: string | null = null; ; ) {
    const { list }: Page = await client.query<Page, { after: string | null }>(query, { after });
    yield list.nodes;
    if (!list.pageInfo.hasNextPage) return;
    after = list.pageInfo.endCursor;
  }
}
