import type { Db } from "../db/client.ts";
import { createIngestLoaders, type IngestLoaders } from "./ingest-loaders.ts";
import { createSeederLoaders, type SeederLoaders } from "./seeder-loaders.ts";

/** Loaders that gather what the fields of one level ask for into one statement, by system. */
export interface Loaders {
  readonly ingest: IngestLoaders;
  readonly seeder: SeederLoaders;
}

/** Each system's are made when a field asks for them: most operations, and each event of a subscription, ask one system. */
export function createLoaders(db: Db): Loaders {
  let ingest: IngestLoaders | undefined;
  let seeder: SeederLoaders | undefined;
  return {
    get ingest() {
      ingest ??= createIngestLoaders(db);
      return ingest;
    },
    get seeder() {
      seeder ??= createSeederLoaders(db);
      return seeder;
    },
  };
}
