import { graphql } from "../../src/client/gql/index.ts";

export const CLAIM_STAGE = graphql(`
  mutation ClaimStage($driverContainer: String!, $worker: String!, $leaseSeconds: Int!) {
    claimStage(driverContainer: $driverContainer, worker: $worker, leaseSeconds: $leaseSeconds) {
      runId
      stageOrder
      stage {
        stageType
      }
      sourceCreds
      destinationCreds
      run {
        sourceTablename
        pipeline {
          sinkTablename
          sourceToDl {
            loadType
            incrementalKey
            lastIncrementalValue
          }
          dlToSink {
            loadType
          }
        }
      }
    }
  }
`);

export const STAGE_WAITING = graphql(`
  subscription StageWaiting($driverContainer: String!, $after: Cursor) {
    stageWaiting(driverContainer: $driverContainer, after: $after, snapshot: true) {
      cursor
    }
  }
`);

export const RUN_FILES = graphql(`
  query RunFiles($id: ID!) {
    run(id: $id) {
      retryOf {
        id
      }
      stages {
        stageType
        log {
          status
          filePaths
        }
      }
    }
  }
`);
