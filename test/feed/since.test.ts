import { expect, it } from "vitest";
import { maintainFeed } from "../../src/feed/retention.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

const SINCE = "query ($at: DateTime!) { cursorSince(at: $at) }";
const SUBSCRIPTION = "subscription ($after: Cursor) { changes(topics: [FILE_STATUS], after: $after) { key at } }";
interface Change {
  readonly key: string;
  readonly at: string;
}

it("a cursor of an instant gives everything written since, once, also while many write, and hardly anything before", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const { sql } = database;
  const write = async (name: string, count: number) => {
    for (let at = 0; at < count; at += 1)
      await sql`insert into ingest.file_statuses (file_path, type, status)
        select ${`${name}/${at}/`} || n, 'HL7', 'staged' from generate_series(1, 20) n`;
  };
  await write("/old", 20);
  const [old] = await sql`update weir.change set at = at - interval '1 hour' returning at`;
  expect(old).toBeDefined();
  const writers = [1, 2, 3].map((name) => write(`/new/${name}`, 40));
  await writers[0];
  const [middle] = await sql<{ at: string }[]>`select to_json(now()) #>> '{}' as at`;
  const more = [4, 5].map((name) => write(`/new/${name}`, 20));
  const at = middle?.at ?? "";
  const { cursorSince: after } = await ask<{ cursorSince: string }>(app.url, SINCE, { at });
  const { client } = connect(app.url);
  const live = collect<Change>(client, SUBSCRIPTION, { after });
  await Promise.all([...writers, ...more]);
  const wanted = await sql<
    { key: string }[]
  >`select key from weir.change where at >= ${at}::text::timestamptz order by key`;
  await live.until((items) => wanted.every(({ key }) => items.some((item) => item.key === key)));
  const keys = live.items.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => key.startsWith("/old"))).toEqual([]);
  // From the beginning, where nothing was forgotten yet.
  const { cursorSince: first } = await ask<{ cursorSince: string }>(app.url, SINCE, { at: "2020-01-01T00:00:00Z" });
  const all = collect<Change>(client, SUBSCRIPTION, { after: first });
  await all.until((items) => items.length === 400 + 3 * 800 + 2 * 400);
  // And from the present on.
  const { cursorSince: now } = await ask<{ cursorSince: string }>(app.url, SINCE, { at: "2100-01-01T00:00:00Z" });
  const none = collect<Change>(client, SUBSCRIPTION, { after: now });
  await write("/last", 1);
  await none.until((items) => items.length >= 20);
  expect(none.items.filter(({ key }) => !key.startsWith("/last"))).toEqual([]);
  await client.dispose();
});

it("says so where the feed has forgotten some of it", async () => {
  await using database = await createTestDatabase();
  const { sql } = database;
  await maintainFeed(sql, { days: 7, now: Date.now });
  await sql`insert into ingest.file_statuses (file_path, type, status) values ('/gone', 'HL7', 'staged')`;
  await maintainFeed(sql, { days: 7, now: () => Date.now() + 9 * 86_400_000 });
  await sql`insert into ingest.file_statuses (file_path, type, status) values ('/kept', 'HL7', 'staged')`;
  await using app = await startService(database.url);
  const refused = await post(app.url, SINCE, { at: "2020-01-01T00:00:00Z" });
  expect(refused.errors?.[0]).toMatchObject({
    message: expect.stringContaining("no longer holds what was written at 2020-01-01"),
    extensions: { code: "CURSOR_EXPIRED" },
  });
});
