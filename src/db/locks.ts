import { sql } from "drizzle-orm";
import type { Transaction } from "./client.ts";

/**
 * Every advisory lock that Weir takes, in one database: PostgreSQL knows them by two numbers. `feedDoorbell`, `jobs` and
 * `idSequence` are taken by triggers (migrations name their numbers), the others by this code.
 */
const LOCKS = {
  /** Migrations, one process at a time. */
  migration: { space: 1464158546, number: 0 },
  /** Who rings the doorbell of the feed for direct writers. */
  feedDoorbell: { space: 1464158546, number: 1 },
  /** The scheduler's look: of several instances, one starts what is due. */
  scheduler: { space: 1464158546, number: 2 },
  /** Storing manifests: no index can say that two kinds of manifests make one name. */
  manifests: { space: 1464158546, number: 3 },
  /** The jobs of reports that a statement's trigger sets, by a hash of the table's name. */
  jobs: { space: 1464158547 },
  /** One view of a report, while it is built, by a hash of its name. */
  reportView: { space: 1464158548 },
  /** One run of a report, also before it is there, by a hash of its id. */
  reportRun: { space: 1464158549 },
  /** One stage template, by a hash of its name. */
  stageTemplate: { space: 1464158550 },
  /** A sequence that is set beyond the ids of a program, by the sequence's oid; taken by triggers. */
  idSequence: { space: 1464158551 },
} as const;

type Lock = typeof LOCKS;
type NumberedLock = { [Name in keyof Lock]: Lock[Name] extends { number: number } ? Name : never }[keyof Lock];
type NamedLock = Exclude<keyof Lock, NumberedLock>;

/** The two numbers of a lock of which there is one. */
export function lockNumbers(name: NumberedLock): readonly [space: number, number: number] {
  const { space, number } = LOCKS[name];
  return [space, number];
}

/** The first number of locks of which there is one for each subject; the second is `hashtext(subject)`. */
function lockSpace(name: NamedLock): number {
  return LOCKS[name].space;
}

/** Waits for a lock, and holds it until the transaction ends. */
export async function lock(tx: Transaction, name: NumberedLock): Promise<void> {
  const [space, number] = lockNumbers(name);
  await tx.execute(sql`/* weir.lock */ select pg_advisory_xact_lock(${space}::integer, ${number}::integer)`);
}

/** Takes a lock until the transaction ends, unless somebody has it. Answers whether it was taken. */
export async function tryLock(tx: Transaction, name: NumberedLock): Promise<boolean> {
  const [space, number] = lockNumbers(name);
  const [row] = await tx.execute<{ taken: boolean }>(
    sql`/* weir.try_lock */ select pg_try_advisory_xact_lock(${space}::integer, ${number}::integer) as taken`,
  );
  return row?.taken === true;
}

/** Waits for the lock of one subject, and holds it until the transaction ends. */
export async function lockSubject(tx: Transaction, name: NamedLock, subject: string): Promise<void> {
  await tx.execute(
    sql`/* weir.lock_subject */ select pg_advisory_xact_lock(${lockSpace(name)}::integer, hashtext(${subject}))`,
  );
}
