import { type AccessLoaders, createAccessLoaders } from "./access/loaders.ts";
import { type AttentionLoaders, createAttentionLoaders } from "./attention/subjects.ts";
import { createDocumentsLoaders, type DocumentsLoaders } from "./documents/loaders.ts";
import { createIngestLoaders, type IngestLoaders } from "./ingest/loaders.ts";
import { createNodeLoaders, type NodeLoaders } from "./nodes/loaders.ts";
import { createPipelinesLoaders, type PipelinesLoaders } from "./pipelines/loaders.ts";
import { createReportsLoaders, type ReportsLoaders } from "./reports/loaders.ts";
import type { Services } from "./services.ts";
import type { Viewer } from "./viewer.ts";

/** Loaders that gather what the fields of one level ask for into one statement, by system. */
export interface Loaders {
  readonly ingest: IngestLoaders;
  readonly pipelines: PipelinesLoaders;
  readonly documents: DocumentsLoaders;
  readonly reports: ReportsLoaders;
  readonly access: AccessLoaders;
  readonly attention: AttentionLoaders;
  /** By id, for `node` and `nodes`. */
  readonly nodes: NodeLoaders;
}

/** Each system's are made when a field asks for them: most operations, and each event of a subscription, ask one system. */
export function createLoaders(
  { database: { db }, settings }: Pick<Services, "database" | "settings">,
  viewer: Viewer,
): Loaders {
  let ingest: IngestLoaders | undefined;
  let pipelines: PipelinesLoaders | undefined;
  let documents: DocumentsLoaders | undefined;
  let reports: ReportsLoaders | undefined;
  let access: AccessLoaders | undefined;
  let attention: AttentionLoaders | undefined;
  let nodes: NodeLoaders | undefined;
  return {
    get ingest() {
      ingest ??= createIngestLoaders(db, settings);
      return ingest;
    },
    get pipelines() {
      pipelines ??= createPipelinesLoaders(db, settings);
      return pipelines;
    },
    get documents() {
      documents ??= createDocumentsLoaders(db, settings);
      return documents;
    },
    get reports() {
      reports ??= createReportsLoaders(db, settings, viewer);
      return reports;
    },
    get access() {
      access ??= createAccessLoaders(db);
      return access;
    },
    get attention() {
      attention ??= createAttentionLoaders(db, settings, viewer);
      return attention;
    },
    get nodes() {
      nodes ??= createNodeLoaders(db);
      return nodes;
    },
  };
}
