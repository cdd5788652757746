import type { TransactionSql } from "postgres";
import { SQLSTATE, type Sql, sqlState } from "../db/client.ts";

/** Partitions are made this many days ahead; beyond that the default partition takes the rows. */
const DAYS_AHEAD = 3;
/** A partition is made or dropped under a lock that writers would wait behind: rather try again at the next round. */
const LOCK_TIMEOUT = "200ms";
/** Rows that one statement deletes at most. */
const DELETE_ROWS = 10_000;

export interface RetentionOptions {
  /** Days of changes to keep, counted from the present. */
  days: number;
  /** The present, in milliseconds since 1970. Default: the database's clock, which all instances share. */
  now?: () => number;
}

/**
 * Makes the daily partitions of `weir.change` that are to come and drops those that are older than the retention.
 * Any number of instances may call this at once. Answers how many partitions were dropped.
 *
 * What is dropped is remembered by its greatest transaction id in the same transaction, so that a cursor that has not
 * seen all of it is refused rather than continued with a gap.
 */
export async function maintainFeed(sql: Sql, { days, now }: RetentionOptions): Promise<number> {
  const today = startOfDay(now === undefined ? await readClock(sql) : now());
  for (let ahead = 0; ahead <= DAYS_AHEAD; ahead += 1) await ensurePartition(sql, addDays(today, ahead));

  const oldest = addDays(today, -days);
  const old = await sql<{ name: string }[]>`/* feed.partitions */
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'weir.change'::regclass and c.relname ~ '^change_[0-9]{8}$'
      and c.relname < ${partitionName(oldest)} order by c.relname`;
  for (const { name } of old) await dropPartition(sql, name);
  await emptyDefaultPartition(sql, oldest);
  await sql`/* idempotency.forget */ delete from weir.idempotency where at < ${oldest.toISOString()}`;
  return old.length;
}

/** What is deleted is decided by one clock: an instance whose own is weeks ahead deletes nothing. */
async function readClock(sql: Sql): Promise<number> {
  const [clock] = await sql<{ milliseconds: number }[]>`/* feed.clock */
    select (extract(epoch from now()) * 1000)::float8 as milliseconds`;
  if (clock === undefined) throw new Error("the database has no clock");
  return clock.milliseconds;
}

async function ensurePartition(sql: Sql, day: Date): Promise<void> {
  const name = partitionName(day);
  const [from, to] = [day.toISOString(), addDays(day, 1).toISOString()];
  const [state] = await sql<{ exists: boolean; hasRows: boolean }[]>`/* feed.partition */
    select to_regclass(${`weir.${name}`}) is not null as exists,
           exists (select from weir.change_default where at >= ${from} and at < ${to}) as "hasRows"`;
  // A day that has rows in the default partition stays there: its partition could not be attached.
  if (state === undefined || state.exists || state.hasRows) return;
  await sql
    .begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
      // ATTACH takes a lock that readers and writers of the other partitions do not notice; CREATE … PARTITION OF would not.
      await tx.unsafe(`create table weir.${name} (like weir.change including defaults)`);
      await tx.unsafe(`alter table weir.change attach partition weir.${name} for values from ('${from}') to ('${to}')`);
    })
    .catch(ignoreRace);
}

async function dropPartition(sql: Sql, name: string): Promise<void> {
  await sql
    .begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
      await tx`/* feed.forget */ update weir.feed set forgotten_xid = greatest(forgotten_xid,
        (select max(xid) from ${tx(`weir.${name}`)})), forgotten_newest = coalesce((
          select ${fingerprintOf(tx)} from ${tx(`weir.${name}`)} order by seq desc limit 1), forgotten_newest)`;
      await tx.unsafe(`drop table weir.${name}`);
    })
    .catch(ignoreRace);
}

/** A fingerprint of one change, without the digest of those before it; see `weir.fingerprint`. */
function fingerprintOf(sql: Sql | TransactionSql) {
  return sql`seq || '.' || (extract(epoch from at) * 1000000)::bigint`;
}

async function emptyDefaultPartition(sql: Sql, oldest: Date): Promise<void> {
  for (;;) {
    const [deleted] = await sql<{ count: string }[]>`/* feed.forget_default */
      with gone as (
        delete from weir.change_default where seq in (
          select seq from weir.change_default where at < ${oldest.toISOString()} order by seq limit ${DELETE_ROWS})
        returning xid, seq, at),
      remembered as (
        update weir.feed set forgotten_xid = greatest(forgotten_xid, (select max(xid) from gone)),
          forgotten_newest = (select ${fingerprintOf(sql)} from gone order by seq desc limit 1)
        where exists (select from gone))
      select count(*) from gone`;
    if (Number(deleted?.count ?? 0) < DELETE_ROWS) return;
  }
}

const RACES = new Set<string | undefined>([
  // Somebody has just written a change of that day, which is in the default partition and stays there.
  SQLSTATE.checkViolation,
  SQLSTATE.duplicateTable,
  SQLSTATE.duplicateObject,
  SQLSTATE.undefinedTable,
  SQLSTATE.uniqueViolation,
  SQLSTATE.invalidObjectDefinition,
  SQLSTATE.lockNotAvailable,
  SQLSTATE.deadlockDetected,
]);

/** Another instance was faster, or a long transaction holds the lock: the next round does what is left. */
function ignoreRace(error: unknown): void {
  if (!RACES.has(sqlState(error))) throw error;
}

function partitionName(day: Date): string {
  return `change_${day.toISOString().slice(0, 10).replaceAll("-", "")}`;
}

function startOfDay(milliseconds: number): Date {
  const day = new Date(milliseconds);
  day.setUTCHours(0, 0, 0, 0);
  return day;
}

function addDays(day: Date, days: number): Date {
  return new Date(day.getTime() + days * 86_400_000);
}
