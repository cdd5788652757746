import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import type { Settings } from "../settings.ts";

/** Tells `reporting.seeder_dashboard` the thresholds of this service, so that those who look by SQL see the same flags. */
export async function storeThresholds(db: Db, { failingAfter, longRunningMinutes }: Settings): Promise<void> {
  await db.execute(sql`/* reports.thresholds */ update reporting.seeder_settings
    set failing_after = ${failingAfter}, long_running_minutes = ${longRunningMinutes}
    where (failing_after, long_running_minutes) is distinct from (${failingAfter}::integer, ${longRunningMinutes}::integer)`);
}
