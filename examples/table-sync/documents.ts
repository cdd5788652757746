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

export const HEARTBEAT_STAGE = graphql(`
  mutation HeartbeatStage($runId: ID!, $stageOrder: Int!, $worker: String!, $leaseSeconds: Int!) {
    heartbeatStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, leaseSeconds: $leaseSeconds) {
      leaseExpiresAt
    }
  }
`);

export const COMPLETE_STAGE = graphql(`
  mutation CompleteStage($runId: ID!, $stageOrder: Int!, $worker: String!, $input: CompleteStageInput) {
    completeStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, input: $input) {
      status
    }
  }
`);

export const FAIL_STAGE = graphql(`
  mutation FailStage($runId: ID!, $stageOrder: Int!, $worker: String!, $errorMessage: String!) {
    failStage(runId: $runId, stageOrder: $stageOrder, worker: $worker, errorMessage: $errorMessage) {
      status
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
