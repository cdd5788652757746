import { sql } from "drizzle-orm";
import type { Database, Db, Transaction } from "../../db/client.ts";
import { isObject, type Json, type JsonObject } from "../pipelines/credentials.ts";
import { MASK, maskSecrets } from "../pipelines/masking.ts";
import type { Viewer } from "../viewer.ts";

/** What an administrator does. */
export interface AuditEntry {
  /** The mutation's name. */
  readonly action: string;
  readonly arguments: JsonObject;
  /** Set when it is committed. */
  isWritten: boolean;
}

/**
 * Writes who does what, and lets the triggers of configured tables tell the rows before and after: all in the transaction that
 * changes them, or nothing.
 */
export async function writeAudit(
  tx: Db | Transaction,
  { name, address }: Viewer,
  { action, arguments: args }: AuditEntry,
): Promise<void> {
  await tx.execute(sql`/* access.audit */
    with entry as (
      insert into weir.audit (actor, address, action, arguments)
      values (${name ?? ""}, ${address ?? null}::text, ${action}, ${JSON.stringify(args)}::text::jsonb) returning id
    ) select set_config('weir.audit', id::text, true) from entry`);
}

/** For what was done outside of a transaction of ours. */
export async function auditLater(
  { database, viewer }: { readonly database: Pick<Database, "db">; readonly viewer: Viewer },
  entry: AuditEntry,
): Promise<void> {
  await writeAudit(database.db, viewer, entry);
  entry.isWritten = true;
}

const SECRET_NAME = /(?:creds|credentials|password|secret)$/i;
const ADDRESS_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]*@/i;

/** Arguments as the audit shows them: of credentials what anyone may see, no address with a password in it. */
export function maskedArguments(args: Readonly<Record<string, unknown>>): JsonObject {
  const plain = JSON.parse(JSON.stringify(args)) as JsonObject;
  return maskedObject(plain);
}

function maskedObject(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, masked(name, value)]));
}

function masked(name: string, value: Json): Json {
  if (value === null) return null;
  if (SECRET_NAME.test(name)) return isObject(value) ? maskSecrets(value) : MASK;
  if (Array.isArray(value)) return value.map((inner: Json) => masked(name, inner));
  if (isObject(value)) return maskedObject(value);
  return typeof value === "string" && ADDRESS_WITH_PASSWORD.test(value) ? MASK : value;
}
