import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { SeederJobRow, SeederRunRow } from "../../db/reports/tables.ts";
import { getOrMake } from "../batches.ts";
import type { Settings } from "../context.ts";
import type { PageRequest } from "../paging.ts";
import { type CannedManifest, loadManifestsOfReports } from "./manifest-reads.ts";
import { type JobFlags, loadFlags, loadJobs, loadRunPages } from "./reads.ts";

export interface SeederLoaders {
  /** A job by the name of its table; null when it never ran. */
  readonly job: DataLoader<string, SeederJobRow | null>;
  readonly flags: (settings: Settings) => DataLoader<SeederJobRow, JobFlags, string>;
  /** Pages of runs by table: one loader for each set of arguments. */
  readonly runPages: (request: PageRequest, argsKey: string) => DataLoader<string, readonly SeederRunRow[]>;
  /** The agencies' manifests of a canned report. */
  readonly manifestsOfReport: DataLoader<number, readonly CannedManifest[]>;
}

export function createSeederLoaders(db: Db): SeederLoaders {
  const pageLoaders = new Map<string, DataLoader<string, readonly SeederRunRow[]>>();
  let flags: DataLoader<SeederJobRow, JobFlags, string> | undefined;
  return {
    job: new DataLoader((names) => loadJobs(db, names)),
    flags(settings) {
      flags ??= new DataLoader((jobs) => loadFlags(db, jobs, settings), {
        cacheKeyFn: (job) => JSON.stringify([job.tableName, job.status, job.startTime, job.consecutiveFailures]),
      });
      return flags;
    },
    runPages: (request, argsKey) =>
      getOrMake(pageLoaders, argsKey, () => new DataLoader((names) => loadRunPages(db, names, request))),
    manifestsOfReport: new DataLoader((ids) => loadManifestsOfReports(db, ids)),
  };
}
