import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { createWeirClient, WeirError } from "../../src/client/index.ts";
import { type DoneLogs, openDoneLogs } from "./done-logs.ts";
import { extractLog, reportFailedLog, type Workplace } from "./extract-log.ts";
import { type FoundLog, findLogs, watchLogs } from "./folder.ts";
import { ownPart } from "./own-part.ts";

export interface ExtractorOptions {
  readonly logs: string;
  readonly staging: string;
  readonly lake: string;
  /** Where Weir is, like http://127.0.0.1:4000. */
  readonly weir: string;
  /** Goes on with logs that appear or grow, until aborted. */
  readonly watch: boolean;
  /** Once aborted, the log at hand is finished and nothing else begun. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Milliseconds before a report that got no answer is sent again, the first time. Default 200. */
  readonly retryDelay?: number;
}

/** Attempts at a log that fails for a reason of its own, until it changes. */
const MOST_ATTEMPTS = 5;

/** Takes every log of the folder that is not done. Answers how many could not be taken. */
export async function runExtractor(options: ExtractorOptions): Promise<number> {
  const logs = resolve(options.logs);
  const present = await findLogs(logs);
  const staging = await ownPart(resolve(options.staging), logs);
  const lake = await ownPart(resolve(options.lake), logs);
  const client = createWeirClient({ url: options.weir, retry: { attempts: 5, firstDelay: options.retryDelay ?? 200 } });
  const workplace: Workplace = { client, staging, lake };
  const purpose = JSON.stringify({ staging, weir: options.weir });
  const done = await openDoneLogs(join(lake, ".hl7-extractor-done"), purpose, present);
  const failed = createFailures();
  const { print, signal } = options;
  if (present.length === 0) print(`No *.log files in ${logs}; its subfolders are not looked into.`);
  for await (const found of options.watch ? watchLogs(logs, signal) : [present]) {
    for (const log of found) {
      if (signal.aborted) break;
      if (done.has(log) || failed.isGivenUp(log)) continue;
      try {
        await take(log, workplace, done, print);
        failed.forget(log);
      } catch (error) {
        if (error instanceof WeirError && error.isPassing) {
          // Nothing can be reported, so the rest has to wait as well.
          print(`Weir does not answer: ${error.message}`);
          failed.add(log, "waits");
          break;
        }
        // Whoever tidies the folder may delete a log that waits.
        if (!existsSync(log.path)) continue;
        const message = error instanceof Error ? error.message : String(error);
        print(`${basename(log.path)}: ${message}`);
        failed.add(log, "tried");
        await reportFailedLog(client, log.path, message).catch(() => {});
      }
    }
  }
  return failed.count;
}

async function take(log: FoundLog, workplace: Workplace, done: DoneLogs, print: (line: string) => void) {
  const { messages, staged, ingested } = await extractLog(log.path, workplace);
  // As it was found: what was appended while it was read makes it another log, which is taken again.
  await done.add(log);
  print(
    messages === 0
      ? `${basename(log.path)}: no HL7 messages`
      : `${basename(log.path)}: ${messages} messages, ${staged} staged, ${ingested} ingested, ${messages - ingested} failed`,
  );
}

function createFailures() {
  const failures = new Map<string, { readonly mtimeMs: number; readonly attempts: number }>();
  const attemptsOf = ({ path, mtimeMs }: FoundLog) => {
    const failure = failures.get(path);
    return failure?.mtimeMs === mtimeMs ? failure.attempts : 0;
  };
  return {
    isGivenUp: (log: FoundLog) => attemptsOf(log) >= MOST_ATTEMPTS,
    add(log: FoundLog, how: "tried" | "waits") {
      failures.set(log.path, { mtimeMs: log.mtimeMs, attempts: attemptsOf(log) + (how === "tried" ? 1 : 0) });
    },
    forget: (log: FoundLog) => failures.delete(log.path),
    get count() {
      return failures.size;
    },
  };
}
