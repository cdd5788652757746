import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { FoundLog } from "./folder.ts";
import { replaceFile } from "./replace-file.ts";

/** Remembers which logs are done, so that running again repeats nothing. A log that has changed since is not done. */
export interface DoneLogs {
  has(log: FoundLog): boolean;
  add(log: FoundLog): Promise<void>;
}

const entry = z.object({ path: z.string(), size: z.number(), mtimeMs: z.number() });
type Entry = z.infer<typeof entry>;

/**
 * `purpose` is what being done means: for which staging area, lake and service. Of another purpose nothing is done yet.
 * The file has a line per log, appended when it is done; opening it leaves out logs that are `present` no more.
 */
export async function openDoneLogs(file: string, purpose: string, present: readonly FoundLog[]): Promise<DoneLogs> {
  const [first, ...lines] = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const here = new Set(present.map(({ path }) => path));
  const done = new Map<string, Entry>();
  if (first === JSON.stringify(purpose)) {
    for (const line of lines) {
      const parsed = entry.safeParse(parseJson(line));
      if (parsed.success && here.has(parsed.data.path)) done.set(parsed.data.path, parsed.data);
    }
  }
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(
    file,
    [purpose, ...done.values()].map((value) => `${JSON.stringify(value)}\n`),
  );
  return {
    has({ path, size, mtimeMs }) {
      const known = done.get(path);
      return known !== undefined && known.size === size && known.mtimeMs === mtimeMs;
    },
    async add({ path, size, mtimeMs }) {
      const added = { path, size, mtimeMs };
      done.set(path, added);
      await appendFile(file, `${JSON.stringify(added)}\n`);
    },
  };
}

/** A line that a crash cut off says nothing: its log is taken again. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
