import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const readPage = (file: string) => readFile(path.join(ROOT, file), "utf8");

/** The code of a page in one language, in its order. */
export async function snippets(file: string, language: string): Promise<string[]> {
  return [...(await readPage(file)).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? "");
}

/** The one that begins so. Throws where there is none. */
export async function snippet(file: string, language: string, beginning = ""): Promise<string> {
  const found = (await snippets(file, language)).find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`${file} has no ${language} that begins with ${beginning}`);
  return found;
}
