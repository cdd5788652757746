import type { WeirClient } from "../../client/index.ts";
import type { Failure } from "../failure.ts";
import { askService, clientOf, type Remote } from "./remote.ts";
import { needsYou, repaint, STATUS, screenOf, screenReader } from "./screen.ts";

interface Options extends Remote {
  readonly json: boolean;
  readonly watch: boolean;
  readonly check: boolean;
}

/** Milliseconds between two looks with --watch. */
const PACE = 2_000;

/** Prints what flows, what is stuck, and why; with `--check` it ends with 1 while something needs a person. */
export function status(options: Options): Promise<Failure | undefined> {
  const client = clientOf(options);
  return askService(async () => {
    const data = await client.query(STATUS);
    if (options.json) process.stdout.write(`${JSON.stringify(data)}\n`);
    else if (options.watch && process.stdout.isTTY) await watch(client);
    else process.stdout.write(`${screenOf(data, process.stdout.columns).join("\n")}\n`);
    const needing = data.attention.filter(needsYou).length;
    if (!options.check || needing === 0) return undefined;
    return { exitCode: 1, message: `weir: ${needing === 1 ? "1 thing needs" : `${needing} things need`} you.` };
  });
}

/** Until Ctrl-C. */
async function watch(client: WeirClient): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  await repaint(screenReader(client), { pace: PACE, signal: stop.signal });
}
