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
import { type NestedList, nestedList } from "../nested.ts";
import type { FilterArgs } from "../paging.ts";
import { type DaySummary, loadDaySummaries, loadUsualDurations, type UsualDurations } from "../runs/durations.ts";
import {
  loadLatestRuns,
  loadLongRunning,
  loadRetries,
  loadRunPages,
  loadRuns,
  loadStageLogs,
  RUN_ORDER,
  type RunFilter,
  whereRun,
} from "../runs/reads.ts";
import type { Settings } from "../settings.ts";
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
  /** Runs below pipelines, by source_tablename. */
  readonly runs: NestedList<string, RunRow, FilterArgs<RunFilter>>;
  /** Of one run, in the order of its stages. */
  readonly stageLogs: DataLoader<number, readonly StageLogRow[]>;
  readonly isLongRunning: DataLoader<number, boolean>;
  /** The newest retry of a run; null when there is none. */
  readonly retry: DataLoader<number, RunRow | null>;
  /** By source_tablename. */
  readonly usualDurations: DataLoader<string, UsualDurations>;
  readonly daySummary: DataLoader<string, DaySummary>;
}

export function createPipelinesLoaders(
  db: Db,
  { longRunningMinutes, maxPageSize: maxSize }: Settings,
): PipelinesLoaders {
  return {
    pipeline: new DataLoader((names) => loadPipelines(db, names)),
    isOverdue: new DataLoader((names) => loadOverdue(db, names)),
    source: new DataLoader((names) => loadEndpoints(db, sourcesConfig, names)),
    destination: new DataLoader((names) => loadEndpoints(db, destinationsConfig, names)),
    run: new DataLoader((ids) => loadRuns(db, ids)),
    latestRun: new DataLoader((names) => loadLatestRuns(db, names)),
    runs: nestedList({
      order: RUN_ORDER,
      maxSize,
      load: (names, { filter }, request) =>
        loadRunPages(db, names, whereRun(filter ?? {}, longRunningMinutes), request),
    }),
    stageLogs: new DataLoader((ids) => loadStageLogs(db, ids)),
    retry: new DataLoader((ids) => loadRetries(db, ids)),
    usualDurations: new DataLoader((names) => loadUsualDurations(db, names)),
    daySummary: new DataLoader((names) => loadDaySummaries(db, names)),
    isLongRunning: new DataLoader((ids) => loadLongRunning(db, ids, longRunningMinutes)),
  };
}
