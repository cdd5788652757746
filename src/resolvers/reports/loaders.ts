import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { ReportJobRow, ReportRunRow } from "../../db/reports/tables.ts";
import { type NestedList, nestedList } from "../nested.ts";
import type { PageArgs } from "../paging.ts";
import type { Settings } from "../settings.ts";
import type { Viewer } from "../viewer.ts";
import { agencyScope } from "./agency-scope.ts";
import { type JobDetails, loadDetails } from "./details.ts";
import { type CannedManifest, loadManifestsOfReports } from "./manifest-reads.ts";
import { type JobFlags, loadFlags, loadJobs, loadRunPages, RUN_ORDER } from "./reads.ts";

export interface ReportsLoaders {
  /** A job by the name of its table; null when it never ran. */
  readonly job: DataLoader<string, ReportJobRow | null>;
  readonly flags: DataLoader<ReportJobRow, JobFlags, string>;
  /** By table. */
  readonly details: DataLoader<string, JobDetails>;
  /** Runs below jobs that the viewer sees, by table. */
  readonly runs: NestedList<string, ReportRunRow, PageArgs>;
  /** The agencies' manifests of a canned report. */
  readonly manifestsOfReport: DataLoader<number, readonly CannedManifest[]>;
}

export function createReportsLoaders(db: Db, settings: Settings, viewer: Viewer): ReportsLoaders {
  return {
    job: new DataLoader((names) => loadJobs(db, names)),
    flags: new DataLoader((jobs) => loadFlags(db, jobs, settings), {
      cacheKeyFn: (job) => JSON.stringify([job.tableName, job.knownStatus, job.startTime, job.consecutiveFailures]),
    }),
    details: new DataLoader((names) => loadDetails(db, names, agencyScope({ viewer }))),
    runs: nestedList({
      order: RUN_ORDER,
      maxSize: settings.maxPageSize,
      load: (names, _args, request) => loadRunPages(db, names, request, agencyScope({ viewer })),
    }),
    manifestsOfReport: new DataLoader((ids) => loadManifestsOfReports(db, ids)),
  };
}
