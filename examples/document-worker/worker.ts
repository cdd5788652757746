import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createWeirClient, WeirError } from "../../src/client/index.ts";
import { processDocument, type Workplace } from "./process-document.ts";

export interface WorkerOptions {
  readonly documents: string;
  readonly storage: string;
  readonly destinations: Readonly<Record<string, string>>;
  /** Where Weir is, like http://127.0.0.1:4000. */
  readonly weir: string;
  /** Goes on with documents that appear or change, until aborted. */
  readonly watch: boolean;
  /** Once aborted, the document at hand is finished and nothing else begun. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Milliseconds before a report that got no answer is sent again, the first time. Default 200. */
  readonly retryDelay?: number;
}

/** Milliseconds between looks at the folder. */
const LOOK_INTERVAL = 2_000;

/** Takes every document of the folder. Weir remembers which are done. Answers how many could not be taken. */
export async function runWorker(options: WorkerOptions): Promise<number> {
  const folder = resolve(options.documents);
  const { watch, signal, print } = options;
  const workplace: Workplace = {
    client: createWeirClient({ url: options.weir, retry: { attempts: 5, firstDelay: options.retryDelay ?? 200 } }),
    storage: resolve(options.storage),
    destinations: options.destinations,
  };
  /** How each document was when it was taken last, and whether that failed. */
  const taken = new Map<string, { readonly mtimeMs: number; readonly isFailed: boolean }>();
  while (!signal.aborted) {
    for (const { path, mtimeMs } of await findDocuments(folder)) {
      if (signal.aborted) break;
      if (taken.get(path)?.mtimeMs === mtimeMs) continue;
      try {
        print(`${basename(path)}: ${await processDocument(path, workplace)}`);
        taken.set(path, { mtimeMs, isFailed: false });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof WeirError && error.isPassing) {
          print(`Weir does not answer: ${message}`);
          taken.set(path, { mtimeMs: 0, isFailed: true });
          // Nothing can be reported, so the rest has to wait as well.
          break;
        }
        print(`${basename(path)}: ${message}`);
        taken.set(path, { mtimeMs, isFailed: true });
      }
    }
    if (!watch) break;
    await setTimeout(LOOK_INTERVAL, undefined, { signal }).catch(() => {});
  }
  return [...taken.values()].filter(({ isFailed }) => isFailed).length;
}

/** By time, then by name: of two with the same content the older one is the original. */
async function findDocuments(folder: string): Promise<readonly { path: string; mtimeMs: number }[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Deleted since the folder was read, or a link to nowhere.
      const file = await stat(path).catch(() => null);
      return file?.isFile() === true ? [{ path, mtimeMs: Math.floor(file.mtimeMs) }] : [];
    }),
  );
  return found.flat().toSorted((one, other) => one.mtimeMs - other.mtimeMs || (one.path < other.path ? -1 : 1));
}
