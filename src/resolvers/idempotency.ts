import { createHash } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import type { Db, Transaction } from "../db/client.ts";
import { userError } from "./errors.ts";

/** What a report that may be repeated says of itself. Keys are told apart by operation and writer. */
export interface KeyedReport {
  readonly operation: string;
  /** Name of the token that writes; '' without authentication. */
  readonly actor: string;
  readonly key: string;
  /** Everything that makes two reports the same one. */
  readonly input: unknown;
}

/** Tells whether two reports say the same. */
export function hashOf(input: unknown): string {
  return createHash("sha256").update(JSON.stringify(input)).digest("hex");
}

/** Reports as rows `c(place, operation, actor, key, hash)` of a statement that claims their keys; `place` from 0. */
export function claimRows(reports: readonly (KeyedReport | null)[]): SQL {
  const rows = reports.flatMap((report, place) =>
    report === null
      ? []
      : [
          {
            place,
            operation: report.operation,
            actor: report.actor,
            key: report.key,
            hash: hashOf(report.input),
          },
        ],
  );
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
    as c(place integer, operation text, actor text, key text, hash text)`;
}

/**
 * Claims the keys of {@link claimRows}, here as the relation `claim`, with `result` as their first answers: of several that claim
 * one key, the first transaction; the others wait for its end. Answers those that were free.
 */
export function claimKeys(result: SQL): SQL {
  return sql`insert into weir.idempotency (operation, actor, key, input_hash, result)
    select c.operation, c.actor, c.key, c.hash, ${result} from claim c order by c.operation, c.key
    on conflict do nothing returning operation, actor, key`;
}

/** What the first report under a key was answered. Throws CONFLICT when it said something else. */
export async function firstAnswer<Answer>(db: Db | Transaction, report: KeyedReport): Promise<Answer> {
  const { operation, actor, key, input } = report;
  const [first] = await db.execute<{ input_hash: string; result: Answer }>(sql`/* weir.first_answer */
    select input_hash, result from weir.idempotency
    where operation = ${operation} and actor = ${actor} and key = ${key}`);
  if (first?.input_hash !== hashOf(input)) throw otherInput(key);
  return first.result;
}

export function otherInput(key: string): Error {
  return userError(
    "CONFLICT",
    `The idempotency key ${key} was used for another input. Use a new key for a new report.`,
  );
}

/** Does the work of a report, once: a repeated one is answered what the first one was. */
export async function once<Answer>(tx: Transaction, report: KeyedReport, work: () => Promise<Answer>): Promise<Answer> {
  const claimed = await tx.execute(sql`/* weir.claim_key */
    with claim as (select * from ${claimRows([report])}) ${claimKeys(sql`'null'`)}`);
  if (claimed.length === 0) return firstAnswer(tx, report);
  const answer = await work();
  const { operation, actor, key } = report;
  await tx.execute(sql`/* weir.keep_answer */ update weir.idempotency set result = ${JSON.stringify(answer)}::text::jsonb
    where operation = ${operation} and actor = ${actor} and key = ${key}`);
  return answer;
}
