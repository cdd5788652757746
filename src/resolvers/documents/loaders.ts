import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { FileRow, ProcessingLogRow, StepRow } from "../../db/documents/tables.ts";
import { getOrMake } from "../batches.ts";
import type { PageRequest } from "../paging.ts";
import { loadFiles, loadLogPages, loadSteps } from "./reads.ts";

export interface DocumentsLoaders {
  /** A file by its id; null when it is not there. */
  readonly file: DataLoader<number, FileRow | null>;
  /** The steps of a file, in the order in which they were added. */
  readonly steps: DataLoader<number, readonly StepRow[]>;
  /** Pages of a file's timeline: one loader for each set of arguments. */
  readonly logPages: (request: PageRequest, argsKey: string) => DataLoader<number, readonly ProcessingLogRow[]>;
  /** Forgets what was loaded: the next mutation of the same operation reads what this one wrote. */
  readonly clear: () => void;
}

export function createDocumentsLoaders(db: Db): DocumentsLoaders {
  const logLoaders = new Map<string, DataLoader<number, readonly ProcessingLogRow[]>>();
  const file = new DataLoader((ids: readonly number[]) => loadFiles(db, ids));
  const steps = new DataLoader((ids: readonly number[]) => loadSteps(db, ids));
  return {
    file,
    steps,
    logPages: (request, argsKey) =>
      getOrMake(logLoaders, argsKey, () => new DataLoader((ids) => loadLogPages(db, ids, request))),
    clear() {
      file.clearAll();
      steps.clearAll();
      logLoaders.clear();
    },
  };
}
