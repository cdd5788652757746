import { graphql } from "./gql/index.ts";

export const LIVE_CURSOR = graphql(`
  query LiveCursor {
    liveCursor
  }
`);
