import { defineConfig } from "vitest/config";

/** Tests of what the database itself does: they run on the oldest and on the newest PostgreSQL that Weir works on. */
const DATABASE_TESTS = [
  "test/feed/feed.test.ts",
  "test/ingest/direct-writers.test.ts",
  "test/reports/direct-writers.test.ts",
  "test/reports/runner.test.ts",
  "test/reports/login.test.ts",
  "test/reports/attacks.test.ts",
  "test/feed/restore.test.ts",
  "test/deploy/backup.test.ts",
  "test/feed/retention.test.ts",
  "test/house/migrations.test.ts",
  "test/access/canaries.test.ts",
  "test/runs/runs.test.ts",
  "test/runs/real-writers.test.ts",
  "test/pipelines/pipelines.test.ts",
  "test/pipelines/scheduler.test.ts",
  "test/pipelines/direct-writers.test.ts",
  "test/feed/snapshot.test.ts",
  "test/documents/direct-writers.test.ts",
];

export default defineConfig({
  // As Node resolves by itself. Vite's own conditions pick another build of graphql, and there must be one copy.
  ssr: { resolve: { conditions: ["module-sync", "node"] } },
  test: {
    globalSetup: "test/support/servers.ts",
    setupFiles: "test/support/each-file.ts",
    // Each file waits for servers and processes most of the time: one core less would be idle.
    maxWorkers: "100%",
    // A worker for each file would load the same packages again and again. What a file leaves open fails it (each-file.ts).
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "postgres 18", include: ["test/**/*.test.ts"], env: { WEIR_TEST_POSTGRES: "18" } },
      },
      { extends: true, test: { name: "postgres 15", include: DATABASE_TESTS, env: { WEIR_TEST_POSTGRES: "15" } } },
    ],
  },
});
