import type { ServerResponse } from "node:http";
import { type Asset, makeAsset } from "./assets.ts";

/** Makes the page of GraphiQL, and its compressed forms. */
export async function makeGraphiql(endpoint: string): Promise<Asset> {
  // Megabytes, for which nobody may ask.
  const { renderGraphiQL } = await import("@graphql-yoga/render-graphiql");
  const options = { title: "Weir", endpoint, subscriptionsProtocol: "WS", defaultQuery: GRAPHIQL_QUERY } as const;
  const plain = Buffer.from(renderGraphiQL(options));
  return makeAsset({ type: "text/html; charset=utf-8", plain, policy: PAGE_POLICY, isImmutable: false });
}

/** GraphiQL is one page with its scripts and styles in it; it talks to nobody but this service, and stands in no frame. */
export function protectPages(response: ServerResponse): void {
  response.setHeader("content-security-policy", PAGE_POLICY);
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
}

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const GRAPHIQL_QUERY = `# Weir, the live gauge on data pipelines.
# Run one of these; the subscription shows every report as it is committed.
# Where a token is asked for, put it into the tab Headers below: {"Authorization": "Bearer weir_…"}, and reload the schema.

subscription Live {
  fileStatusRecorded {
    isCurrent
    fileStatus { filePath type status errorMessage processedAt }
  }
}

query Logs {
  ingestSummary {
    logFiles { parsed failed total }
    hl7Files { staged ingested failed total }
  }
  logFiles(first: 20) {
    nodes {
      logFilePath
      date
      currentStatus { status errorMessage }
      hl7FileCounts { staged ingested failed total }
    }
  }
}

mutation Report {
  recordFileStatus(input: { filePath: "/logs/20240115_demo.log", type: LOG, status: PARSED }) { id processedAt }
}
`;
