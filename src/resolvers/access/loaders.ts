import DataLoader from "dataloader";
import type { AuditChangeRow } from "../../db/access/tables.ts";
import type { Db } from "../../db/client.ts";
import { loadAuditChanges } from "./audit-log.ts";

export interface AccessLoaders {
  /** The rows that an entry of the audit changed, in that order. */
  readonly auditChanges: DataLoader<number, readonly AuditChangeRow[]>;
}

export function createAccessLoaders(db: Db): AccessLoaders {
  return { auditChanges: new DataLoader((ids) => loadAuditChanges(db, ids)) };
}
