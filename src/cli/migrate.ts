import { compareMigrations, migrateDatabase } from "../db/migrate.ts";
import type { Config } from "../server/config.ts";
import { describeTarget, withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

/** Applies the migrations that are to come, and says how many they were. */
export function migrate(
  config: Config,
  { isDryRun, isJson }: { readonly isDryRun: boolean; readonly isJson: boolean },
): Promise<Failure | undefined> {
  return withDatabase(
    config,
    async ({ sql, url }) => {
      const { newer, pending } = await compareMigrations(sql);
      if (newer !== null)
        return { exitCode: 1, message: `The schema is of a newer version (${newer}): start that one.` };
      if (!isDryRun) await migrateDatabase(url, { isPrepared: config.WEIR_PREPARED === "on" });
      const done = isDryRun ? "to come" : "applied";
      const line = `${pending === 0 ? "No migrations" : pending} ${done}: ${describeTarget(config)}.`;
      process.stdout.write(`${isJson ? JSON.stringify({ isDryRun, migrations: pending }) : line}\n`);
      return undefined;
    },
    { migrates: false },
  );
}
