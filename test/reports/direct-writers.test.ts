import { describe, expect, it } from "vitest";
import type { Sql } from "../../src/db/client.ts";
import { settleJobs } from "../../src/db/settle.ts";
import { createTestDatabase } from "../support/database.ts";

interface Run {
  run_id: string;
  status: string;
  table_name?: string;
  start_time?: string;
  consecutive_failures?: number;
  errors?: string;
  duration_seconds?: number;
}

const insertRun = (sql: Sql, run: Run) =>
  sql`insert into reporting.seeder_run_history ${sql({
    manifest_id: 1,
    table_name: "crimes",
    report_name: "Crimes",
    agency_id: 7,
    agency_slug: "north",
    report_type: "custom",
    ...run,
  })}`;

const endRun = (sql: Sql, runId: string, status: string, errors: string | null = null) =>
  sql`update reporting.seeder_run_history set status = ${status}, errors = ${errors}, finish_time = now(), duration_seconds = 5
    where run_id = ${runId}`;

/** As a program keeps the job itself: it counts its failures up. */
const upsertJob = (sql: Sql, runId: string, status: string) =>
  sql`insert into reporting.seeder_job_status as j (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, last_run_id, consecutive_failures)
    values ('crimes', 1, 'Crimes', 'custom', 7, 'north', ${status}, ${runId}, ${status === "error" ? 1 : 0})
    on conflict (table_name) do update set status = excluded.status, last_run_id = excluded.last_run_id, updated_at = now(),
      consecutive_failures = case excluded.status when 'error' then j.consecutive_failures + 1
                                                  when 'success' then 0 else j.consecutive_failures end`;

async function jobOf(sql: Sql, tableName = "crimes") {
  const [job] = await sql`
    select status, consecutive_failures as streak, last_run_id, last_errors, duration_seconds from reporting.seeder_job_status
    where table_name = ${tableName}`;
  return job;
}

async function streaks(sql: Sql, tableName = "crimes"): Promise<number[]> {
  const rows = await sql`select consecutive_failures from reporting.seeder_run_history where table_name = ${tableName}
    order by start_time, id`;
  return rows.map((row) => Number(row["consecutive_failures"]));
}

