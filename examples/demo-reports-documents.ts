import { graphql } from "../src/client/gql/index.ts";

export const REPORTS = graphql(`
  query DemoReports {
    customReportManifests {
      tableName
    }
    cannedReports {
      id
      tableName
      manifests {
        agencySlug
      }
    }
  }
`);

export const MAKE_REPORT = graphql(`
  mutation DemoMakeReport($input: CustomReportManifestInput!) {
    createCustomReportManifest(input: $input) {
      id
    }
  }
`);

export const MAKE_CANNED_REPORT = graphql(`
  mutation DemoMakeCannedReport($input: CannedReportInput!) {
    createCannedReport(input: $input) {
      id
    }
  }
`);

export const GIVE_REPORT = graphql(`
  mutation DemoGiveReport($input: CannedReportManifestInput!) {
    createCannedReportManifest(input: $input) {
      id
    }
  }
`);

export const RUNS = graphql(`
  subscription DemoRuns($after: Cursor) {
    seederRunChanged(after: $after) {
      cursor
      run {
        tableName
        status
        recordsProcessed
        consecutiveFailures
        errors
      }
    }
  }
`);
