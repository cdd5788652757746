import { parseArgs } from "node:util";
import { isUnreachable, SQLSTATE, sqlState } from "../db/client.ts";
import { DatabaseUnfitError } from "../db/migrate.ts";
import { startApp } from "../server/app.ts";
import { ConfigError, readConfig } from "../server/config.ts";
import { EmbeddedPostgresError } from "../server/embedded/error.ts";
import { createLog } from "../server/log.ts";

const USAGE = `Weir, the live gauge on data pipelines.

  weir serve     start the service; settings are environment variables, see the README
  weir demo      start the service with sample logs flowing through it
  weir help      this text
`;

/** Runs the command line. Sets the exit code: 0 done, 1 failed, 2 called or configured wrongly. */
export async function main(argv: readonly string[]): Promise<void> {
  let positionals: string[];
  try {
    const parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: "boolean", short: "h" } },
    });
    positionals = parsed.values.help === true ? ["help"] : parsed.positionals;
  } catch (error) {
    return fail(2, `${error instanceof Error ? error.message : String(error)} Try: weir help`);
  }
  const [command = "serve", ...rest] = positionals;
  if (command === "help") return void process.stdout.write(USAGE);
  if (command === "demo" && rest.length === 0) return demo();
  if (command !== "serve" || rest.length > 0)
    return fail(2, `weir: no command "${positionals.join(" ")}". Try: weir help`);
  return serve();
}

async function demo(): Promise<void> {
  // Loaded when asked for: the service itself needs nothing of the examples.
  const examples = await import("../../examples/demo.ts");
  await examples.main();
}

async function serve(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = createLog(config.WEIR_LOG_LEVEL);
    const signalled = new Promise<NodeJS.Signals>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
    });
    const app = await startApp(config, log);
    log.info({ url: app.url }, "Weir listens");
    log.info({ signal: await signalled }, "Weir stops");
    await app.stop();
    log.info({}, "Weir has stopped");
  } catch (error) {
    const explained = explainStart(error);
    if (explained === undefined) throw error;
    fail(explained.exitCode, explained.message);
  }
}

/** One line for what an operator can mend; undefined for a defect, which keeps its stack. */
function explainStart(error: unknown): { exitCode: number; message: string } | undefined {
  if (error instanceof ConfigError) return { exitCode: 2, message: error.message };
  if (error instanceof EmbeddedPostgresError || error instanceof DatabaseUnfitError)
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

function fail(exitCode: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
