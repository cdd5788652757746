import { describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { addUpCounts } from "../../src/db/counts.ts";
import { settleDocuments } from "../../src/db/settle.ts";
import { createTestDatabase } from "../support/database.ts";
import { barrier } from "../support/direct-writers.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

async function addFile(sql: Sql, id?: number): Promise<number> {
  const [row] = await sql<
    { id: string }[]
  >`insert into documents.files ${sql({ filehash: "h", ...(id === undefined ? {} : { id }) })} returning id`;
  return Number(row?.id);
}

/** As an ORM writes it. */
const upsert = (sql: Sql, rows: readonly (readonly [file: number, step: string, status: string])[]) =>
  sql`insert into documents.file_processing_steps ${sql(rows.map(([file_id, step_name, status]) => ({ file_id, step_name, status })))}
    on conflict (file_id, step_name) do update set status = excluded.status`;

async function overallOf(sql: Sql, id: number): Promise<string> {
  const [row] = await sql<{ overall_status: string }[]>`select overall_status from documents.files where id = ${id}`;
  return row?.overall_status ?? "none";
}

/** Files whose kept counts are not those of their steps, and statuses whose number of files is not what it is. */
async function wrongCounts(sql: Sql): Promise<unknown[]> {
  const files = await sql`select f.id from documents.files f left join lateral (
      select count(*) filter (where not up) as main_total, count(*) filter (where up) as upload_total,
             count(*) filter (where not up and status = 'pending') as main_pending, count(*) filter (where up and status = 'pending') as upload_pending,
             count(*) filter (where not up and status = 'in_progress') as main_in_progress, count(*) filter (where up and status = 'in_progress') as upload_in_progress,
             count(*) filter (where not up and status = 'success') as main_success, count(*) filter (where up and status = 'success') as upload_success,
             count(*) filter (where not up and status = 'failure') as main_failure, count(*) filter (where up and status = 'failure') as upload_failure,
             count(*) filter (where not up and status = 'skipped') as main_skipped, count(*) filter (where up and status = 'skipped') as upload_skipped
      from (select status, documents.is_upload_step(step_name) as up from documents.file_processing_steps where file_id = f.id) s) c on true
    where (f.main_total, f.upload_total, f.main_pending, f.upload_pending, f.main_in_progress, f.upload_in_progress,
           f.main_success, f.upload_success, f.main_failure, f.upload_failure, f.main_skipped, f.upload_skipped)
       is distinct from (c.main_total, c.upload_total, c.main_pending, c.upload_pending, c.main_in_progress, c.upload_in_progress,
           c.main_success, c.upload_success, c.main_failure, c.upload_failure, c.main_skipped, c.upload_skipped)`;
  const statuses = await sql`select coalesce(a.overall_status, k.status) from
      (select overall_status, count(*) as n from documents.files group by overall_status) a
      full join (select status, sum(count) as n from documents.file_counts group by status having sum(count) <> 0) k on k.status = a.overall_status
    where a.n is distinct from k.n`;
  return [...files, ...statuses];
}

describe("counts of steps and files", () => {
  it("follow whatever a program does to the tables", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const [a, b] = [await addFile(sql), await addFile(sql)];
    await upsert(sql, [
      [a, "hash_file", "pending"],
      [a, "upload_to_s3", "pending"],
      [b, "hash_file", "in_progress"],
    ]);
    expect([await overallOf(sql, a), await overallOf(sql, b)]).toEqual(["pending", "processing"]);
    await upsert(sql, [
      [a, "hash_file", "success"],
      [a, "queue_s3", "skipped"],
      [b, "hash_file", "failure"],
    ]);
    expect([await overallOf(sql, a), await overallOf(sql, b)]).toEqual(["processing", "failed"]);
    await sql`update documents.file_processing_steps set status = 'success', step_name = 'upload_to_s3_again' where step_name = 'upload_to_s3'`;
    expect(await overallOf(sql, a)).toBe("completed");
    // A step that moves to another file leaves one and joins the other.
    await sql`update documents.file_processing_steps set file_id = ${a}, step_name = 'moved' where file_id = ${b}`;
    expect([await overallOf(sql, a), await overallOf(sql, b)]).toEqual(["failed", "pending"]);
    await sql`delete from documents.file_processing_steps where step_name = 'moved'`;
    expect(await overallOf(sql, a)).toBe("completed");
    expect(await wrongCounts(sql)).toEqual([]);
    await sql`delete from documents.files where id = ${a}`;
    expect((await sql`select from documents.file_processing_steps where file_id = ${a}`).length).toBe(0);
    expect(await wrongCounts(sql)).toEqual([]);
    await upsert(sql, [[b, "hash_file", "failure"]]);
    await sql`truncate documents.file_processing_steps`;
    expect(await overallOf(sql, b)).toBe("pending");
    expect(await wrongCounts(sql)).toEqual([]);
    await sql`truncate documents.files cascade`;
    expect(await wrongCounts(sql)).toEqual([]);
  });

  it("are right when many programs write the same files at once while the counts are added up", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const ids = await Promise.all(Array.from({ length: 10 }, () => addFile(sql)));
    const statuses = ["pending", "in_progress", "success", "failure", "skipped", "odd"];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 8; round += 1) {
        const rows = ids.map(
          (id, at) =>
            [
              id,
              `${at % 2 === 0 ? "upload_to_" : ""}${(writer + round) % 4}`,
              statuses[(writer * 5 + round + at) % 6] ?? "",
            ] as const,
        );
        // Half of them in the other order: as it comes.
        await upsert(sql, writer % 2 === 0 ? rows : rows.toReversed()).catch((error: unknown) => {
          // Two upserts that cross deadlock by themselves, without any trigger.
          if (!String(error).includes("deadlock")) throw error;
        });
        if (writer === 0) await addUpCounts(database.db);
      }
    });
    await Promise.all(writers);
    while ((await settleDocuments(database.db)) > 0);
    expect(await wrongCounts(sql)).toEqual([]);
    expect((await sql`select from documents.file_processing_steps`).length).toBe(40);
  });
});

