import { defineConfig } from "drizzle-kit";

/**
 * For `drizzle-kit generate` only. The feed's tables (src/db/feed.ts) are not listed: partitions, triggers and
 * functions are beyond drizzle's model and stand in hand-written migrations.
 */
export default defineConfig({
  dialect: "postgresql",
  schema: ["./src/db/ingest.ts", "./src/db/pipelines.ts", "./src/db/documents.ts", "./src/db/seeder.ts"],
  out: "./drizzle",
});
