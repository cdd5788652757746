import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file so that readers see the old one or the new one, whole, and makes its folder. */
export async function replaceFile(
  path: string,
  content: AsyncIterable<string> | Iterable<string>,
  encoding: "utf8" | "latin1" = "utf8",
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.unfinished`;
  try {
    await writeFile(unfinished, content, { encoding });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
