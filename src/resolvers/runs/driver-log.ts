import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { drivers } from "../../db/pipelines/tables.ts";

/** Drivers that are kept until they are stored: names that are made up anew each time must not fill the memory. */
const MOST_SEEN = 10_000;
const DAYS_KEPT = 7;

interface Seen {
  readonly container: string;
  readonly worker: string;
  /** Milliseconds of this process' clock. */
  readonly at: number;
}

/** Remembers who asks for work, and stores it now and then: no claim waits for it, nor costs a statement more. */
export interface DriverLog {
  seen(driverContainer: string, worker: string): void;
  /** Stores who was seen since the last time. */
  store(db: Db): Promise<void>;
}

export function createDriverLog(): DriverLog {
  let seen = new Map<string, Seen>();
  return {
    seen(container, worker) {
      const key = JSON.stringify([container, worker]);
      if (seen.size < MOST_SEEN || seen.has(key)) seen.set(key, { container, worker, at: performance.now() });
    },
    async store(db) {
      if (seen.size === 0) return;
      const taken = seen;
      seen = new Map();
      const now = performance.now();
      const rows = [...taken.values()].map(({ container, worker, at }) => ({
        container,
        worker,
        ago: (now - at) / 1_000,
      }));
      try {
        await db.execute(sql`/* runs.store_drivers */ insert into ${drivers} as d (driver_container, worker, last_seen_at)
          select container, worker, now() - make_interval(secs => ago)
          from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(container text, worker text, ago float8)
          order by container collate "C", worker collate "C"
          on conflict (driver_container, worker) do update set last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at)`);
      } catch (error) {
        // Once more at the next time, unless somebody was seen since.
        seen = new Map([...taken, ...seen]);
        throw error;
      }
      await db.execute(sql`/* runs.forget_drivers */ delete from ${drivers} where (driver_container, worker) in (
        select driver_container, worker from ${drivers} where last_seen_at < now() - make_interval(days => ${DAYS_KEPT}) limit 100)`);
    },
  };
}
