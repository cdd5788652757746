import { graphql } from "../../src/client/gql/index.ts";

export const FILES_OF_HASH = graphql(`
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
`);

export const CREATE_FILE = graphql(`
  mutation CreateFile($input: CreateFileInput!, $idempotencyKey: String!) {
    createFile(input: $input, idempotencyKey: $idempotencyKey) {
      id
    }
  }
`);

export const ADD_UPLOAD_STEPS = graphql(`
  mutation AddUploadSteps($fileId: ID!, $destinations: [String!]!) {
    addUploadSteps(fileId: $fileId, destinations: $destinations) {
      stepName
    }
  }
`);

export const UPDATE_STEP_STATUS = graphql(`
  mutation UpdateStepStatus($input: UpdateStepStatusInput!, $idempotencyKey: String!) {
    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {
      id
    }
  }
`);
