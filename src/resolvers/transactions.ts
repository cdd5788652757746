import { type SQL, sql } from "drizzle-orm";
import { type Database, isStalePlan, SQLSTATE, sqlState, type Transaction } from "../db/client.ts";
import type { Feed } from "../feed/feed.ts";
import { type AuditEntry, writeAudit } from "./access/audit.ts";
import { once } from "./idempotency.ts";
import { checkIdempotencyKey } from "./input.ts";
import { SERVICE, type Viewer } from "./viewer.ts";

/** What a mutation that may be repeated says of itself. */
export interface Claim {
  readonly operation: string;
  readonly idempotencyKey: string | null | undefined;
  /** Everything that makes two reports the same one. */
  readonly input: unknown;
}

/** What a write needs: the context of an operation, or what the service has for its own work. */
export interface WriteContext {
  readonly database: Pick<Database, "db">;
  readonly viewer: Viewer;
  /** Written with the first transaction; null or absent: nothing is audited. */
  readonly audit?: AuditEntry | null;
  /** Called when it is committed. */
  readonly written: () => void;
}

/** For what the service writes by itself. */
export function asService({
  database,
  feed,
}: {
  database: WriteContext["database"];
  feed: Pick<Feed, "ring">;
}): WriteContext {
  return { database, viewer: SERVICE, written: () => feed.ring() };
}

/** Tries of a transaction that another one got in the way of. */
const TRIES = 5;

/**
 * Runs a mutation's statements in one transaction under the viewer's name, and tells the context once it is committed. `work`
 * may run again when it collides with another transaction, so it does nothing but SQL.
 *
 * With an idempotency key, the answer of `work` is kept as JSON: a repeated report gets it again and `work` is not run.
 * Throws CONFLICT when the key was used for another input.
 */
export async function writeInTransaction<Answer extends string | number | readonly (string | number)[]>(
  { database, viewer, written, audit = null }: WriteContext,
  claim: Claim | null,
  work: (tx: Transaction) => Promise<Answer>,
): Promise<Answer> {
  const actor = viewer.name ?? "";
  const key = checkIdempotencyKey(claim?.idempotencyKey);
  const run = (tx: Transaction) =>
    claim === null || key === null ? work(tx) : once(tx, { ...claim, actor, key }, () => work(tx));
  const answer = await retried(() =>
    database.db.transaction(async (tx) => {
      await tx.execute(asWriter(actor));
      if (audit?.isWritten === false) await writeAudit(tx, viewer, audit);
      return run(tx);
    }),
  );
  if (audit !== null) audit.isWritten = true;
  written();
  return answer;
}

/** Writes again what collided with another transaction. */
export async function retried<Answer>(write: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (tries === TRIES || !(isCollision(error) || isStalePlan(error))) throw error;
    }
  }
}

/** Tells the triggers who writes, for the rest of the transaction. */
export function asWriter(actor: string): SQL {
  return sql`select set_config('weir.writer', ${`api:${actor}`}, true)`;
}

/**
 * A parameter of a statement that begins with `with w as materialized (`{@link asWriter}`)` and reads from w: it is known once w was
 * read, so that the writer's name is set before he writes.
 */
export function jsonBehindWriter(value: unknown): SQL {
  return sql`case when w is not null then ${JSON.stringify(value)}::text::jsonb end`;
}

function isCollision(error: unknown): boolean {
  const state = sqlState(error);
  return state === SQLSTATE.deadlockDetected || state === SQLSTATE.serializationFailure;
}
