import { parseArgs } from "node:util";
import { runDrivers } from "./drivers.ts";

const USAGE = `Drives the stages of Weir's pipelines: moves rows from a source PostgreSQL through files to a sink PostgreSQL.

  node examples/table-sync/main.ts --lake <folder> [options]

  --lake <folder>      stands for the data lake: gets the files of every run
  --weir <url>         the service; http://127.0.0.1:4000 unless given
  --help               this text

The connections come with each stage: they are the source and destination that the pipeline names.
`;

/** Runs the command line until Ctrl-C. Answers the exit code: 0 done, 1 failed, 2 called wrongly. */
async function main(args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { lake, weir, help } = values;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (lake === undefined) return refuse("--lake is needed.");
  if (!/^https?:$/.test(URL.parse(weir)?.protocol ?? ""))
    return refuse(`--weir is ${JSON.stringify(weir)}; it is a URL like http://127.0.0.1:4000.`);
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    await runDrivers({ lake, weir, signal: stop.signal, print: (line) => process.stdout.write(`${line}\n`) });
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      lake: { type: "string" },
      weir: { type: "string", default: "http://127.0.0.1:4000" },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

function refuse(message: string): number {
  process.stderr.write(`${message} Try: node examples/table-sync/main.ts --help\n`);
  return 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
