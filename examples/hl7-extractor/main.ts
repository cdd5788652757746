import { parseArgs } from "node:util";
import { runExtractor } from "./extractor.ts";

const USAGE = `Extracts HL7 messages from logs and reports every step to Weir.

  node examples/hl7-extractor/main.ts --logs <folder> --staging <folder> --lake <folder> [options]

  --logs <folder>      where the listener writes *.log
  --staging <folder>   gets one .hl7 file per message, in folders by date
  --lake <folder>      gets one .ndjson file per log, in folders by date
  --weir <url>         the service; http://127.0.0.1:4000 unless given
  --watch              go on with logs that appear or grow, until Ctrl-C
  --help               this text
`;

/** Runs the command line. Answers the exit code: 0 done, 1 not every log could be taken, 2 called wrongly. */
async function main(args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { logs, staging, lake, weir, watch, help } = values;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (logs === undefined || staging === undefined || lake === undefined)
    return refuse("--logs, --staging and --lake are needed.");
  if (!/^https?:$/.test(URL.parse(weir)?.protocol ?? ""))
    return refuse(`--weir is ${JSON.stringify(weir)}; it is a URL like http://127.0.0.1:4000.`);
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    return (await runExtractor({ logs, staging, lake, weir, watch, signal: stop.signal, print })) === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      logs: { type: "string" },
      staging: { type: "string" },
      lake: { type: "string" },
      weir: { type: "string", default: "http://127.0.0.1:4000" },
      watch: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

function refuse(message: string): number {
  process.stderr.write(`${message} Try: node examples/hl7-extractor/main.ts --help\n`);
  return 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
