import { describe, expect, it, vi } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { maintainFeed } from "../../src/feed/retention.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const DAY = 86_400_000;
const SUBSCRIPTION = "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key } }";

const insert = (sql: Sql, path: string) =>
  sql`insert into ingest.file_statuses (file_path, type, status) values (${path}, 'HL7', 'staged')`;

async function partitions(sql: Sql): Promise<string[]> {
  const rows = await sql<
    { name: string }[]
  >`select c.relname as name from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'weir.change'::regclass order by 1`;
  return rows.map(({ name }) => name);
}

describe("the feed's retention", () => {
  it("goes by the database's clock: an instance 30 days ahead deletes nothing", async () => {
    await using database = await createTestDatabase();
    await maintainFeed(database.sql, { days: 7 });
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/a', 'HL7', 'staged')`;
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 30 * 86_400_000);
    try {
      expect(await maintainFeed(database.sql, { days: 7 })).toBe(0);
    } finally {
      vi.restoreAllMocks();
    }
    expect(await database.sql`select 1 from weir.change`).toHaveLength(1);
  });

  it("makes partitions ahead, puts changes into the day's, and drops old ones", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await maintainFeed(sql, { days: 7, now: Date.now });
    const today = `change_${new Date().toISOString().slice(0, 10).replaceAll("-", "")}`;
    expect(await partitions(sql)).toContain(today);
    await insert(sql, "/f");
    expect((await sql.unsafe(`select count(*) from only weir.${today}`))[0]?.["count"]).toBe("1");
    await maintainFeed(sql, { days: 7, now: () => Date.now() + 7 * DAY });
    expect(await partitions(sql)).toContain(today);
    await maintainFeed(sql, { days: 7, now: () => Date.now() + 8 * DAY });
    expect(await partitions(sql)).not.toContain(today);
    expect((await sql`select count(*) from ingest.file_statuses`)[0]?.["count"]).toBe("1");
  });

  it("may run anywhere and at once", async () => {
    await using database = await createTestDatabase();
    await Promise.all(Array.from({ length: 6 }, () => maintainFeed(database.sql, { days: 7, now: Date.now })));
    expect((await partitions(database.sql)).length).toBeGreaterThan(3);
  });

  it("lets a writer go on when no service has made a partition, and removes those rows as well", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insert(sql, "/unattended");
    expect((await sql`select count(*) from weir.change_default`)[0]?.["count"]).toBe("1");
    await maintainFeed(sql, { days: 1, now: Date.now });
    expect((await sql`select count(*) from weir.change`)[0]?.["count"]).toBe("1");
    await maintainFeed(sql, { days: 1, now: () => Date.now() + 3 * DAY });
    expect((await sql`select count(*) from weir.change`)[0]?.["count"]).toBe("0");
  });

  it("goes on when a program writes between the look and the making of the day's partition", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    let looks = 0;
    const raced = new Proxy(sql, {
      apply(target, self, args: [TemplateStringsArray, ...unknown[]]) {
        const statement = Reflect.apply(target, self, args) as Promise<unknown>;
        if (!args[0][0]?.includes("feed.partition */") || looks > 0) return statement;
        looks += 1;
        return statement.then(async (rows) => {
          await insert(sql, "/in-between");
          return rows;
        });
      },
    });
    await maintainFeed(raced, { days: 7, now: Date.now });
    expect((await sql`select count(*) from weir.change_default`)[0]?.["count"]).toBe("1");
    // Tomorrow's is there.
    expect((await partitions(sql)).length).toBeGreaterThan(3);
  });

  it("does not make writers wait behind a long transaction", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await maintainFeed(sql, { days: 1, now: Date.now });
    const release = Promise.withResolvers<void>();
    const open = sql.begin(async (tx) => {
      await insert(tx as unknown as Sql, "/open");
      await release.promise;
    });
    await maintainFeed(sql, { days: 1, now: () => Date.now() + 5 * DAY });
    await insert(sql, "/meanwhile");
    release.resolve();
    await open;
    expect((await sql`select count(*) from weir.change`)[0]?.["count"]).toBe("2");
  });

  it("refuses a cursor whose changes are gone, and only such a one", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await using app = await startService(database.url);
    const cursor = async () => (await ask<{ liveCursor: string }>(app.url, "{ liveCursor }")).liveCursor;
    const before = await cursor();
    await insert(sql, "/forgotten");
    const between = await cursor();
    // A partition that somebody reads at that moment is left for the next round.
    while ((await sql`select from weir.change where key = '/forgotten'`).length > 0) {
      await maintainFeed(sql, { days: 1, now: () => Date.now() + 5 * DAY });
    }
    await insert(sql, "/kept");
    const { client } = connect(app.url);
    const expired = collect(client, SUBSCRIPTION, { after: before });
    await expired.ended;
    expect(expired.items).toEqual([]);
    expect(expired.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
    const kept = collect<{ key: string }>(client, SUBSCRIPTION, { after: between });
    await kept.until((items) => items.length > 0);
    expect(kept.items).toEqual([{ key: "/kept" }]);
    await client.dispose();
  });

  it("refuses a cursor of another database, and of a database that was set back", async () => {
    await using one = await createTestDatabase();
    await using other = await createTestDatabase();
    await using here = await startService(one.url);
    await using there = await startService(other.url);
    const { client } = connect(there.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(here.url, "{ liveCursor }");
    const foreign = collect(client, SUBSCRIPTION, { after: liveCursor });
    await foreign.ended;
    expect(foreign.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);

    // As after a restore of an older backup: what was announced last is not there.
    await insert(other.sql, "/one");
    await insert(other.sql, "/two");
    const { liveCursor: start } = await ask<{ liveCursor: string }>(there.url, "{ liveCursor }");
    const live = collect(client, SUBSCRIPTION, { after: start });
    await insert(other.sql, "/three");
    await live.until((items) => items.length === 1);
    const { liveCursor: own } = await ask<{ liveCursor: string }>(there.url, "{ liveCursor }");
    await other.sql`delete from weir.change where key <> '/one'`;
    await live.ended;
    expect(live.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
    const rewound = collect(client, SUBSCRIPTION, { after: own });
    await rewound.ended;
    expect(rewound.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
    await client.dispose();
  });
});
