import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * The part of a staging area or lake that belongs to a folder of logs: all of it to the first folder, a subfolder to
 * every other. Logs of equal names in two folders would replace each other's files otherwise.
 */
export async function ownPart(area: string, logs: string): Promise<string> {
  await mkdir(area, { recursive: true });
  const marker = join(area, ".hl7-extractor-logs");
  try {
    await writeFile(marker, logs, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  if ((await readFile(marker, "utf8")) === logs) return area;
  return join(area, `${basename(logs)}-${createHash("sha256").update(logs).digest("hex").slice(0, 8)}`);
}
