/**
 * Builds the pages into web/dist, unless they are newer than their sources. Where Vite is not installed, as in production, what was
 * built is left as it is.
 *
 *   node scripts/build-web.ts [--force]
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "..");
const SOURCES = ["web", "src/client"];

async function newestOf(folder: string): Promise<number> {
  const entries = await readdir(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  const times = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("dist"))
    .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}

export async function buildWeb({ isForced = false } = {}): Promise<void> {
  const index = path.join(ROOT, "web/dist/index.html");
  const built = await stat(index).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const newest = Math.max(...(await Promise.all(SOURCES.map(newestOf))));
  if (!isForced && built > newest) return;
  const vite = path.join(ROOT, "node_modules/vite/bin/vite.js");
  if (!existsSync(vite)) return;
  // In a process of its own: a test has another NODE_ENV, with which React is built for developers.
  await promisify(execFile)(process.execPath, [vite, "build", "--config", "web/vite.config.ts", "--logLevel", "warn"], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: "production" },
  });
}

if (import.meta.main) await buildWeb({ isForced: process.argv.includes("--force") });
