import postgres from "postgres";
import { describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { settleStatuses } from "../../src/db/settle.ts";
import { createTestDatabase } from "../support/database.ts";
import { barrier } from "../support/direct-writers.ts";

const insert = (sql: Sql, path: string, status: string, at?: string) =>
  sql`insert into ingest.file_statuses (file_path, type, status, processed_at)
    values (${path}, 'HL7', ${status}, ${at === undefined ? sql`now()` : at}) returning id`;

async function currentOf(sql: Sql, path: string): Promise<{ status: string; id: string } | undefined> {
  const [row] = await sql<{ status: string; id: string }[]>`
    select status, id from ingest.recent_hl7_file_statuses where file_path = ${path}`;
  return row;
}

async function currentFlags(sql: Sql): Promise<unknown[]> {
  return (await sql`select is_current from weir.change where topic = 'FILE_STATUS' order by seq`).map(
    (row) => row["is_current"],
  );
}

describe("current state", () => {
  it("is the newest by (processed_at, id), also when rows share a time or arrive late", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const rows = await sql<{ id: string }[]>`insert into ingest.file_statuses (file_path, type, status) values
      ('/f', 'HL7', 'staged'), ('/f', 'HL7', 'failed'), ('/f', 'HL7', 'ingested') returning id`;
    expect(await currentOf(sql, "/f")).toEqual({ status: "ingested", id: rows[2]?.id });
    await insert(sql, "/f", "failed", "2020-01-01T00:00:00Z");
    expect(await currentOf(sql, "/f")).toEqual({ status: "ingested", id: rows[2]?.id });
    expect(await currentFlags(sql)).toEqual([true, true, true, false]);
    const [late] = await sql`select count(*) from ingest.file_statuses`;
    expect(late?.["count"]).toBe("4");
  });

  it("tells of each row of a statement whether it was current in its turn, as if they had come one by one", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insert(sql, "/f", "staged", "2024-01-02T00:00:00Z");
    await sql`insert into ingest.file_statuses (file_path, type, status, processed_at) values
      ('/f', 'HL7', 'failed', '2024-01-01'), ('/f', 'HL7', 'failed', '2024-01-03'), ('/f', 'HL7', 'failed', '2024-01-02 12:00'), ('/f', 'HL7', 'ingested', '2024-01-04')`;
    expect(await currentFlags(sql)).toEqual([true, false, true, false, true]);
  });

  it("keeps a HL7 file and a log of the same path apart", async () => {
    await using database = await createTestDatabase();
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/f', 'HL7', 'staged'), ('/f', 'Log', 'parsed')`;
    expect(
      (await database.sql`select status from ingest.recent_log_file_statuses`).map((row) => row["status"]),
    ).toEqual(["parsed"]);
    expect(
      (await database.sql`select status from ingest.recent_hl7_file_statuses`).map((row) => row["status"]),
    ).toEqual(["staged"]);
  });

  it("knows a log by its statuses or by its HL7 files, and takes the date from the first eight digits that are one", async () => {
    await using database = await createTestDatabase();
    await database.sql`insert into ingest.hl7_files (hl7_file_path, log_file_path, segment_number) values
      ('/s/1', '/20230101/20240115_radiology.log', 0), ('/s/2', '/a/1234567890_20240116.log', 0), ('/s/3', '/a/20240230.log', 0), ('/s/4', '/a/none.log', 0),
      ('/s/5', '/a/202401171030.log', 0)`;
    const logs =
      await database.sql`select file_path, date::text from ingest.files where type = 'Log' order by file_path`;
    expect(logs.map((row) => [row["file_path"], row["date"]])).toEqual([
      ["/20230101/20240115_radiology.log", "2024-01-15"],
      ["/a/1234567890_20240116.log", "2024-01-16"],
      ["/a/202401171030.log", "2024-01-17"],
      ["/a/20240230.log", null],
      ["/a/none.log", null],
    ]);
  });

  it("follows a log that is split again, and announces only what changed", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const split = (paths: string[]) =>
      sql`insert into ingest.hl7_files ${sql(
        paths.map((path, segment) => ({
          hl7_file_path: path,
          log_file_path: "/l_20240115.log",
          segment_number: segment,
        })),
      )} on conflict (log_file_path, segment_number) do update set hl7_file_path = excluded.hl7_file_path, date = excluded.date`;
    await split(["/a/0", "/a/1"]);
    await split(["/a/0", "/b/1"]);
    const changes = await sql`select operation, key from weir.change where topic = 'HL7_FILE' order by seq`;
    expect(changes.map((row) => [row["operation"], row["key"]])).toEqual([
      ["INSERT", "/a/0"],
      ["INSERT", "/a/1"],
      ["UPDATE", "/b/1"],
    ]);
    const linked =
      await sql`select file_path from ingest.files where log_file_path = '/l_20240115.log' order by segment_number`;
    expect(linked.map((row) => row["file_path"])).toEqual(["/a/0", "/b/1"]);
    await sql`delete from ingest.hl7_files where segment_number = 0`;
    expect((await sql`select file_path from ingest.files where log_file_path = '/l_20240115.log'`).length).toBe(1);
  });
});

