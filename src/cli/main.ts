import { parseArgs } from "node:util";
import { type Config, ConfigError, readConfig } from "../server/config.ts";

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
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (error instanceof ConfigError) return fail(2, error.message);
    throw error;
  }
  // Loaded when it is needed: a wrong setting, or a call for help, is answered at once.
  const service = await import("./serve.ts");
  const failure = await service.serve(config);
  if (failure !== undefined) fail(failure.exitCode, failure.message);
}

function fail(exitCode: number, message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
