import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";

/**
 * The session lock that makes one service the owner of a data directory. A lock of PostgreSQL, not a file with a pid:
 * it ends with the connection, so with the process, however that dies. Two numbers, since the space of one bigint is
 * where migrations and the like take theirs. The first is "weir" in ASCII.
 */
const ownerLock = [0x77656972, 1] as const;

/** A killed service's backend notices within moments that its client is gone; until then it holds the lock. */
const patienceMs = 2_000;

export type LockResult = { held: true } | { held: false; holder: string | undefined };

export async function takeOwnerLock(connection: Connection): Promise<LockResult> {
  const { sql } = connection;
  const [space, key] = ownerLock;
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const [row] = await sql<{ taken: boolean }[]>`
      /* embedded_take_lock */ select pg_try_advisory_lock(${space}::int, ${key}::int) as taken`;
    if (row?.taken) return { held: true };
    if (Date.now() >= deadline) break;
    await sleep(50);
  }
  // objsubid 2 marks a lock with two keys; classid and objid are those keys.
  const [holder] = await sql<{ name: string }[]>`
    /* embedded_lock_holder */
    select activity.application_name as name
    from pg_locks lock join pg_stat_activity activity using (pid)
    where lock.locktype = 'advisory' and lock.granted and lock.objsubid = 2
      and lock.classid = ${space}::oid and lock.objid = ${key}::oid
      and lock.database = (select oid from pg_database where datname = current_database())`;
  return { held: false, holder: /^weir (\d+)$/.exec(holder?.name ?? "")?.[1] };
}
