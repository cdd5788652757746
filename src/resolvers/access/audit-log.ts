import { and, asc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { type AuditChangeRow, type AuditRow, audit, auditChanges } from "../../db/access/tables.ts";
import type { Db } from "../../db/client.ts";
import { groupByPlace } from "../batches.ts";
import { type List, listRows } from "../lists.ts";
import type { FilterArgs, Order } from "../paging.ts";

export interface AuditFilter {
  readonly actor?: string | null | undefined;
  readonly action?: string | null | undefined;
  readonly after?: string | null | undefined;
  readonly before?: string | null | undefined;
}

/** Newest first. */
const ORDER: Order<AuditRow> = {
  name: "audit",
  columns: [{ expression: sql`${audit.id}`, direction: "desc", type: "bigint" }],
  keyOf: ({ id }) => [id],
};

export function listAudit(
  db: Db,
  { filter, ...args }: FilterArgs<AuditFilter>,
  maxSize: number,
): Promise<List<AuditRow>> {
  const { actor, action, after, before } = filter ?? {};
  return listRows(db, {
    name: "access.audit_log",
    table: audit,
    order: ORDER,
    where: and(
      actor == null ? undefined : eq(audit.actor, actor),
      action == null ? undefined : eq(audit.action, action),
      after == null ? undefined : gt(audit.at, after),
      before == null ? undefined : lt(audit.at, before),
    ),
    args,
    maxSize,
  });
}

export async function loadAuditChanges(
  db: Db,
  ids: readonly number[],
): Promise<readonly (readonly AuditChangeRow[])[]> {
  const rows = await db
    .select()
    .from(auditChanges)
    .where(
      inArray(
        auditChanges.auditId,
        sql`(select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb)::bigint)`,
      ),
    )
    .orderBy(asc(auditChanges.id))
    .comment("access.audit_changes");
  const place = new Map(ids.map((id, at) => [id, at + 1]));
  return groupByPlace(
    ids.length,
    rows.map((row) => ({ ...row, at: place.get(row.auditId) ?? 0 })),
  );
}
