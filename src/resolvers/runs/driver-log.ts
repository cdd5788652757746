import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { drivers } from "../../db/pipelines/tables.ts";

/** Milliseconds in which a driver that asks again and again is noted once. */
const NOTED_EVERY = 10_000;
/** Drivers remembered as noted: names that are made up anew each time must not fill the memory. */
const MOST_NOTED = 10_000;
const DAYS_KEPT = 7;

/** Notes who asks for work, beside what he asks for: nobody waits for it, and nothing fails by it. */
export interface DriverLog {
  seen(driverContainer: string, worker: string): void;
}

export function createDriverLog({ db }: Pick<Database, "db">): DriverLog {
  const noted = new Map<string, number>();
  async function note(driverContainer: string, worker: string): Promise<void> {
    await db.execute(sql`/* runs.note_driver */ insert into ${drivers} as d (driver_container, worker, last_seen_at)
      values (${driverContainer}, ${worker}, now())
      on conflict (driver_container, worker) do update set last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at)`);
    await db.execute(sql`/* runs.forget_drivers */ delete from ${drivers} where (driver_container, worker) in (
      select driver_container, worker from ${drivers} where last_seen_at < now() - make_interval(days => ${DAYS_KEPT}) limit 100)`);
  }
  return {
    seen(driverContainer, worker) {
      const key = JSON.stringify([driverContainer, worker]);
      const now = performance.now();
      if (now - (noted.get(key) ?? Number.NEGATIVE_INFINITY) < NOTED_EVERY) return;
      noted.delete(key);
      noted.set(key, now);
      const [oldest] = noted.keys();
      if (noted.size > MOST_NOTED && oldest !== undefined) noted.delete(oldest);
      // The next one notes it, if this fails.
      note(driverContainer, worker).catch(() => noted.delete(key));
    },
  };
}
