import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const run = promisify(execFile);
/** pg_dump is of the server's version or newer; npm brings none along. */
const PG_BIN = "/usr/lib/postgresql/15/bin";
const canRun = process.env["WEIR_TEST_POSTGRES"] === "15" && existsSync(`${PG_BIN}/pg_dump`);
if (!canRun) console.log("backup.test.ts: skipped, since pg_dump is there for PostgreSQL 15 alone");

const RECORD =
  "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }";
const COUNTS = "{ fileStatuses { totalCount } ingestSummary { logFiles { parsed total } } }";

it.runIf(canRun)(
  "a backup that was made beside a running service is restored, works, and continues no cursor with a gap",
  async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "weir-backup-"));
    await using database = await createTestDatabase();
    await using fresh = await createTestDatabase({ isEmpty: true });
    const env = (url: string) => ({ env: { PATH: process.env["PATH"], PG_BIN, DATABASE_URL: url } });
    try {
      await using service = await startService(database.url);
      for (let n = 0; n < 20; n += 1) await ask(service.url, RECORD, { path: `/logs/${n}` });
      const counts = await ask(service.url, COUNTS);
      const { stdout } = await run("deploy/backup.sh", [folder], env(database.url));
      // What comes after the backup is not in it; a subscriber has seen it.
      await ask(service.url, RECORD, { path: "/logs/after" });
      const { liveCursor } = await ask<{ liveCursor: string }>(service.url, "{ liveCursor }");

      const refused = await run("deploy/restore.sh", [stdout.trim()], env(database.url)).catch(
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("not empty") });
      await run("deploy/restore.sh", [stdout.trim()], env(fresh.url));

      await using restored = await startService(fresh.url);
      expect(await ask(restored.url, COUNTS)).toEqual(counts);
      const { client } = connect(restored.url);
      const follow = "subscription ($after: Cursor) { changes(after: $after) { key } }";
      const gone = collect(client, follow, { after: liveCursor });
      await gone.ended;
      expect(gone.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
      // It is written to and followed like any other.
      const live = collect<{ key: string }>(client, follow, {
        after: (await ask<{ liveCursor: string }>(restored.url, "{ liveCursor }")).liveCursor,
      });
      await ask(restored.url, RECORD, { path: "/logs/restored" });
      await live.until((items) => items.some(({ key }) => key === "/logs/restored"));
      expect(await ask(restored.url, COUNTS)).toMatchObject({ fileStatuses: { totalCount: 21 } });
      await client.dispose();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
