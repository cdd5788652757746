import { readFile } from "node:fs/promises";
import { buildSchema, introspectionFromSchema } from "graphql";

const FILE = new URL("../../schema.graphql", import.meta.url);

/** Prints the schema that clients rely on, for their code generators. */
export async function schema({ isJson }: { readonly isJson: boolean }): Promise<void> {
  const text = await readFile(FILE, "utf8");
  process.stdout.write(isJson ? `${JSON.stringify({ data: introspectionFromSchema(buildSchema(text)) })}\n` : text);
}
