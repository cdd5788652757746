import type { Database } from "../db/client.ts";
import type { Feed } from "../feed/feed.ts";
import type { MutationRate } from "./access/rate.ts";
import type { StepWriters } from "./documents/steps.ts";
import type { IngestWriters } from "./ingest/writes.ts";
import type { Keyring } from "./pipelines/credentials.ts";
import type { ReportEngine } from "./reports/engine.ts";
import type { ReportWriters } from "./reports/writes.ts";
import type { DriverLog } from "./runs/driver-log.ts";
import type { RunWriters } from "./runs/writes.ts";
import type { Settings } from "./settings.ts";

/** What the process shares among all operations. */
export interface Services {
  readonly database: Database;
  readonly feed: Feed;
  readonly ingestWriters: IngestWriters;
  readonly stepWriters: StepWriters;
  readonly runWriters: RunWriters;
  readonly reportWriters: ReportWriters;
  readonly driverLog: DriverLog;
  readonly reportEngine: ReportEngine;
  readonly mutationRate: MutationRate;
  readonly settings: Settings;
  readonly keyring: Keyring;
  /** Aborted when the service stops: subscriptions complete. */
  readonly closing: AbortSignal;
}
