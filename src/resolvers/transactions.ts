import { createHash } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { type Db, SQLSTATE, sqlState, type Transaction } from "../db/client.ts";
import type { Context } from "./context.ts";
import { userError } from "./errors.ts";
import { checkIdempotencyKey } from "./input.ts";

/** What a mutation that may be repeated says of itself. */
export interface Claim {
  readonly operation: string;
  readonly idempotencyKey: string | null | undefined;
  /** Everything that makes two reports the same one. */
  readonly input: unknown;
}

/** What a write needs of the context. */
export interface WriteContext extends Pick<Context, "database" | "viewer"> {
  readonly feed: Pick<Context["feed"], "ring">;
}

/** Tries of a transaction that another one got in the way of. */
const TRIES = 5;

/**
 * Runs a mutation's statements in one transaction under the viewer's name, and rings the feed once it is committed. `work`
 * may run again when it collides with another transaction, so it does nothing but SQL.
 *
 * With an idempotency key, the answer of `work` is kept as JSON: a repeated report gets it again and `work` is not run.
 * Throws CONFLICT when the key was used for another input.
 */
export async function writeInTransaction<Answer extends string | number | readonly (string | number)[]>(
  { database, feed, viewer }: WriteContext,
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
      return run(tx);
    }),
  );
  feed.ring();
  return answer;
}

/**
 * The same for a mutation that is one statement, hence one round trip. The statement reads its writer before it writes: from a
 * `with w as materialized (${writer})` that what it does depends on.
 */
export async function writeInStatement<Answer>(
  { database, feed, viewer }: WriteContext,
  execute: (db: Db, writer: SQL) => Promise<Answer>,
): Promise<Answer> {
  const answer = await retried(() => execute(database.db, asWriter(viewer.name ?? "")));
  feed.ring();
  return answer;
}

async function retried<Answer>(write: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (tries === TRIES || !isCollision(error)) throw error;
    }
  }
}

/** Tells the triggers who writes, for the rest of the transaction. */
export function asWriter(actor: string): SQL {
  return sql`select set_config('weir.writer', ${`api:${actor}`}, true)`;
}

async function once<Answer>(
  tx: Transaction,
  { operation, actor, key, input }: Claim & { readonly actor: string; readonly key: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const hash = createHash("sha256").update(JSON.stringify(input)).digest("hex");
  // Waits for another transaction that holds the same key.
  const claimed = await tx.execute(sql`/* weir.claim_key */
    insert into weir.idempotency (operation, actor, key, input_hash, result)
    values (${operation}, ${actor}, ${key}, ${hash}, 'null') on conflict do nothing returning key`);
  if (claimed.length > 0) {
    const answer = await work();
    await tx.execute(sql`/* weir.keep_answer */ update weir.idempotency set result = ${JSON.stringify(answer)}::text::jsonb
      where operation = ${operation} and actor = ${actor} and key = ${key}`);
    return answer;
  }
  const [first] = await tx.execute<{ input_hash: string; result: Answer }>(sql`/* weir.first_answer */
    select input_hash, result from weir.idempotency
    where operation = ${operation} and actor = ${actor} and key = ${key}`);
  if (first?.input_hash !== hash) {
    throw userError(
      "CONFLICT",
      `The idempotency key ${key} was used for another input. Use a new key for a new report.`,
    );
  }
  return first.result;
}

function isCollision(error: unknown): boolean {
  const state = sqlState(error);
  return state === SQLSTATE.deadlockDetected || state === SQLSTATE.serializationFailure;
}
