import { startApp } from "../server/app.ts";
import type { Config } from "../server/config.ts";
import { openLog } from "../server/log.ts";
import type { UnknownSetting } from "../server/unknown-settings.ts";
import { explainStart, type Failure } from "./failure.ts";

/** Runs the service until SIGINT or SIGTERM. Answers why it did not start; a defect is thrown, with its stack. */
export async function serve(config: Config, unknown: readonly UnknownSetting[]): Promise<Failure | undefined> {
  try {
    const log = await openLog(config.WEIR_LOG_LEVEL);
    for (const { name, nearest } of unknown)
      log.warn({ name, nearest }, `${name} is no setting${nearest === null ? "" : `; ${nearest} is`}`);
    const signalled = new Promise<NodeJS.Signals>((resolve) => {
      // Whatever follows the first one is ignored, since a stop takes 10 seconds at most: a group is signalled as a whole, and
      // whoever started us passes the same signal on once more.
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve(signal));
    });
    const app = await startApp(config, log);
    // Without a certificate it ends the service, as it does when a terminal is closed.
    const { reload } = app;
    if (reload !== null) process.on("SIGHUP", reload);
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
