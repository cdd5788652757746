import DataLoader from "dataloader";
import type { Db } from "../../db/client.ts";
import type { FileRow, FileStatusRow } from "../../db/ingest/tables.ts";
import { type NestedList, nestedList } from "../nested.ts";
import type { FilterArgs, PageArgs } from "../paging.ts";
import type { Settings } from "../settings.ts";
import { type IngestCounts, loadHl7Counts, loadLastChanges, loadSegments } from "./counts.ts";
import { type Hl7FileFilter, whereHl7File } from "./filters.ts";
import {
  type FileKey,
  HL7_FILE_ORDER,
  loadFiles,
  loadHl7Pages,
  loadOtherMappings,
  loadStatusPages,
  STATUS_ORDER,
} from "./reads.ts";

export interface IngestLoaders {
  /** Current state of a file; null when it is not known. */
  readonly file: DataLoader<FileKey, FileRow | null, string>;
  /** The rows of a HL7 file's path besides the primary one. */
  readonly otherMappings: DataLoader<string, readonly FileRow[]>;
  /** Counts of a log's HL7 files by latest status. */
  readonly hl7Counts: DataLoader<string, IngestCounts>;
  /** The latest statuses of a log's HL7 files, in order. */
  readonly segments: DataLoader<string, string>;
  /** The newest instant of a log or its HL7 files. */
  readonly lastChange: DataLoader<string, string | null>;
  /** Statuses below files. */
  readonly statuses: NestedList<FileKey, FileStatusRow, PageArgs>;
  /** HL7 files below logs, by the log's path. */
  readonly hl7Files: NestedList<string, FileRow, FilterArgs<Hl7FileFilter>>;
}

const nameOf = ({ type, path }: FileKey) => `${type} ${path}`;

export function createIngestLoaders(db: Db, settings: Settings): IngestLoaders {
  const { maxPageSize: maxSize } = settings;
  return {
    file: new DataLoader((keys) => loadFiles(db, keys), { cacheKeyFn: nameOf }),
    otherMappings: new DataLoader((paths) => loadOtherMappings(db, paths)),
    hl7Counts: new DataLoader((paths) => loadHl7Counts(db, paths)),
    segments: new DataLoader((paths) => loadSegments(db, paths)),
    lastChange: new DataLoader((paths) => loadLastChanges(db, paths)),
    statuses: nestedList({
      order: STATUS_ORDER,
      maxSize,
      load: (keys, _args, request) => loadStatusPages(db, keys, request),
      nameOf,
    }),
    hl7Files: nestedList({
      order: HL7_FILE_ORDER,
      maxSize,
      load: (paths, { filter }, request) => loadHl7Pages(db, paths, whereHl7File(filter ?? {}, settings), request),
    }),
  };
}
