import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { FileRow, FileStatusRow, FileTypeWord } from "../../db/ingest/tables.ts";
import { getOrMake } from "../batches.ts";
import type { PageRequest } from "../paging.ts";
import { type IngestCounts, loadHl7Counts } from "./counts.ts";
import type { Hl7FileFilter } from "./filters.ts";
import { loadFiles, loadHl7Pages, loadStatusPages } from "./reads.ts";

interface FileKey {
  readonly type: FileTypeWord;
  readonly path: string;
}

export interface IngestLoaders {
  /** Current state of a file; null when it is not known. */
  readonly file: DataLoader<FileKey, FileRow | null, string>;
  /** Counts of a log's HL7 files by latest status. */
  readonly hl7Counts: DataLoader<string, IngestCounts>;
  /** Pages of statuses by file: one loader for each set of arguments. */
  readonly statusPages: (
    request: PageRequest,
    argsKey: string,
  ) => DataLoader<FileKey, readonly FileStatusRow[], string>;
  /** Pages of HL7 files by log: one loader for each set of arguments. */
  readonly hl7Pages: (
    filter: Hl7FileFilter,
    request: PageRequest,
    argsKey: string,
  ) => DataLoader<string, readonly FileRow[]>;
}

const cacheKeyFn = ({ type, path }: FileKey) => `${type} ${path}`;

export function createIngestLoaders(db: Db): IngestLoaders {
  const statusLoaders = new Map<string, DataLoader<FileKey, readonly FileStatusRow[], string>>();
  const hl7Loaders = new Map<string, DataLoader<string, readonly FileRow[]>>();
  return {
    file: new DataLoader((keys) => loadFiles(db, keys), { cacheKeyFn }),
    hl7Counts: new DataLoader((paths) => loadHl7Counts(db, paths)),
    statusPages: (request, argsKey) =>
      getOrMake(
        statusLoaders,
        argsKey,
        () => new DataLoader((keys) => loadStatusPages(db, keys, request), { cacheKeyFn }),
      ),
    hl7Pages: (filter, request, argsKey) =>
      getOrMake(hl7Loaders, argsKey, () => new DataLoader((paths) => loadHl7Pages(db, paths, filter, request))),
  };
}
