import { parseArgs } from "node:util";
import { runWorker } from "./worker.ts";

const USAGE = `Processes documents (text, Markdown, PDF) and reports every step to Weir.

  node examples/document-worker/main.ts --documents <folder> --storage <folder> [options]

  --documents <folder>     where documents arrive
  --storage <folder>       gets the finished documents, with what was found out about them
  --to <name>=<folder>     a destination that each is uploaded to; may be given several times
  --weir <url>             the service; http://127.0.0.1:4000 unless given
  --watch                  go on with documents that appear or change, until Ctrl-C
  --help                   this text
`;

/** Runs the command line. Answers the exit code: 0 done, 1 not every document could be taken, 2 called wrongly. */
async function main(args: readonly string[]): Promise<number> {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { documents, storage, to, weir, watch, help } = values;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (documents === undefined || storage === undefined) return refuse("--documents and --storage are needed.");
  if (!/^https?:$/.test(URL.parse(weir)?.protocol ?? ""))
    return refuse(`--weir is ${JSON.stringify(weir)}; it is a URL like http://127.0.0.1:4000.`);
  const pairs = to.map((text) => /^([^=]+)=(.+)$/.exec(text));
  const wrong = pairs.findIndex((pair) => pair === null);
  if (wrong >= 0)
    return refuse(`--to is ${JSON.stringify(to[wrong])}; it is a name and a folder, like archive=/mnt/archive.`);
  const destinations = Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    return (await runWorker({ documents, storage, destinations, weir, watch, signal: stop.signal, print })) === 0
      ? 0
      : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      documents: { type: "string" },
      storage: { type: "string" },
      to: { type: "string", multiple: true, default: [] },
      weir: { type: "string", default: "http://127.0.0.1:4000" },
      watch: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

function refuse(message: string): number {
  process.stderr.write(`${message.split("\n")[0]} Try: node examples/document-worker/main.ts --help\n`);
  return 2;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
