import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import {
  destinationsConfig,
  type EndpointRow,
  type PipelineRow,
  type RunRow,
  type StageLogRow,
  sourcesConfig,
} from "../../db/pipelines/tables.ts";
import { getOrMake } from "../batches.ts";
import type { PageRequest } from "../paging.ts";
import {
  loadLatestRuns,
  loadLongRunning,
  loadRunPages,
  loadRuns,
  loadStageLogs,
  type RunFilter,
} from "../runs/reads.ts";
import { loadEndpoints, loadOverdue, loadPipelines } from "./reads.ts";

export interface PipelinesLoaders {
  /** By source_tablename. */
  readonly pipeline: DataLoader<string, PipelineRow | null>;
  readonly isOverdue: DataLoader<string, boolean>;
  /** By name. */
  readonly source: DataLoader<string, EndpointRow | null>;
  readonly destination: DataLoader<string, EndpointRow | null>;
  readonly run: DataLoader<number, RunRow | null>;
  /** By source_tablename. */
  readonly latestRun: DataLoader<string, RunRow | null>;
  /** Pages of runs by source_tablename: one loader for each set of arguments. */
  readonly runPages: (
    filter: RunFilter,
    request: PageRequest,
    argsKey: string,
  ) => DataLoader<string, readonly RunRow[]>;
  /** Of one run, in the order of its stages. */
  readonly stageLogs: DataLoader<number, readonly StageLogRow[]>;
  readonly isLongRunning: DataLoader<number, boolean>;
}

export function createPipelinesLoaders(
  db: Db,
  { longRunningMinutes }: { longRunningMinutes: number },
): PipelinesLoaders {
  const pages = new Map<string, DataLoader<string, readonly RunRow[]>>();
  return {
    pipeline: new DataLoader((names) => loadPipelines(db, names)),
    isOverdue: new DataLoader((names) => loadOverdue(db, names)),
    source: new DataLoader((names) => loadEndpoints(db, sourcesConfig, names)),
    destination: new DataLoader((names) => loadEndpoints(db, destinationsConfig, names)),
    run: new DataLoader((ids) => loadRuns(db, ids)),
    latestRun: new DataLoader((names) => loadLatestRuns(db, names)),
    runPages: (filter, request, argsKey) =>
      getOrMake(pages, argsKey, () => new DataLoader((names) => loadRunPages(db, names, filter, request))),
    stageLogs: new DataLoader((ids) => loadStageLogs(db, ids)),
    isLongRunning: new DataLoader((ids) => loadLongRunning(db, ids, longRunningMinutes)),
  };
}
