import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** A log as a look at the folder saw it. */
export interface FoundLog {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The logs of a folder, by name. */
export async function findLogs(folder: string): Promise<readonly FoundLog[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log")).toSorted();
  const logs: FoundLog[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Deleted since the folder was read, or a link to nowhere.
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true) logs.push({ path, size: found.size, mtimeMs: found.mtimeMs });
  }
  return logs;
}

function isSame(one: FoundLog, other: FoundLog): boolean {
  return one.path === other.path && one.size === other.size && one.mtimeMs === other.mtimeMs;
}

/** Milliseconds between looks at the folder: a watcher misses changes on network drives. */
const LOOK_INTERVAL = 2_000;
/** Milliseconds without a change after which nobody is writing a log any more. */
const SETTLED = 500;

/** Yields, again and again until aborted, the logs that did not change for a moment. */
export async function* watchLogs(folder: string, signal: AbortSignal): AsyncGenerator<readonly FoundLog[], void> {
  const changes = watchChanges(folder);
  let seen = new Map<string, { readonly log: FoundLog; readonly since: number }>();
  try {
    while (!signal.aborted) {
      const logs = await findLogs(folder);
      const now = performance.now();
      const look = (log: FoundLog) => {
        const before = seen.get(log.path);
        return before !== undefined && isSame(before.log, log) ? before : { log, since: now };
      };
      seen = new Map(logs.map((log) => [log.path, look(log)]));
      const settled = [...seen.values()].filter(({ since }) => now - since >= SETTLED);
      yield settled.map(({ log }) => log);
      if (settled.length === seen.size) await changes.next(LOOK_INTERVAL, signal);
      else await pause(SETTLED, signal);
    }
  } finally {
    changes.close();
  }
}

function watchChanges(folder: string) {
  let changed = Promise.withResolvers<void>();
  // A hint: where watching fails, looking at intervals is enough.
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, () => changed.resolve()).on("error", () => {});
  } catch {}
  return {
    /** Resolves when something has changed since it resolved last, or after so many milliseconds. */
    async next(milliseconds: number, signal: AbortSignal): Promise<void> {
      const over = new AbortController();
      await Promise.race([changed.promise, pause(milliseconds, AbortSignal.any([signal, over.signal]))]);
      over.abort();
      changed = Promise.withResolvers();
    },
    close: () => watcher?.close(),
  };
}

/** Resolves after so many milliseconds, or when aborted. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
