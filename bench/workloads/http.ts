/** Requests over HTTP. */
import type { Request } from "../load.ts";
import {
  CONNECTIONS,
  graphql,
  HAND_WRITTEN,
  load,
  measure,
  NODE,
  plain,
  SERVERS,
  type Start,
  WEIR,
  type Workload,
} from "./workload.ts";

/** Requests over HTTP; a contender without one of its own gets that of all servers of GraphQL. */
function requests(
  name: string,
  contenders: Readonly<Record<string, Start>>,
  by: Readonly<Record<string, Request>>,
): Workload {
  return {
    name,
    unit: "request",
    contenders: () => contenders,
    run: (stage, contender, { seconds }) => {
      const request = by[contender.name] ?? by["graphql"];
      if (request === undefined) throw new Error(`no request for ${contender.name}`);
      return measure(stage, contender, async () => {
        const {
          p50,
          p95,
          done,
          seconds: took,
        } = await load({ kind: "repeat", url: contender.url, request, connections: CONNECTIONS, seconds });
        return { done, seconds: took, p50, p95 };
      });
    },
  };
}

/** What is reported is of a file that was heard of before, or for the first time. */
const REPORTED = "/staging/{{n}}.hl7";
const NESTED = `hl7FilePath segmentNumber`;
export const HTTP: readonly Workload[] = [
  requests("typename", SERVERS, { graphql: graphql("{ __typename }"), [HAND_WRITTEN]: plain("/typename") }),
  requests("page of 50", SERVERS, {
    graphql: graphql("{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } } }"),
    [HAND_WRITTEN]: plain("/page"),
    "PostGraphile 5": graphql(
      "{ allFileStatuses(first: 50, orderBy: [PROCESSED_AT_DESC, ROW_ID_DESC]) { nodes { id: rowId filePath type status processedAt } } }",
    ),
  }),
  requests("nested page with counts", SERVERS, {
    graphql: graphql(`{ logFiles(first: 20) { nodes { logFilePath date hl7FileCounts { staged ingested failed total }
      hl7Files(first: 5) { nodes { ${NESTED} currentStatus { status processedAt } } } } } }`),
    [HAND_WRITTEN]: plain("/nested"),
    "PostGraphile 5": graphql(`{ allLogs(first: 20, orderBy: [DATE_DESC, LOG_FILE_PATH_ASC]) { nodes { logFilePath date
      staged: hl7FilesByLogFilePath(condition: { status: "staged" }) { totalCount }
      ingested: hl7FilesByLogFilePath(condition: { status: "ingested" }) { totalCount }
      failed: hl7FilesByLogFilePath(condition: { status: "failed" }) { totalCount }
      total: hl7FilesByLogFilePath { totalCount }
      hl7FilesByLogFilePath(first: 5, orderBy: SEGMENT_NUMBER_ASC) { nodes { ${NESTED} status processedAt } } } } }`),
  }),
  requests("one report", SERVERS, {
    graphql: graphql(
      'mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: "HL7", status: "staged" }) { id processedAt } }',
      { path: REPORTED },
    ),
    Weir: graphql(
      "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id processedAt } }",
      { path: REPORTED },
    ),
    [HAND_WRITTEN]: plain("/report", { filePath: REPORTED, type: "HL7", status: "staged" }),
    "PostGraphile 5": graphql(
      'mutation ($path: String!) { createFileStatus(input: { fileStatus: { filePath: $path, type: "HL7", status: "staged" } }) { fileStatus { id: rowId processedAt } } }',
      { path: REPORTED },
    ),
  }),
  requests(
    "step report",
    { Weir: WEIR, ...NODE },
    {
      Weir: graphql(
        'mutation ($file: ID!, $step: String!) { updateStepStatus(input: { fileId: $file, stepName: $step, status: IN_PROGRESS, message: "reported" }) { id status startedAt } }',
        { file: "{{file}}", step: "{{step}}" },
      ),
      [HAND_WRITTEN]: plain("/step", { fileId: "{{file}}", stepName: "{{step}}", status: "in_progress" }),
    },
  ),
];
