import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { DocumentRow, ProcessingLogRow, StepRow } from "../../db/documents/tables.ts";
import { type NestedList, nestedList } from "../nested.ts";
import type { PageArgs } from "../paging.ts";
import type { Settings } from "../settings.ts";
import { loadAttempts, loadDocuments, loadLogPages, loadSteps, type StepKey, TIMELINE_ORDER } from "./reads.ts";

export interface DocumentsLoaders {
  /** A file by its id; null when it is not there. */
  readonly file: DataLoader<number, DocumentRow | null>;
  /** The steps of a file, in the order in which they were added. */
  readonly steps: DataLoader<number, readonly StepRow[]>;
  /** How often a step was begun. */
  readonly attempts: DataLoader<StepKey, number, string>;
  /** Timelines below files. */
  readonly logs: NestedList<number, ProcessingLogRow, PageArgs>;
}

export function createDocumentsLoaders(db: Db, { maxPageSize: maxSize }: Settings): DocumentsLoaders {
  return {
    file: new DataLoader((ids) => loadDocuments(db, ids)),
    steps: new DataLoader((ids) => loadSteps(db, ids)),
    attempts: new DataLoader((steps) => loadAttempts(db, steps), {
      cacheKeyFn: ({ fileId, stepName }) => `${fileId} ${stepName}`,
    }),
    logs: nestedList({
      order: TIMELINE_ORDER,
      maxSize,
      load: (ids, _args, request) => loadLogPages(db, ids, request),
    }),
  };
}
