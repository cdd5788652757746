import { graphql } from "../../src/client/gql/index.ts";

export const RECORD_HL7_FILES = graphql(`
  mutation RecordHl7Files($input: [Hl7FileInput!]!) {
    recordHl7Files(input: $input) {
      segmentNumber
    }
  }
`);

export const RECORD_FILE_STATUSES = graphql(`
  mutation RecordFileStatuses($input: [FileStatusInput!]!, $idempotencyKey: String!) {
    recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) {
      id
    }
  }
`);
