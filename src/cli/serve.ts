import { isUnreachable, SQLSTATE, sqlState } from "../db/client.ts";
import { DatabaseUnfitError } from "../db/migrate.ts";
import { startApp } from "../server/app.ts";
import type { Config } from "../server/config.ts";
import { EmbeddedPostgresError } from "../server/embedded/error.ts";
import { createLog } from "../server/log.ts";
import { SecretKeyError } from "../server/secret-key.ts";

/** Why the service did not start, where an operator can mend it: one line. */
export interface StartFailure {
  readonly exitCode: number;
  readonly message: string;
}

/** Runs the service until SIGINT or SIGTERM. Answers why it did not start; a defect is thrown, with its stack. */
export async function serve(config: Config): Promise<StartFailure | undefined> {
  try {
    const log = createLog(config.WEIR_LOG_LEVEL);
    const signalled = new Promise<NodeJS.Signals>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
    });
    const app = await startApp(config, log);
    log.info({ url: app.url }, "Weir listens");
    log.info({ signal: await signalled }, "Weir stops");
    await app.stop();
    log.info({}, "Weir has stopped");
    return undefined;
  } catch (error) {
    const explained = explainStart(error);
    if (explained === undefined) throw error;
    return explained;
  }
}

/** One line for what an operator can mend; undefined for a defect, which keeps its stack. */
export function explainStart(error: unknown): StartFailure | undefined {
  if (error instanceof EmbeddedPostgresError || error instanceof DatabaseUnfitError || error instanceof SecretKeyError)
    return { exitCode: 1, message: error.message };
  const code = sqlState(error);
  if (code === "EADDRINUSE") {
    return {
      exitCode: 2,
      message: "The port is in use by another program. Set WEIR_PORT to another one, or to 0 for any free one.",
    };
  }
  if (code === "EACCES")
    return { exitCode: 2, message: "The port may not be used by this user. Set WEIR_PORT to one above 1023." };
  if (code === "28P01" || code === "28000")
    return { exitCode: 2, message: "The database refused the user or password of DATABASE_URL." };
  if (code === SQLSTATE.invalidCatalogName)
    return { exitCode: 2, message: "The database that DATABASE_URL names does not exist. Create it first." };
  if (isUnreachable(error))
    return { exitCode: 1, message: `The database of DATABASE_URL can't be reached (${code}). Is it running?` };
  return undefined;
}