describe("a program that writes by SQL", () => {
  it("is seen live, by upsert too, and an upsert that changes nothing is no change", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { sql } = database;
    const { client } = connect(app.url);
    const id = await addFile(sql);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const steps = collect<{ operation: string; actor: string | null; step: { stepName: string; status: string } }>(
      client,
      "subscription ($id: ID, $after: Cursor) { fileStepChanged(fileId: $id, after: $after) { operation actor step { stepName status } } }",
      { id: String(id), after },
    );
    const files = collect<{ file: { overallStatus: { status: string } } }>(
      client,
      "subscription ($id: ID, $after: Cursor) { fileChanged(id: $id, after: $after) { file { overallStatus { status } } } }",
      { id: String(id), after },
    );
    await upsert(sql, [[await addFile(sql), "hash_file", "failure"]]);
    await upsert(sql, [
      [id, "hash_file", "in_progress"],
      [id, "upload_to_s3", "pending"],
    ]);
    await upsert(sql, [[id, "upload_to_s3", "pending"]]);
    await upsert(sql, [[id, "hash_file", "failure"]]);
    await steps.until((items) => items.at(-1)?.step.status === "FAILURE");
    await files.until((items) => items.at(-1)?.file.overallStatus.status === "FAILED");
    expect(steps.items.map(({ operation, actor, step }) => [operation, actor, step.stepName, step.status])).toEqual([
      ["INSERT", null, "hash_file", "IN_PROGRESS"],
      ["INSERT", null, "upload_to_s3", "PENDING"],
      ["UPDATE", null, "hash_file", "FAILURE"],
    ]);
    expect(files.items.map(({ file }) => file.overallStatus.status)).toEqual(["PROCESSING", "FAILED"]);
    await client.dispose();
  });

  it("stamps a step that it changes, unless it says when", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const id = await addFile(sql);
    await sql`insert into documents.file_processing_steps (file_id, step_name, status, updated_at) values
      (${id}, 'a', 'pending', '2024-01-01'), (${id}, 'b', 'pending', '2024-01-01'), (${id}, 'c', 'pending', '2024-01-01')`;
    await sql`update documents.file_processing_steps set status = 'success' where step_name = 'a'`;
    await sql`update documents.file_processing_steps set status = 'success', updated_at = '2024-02-02' where step_name = 'b'`;
    await sql`update documents.file_processing_steps set status = 'pending' where step_name = 'c'`;
    const rows = await sql`select updated_at > now() - interval '1 minute' as fresh, updated_at::date::text as day
      from documents.file_processing_steps order by step_name`;
    expect(rows.map((row) => [row["fresh"], row["fresh"] === true ? "" : row["day"]])).toEqual([
      [true, ""],
      [false, "2024-02-02"],
      [false, "2024-01-01"],
    ]);
  });

  it("can't rewrite the history, and may log about files that are not there", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await sql`insert into documents.processing_logs (file_id, step_name, status) values (4711, 'hash_file', 'SUCCESS'), (null, null, null)`;
    for (const statement of [
      "update documents.processing_logs set status = 'x'",
      "delete from documents.processing_logs",
      "truncate documents.processing_logs",
    ]) {
      await expect(sql.unsafe(statement), statement).rejects.toThrow(/processing_logs is append-only/);
    }
    const changes = await sql`select key, operation from weir.change where topic = 'PROCESSING_LOG' order by seq`;
    expect(changes.map((row) => [row["key"], row["operation"]])).toEqual([
      ["4711", "INSERT"],
      ["", "INSERT"],
    ]);
  });

  it("needs no right on anything but the table it writes", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const id = await addFile(sql);
    const role = `writer_${database.name}`;
    await sql.unsafe(
      `create role ${role}; grant usage on schema documents to ${role};
       grant select, insert, update, delete on documents.file_processing_steps to ${role}; grant insert on documents.processing_logs to ${role}`,
    );
    await sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${role}`);
      await tx`insert into documents.file_processing_steps (file_id, step_name, status) values (${id}, 'a', 'pending')`;
      await tx`update documents.file_processing_steps set status = 'success'`;
      await tx`insert into documents.processing_logs (file_id, step_name, status) values (${id}, 'a', 'success')`;
    });
    expect(await overallOf(sql, id)).toBe("completed");
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  });

  it("may write texts longer than an index entry", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const long = Array.from({ length: 3_000 }, (_, at) => `${at}é`).join("");
    const [file] = await sql<
      { id: string }[]
    >`insert into documents.files (filehash, original_filename) values (${long}, ${long}) returning id`;
    const id = Number(file?.id);
    await sql`insert into documents.file_processing_steps (file_id, step_name, status, error_message) values (${id}, 'a', ${long}, ${long})`;
    await sql`insert into documents.processing_logs (file_id, task_id, step_name, status, detail) values (${id}, ${long}, ${long}, ${long}, ${long})`;
    expect(await wrongCounts(sql)).toEqual([]);
  });

  it("never fails by a deadlock of ours: what could not be counted at once is settled from the steps", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const [a, b] = [await addFile(sql), await addFile(sql)];
    const both = barrier(2);
    const crossing = async (name: string, first: number, second: number) =>
      sql.begin(async (tx) => {
        await tx`insert into documents.file_processing_steps (file_id, step_name, status) values (${first}, ${name}, 'success')`;
        await both();
        await tx`insert into documents.file_processing_steps (file_id, step_name, status) values (${second}, ${name}, 'failure')`;
      });
    await Promise.all([crossing("x", a, b), crossing("upload_to_y", b, a)]);
    expect((await sql`select from documents.file_processing_steps`).length).toBe(4);
    expect((await sql`select from weir.change where topic = 'FILE_STEP'`).length).toBe(4);
    expect((await sql`select from documents.unsettled_files`).length).toBeGreaterThan(0);
    await settleDocuments(database.db);
    expect((await sql`select from documents.unsettled_files`).length).toBe(0);
    expect([await overallOf(sql, a), await overallOf(sql, b)]).toEqual(["failed", "failed"]);
    expect(await wrongCounts(sql)).toEqual([]);
  });

  it("does not wait long for another's open transaction, and does not fail under repeatable read", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const id = await addFile(sql);
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = sql.begin(async (tx) => {
      await tx`insert into documents.file_processing_steps (file_id, step_name, status) values (${id}, 'held', 'success')`;
      held.resolve();
      await release.promise;
    });
    await held.promise;
    await upsert(sql, [[id, "other", "success"]]);
    release.resolve();
    await holding;
    await sql.begin("isolation level repeatable read", async (tx) => {
      await tx`select count(*) from documents.files`;
      await upsert(sql, [[id, "third", "in_progress"]]);
      await tx`insert into documents.file_processing_steps (file_id, step_name, status) values (${id}, 'fourth', 'pending')`;
    });
    expect((await sql`select from documents.unsettled_files`).length).toBe(2);
    await settleDocuments(database.db);
    expect(await wrongCounts(sql)).toEqual([]);
    expect(await overallOf(sql, id)).toBe("processing");
  });
});
