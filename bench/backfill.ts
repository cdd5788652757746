/**
 * Rebuilding the steps of documents from their logs: 20 log entries for each file, of 10 steps.
 *
 *   node bench/backfill.ts [files, 50000] [files of a batch, 500]
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDatabase } from "../src/db/client.ts";
import { migrateDatabase } from "../src/db/migrate.ts";
import { startEmbeddedPostgres } from "../src/embedded/launcher.ts";
import { migrateAllFiles, verifyAllFiles } from "../src/resolvers/documents/migration.ts";
import { SERVICE } from "../src/resolvers/viewer.ts";

async function main(files: number, batchSize: number): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "weir-bench-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(dataDir, 0o755);
  const silent = { info() {}, warn() {}, error() {} };
  try {
    await using postgres = await startEmbeddedPostgres({ dataDir, log: silent });
    await migrateDatabase(postgres.url);
    await using database = openDatabase(postgres.url, { max: 3 });
    const { sql } = database;
    // Without triggers: a history as it was before there was Weir.
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`insert into documents.files (id, filehash) select n, md5(n::text) from generate_series(1, ${files}::int) n`;
      await tx`insert into documents.file_counts (status, count) values ('pending', ${files})`;
      // As workers write them: the entries of many files by turns.
      await tx`insert into documents.processing_logs (file_id, task_id, step_name, status, message, "timestamp")
        select f, 'task-' || f, case when s < 8 then 'step_' || s else 'upload_to_' || s end,
               case e when 0 then 'in_progress' else case when (f + s) % 50 = 0 then 'failure' else 'success' end end,
               'entry ' || e, timestamptz '2024-01-15' + make_interval(secs => s * 100 + e * 10 + f % 10)
        from generate_series(0, 9) s, generate_series(0, 1) e, generate_series(1, ${files}::int) f`;
    });
    await sql`vacuum analyze documents.processing_logs`;
    await sql`analyze documents.files`;

    const signal = new AbortController().signal;
    const context = { database, viewer: SERVICE, written() {} };
    const timed = async (what: string, work: () => Promise<string>) => {
      const start = performance.now();
      const text = await work();
      process.stdout.write(`${what}: ${((performance.now() - start) / 1_000).toFixed(1)} s; ${text}\n`);
    };
    const migrate = async (dryRun: boolean) => {
      const { totalFiles, stepsCreated } = await migrateAllFiles(context, { batchSize, dryRun, signal });
      const { rss } = process.memoryUsage();
      return `${totalFiles} files, ${stepsCreated} steps, ${Math.round(rss / 2 ** 20)} MiB in this process`;
    };
    await timed(`${files * 20} log entries, dry run`, () => migrate(true));
    await timed("backfill", () => migrate(false));
    await timed("backfill again", () => migrate(false));
    await timed("verify", async () => {
      let right = 0;
      for await (const batch of verifyAllFiles(database, batchSize))
        right += batch.filter((file) => file.isValid).length;
      return `${right} right`;
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const [files = "50000", batchSize = "500"] = process.argv.slice(2);
await main(Number(files), Number(batchSize));