describe("a program that writes the history alone", () => {
  it("gets streaks in history and job: 0, 1, 2, 2, 3, 0", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const statuses = ["success", "error", "error", "running", "error", "success"];
    const jobs = [];
    for (const [at, status] of statuses.entries()) {
      await insertRun(sql, { run_id: `r${at}`, status });
      jobs.push((await jobOf(sql))?.["streak"]);
    }
    expect(jobs).toEqual([0, 1, 2, 2, 3, 0]);
    expect(await streaks(sql)).toEqual([0, 1, 2, 2, 3, 0]);
  });

  it("gets the same when all runs come in one statement, or by COPY", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const statuses = ["success", "error", "error", "running", "error", "success", "error"];
    await sql`insert into reporting.seeder_run_history ${sql(
      statuses.map((status, at) => ({
        run_id: `r${at}`,
        manifest_id: 1,
        table_name: "crimes",
        report_name: "Crimes",
        agency_id: 7,
        agency_slug: "north",
        report_type: "custom",
        status,
      })),
    )}`;
    expect(await streaks(sql)).toEqual([0, 1, 2, 2, 3, 0, 1]);
    expect(await jobOf(sql)).toMatchObject({ status: "error", streak: 1, last_run_id: "r6" });
    const copy =
      await sql`copy reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status) from stdin`.writable();
    const written = new Promise((resolve) => copy.once("finish", resolve));
    copy.end("c0\t1\tcrimes\tCrimes\t7\tnorth\tcustom\terror\nc1\t1\tcrimes\tCrimes\t7\tnorth\tcustom\terror\n");
    await written;
    expect(await jobOf(sql)).toMatchObject({ status: "error", streak: 3, last_run_id: "c1" });
  });

  it("moves a run from running to its end, and says it twice without harm", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insertRun(sql, { run_id: "a", status: "error", errors: "first" });
    await insertRun(sql, { run_id: "b", status: "running" });
    expect(await jobOf(sql)).toMatchObject({
      status: "running",
      streak: 1,
      last_errors: "first",
      duration_seconds: null,
    });
    for (let repeat = 0; repeat < 3; repeat += 1) await endRun(sql, "b", "error", "second");
    expect(await streaks(sql)).toEqual([1, 2]);
    expect(await jobOf(sql)).toMatchObject({ status: "error", streak: 2, last_errors: "second", duration_seconds: 5 });
    await insertRun(sql, { run_id: "c", status: "running" });
    await endRun(sql, "c", "success");
    expect(await jobOf(sql)).toMatchObject({ status: "success", streak: 0, last_errors: null, last_run_id: "c" });
  });

  it("keeps a streak that it set itself", async () => {
    await using database = await createTestDatabase();
    await insertRun(database.sql, { run_id: "a", status: "error", consecutive_failures: 4 });
    await insertRun(database.sql, { run_id: "b", status: "error" });
    expect(await streaks(database.sql)).toEqual([4, 5]);
  });

  it("does not turn the job back by a late word about an older run", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insertRun(sql, { run_id: "old", status: "running", start_time: "2024-01-01T00:00:00Z" });
    await insertRun(sql, { run_id: "new", status: "success", start_time: "2024-01-02T00:00:00Z" });
    await endRun(sql, "old", "error", "late");
    expect(await jobOf(sql)).toMatchObject({ status: "success", streak: 0, last_run_id: "new", last_errors: null });
  });

  it("may store a status that has no meaning, which is kept and leaves the streak", async () => {
    await using database = await createTestDatabase();
    await insertRun(database.sql, { run_id: "a", status: "error" });
    await insertRun(database.sql, { run_id: "b", status: "zombie" });
    expect(await jobOf(database.sql)).toMatchObject({ status: "zombie", streak: 1 });
  });

  it("has each report's streak to itself, also when many write at once", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const tables = ["one", "two", "three", "four"];
    await Promise.all(
      tables.map(async (table_name) => {
        for (let at = 0; at < 10; at += 1)
          await insertRun(sql, { run_id: `${table_name}-${at}`, status: "error", table_name });
      }),
    );
    for (const table of tables) {
      expect(await streaks(sql, table)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(await jobOf(sql, table)).toMatchObject({ status: "error", streak: 10 });
    }
  });

  it("is not failed when many write of one report at once; the job is that of the latest run", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await Promise.all(Array.from({ length: 30 }, (_, at) => insertRun(sql, { run_id: `r${at}`, status: "error" })));
    await settleJobs(database.db);
    const [latest] =
      await sql`select run_id, consecutive_failures from reporting.seeder_run_history order by start_time desc, id desc`;
    expect(await jobOf(sql)).toMatchObject({
      last_run_id: latest?.["run_id"],
      streak: latest?.["consecutive_failures"],
    });
  });

  it("needs no right on anything but the history", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const role = `seeder_${database.name}`;
    await sql.unsafe(
      `create role ${role}; grant usage on schema reporting to ${role}; grant insert on reporting.seeder_run_history to ${role}`,
    );
    try {
      await sql.begin(async (tx) => {
        await tx.unsafe(`set local role ${role}`);
        await insertRun(tx as unknown as Sql, { run_id: "a", status: "error" });
      });
      expect(await jobOf(sql)).toMatchObject({ status: "error", streak: 1 });
    } finally {
      await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe("a program that keeps history and job itself is not counted twice", () => {
  it.each([
    ["history first", [insertRun, upsertJob]],
    ["job first", [upsertJob, insertRun]],
  ] as const)("%s", async (_order, steps) => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const seen = [];
    for (const [at, status] of ["success", "error", "error", "running", "error", "success"].entries()) {
      const runId = `r${at}`;
      for (const step of steps) {
        if (step === insertRun) await insertRun(sql, { run_id: runId, status });
        else await upsertJob(sql, runId, status);
      }
      seen.push((await jobOf(sql))?.["streak"]);
    }
    expect(seen).toEqual([0, 1, 2, 2, 3, 0]);
    expect(await streaks(sql)).toEqual([0, 1, 2, 2, 3, 0]);
  });

  it.each([
    ["history first", true],
    ["job first", false],
  ])("when a run goes from running to its end, %s", async (_order, isHistoryFirst) => {
    await using database = await createTestDatabase();
    const { sql } = database;
    const seen = [];
    for (const [at, status] of ["error", "error", "success", "error"].entries()) {
      const runId = `r${at}`;
      const start = [
        () => insertRun(sql, { run_id: runId, status: "running" }),
        () => upsertJob(sql, runId, "running"),
      ];
      const end = [() => endRun(sql, runId, status, "x"), () => upsertJob(sql, runId, status)];
      for (const steps of [start, end]) for (const step of isHistoryFirst ? steps : steps.toReversed()) await step();
      seen.push((await jobOf(sql))?.["streak"]);
    }
    expect(seen).toEqual([1, 2, 0, 1]);
    expect(await streaks(sql)).toEqual([1, 2, 0, 1]);
  });

  it("in one transaction that announces each state of the job once", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await sql.begin(async (tx) => {
      await insertRun(tx as unknown as Sql, { run_id: "a", status: "error" });
      await insertRun(tx as unknown as Sql, { run_id: "b", status: "success" });
    });
    const changes =
      await sql`select topic, operation, "row" ->> 'status' as status, "row" -> 'consecutive_failures' as streak
      from weir.change where topic like 'SEEDER%' order by seq`;
    expect(changes.map((row) => Object.values(row))).toEqual([
      ["SEEDER_RUN", "INSERT", "error", 1],
      ["SEEDER_JOB", "INSERT", "error", 1],
      ["SEEDER_RUN", "INSERT", "success", 0],
      ["SEEDER_JOB", "UPDATE", "success", 0],
    ]);
  });
});

