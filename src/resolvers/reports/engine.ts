import { type Database, openDatabase, type Sql } from "../../db/client.ts";
import { OWN_DATABASE } from "../../db/reports/tables.ts";

/** What refreshes need: connections of their own to each database that manifests name, and a bell for the runner. */
export interface ReportEngine extends AsyncDisposable {
  /** A pool on the database of this id; undefined when none is configured. */
  connect(databaseId: number): Sql | undefined;
  readonly databaseIds: readonly number[];
  /** The role under which the queries of reports run; null: the service's own. */
  readonly role: string | null;
  readonly coolingMinutes: number;
  /** Tells this process's runner that something was queued. Others find it by themselves. */
  wake(): void;
  onWake(listener: () => void): void;
}

export interface ReportEngineOptions {
  readonly ownUrl: string;
  /** Of the other databases, by id. */
  readonly urls: ReadonlyMap<number, string>;
  /** Refreshes at once. */
  readonly parallel: number;
  readonly statementTimeoutSeconds: number;
  readonly role: string | null;
  readonly coolingMinutes: number;
}

/** Opens no connection before it is needed. */
export function createReportEngine(options: ReportEngineOptions): ReportEngine {
  const urls = new Map([...options.urls, [OWN_DATABASE, options.ownUrl] as const]);
  const pools = new Map<number, Database>();
  let ring = () => {};
  return {
    connect(databaseId) {
      const url = urls.get(databaseId);
      if (url === undefined) return undefined;
      const pool =
        pools.get(databaseId) ??
        openDatabase(url, {
          // One more, for the check of a manifest that is being stored.
          max: options.parallel + 1,
          name: "weir seeder",
          statementTimeout: options.statementTimeoutSeconds * 1_000,
        });
      pools.set(databaseId, pool);
      return pool.sql;
    },
    databaseIds: [...urls.keys()].toSorted((a, b) => a - b),
    role: options.role,
    coolingMinutes: options.coolingMinutes,
    wake: () => ring(),
    onWake: (listener) => (ring = listener),
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool[Symbol.asyncDispose]()));
    },
  };
}
