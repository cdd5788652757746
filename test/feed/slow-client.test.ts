import { describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import { ask, collect, connect } from "../support/service.ts";

const SUBSCRIPTION = `subscription ($after: Cursor) {
  fileStatusRecorded(after: $after) { cursor isReplay fileStatus { id errorMessage } }
}`;
interface Change {
  cursor: string;
  isReplay: boolean;
  fileStatus: { id: string; errorMessage: string };
}

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 50_000;
const ROWS = 50;

async function writeRows(sql: Sql, rows: number): Promise<void> {
  await sql`insert into ingest.file_statuses (file_path, type, status, error_message)
    select '/f/' || i, 'HL7', 'failed', repeat('x', ${MESSAGE_BYTES}) from generate_series(1, ${rows}) i`;
}

/** Writes about this many MiB of changes. */
async function write(sql: Sql, mebibytes: number): Promise<void> {
  for (let written = 0; written < mebibytes * MIB; written += ROWS * MESSAGE_BYTES) await writeRows(sql, ROWS);
}

describe("a client that stops reading", () => {
  it("costs the service no memory, holds up nobody, and gets everything when it reads again", async () => {
    await using database = await createTestDatabase();
    await using service = await spawnService({ DATABASE_URL: database.url });
    const { liveCursor } = await ask<{ liveCursor: string }>(service.url, "{ liveCursor }");
    const fast = connect(service.url);
    const slow = connect(service.url);
    const fastSeen = collect<Change>(fast.client, SUBSCRIPTION, { after: liveCursor });
    const slowSeen = collect<Change>(slow.client, SUBSCRIPTION, { after: liveCursor });

    // The heap has grown to its working size before it is measured.
    await write(database.sql, 30);
    const count = async () => Number((await database.sql`select count(*) from ingest.file_statuses`)[0]?.["count"]);
    const warm = await count();
    await Promise.all([
      fastSeen.until((items) => items.length === warm),
      slowSeen.until((items) => items.length === warm),
    ]);

    slow.sockets[0]?.pause();
    const before = await service.residentBytes();
    let most = before;
    for (let part = 0; part < 10; part += 1) {
      await write(database.sql, 10);
      const total = await count();
      // The other subscriber keeps the writers' pace: it has everything before they go on.
      await fastSeen.until((items) => items.length === total);
      most = Math.max(most, await service.residentBytes());
    }
    expect((most - before) / MIB).toBeLessThan(64);
    const total = await count();
    expect(slowSeen.items.length).toBeLessThan(total / 2);

    slow.sockets[0]?.resume();
    await slowSeen.until((items) => items.length >= total);
    const ids = slowSeen.items.map(({ fileStatus }) => fileStatus.id);
    expect(new Set(ids).size).toBe(total);
    expect(ids).toHaveLength(total);
    expect(slowSeen.items.every(({ fileStatus }) => fileStatus.errorMessage.length === MESSAGE_BYTES)).toBe(true);

    // It is live again, on the same socket. One row at a time: more than a MiB at once would let it fall behind again.
    while (slowSeen.items.at(-1)?.isReplay !== false) {
      await writeRows(database.sql, 1);
      const end = await count();
      await slowSeen.until((items) => items.length === end);
    }
    await Promise.all([fast.client.dispose(), slow.client.dispose()]);
    process.stdout.write(
      `memory of the service grew by ${((most - before) / MIB).toFixed(1)} MiB from ${(before / MIB).toFixed(0)} MiB\n`,
    );
  });
});
