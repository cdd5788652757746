import type { Database } from "../db/client.ts";
import type { Feed } from "../feed/feed.ts";
import type { Services } from "../resolvers/context.ts";
import type { Keyring } from "../resolvers/credentials.ts";
import { createIngestWriters } from "../resolvers/ingest-writes.ts";
import type { Config } from "./config.ts";

/** What all operations of the process share, made of what was started. */
export function createServices(options: {
  config: Config;
  database: Database;
  feed: Feed;
  keyring: Keyring;
  closing: AbortSignal;
}): Services {
  const { config, database, feed, keyring, closing } = options;
  return {
    database,
    feed,
    keyring,
    closing,
    ingestWriters: createIngestWriters(database, feed),
    settings: {
      maxPageSize: config.WEIR_MAX_PAGE_SIZE,
      maxBatchRows: config.WEIR_MAX_BATCH_ROWS,
      stuckStagedMinutes: config.WEIR_STUCK_STAGED_MINUTES,
      longRunningMinutes: config.WEIR_LONG_RUNNING_MINUTES,
      stepTimeoutMinutes: config.WEIR_STEP_TIMEOUT_MINUTES,
    },
  };
}
