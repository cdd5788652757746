import { readFileSync } from "node:fs";

/** Access is configured in a way that can't be used; the message is one line that says what to do. */
export class AccessError extends Error {}

/** Reads a file that a setting names; `read` answers what it is, or what is wrong with it. Throws {@link AccessError}. */
export function readSecretFile<Content>(
  setting: string,
  file: string,
  read: (text: string) => Content | string,
): Content {
  let content: Content | string;
  try {
    content = read(readFileSync(file, "utf8").trim());
  } catch (error) {
    const why = error instanceof Error && "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
    throw new AccessError(`${setting} names ${file}, which can't be read${why}.`);
  }
  if (typeof content === "string") throw new AccessError(`${setting} names ${file}, which ${content}.`);
  return content;
}
