import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

/** The documents that may run, and no others. */
export interface TrustedDocuments {
  /** The text under an id, which may say how it was made ("sha256:…"); undefined when there is none. */
  byId(id: string): string | undefined;
  has(text: string): boolean;
}

const file = z.record(z.string().min(1), z.string().min(1));

/**
 * Reads the documents that a client's build wrote: JSON like `{"<id>": "query …"}`, as graphql-codegen's persisted documents are.
 * Each is known by that id and by the SHA-256 of its text in hex. Answers what is wrong with the file as a text.
 */
export function readTrustedDocuments(path: string): TrustedDocuments | string {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const documents = file.safeParse(json);
  if (!documents.success) return "it is no JSON object of ids with the texts of documents";
  const byId = new Map<string, string>();
  for (const [id, text] of Object.entries(documents.data)) {
    byId.set(id, text);
    byId.set(createHash("sha256").update(text).digest("hex"), text);
  }
  const texts = new Set(byId.values());
  return {
    byId: (id) => byId.get(id) ?? byId.get(id.replace(/^[a-z0-9]+:/, "")),
    has: (text) => texts.has(text),
  };
}
