import manifest from "../../package.json" with { type: "json" };
import { ConfigError, readConfig } from "../server/config.ts";
import { unknownSettings } from "../server/unknown-settings.ts";
import { takesNoArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";
import { settingsOfServe } from "./settings.ts";

const USAGE = `Weir, the live gauge on data pipelines.

  weir serve [--host <address>] [--port <port>] [--env-file <file>] [--insecure]
                 start the service; settings are environment variables, see the README. --insecure serves a network
                 without asking for tokens
  weir token create [--role viewer|worker|admin] [--agency <slug>]… [--system <system>]… [--driver <container>]…
                    [--days <until it expires>] <name>
                 make a token and print its secret, this once; the first one closes the service to whoever has none
  weir token list
  weir token revoke <id or name>
                 end a token, and its sockets within 5 seconds
  weir demo      start the service with sample logs flowing through it
  weir status [--watch] [--check] [--json] [--url <url>] [--token <token>]
                 what flows, what is stuck, and why; --check ends with 1 while something needs a person
  weir tail [--topic <topic>]… [--after <cursor>] [--count <changes>] [--json] [--url <url>] [--token <token>]
                 print changes as they are committed; comes back by itself, and misses none
  weir report file <log|hl7> <path> <status> [--error <text>] [--key <once>]
  weir report step <document> <step> <status> [--error <text>] [--key <once>]
  weir report start <table> [<run>], finish <run> [--rows <n>], fail <run> --error <text>
                 report from a script; these three ask the service at --url or WEIR_URL, as who WEIR_TOKEN says
  weir doctor    look at settings, database, clocks, disk and partitions; ends with 1 if something has to be mended
  weir backfill [--dry-run] [--batch-size <files>]
                 rebuild the steps of documents from their logs; run again, it goes on
  weir verify    compare the steps of documents with what their logs imply
  weir import config-db [--dry-run] [--paused] [--keep-unfinished] <file>
                 take over an existing SQLite config.db of pipelines with its history; run again, it adds nothing twice
  weir import processing-logs <csv>
                 load a history of documents, all of it or nothing; run again, it adds nothing twice
  weir version   the version
  weir help      this text
`;

type Command = (args: readonly string[]) => Promise<Failure | undefined>;

/** Each is loaded when it is called: a wrong setting, or a call for help, is answered at once. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: async (args) => {
    const settings = settingsOfServe(args, process.env);
    const config = readConfig(settings);
    // OpenTelemetry's packages read theirs where the process has them.
    for (const [name, value] of Object.entries(settings)) if (name.startsWith("OTEL_")) process.env[name] ??= value;
    return (await import("./serve.ts")).serve(config, unknownSettings(settings));
  },
  demo: async (args) => {
    takesNoArguments("demo", args);
    // The service itself needs nothing of the examples.
    const demo = await import("../../examples/demo.ts").catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    });
    if (demo === undefined)
      return {
        exitCode: 2,
        message: "The demo needs packages that are not installed: run `npm ci` without --omit=dev.",
      };
    await demo.main();
    return undefined;
  },
  doctor: async (args) => {
    takesNoArguments("doctor", args);
    const config = readConfig(process.env);
    return (await import("./doctor.ts")).doctor(config, unknownSettings(process.env));
  },
  status: async (args) => (await import("./status.ts")).status(args),
  tail: async (args) => (await import("./tail.ts")).tail(args),
  report: async (args) => (await import("./report.ts")).report(args),
  token: async (args) => {
    const config = readConfig(process.env);
    return (await import("./token.ts")).token(config, args);
  },
  backfill: async (args) => {
    const config = readConfig(process.env);
    return (await import("./backfill.ts")).backfill(config, args);
  },
  verify: async (args) => {
    const config = readConfig(process.env);
    return (await import("./verify.ts")).verify(config, args);
  },
  import: async (args) => {
    const config = readConfig(process.env);
    return (await import("./import.ts")).importKind(config, args);
  },
};

/** Runs the command line. Sets the exit code: 0 done, 1 failed, 2 called or configured wrongly. */
export async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "help" || argv.some((word) => word === "--help" || word === "-h")) {
    return void process.stdout.write(USAGE);
  }
  if (argv[0] === "version" || argv[0] === "--version" || argv[0] === "-v") {
    return void process.stdout.write(`${manifest.version}\n`);
  }
  const [name = "serve", ...args] = argv;
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new UsageError(`weir: no command "${argv.join(" ")}".`);
    const failure = await command(args);
    if (failure !== undefined) fail(failure);
  } catch (error) {
    if (error instanceof ConfigError) return fail({ exitCode: 2, message: error.message });
    if (error instanceof UsageError) return fail({ exitCode: 2, message: `${error.message} Try: weir help` });
    throw error;
  }
}

function fail({ exitCode, message }: Failure): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
