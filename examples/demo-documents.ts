import { graphql } from "../src/client/gql/index.ts";

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

export const SET_STAGES = graphql(`
  mutation DemoSetStages($stages: [PipelineStageInput!]!) {
    setPipelineStages(stages: $stages) {
      id
    }
  }
`);

export const CREATE_SOURCE = graphql(`
  mutation DemoCreateSource($creds: JSONObject!) {
    createSource(input: { sourceName: "shop", sourceType: "postgres", sourceCreds: $creds }) {
      id
    }
  }
`);

export const CREATE_DESTINATION = graphql(`
  mutation DemoCreateDestination($creds: JSONObject!) {
    createDestination(
      input: { destinationName: "warehouse", destinationType: "postgres", destinationCreds: $creds }
    ) {
      id
    }
  }
`);

export const UPDATE_SOURCE = graphql(`
  mutation DemoUpdateSource($creds: JSONObject!) {
    updateSource(sourceName: "shop", input: { sourceName: "shop", sourceType: "postgres", sourceCreds: $creds }) {
      id
    }
  }
`);

export const UPDATE_DESTINATION = graphql(`
  mutation DemoUpdateDestination($creds: JSONObject!) {
    updateDestination(
      destinationName: "warehouse"
      input: { destinationName: "warehouse", destinationType: "postgres", destinationCreds: $creds }
    ) {
      id
    }
  }
`);

export const CREATE_PIPELINE = graphql(`
  mutation DemoCreatePipeline($input: CreatePipelineInput!) {
    createPipeline(input: $input) {
      sourceTablename
    }
  }
`);

export const FAILED_RUNS = graphql(`
  query DemoFailedRuns {
    runs(filter: { status: [FAILED] }, first: 5) {
      nodes {
        id
      }
    }
  }
`);

export const RETRY_RUN = graphql(`
  mutation DemoRetryRun($id: ID!) {
    retryRun(id: $id) {
      id
    }
  }
`);
