import type { Database } from "../db/client.ts";
import type { Feed } from "../feed/feed.ts";
import type { IngestWriters } from "./ingest/writes.ts";
import { createLoaders, type Loaders } from "./loaders.ts";
import type { Keyring } from "./pipelines/credentials.ts";
import type { ReportEngine } from "./reports/engine.ts";

/** Roles, each including the ones before it. */
export const ROLES = ["VIEWER", "WORKER", "ADMIN"] as const;
export type Role = (typeof ROLES)[number];

/** Who runs an operation. */
export interface Viewer {
  /** Name of the token; null where the service runs without authentication. */
  readonly name: string | null;
  readonly role: Role;
  /** The agencies whose reports he sees; null or absent: all. */
  readonly agencySlugs?: readonly string[] | null;
}

/** Settings that change what fields answer. */
export interface Settings {
  /** Most entries of a page. */
  readonly maxPageSize: number;
  /** Most rows of one batch mutation. */
  readonly maxBatchRows: number;
  /** A HL7 file that is staged for longer than this many minutes is stuck. */
  readonly stuckStagedMinutes: number;
  /** A run, or a report, that takes no longer than this many minutes is never long-running. */
  readonly longRunningMinutes: number;
  /** A step of a document that is in progress for longer than this many minutes is stalled. */
  readonly stepTimeoutMinutes: number;
  /** A report that failed so many times in a row is failing. */
  readonly failingAfter: number;
}

/** What the process shares among all operations. */
export interface Services {
  readonly database: Database;
  readonly feed: Feed;
  readonly ingestWriters: IngestWriters;
  readonly reportEngine: ReportEngine;
  readonly settings: Settings;
  readonly keyring: Keyring;
  /** Aborted when the service stops: subscriptions complete. */
  readonly closing: AbortSignal;
}

/**
 * What a resolver gets: the services, who asks, and loaders that live for one operation, or for one event of a
 * subscription; longer, and they would answer stale rows.
 */
export interface Context extends Services {
  readonly viewer: Viewer;
  readonly loaders: Loaders;
  /** The feed's position before anything else of this operation was read; null unless the operation selects it. */
  readonly liveCursor: string | null;
}

export function createContext(services: Services, viewer: Viewer, liveCursor: string | null = null): Context {
  return { ...services, viewer, liveCursor, loaders: createLoaders(services) };
}
