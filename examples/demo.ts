import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createWeirClient } from "../src/client/index.ts";
import { INGESTED, SUMMARY } from "./demo-documents.ts";
import { runDemoPipelines } from "./demo-pipelines.ts";
import { runSeederDemo } from "./demo-reports.ts";
import { startDemoService } from "./demo-service.ts";
import { runWorker } from "./document-worker/worker.ts";
import { runExtractor } from "./hl7-extractor/extractor.ts";
import { writeSyntheticLogs } from "./synthetic-logs.ts";

const SAMPLES = fileURLToPath(new URL("hl7-extractor/logs", import.meta.url));
const DOCUMENTS = fileURLToPath(new URL("document-worker/documents", import.meta.url));

const places = (url: string) => `
  Dashboard  ${new URL("/?tour", url).href}
  GraphiQL   ${url}
  Health     ${new URL("/health", url).href}
`;
const hints = (url: string) => `${places(url)}
  Paste into GraphiQL, and watch reports arrive, or runs:
  subscription { fileStatusRecorded { isReplay fileStatus { filePath type status errorMessage } } }
  subscription { runStageChanged { operation stageLog { status rowsProcessed run { sourceTablename status currentStage } } } }
  Or the reports that are made of them every minute:
  { seederDashboard { byStatus { status count } failing { tableName lastErrors } } }

  Ctrl-C ends the demo.
`;

/** Shows the demo in a terminal until the signal, in place of lines that go on for ever. */
export type Screen = (
  url: string,
  options: { readonly hints: string; readonly told: () => readonly string[]; readonly signal: AbortSignal },
) => Promise<void>;

/** Lines that a screen shows of what was told. */
const TOLD = 5;

/** Service, extractor and a source of logs at once. Answers the exit code; that of the service when it ends by itself. */
async function demo(signal: AbortSignal, screen: Screen | null): Promise<number> {
  const dataDir = process.env["WEIR_DATA_DIR"] ?? ".weir";
  write("Weir starts. The first start takes a few seconds.");
  const service = await startDemoService({ ...process.env, WEIR_DATA_DIR: dataDir }, signal);
  if (typeof service === "number") return service;
  const told: string[] = [];
  const print = screen === null ? write : (line: string) => void told.splice(0, told.push(line) - TOLD);
  if (screen === null) write(hints(service.url));

  const folder = join(dataDir, "demo");
  const logs = join(folder, "logs");
  await cp(SAMPLES, logs, { recursive: true, filter: (path) => !path.endsWith(".gitattributes") });

  const stop = new AbortController();
  const stopAll = () => stop.abort();
  signal.addEventListener("abort", stopAll);
  void service.ended.then(stopAll);
  const jobs = [
    writeSyntheticLogs({ folder: logs, signal: stop.signal }),
    runExtractor({
      logs,
      staging: join(folder, "staging"),
      lake: join(folder, "lake"),
      weir: service.url,
      watch: true,
      signal: stop.signal,
      // A line per log hides the counts.
      print: () => {},
    }),
    runDemoPipelines({ weir: service.url, dataDir, signal: stop.signal }),
    runWorker({
      documents: DOCUMENTS,
      storage: join(folder, "storage"),
      destinations: { archive: join(folder, "archive"), mirror: join(folder, "mirror") },
      weir: service.url,
      watch: true,
      signal: stop.signal,
      print,
    }),
    screen === null
      ? showProgress(service.url, stop.signal)
      : screen(service.url, {
          hints: `${places(service.url)}\n  Ctrl-C ends the demo.\n`,
          told: () => told,
          signal: stop.signal,
        }),
    runSeederDemo({ weir: service.url, signal: stop.signal, print }),
  ];
  const results = await Promise.allSettled(jobs.map((job) => job.finally(stopAll)));
  // Only now: the log at hand has been reported.
  const code = await service.stop();
  const failed = results.find((result) => result.status === "rejected" && !signal.aborted);
  if (failed?.status !== "rejected" || code !== 0) return code;
  process.stderr.write(`${failed.reason instanceof Error ? failed.reason.message : String(failed.reason)}\n`);
  return 1;
}

/** Prints the counts when something was ingested, every ten seconds at most. */
async function showProgress(url: string, signal: AbortSignal): Promise<void> {
  const client = createWeirClient({ url, retry: { attempts: 5 } });
  let isStale = true;
  const changes = client.subscribe(INGESTED, {}, { signal });
  const listening = (async () => {
    while ((await changes.next()).done !== true) isStale = true;
  })();
  while (!signal.aborted) {
    if (isStale) {
      isStale = false;
      const { logFiles, hl7Files } = (await client.request(SUMMARY, {})).ingestSummary;
      const { total, ingested, failed } = hl7Files;
      if (logFiles.total > 0) write(`${logFiles.total} logs, ${total} files: ${ingested} ingested, ${failed} failed`);
    }
    await setTimeout(10_000, undefined, { signal }).catch(() => {});
  }
  await listening;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs the demo until Ctrl-C, and sets the exit code. */
export async function main(screen: Screen | null): Promise<void> {
  const stop = new AbortController();
  // Not once: npm passes on the Ctrl-C that this process has had already.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.exitCode = await demo(stop.signal, screen);
}
