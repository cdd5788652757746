import { graphql } from "../src/client/index.ts";

export const INGESTED = graphql(`
  subscription DemoIngested($after: Cursor) {
    fileStatusRecorded(filter: { status: [INGESTED, FAILED] }, after: $after) {
      cursor
    }
  }
`);

export const SUMMARY = graphql(`
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
`);
