import type { Context } from "./context.ts";
import { createDocumentsLoaders, type DocumentsLoaders } from "./documents/loaders.ts";
import { createIngestLoaders, type IngestLoaders } from "./ingest/loaders.ts";
import { createPipelinesLoaders, type PipelinesLoaders } from "./pipelines/loaders.ts";
import { createSeederLoaders, type SeederLoaders } from "./reports/loaders.ts";

/** Loaders that gather what the fields of one level ask for into one statement, by system. */
export interface Loaders {
  readonly ingest: IngestLoaders;
  readonly pipelines: PipelinesLoaders;
  readonly documents: DocumentsLoaders;
  readonly seeder: SeederLoaders;
}

/** Each system's are made when a field asks for them: most operations, and each event of a subscription, ask one system. */
export function createLoaders({ database: { db }, settings }: Pick<Context, "database" | "settings">): Loaders {
  let ingest: IngestLoaders | undefined;
  let pipelines: PipelinesLoaders | undefined;
  let documents: DocumentsLoaders | undefined;
  let seeder: SeederLoaders | undefined;
  return {
    get ingest() {
      ingest ??= createIngestLoaders(db);
      return ingest;
    },
    get pipelines() {
      pipelines ??= createPipelinesLoaders(db, settings);
      return pipelines;
    },
    get documents() {
      documents ??= createDocumentsLoaders(db);
      return documents;
    },
    get seeder() {
      seeder ??= createSeederLoaders(db);
      return seeder;
    },
  };
}
