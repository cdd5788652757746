import yargs, { type Argv } from "yargs";
import manifest from "../../package.json" with { type: "json" };
import { ConfigError } from "../server/config.ts";
import { UsageError } from "./arguments.ts";
import { askingCommands } from "./asking/asking.ts";
import { databaseCommands } from "./database-commands.ts";
import { serviceCommands } from "./service-commands.ts";

/** Runs the command line. Sets the exit code: 0 done, 1 failed, 2 called or configured wrongly. */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever reads may have had enough, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    await program(argv.length === 0 ? ["serve"] : argv).parseAsync();
  } catch (error) {
    const message =
      error instanceof ConfigError
        ? error.message
        : error instanceof UsageError
          ? `${error.message} Try: weir help`
          : undefined;
    if (message === undefined) throw error;
    process.stderr.write(`${message}\n`);
    process.exitCode = 2;
  }
}

function program(argv: readonly string[]): Argv {
  const all = yargs([...argv])
    .scriptName("weir")
    .usage("Weir, the live gauge on data pipelines.\n\nUsage: weir <command>")
    .locale("en")
    .exitProcess(false)
    .strict()
    .recommendCommands()
    .demandCommand(1, NO_COMMAND)
    .parserConfiguration({
      "camel-case-expansion": true,
      "duplicate-arguments-array": true,
      "greedy-arrays": false,
      "parse-positional-numbers": false,
    })
    .check((given) => {
      const twice = Object.keys(given).find((name) => Array.isArray(given[name]) && !LISTS.has(name));
      if (twice !== undefined) throw new UsageError(`weir: --${twice} is given more than once.`);
      return true;
    })
    .help("help")
    .alias("h", "help")
    .version("version", manifest.version)
    .alias("v", "version")
    .command("version", "print the version", {}, () => void process.stdout.write(`${manifest.version}\n`))
    .completion("completion", "print a script that completes commands: weir completion >> ~/.bashrc")
    .epilogue(
      "Settings of the service are environment variables: see docs/settings.md. weir <command> --help tells of one command.",
    )
    .fail((message, error) => {
      // What an option refuses comes wrapped in an error of yargs.
      if (error && error.name !== "YError") throw error;
      throw new UsageError(saidOf(message ?? error.message, argv));
    });
  return databaseCommands(askingCommands(serviceCommands(all)));
}

/** What yargs says, in one line. */
function saidOf(message: string, argv: readonly string[]): string {
  const typed = (name: string) => argv.find((said) => said.replace(/=.*/, "") === `--${name}`) ?? name;
  const line = message
    .replace(/^weir: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/(?<=^Unknown arguments?: ).*/, (names) => names.split(", ").map(typed).join(", "));
  // A guess comes without what it is a guess for.
  const whole =
    line.startsWith("Did you mean") || line === NO_COMMAND
      ? `There is no command ${JSON.stringify(argv.join(" "))}. ${line}`
      : line;
  return `weir: ${whole.replace(/[.?]?$/, (end) => end || ".")}`;
}

/** Options that may be given several times; and what is no option. */
const LISTS = new Set(["_", "topic", "agency", "system", "driver"]);

const NO_COMMAND = "Say which command.";
