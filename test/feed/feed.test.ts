import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "graphql-ws";
import { describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { binaryCopy } from "../support/direct-writers.ts";
import { ask, type Collected, collect, connect, startService } from "../support/service.ts";

const SUBSCRIPTION = `subscription ($after: Cursor) {
  fileStatusRecorded(after: $after) { cursor isReplay isCurrent key fileStatus { id filePath status errorMessage } }
}`;
interface Change {
  cursor: string;
  isReplay: boolean;
  isCurrent: boolean;
  key: string;
  fileStatus: { id: string; filePath: string; status: string; errorMessage: string | null };
}

const RECORD = `mutation ($input: FileStatusInput!) { recordFileStatus(input: $input) { id } }`;
const RECORD_MANY = `mutation ($input: [FileStatusInput!]!) { recordFileStatuses(input: $input) { id } }`;

/** Writers by the API, by every kind of SQL, and one transaction that is open all the while; resolves when all have committed. */
async function writeFromEverywhere(urls: readonly string[], sql: Sql, rounds: number): Promise<void> {
  const api = Array.from({ length: 16 }, async (_, writer) => {
    const url = urls[writer % urls.length] ?? "";
    for (let round = 0; round < rounds; round += 1) {
      // A file of its own, whose rows must arrive in their order, and one that everybody writes.
      const input = { filePath: `/own/api-${writer}`, type: "HL7", status: "STAGED", errorMessage: String(round) };
      if (round % 5 === 4)
        await ask(url, RECORD_MANY, { input: [input, { ...input, filePath: "/shared", errorMessage: null }] });
      else await ask(url, RECORD, { input });
    }
  });
  const direct = [
    async (round: number) =>
      sql`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/insert', 'HL7', 'staged', ${round})`,
    async (round: number) =>
      sql`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/rows', 'HL7', 'staged', ${round * 2}), ('/shared', 'HL7', 'failed', null), ('/own/rows', 'HL7', 'staged', ${round * 2 + 1})`,
    async () =>
      binaryCopy(sql, [
        ["/copied/a", "HL7", "staged"],
        ["/copied/b", "Log", "parsed"],
        ["/shared", "HL7", "ingested"],
      ]),
    async (round: number) =>
      sql.begin(async (tx) => {
        await tx`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/transaction', 'HL7', 'staged', ${round * 2})`;
        await tx`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/transaction', 'HL7', 'staged', ${round * 2 + 1})`;
      }),
  ].map(async (write) => {
    for (let round = 0; round < rounds; round += 1) await write(round);
  });
  const others = Promise.all([...api, ...direct]);
  await sql.begin(async (tx) => {
    await tx`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/open', 'HL7', 'staged', '0')`;
    await others;
    await tx`insert into ingest.file_statuses (file_path, type, status, error_message) values ('/own/open', 'HL7', 'staged', '1')`;
  });
}

async function storedIds(sql: Sql): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from ingest.file_statuses order by id`;
  return rows.map(({ id }) => id);
}

function expectAllOnceInOrder(changes: readonly Change[], stored: readonly string[]): void {
  const ids = changes.map(({ fileStatus }) => fileStatus.id);
  expect(ids.toSorted((a, b) => Number(a) - Number(b))).toEqual(stored);
  const last = new Map<string, number>();
  for (const { fileStatus } of changes) {
    if (!fileStatus.filePath.startsWith("/own/")) continue;
    const round = Number(fileStatus.errorMessage);
    expect(round, fileStatus.filePath).toBe((last.get(fileStatus.filePath) ?? -1) + 1);
    last.set(fileStatus.filePath, round);
  }
}

describe("a subscriber", () => {
  it("gets every change exactly once, per file in order, whoever writes and however", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client, ...seen } = await subscribeLive(app.url);
    await writeFromEverywhere([app.url], database.sql, 60);
    // A duplicate would come before what is written behind it.
    await ask(app.url, RECORD, { input: { filePath: "/last", type: "HL7", status: "STAGED" } });
    await seen.until((items) => items.at(-1)?.key === "/last");
    const stored = await storedIds(database.sql);
    expectAllOnceInOrder(seen.items, stored);
    expect(seen.errors).toEqual([]);
    // Whoever keeps the last current row of each file has the current state.
    const current = new Map(
      seen.items.filter(({ isCurrent }) => isCurrent).map(({ key, fileStatus }) => [key, fileStatus.id]),
    );
    const files = await database.sql<
      { path: string; id: string }[]
    >`select file_path as path, status_id as id from ingest.files`;
    expect(Object.fromEntries(current)).toEqual(Object.fromEntries(files.map(({ path, id }) => [path, id])));
    await client.dispose();
  });

  it("loses nothing and gets nothing twice when its connection is cut at random and it resumes, here or elsewhere", async () => {
    await using database = await createTestDatabase({ max: 40 });
    await using one = await startService(database.url);
    await using other = await startService(database.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(one.url, "{ liveCursor }");
    const writing = writeFromEverywhere([one.url, other.url], database.sql, 60);
    let isWriting = true;
    void writing.finally(() => (isWriting = false));

    let after = liveCursor;
    const changes: Change[] = [];
    let connections = 0;
    for (;;) {
      const { client, sockets } = connect(connections % 2 === 0 ? one.url : other.url);
      const seen = collect<Change>(client, SUBSCRIPTION, { after });
      const enough = 1 + Math.floor(Math.random() * 150);
      await Promise.race([seen.until((items) => items.length >= enough), writing]);
      if (!isWriting) {
        await ask(one.url, RECORD, { input: { filePath: "/more", type: "HL7", status: "STAGED" } });
        await seen.until((items) => items.length > 0);
      }
      sockets[0]?.terminate();
      await seen.ended;
      connections += 1;
      changes.push(...seen.items);
      after = seen.items.at(-1)?.cursor ?? after;
      if (!isWriting && connections > 4) break;
    }
    await writing;
    // It goes on until it is live, so that the replay ends where the present begins.
    const { client } = connect(other.url);
    const seen = collect<Change>(client, SUBSCRIPTION, { after });
    for (let row = 1; seen.items.at(-1)?.isReplay !== false; row += 1) {
      await ask(one.url, RECORD, { input: { filePath: `/last/${row}`, type: "HL7", status: "STAGED" } });
      await seen.until((items) => items.at(-1)?.key === `/last/${row}`);
    }
    changes.push(...seen.items);
    await client.dispose();
    expectAllOnceInOrder(changes, await storedIds(database.sql));
    expect(changes.some(({ isReplay }) => isReplay)).toBe(true);
    expect(connections).toBeGreaterThan(4);
  });

  it("misses nothing between a query's liveCursor and its subscription, under concurrent writes", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client } = connect(app.url);
    const stop = new AbortController();
    const writing = Array.from({ length: 6 }, async (_, writer) => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        await ask(app.url, RECORD, { input: { filePath: `/f/${writer}/${round}`, type: "HL7", status: "STAGED" } });
      }
    });
    const query = "{ fileStatuses(first: 500) { nodes { id } } liveCursor }";
    type Listed = { liveCursor: string; fileStatuses: { nodes: { id: string }[] } };
    const attempts: { listed: Set<string>; seen: ReturnType<typeof collect<Change>> }[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await sleep(30);
      const { liveCursor, fileStatuses } = await ask<Listed>(app.url, query);
      if (fileStatuses.nodes.length === 500) break;
      await sleep(20);
      attempts.push({
        listed: new Set(fileStatuses.nodes.map(({ id }) => id)),
        seen: collect<Change>(client, SUBSCRIPTION, { after: liveCursor }),
      });
    }
    expect(attempts.length).toBeGreaterThan(2);
    await sleep(200);
    stop.abort();
    await Promise.all(writing);
    const stored = await storedIds(database.sql);
    for (const { listed, seen } of attempts) {
      await seen.until(
        (items) => new Set([...listed, ...items.map(({ fileStatus }) => fileStatus.id)]).size >= stored.length,
      );
      expect(new Set([...listed, ...seen.items.map(({ fileStatus }) => fileStatus.id)]).size).toBe(stored.length);
      expect(new Set(seen.items.map(({ fileStatus }) => fileStatus.id)).size).toBe(seen.items.length);
    }
    await client.dispose();
  });

  it("gets what a lone transaction wrote that was under way during several looks", async () => {
    // Its id is at or above the xmax of the snapshots meanwhile, so none of them lists it as under way.
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client, ...seen } = await subscribeLive(app.url);
    await database.sql.begin(async (tx) => {
      await tx`insert into ingest.file_statuses (file_path, type, status) values ('/lone', 'HL7', 'staged')`;
      for (let looks = 0; looks < 4; looks += 1) await app.services.feed.tail.look();
    });
    await seen.until((items) => items.length === 2);
    expect(seen.items.map(({ key }) => key)).toEqual(["/first", "/lone"]);
    await client.dispose();
  });

  it("is not given what was committed before the liveCursor", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client } = connect(app.url);
    await ask(app.url, RECORD, { input: { filePath: "/before", type: "HL7", status: "STAGED" } });
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    await ask(app.url, RECORD, { input: { filePath: "/after", type: "HL7", status: "STAGED" } });
    const seen = collect<Change>(client, SUBSCRIPTION, { after: liveCursor });
    await seen.until((items) => items.length > 0);
    expect(seen.items.map(({ key }) => key)).toEqual(["/after"]);
    await client.dispose();
  });

  it("gets changes although the doorbell's connection was killed", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client, ...seen } = await subscribeLive(app.url);
    for (let round = 0; round < 5; round += 1) {
      const killed = await database.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query ilike 'listen%'`;
      if (round === 0) expect(killed.length).toBeGreaterThan(0);
      await database.sql`insert into ingest.file_statuses (file_path, type, status) values (${`/lost/${round}`}, 'HL7', 'staged')`;
    }
    await seen.until((items) => items.filter(({ key }) => key.startsWith("/lost/")).length === 5);
    await client.dispose();
  });

  it("gets changes although nobody rings: the tail looks by itself", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client, ...seen } = await subscribeLive(app.url);
    await database.sql.begin(async (tx) => {
      // Whoever can't have this lock leaves the ringing to the transaction that holds it, and this one never rings.
      await tx`select pg_advisory_xact_lock(1464158546, 1)`;
      for (let row = 1; row <= 3; row += 1) {
        await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/quiet', 'HL7', 'staged')`;
        await seen.until((items) => items.length === row + 1);
        // Long enough for the looks to become as rare as they get.
        await sleep(700);
      }
    });
    await client.dispose();
  });

  it("gets rows that are too large for a notification, and rows too large to be carried", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { client, ...seen } = await subscribeLive(app.url);
    for (const length of [9_000, 100_000]) {
      // Random, so that it can't be compressed.
      await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
        select ${`/large/${length}`}, 'HL7', 'failed', left(string_agg(md5(random()::text), ''), ${length}) from generate_series(1, ${Math.ceil(length / 32)})`;
    }
    await seen.until((items) => items.filter(({ key }) => key.startsWith("/large/")).length === 2);
    const large = seen.items.filter(({ key }) => key.startsWith("/large/"));
    expect(large.map(({ fileStatus }) => fileStatus.errorMessage?.length)).toEqual([9_000, 100_000]);
    const carried = await database.sql`select is_carried from weir.change where key like '/large/%' order by seq`;
    expect(carried.map((row) => row["is_carried"])).toEqual([true, false]);
    await client.dispose();
  });
});

/** Subscribes from the present on and resolves when the subscription is live; what is written from then on is all it gets. */
async function subscribeLive(url: string): Promise<Collected<Change> & { client: Client }> {
  const { client } = connect(url);
  const { liveCursor } = await ask<{ liveCursor: string }>(url, "{ liveCursor }");
  const seen = collect<Change>(client, SUBSCRIPTION, { after: liveCursor });
  await ask(url, RECORD, { input: { filePath: "/first", type: "HL7", status: "STAGED" } });
  await seen.until((items) => items.length === 1);
  return { ...seen, client };
}