describe("a program that writes by SQL", () => {
  it("can't rewrite history", async () => {
    await using database = await createTestDatabase();
    await insert(database.sql, "/f", "staged");
    for (const statement of [
      "update ingest.file_statuses set status = 'ingested'",
      "delete from ingest.file_statuses",
      "truncate ingest.file_statuses",
      "insert into ingest.file_statuses (id, file_path, type, status) values (1, '/f', 'HL7', 'x') on conflict (id) do update set status = 'x'",
    ]) {
      await expect(database.sql.unsafe(statement), statement).rejects.toThrow(/file_statuses is append-only/);
    }
    expect((await database.sql`select status from ingest.file_statuses`).map((row) => row["status"])).toEqual([
      "staged",
    ]);
  });

  it("needs no right on anything but the table it writes", async () => {
    await using database = await createTestDatabase();
    const role = `writer_${database.name}`;
    await database.sql.unsafe(
      `create role ${role}; grant usage on schema ingest to ${role}; grant insert on ingest.file_statuses to ${role}`,
    );
    await database.sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${role}`);
      await tx`insert into ingest.file_statuses (file_path, type, status) values ('/f', 'HL7', 'staged')`;
    });
    expect(await currentOf(database.sql, "/f")).toMatchObject({ status: "staged" });
    await database.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  });

  it("may write paths longer than an index entry, words that nobody knows, and instants in its own time zone", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const path = `/${"x".repeat(9_000)}`;
    await insert(sql, `${path}1`, "staged");
    await insert(sql, `${path}2`, "quarantined");
    expect(await currentOf(sql, `${path}1`)).toMatchObject({ status: "staged" });
    expect(await currentOf(sql, `${path}2`)).toMatchObject({ status: "quarantined" });
    await sql.begin(async (tx) => {
      await tx`set local timezone = 'Asia/Kolkata'`;
      await tx`insert into ingest.file_statuses (file_path, type, status, processed_at) values ('/zone', 'HL7', 'staged', '2024-01-15 05:30')`;
    });
    const [change] = await sql`select "row" ->> 'processed_at' as at from weir.change where key = '/zone'`;
    expect(change?.["at"]).toBe("2024-01-15T00:00:00+00:00");
  });

  it("never fails by a deadlock of ours: what could not be set at once is settled from the history", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const both = barrier(2);
    const crossing = async (first: string, second: string) =>
      sql.begin(async (tx) => {
        await tx`insert into ingest.file_statuses (file_path, type, status) values (${first}, 'HL7', 'staged')`;
        await both();
        await tx`insert into ingest.file_statuses (file_path, type, status) values (${second}, 'HL7', 'ingested')`;
      });
    await Promise.all([crossing("/a", "/b"), crossing("/b", "/a")]);
    expect((await sql`select count(*) from ingest.file_statuses`)[0]?.["count"]).toBe("4");
    expect((await sql`select count(*) from ingest.unsettled_statuses`)[0]?.["count"]).not.toBe("0");
    await settleStatuses(database.db);
    expect((await sql`select count(*) from ingest.unsettled_statuses`)[0]?.["count"]).toBe("0");
    expect((await sql`select count(*) from weir.change where topic = 'FILE_STATUS'`)[0]?.["count"]).toBe("4");
    const stale = await sql`select f.file_path from ingest.files f join lateral (
      select id from ingest.file_statuses s where s.file_path = f.file_path order by processed_at desc, id desc limit 1) s on true
      where f.status_id is distinct from s.id`;
    expect(stale.length).toBe(0);
  });

  it("does not wait long for another's open transaction, and does not fail under repeatable read", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = sql.begin(async (tx) => {
      await tx`insert into ingest.file_statuses (file_path, type, status) values ('/held', 'HL7', 'staged')`;
      held.resolve();
      await release.promise;
    });
    await held.promise;
    await insert(sql, "/held", "ingested");
    release.resolve();
    await holding;
    await sql.begin("isolation level repeatable read", async (tx) => {
      await tx`select count(*) from ingest.file_statuses`;
      await insert(sql, "/held", "failed");
      await tx`insert into ingest.file_statuses (file_path, type, status) values ('/held', 'HL7', 'ingested')`;
    });
    await settleStatuses(database.db);
    const [newest] = await sql`select id, status from ingest.file_statuses order by processed_at desc, id desc limit 1`;
    expect(await currentOf(sql, "/held")).toEqual({ id: newest?.["id"], status: newest?.["status"] });
  });

  it("rings without putting anything into the notification", async () => {
    await using database = await createTestDatabase();
    const listener = postgres(database.url, { max: 1 });
    const heard = Promise.withResolvers<string>();
    await listener.listen("weir", heard.resolve);
    await insert(database.sql, "/secret", "staged");
    expect(await heard.promise).toBe("");
    await listener.end();
  });
});
