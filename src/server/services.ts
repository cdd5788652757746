import manifest from "../../package.json" with { type: "json" };
import type { Database } from "../db/client.ts";
import type { ReportLogin } from "../db/reports/login.ts";
import type { Feed } from "../feed/feed.ts";
import { createMutationRate } from "../resolvers/access/rate.ts";
import type { OnBatch } from "../resolvers/coalesce.ts";
import { createStepWriters } from "../resolvers/documents/steps.ts";
import { createIngestWriters } from "../resolvers/ingest/writes.ts";
import type { Keyring } from "../resolvers/pipelines/credentials.ts";
import { createReportEngine } from "../resolvers/reports/engine.ts";
import { createReportWriters } from "../resolvers/reports/writes.ts";
import { createDriverLog } from "../resolvers/runs/driver-log.ts";
import { createRunWriters } from "../resolvers/runs/writes.ts";
import type { Services } from "../resolvers/services.ts";
import type { Config } from "./config.ts";

/** What all operations of the process share, made of what was started. */
export function createServices(options: {
  config: Config;
  database: Database;
  feed: Feed;
  keyring: Keyring;
  reportLogin: ReportLogin;
  closing: AbortSignal;
  onBatch?: OnBatch | undefined;
}): Services {
  const { config, database, feed, keyring, reportLogin, closing, onBatch } = options;
  return {
    database,
    feed,
    keyring,
    closing,
    mutationRate: createMutationRate(config.WEIR_MAX_MUTATIONS_PER_SECOND),
    ingestWriters: createIngestWriters(database, onBatch),
    stepWriters: createStepWriters(database, onBatch),
    runWriters: createRunWriters(database, onBatch),
    reportWriters: createReportWriters(database, onBatch),
    driverLog: createDriverLog(),
    reportEngine: createReportEngine({
      login: reportLogin,
      urls: config.WEIR_DATABASES,
      isPrepared: config.WEIR_PREPARED === "on",
      statementTimeoutSeconds: config.WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS,
      memoryMb: config.WEIR_SEEDER_MEMORY_MB,
      coolingMinutes: config.WEIR_SEEDER_COOLING_MINUTES,
    }),
    settings: {
      maxPageSize: config.WEIR_MAX_PAGE_SIZE,
      maxBatchRows: config.WEIR_MAX_BATCH_ROWS,
      stuckStagedMinutes: config.WEIR_STUCK_STAGED_MINUTES,
      maxClockAheadMinutes: config.WEIR_MAX_CLOCK_AHEAD_MINUTES,
      longRunningMinutes: config.WEIR_LONG_RUNNING_MINUTES,
      stepTimeoutMinutes: config.WEIR_STEP_TIMEOUT_MINUTES,
      failingAfter: config.WEIR_FAILING_AFTER,
      coolingMinutes: config.WEIR_SEEDER_COOLING_MINUTES,
      retentionDays: config.WEIR_RETENTION_DAYS,
      version: manifest.version,
    },
  };
}