describe("a program whose job is held by another transaction", () => {
  it("is not failed; the service settles the job when that has ended", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insertRun(sql, { run_id: "a", status: "success" });
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = sql.begin(async (tx) => {
      await tx`select from reporting.seeder_job_status for update`;
      held.resolve();
      await release.promise;
    });
    await held.promise;
    await insertRun(sql, { run_id: "b", status: "error", errors: "broken" });
    expect(await jobOf(sql)).toMatchObject({ status: "success", last_run_id: "a" });
    release.resolve();
    await holder;
    await settleJobs(database.db);
    expect(await jobOf(sql)).toMatchObject({ status: "error", streak: 1, last_run_id: "b", last_errors: "broken" });
    expect(await sql`select from reporting.seeder_unsettled_jobs`).toHaveLength(0);
  });

  it("is not failed under repeatable read either", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    await insertRun(sql, { run_id: "a", status: "success" });
    await sql.begin("isolation level repeatable read", async (tx) => {
      await tx`select 1`;
      await insertRun(sql, { run_id: "b", status: "running" });
      await insertRun(tx as unknown as Sql, { run_id: "c", status: "error" });
    });
    await settleJobs(database.db);
    expect(await sql`select from reporting.seeder_run_history`).toHaveLength(3);
    expect((await jobOf(sql))?.["status"]).not.toBe("success");
  });
});

describe("the view seeder_dashboard", () => {
  it("shows jobs with their flags: failing by the streak, running for too long by the median of successes", async () => {
    await using database = await createTestDatabase();
    const { sql } = database;
    for (let at = 0; at < 3; at += 1)
      await insertRun(sql, { run_id: `f${at}`, status: "error", table_name: "failing" });
    await sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status, start_time, duration_seconds)
      select 's' || n, 1, 'slow', 'Slow', 7, 'north', 'custom', 'success', now() - interval '10 days' + n * interval '1 hour', 1800
      from generate_series(1, 30) n`;
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    await insertRun(sql, { run_id: "now", status: "running", table_name: "slow", start_time: minutesAgo(50) });
    await insertRun(sql, { run_id: "long", status: "running", table_name: "fresh", start_time: minutesAgo(21) });
    const flags = async () =>
      (
        await sql`select table_name, is_failing, is_long_running from reporting.seeder_dashboard order by table_name`
      ).map((row) => Object.values(row));
    expect(await flags()).toEqual([
      ["failing", true, false],
      ["fresh", false, true],
      ["slow", false, false],
    ]);
    await sql`update reporting.seeder_run_history set start_time = ${minutesAgo(61)} where run_id = 'now'`;
    expect((await flags())[2]).toEqual(["slow", false, true]);
  });
});
