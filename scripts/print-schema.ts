import { writeFile } from "node:fs/promises";
import { printSchema } from "graphql";
import { schema } from "../src/schema/index.ts";

export const SCHEMA_FILE = new URL("../schema.graphql", import.meta.url);

/** The served schema as schema.graphql has it: in the schema's own order, which Pothos sorts by name. */
export function printedSchema(): string {
  return `# Generated from src/schema by \`npm run codegen\`. Do not edit.\n\n${printSchema(schema)}\n`;
}

if (import.meta.main) await writeFile(SCHEMA_FILE, printedSchema());
