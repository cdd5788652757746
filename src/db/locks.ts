import { type SQL, sql } from "drizzle-orm";
import { type Db, SQLSTATE, sqlState, type Transaction } from "./client.ts";

/**
 * Every advisory lock that Weir takes, in one database: PostgreSQL knows them by two numbers. `feedDoorbell`, `jobs`,
 * `reportRun` and `idSequence` are taken in SQL (migrations name their numbers), the others by this code.
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
  /** One run of a report, also before it is there, by a hash of its id; taken by `reporting.start_runs`. */
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

/** Who has a lock; null when he has let go of it meanwhile. */
export interface LockHolder {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly since: string;
  readonly state: string;
}

/** Somebody else had a lock for longer than it is waited for. The message says who. */
export class LockHeldError extends Error {}

/** Milliseconds that a transaction waits for a lock. */
const LONGEST_WAIT = 10_000;

export function describeHolder(holder: LockHolder | null): string {
  if (holder === null) return "another session";
  const { pid, application, user, since, state } = holder;
  return `the session ${pid} (${application || "no application name"}, user ${user}, ${state}, since ${since})`;
}

/** Waits for a lock, and holds it until the transaction ends. Throws {@link LockHeldError}. */
export async function lock(tx: Transaction, name: NumberedLock, longestWait = LONGEST_WAIT): Promise<void> {
  const [space, number] = lockNumbers(name);
  await take(tx, name, space, sql`${number}::integer`, longestWait);
}

/** Takes a lock until the transaction ends, unless somebody has it. Answers whether it was taken. */
export async function tryLock(tx: Transaction, name: NumberedLock): Promise<boolean> {
  const [space, number] = lockNumbers(name);
  return tryTake(tx, space, sql`${number}::integer`);
}

/** Waits for the lock of one subject, and holds it until the transaction ends. Throws {@link LockHeldError}. */
export async function lockSubject(tx: Transaction, name: NamedLock, subject: string): Promise<void> {
  await take(tx, `${name} of ${subject}`, lockSpace(name), sql`hashtext(${subject})`, LONGEST_WAIT);
}

async function tryTake(tx: Transaction, space: number, number: SQL): Promise<boolean> {
  const [row] = await tx.execute<{ taken: boolean }>(
    sql`/* weir.try_lock */ select pg_try_advisory_xact_lock(${space}::integer, ${number}) as taken`,
  );
  return row?.taken === true;
}

async function take(tx: Transaction, what: string, space: number, number: SQL, longestWait: number): Promise<void> {
  if (await tryTake(tx, space, number)) return;
  const holder = await readHolder(tx, space, number);
  await tx.execute(sql`select set_config('lock_timeout', ${`${longestWait}ms`}, true)`);
  try {
    await tx.execute(sql`/* weir.lock */ select pg_advisory_xact_lock(${space}::integer, ${number})`);
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.lockNotAvailable) throw error;
    throw new LockHeldError(
      `The lock "${what}" is held by ${describeHolder(holder)} for more than ${longestWait / 1_000} seconds. Try again, or end that session.`,
    );
  }
  await tx.execute(sql`set local lock_timeout to default`);
}

/** Who has a lock of which there is one. */
export async function holderOf(db: Db, name: NumberedLock): Promise<LockHolder | null> {
  const [space, number] = lockNumbers(name);
  return readHolder(db, space, sql`${number}::integer`);
}

async function readHolder(db: Db | Transaction, space: number, number: SQL): Promise<LockHolder | null> {
  const [holder] = await db.execute<LockHolder & Record<string, unknown>>(sql`/* weir.lock_holder */
    select a.pid, a.application_name as application, a.usename as "user", coalesce(a.state, 'hidden') as state,
           to_char(coalesce(a.xact_start, a.backend_start, now()) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
    from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid = ${space}::integer::oid and l.objid = ${number}::integer::oid and l.pid <> pg_backend_pid() limit 1`);
  return holder ?? null;
}
