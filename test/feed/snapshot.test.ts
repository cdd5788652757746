import { expect, it } from "vitest";
import { changesOf } from "../../src/feed/conditions.ts";
import type { Delivery } from "../../src/feed/delivery.ts";
import { type Feed, openFeed } from "../../src/feed/feed.ts";
import type { Follower } from "../../src/feed/follow.ts";
import { createLog } from "../../src/server/log.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const EVERYTHING = changesOf("FILE_STATUS", []);
const SNAPSHOT = { snapshot: true };

/** Reads until the ids are those of the table, calling back after each delivery. */
async function readAll(
  follower: Follower,
  until: (seen: readonly Delivery[]) => boolean,
  seen: Delivery[] = [],
): Promise<Delivery[]> {
  const { signal } = new AbortController();
  while (!until(seen)) seen.push(...(await follower.next(signal)));
  return seen;
}

async function open(database: TestDatabase): Promise<Feed> {
  return openFeed({ url: database.url, log: createLog("silent") });
}

/** Rows with the ids 10, 20, 30…: there is room between them. */
async function fill(database: TestDatabase, rows: number): Promise<void> {
  await database.sql`insert into ingest.file_statuses (id, file_path, type, status)
    select i * 10, '/f/' || i % 7, 'HL7', case when i % 2 = 0 then 'staged' else 'failed' end from generate_series(1, ${rows}) i`;
}

const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ row }) => Number(row["id"]));
const ascending = (ids: readonly number[]) => ids.toSorted((one, other) => one - other);

it("delivers the state in the order of its keys, then the changes behind it", async () => {
  await using database = await createTestDatabase();
  await fill(database, 250);
  await using feed = await open(database);
  const follower = feed.follow(EVERYTHING, null, SNAPSHOT);
  const state = await readAll(follower, (seen) => seen.length === 250);
  expect(idsOf(state)).toEqual(Array.from({ length: 250 }, (_, at) => (at + 1) * 10));
  expect(new Set(state.map(({ change }) => change.operation))).toEqual(new Set(["SNAPSHOT"]));

  await database.sql`insert into ingest.file_statuses (id, file_path, type, status) values (5, '/new', 'HL7', 'staged')`;
  const [next] = await readAll(follower, (seen) => seen.length > 0);
  expect(next).toMatchObject({ row: { id: 5 }, change: { operation: "INSERT", key: "/new" } });
});

it("delivers a state without rows by going on with the changes", async () => {
  await using database = await createTestDatabase();
  await using feed = await open(database);
  const follower = feed.follow(EVERYTHING, null, SNAPSHOT);
  await fill(database, 1);
  const seen = await readAll(follower, (all) => all.length === 1);
  expect(seen.map(({ change }) => change.operation)).toHaveLength(1);
});

it("delivers each row once while others write, also where it is begun again from any of its cursors", async () => {
  await using database = await createTestDatabase();
  await fill(database, 700);
  await using feed = await open(database);
  const seen: Delivery[] = [];
  let follower = feed.follow(EVERYTHING, null, SNAPSHOT);
  const { signal } = new AbortController();
  let written = 700;
  for (let round = 0; seen.length < written; round += 1) {
    const deliveries = await follower.next(signal);
    if (round % 3 === 0) {
      // Goes on behind the middle of what it got, as a client does that lost the rest.
      const some = deliveries.slice(0, Math.ceil(deliveries.length / 2));
      seen.push(...some);
      const cursor = some.at(-1)?.cursor;
      if (cursor !== undefined) follower = feed.follow(EVERYTHING, feed.position(cursor), SNAPSHOT);
    } else {
      seen.push(...deliveries);
    }
    if (round < 30) {
      // Ahead of what was delivered, amid it, and behind it.
      await database.sql`insert into ingest.file_statuses (id, file_path, type, status)
        select i * 10 + ${round + 1} % 9 + 1, '/g', 'HL7', 'staged' from generate_series(1 + ${round}, 700, 97) i
        on conflict do nothing`;
      const [count] = await database.sql`select count(*)::int as count from ingest.file_statuses`;
      written = count?.["count"];
    }
  }
  const rows = await database.sql`select id::int from ingest.file_statuses order by id`;
  expect(ascending(idsOf(seen))).toEqual(rows.map((row) => row["id"]));
  expect(new Set(seen.map(({ change }) => change.operation))).toEqual(new Set(["SNAPSHOT", "INSERT"]));
});

it("delivers only what the filter asks for", async () => {
  await using database = await createTestDatabase();
  await fill(database, 300);
  await using feed = await open(database);
  const filter = changesOf("FILE_STATUS", [
    { column: "status", in: ["failed"] },
    { column: "filePath", startsWith: "/f/1" },
    { column: "processedAt", after: "2020-01-01T00:00:00.000000Z" },
  ]);
  const rows =
    await database.sql`select id::int from ingest.file_statuses where status = 'failed' and file_path = '/f/1' order by id`;
  const seen = await readAll(feed.follow(filter, null, SNAPSHOT), (all) => all.length >= rows.length);
  expect(idsOf(seen)).toEqual(rows.map((row) => row["id"]));
});

it("refuses the cursor of another snapshot", async () => {
  await using database = await createTestDatabase();
  await fill(database, 3);
  await using feed = await open(database);
  const [first] = await feed.follow(EVERYTHING, null, SNAPSHOT).next(new AbortController().signal);
  const position = feed.position(first?.cursor ?? "");
  const malformed = expect.objectContaining({ reason: "malformed" });
  expect(() => feed.follow([...EVERYTHING, ...changesOf("HL7_FILE", [])], position)).toThrow(malformed);
  expect(() => feed.follow(changesOf("HL7_FILE", []), position)).toThrow(malformed);
  expect(() =>
    feed.position(Buffer.from(`${Buffer.from(first?.cursor ?? "", "base64url").toString()} x`).toString("base64url")),
  ).toThrow(malformed);
});
