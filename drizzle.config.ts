import { defineConfig } from "drizzle-kit";

/**
 * For `drizzle-kit generate` only. The feed's tables are not listed: partitions, triggers and functions are beyond
 * drizzle's model and stand in hand-written migrations.
 */
export default defineConfig({
  dialect: "postgresql",
  schema: [
    "./src/db/ingest/tables.ts",
    "./src/db/pipelines/tables.ts",
    "./src/db/documents/tables.ts",
    "./src/db/reports/tables.ts",
  ],
  out: "./drizzle",
});
