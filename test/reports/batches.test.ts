import { afterAll, beforeAll, expect, it } from "vitest";
import type { Viewer } from "../../src/resolvers/viewer.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertManifest, until } from "../support/reports.ts";
import { ask, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
let other: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
  other = await startService(database.url);
});
afterAll(async () => {
  await other.stop();
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const START =
  "mutation ($table: String!, $id: String) { startSeederRun(tableName: $table, runId: $id) { runId tableName status startTime } }";
const FINISH =
  "mutation ($id: String!, $rows: SafeInt) { finishSeederRun(runId: $id, input: { recordsProcessed: $rows }) { status recordsProcessed consecutiveFailures } }";
const FAIL =
  'mutation ($id: String!) { failSeederRun(runId: $id, errors: "broken") { status errors consecutiveFailures } }';

async function reportsOf(name: string, count: number): Promise<readonly string[]> {
  const tables = Array.from({ length: count }, (_, at) => `${name}_${at}`);
  for (const table of tables) await insertManifest(database.sql, table, "SELECT 1");
  return tables;
}
const codeOf = ({ errors }: Awaited<ReturnType<typeof post>>): string => errors?.[0]?.extensions.code ?? "done";

it("a worker's start and end of a run are a statement each, however many come together", async () => {
  const tables = await reportsOf("few", 5);
  await using counted = await countStatements(database.url);
  const lone = await counted.run(START, { table: "few_0", id: "few_0 lone" });
  expect(lone.names).toEqual(["reports.start_runs"]);
  const end = await counted.run(FINISH, { id: "few_0 lone", rows: 12 });
  expect(end).toEqual({
    data: { finishSeederRun: { status: "SUCCESS", recordsProcessed: 12, consecutiveFailures: 0 } },
    names: ["reports.end_runs"],
  });
  const runs = await Promise.all(tables.map((table) => counted.run(START, { table, id: `${table} together` })));
  expect(runs[4]?.names).toEqual(["reports.start_runs"]);
  const ends = await Promise.all(tables.map((table) => counted.run(FAIL, { id: `${table} together` })));
  expect(ends[4]?.names).toEqual(["reports.end_runs"]);
});

it("reports that come together are each answered, told once, and those that are not allowed fail alone", async () => {
  const tables = await reportsOf("together", 40);
  const starts = await Promise.all([
    ...tables.map((table) => post(app.url, START, { table, id: `${table} run` })),
    post(app.url, START, { table: "nobody's", id: "x" }),
    ...tables.map((table) => post(app.url, START, { table, id: `${table} run` })),
    post(app.url, START, { table: "together_1", id: "together_0 run" }),
  ]);
  const done = tables.map(() => "done");
  expect(starts.map(codeOf)).toEqual([...done, "NOT_FOUND", ...done, "CONFLICT"]);
  const ends = await Promise.all([
    ...tables.map((table, at) => post(app.url, at % 2 === 0 ? FINISH : FAIL, { id: `${table} run` })),
    post(app.url, FINISH, { id: "nobody's" }),
    post(app.url, FAIL, { id: "together_0 run" }),
    post(app.url, FAIL, { id: "together_1 run" }),
  ]);
  expect(ends.map(codeOf)).toEqual([...done, "NOT_FOUND", "INVALID_TRANSITION", "done"]);
  const told = await database.sql`select count(*)::int as n from weir.change
    where topic = 'SEEDER_RUN' and key like 'together%'`;
  // Begun, ended.
  expect(told[0]?.["n"]).toBe(80);
  const jobs = await database.sql`select status, count(*)::int as n, sum(consecutive_failures)::int as failures
    from reporting.seeder_job_status where table_name like 'together%' group by status order by status`;
  expect(jobs).toEqual([
    { status: "error", n: 20, failures: 20 },
    { status: "success", n: 20, failures: 0 },
  ]);
  expect(await database.sql`select from reporting.seeder_unsettled_jobs`).toEqual([]);
});

it("the streaks of runs of one report that end in one statement follow from one another", async () => {
  await reportsOf("streak", 1);
  const ids = ["a", "b", "c"].map((name) => `streak ${name}`);
  for (const id of ids) await ask(app.url, START, { table: "streak_0", id });
  await Promise.all(ids.map((id) => ask(app.url, FAIL, { id })));
  const rows = await database.sql`select consecutive_failures as streak from reporting.seeder_run_history
    where table_name = 'streak_0' order by id`;
  expect(rows.map(({ streak }) => streak)).toEqual([1, 2, 3]);
});

it("two instances that are told of the same runs at once record each once", async () => {
  const tables = await reportsOf("both", 30);
  const told = await Promise.all(
    [tables, tables.toReversed()].flatMap((order, at) =>
      order.map((table) => ask<object>((at === 0 ? app : other).url, START, { table, id: `${table} once` })),
    ),
  );
  expect(told).toHaveLength(60);
  const rows = await database.sql`select run_id, count(*)::int as n from reporting.seeder_run_history
    where run_id like 'both% once' group by run_id having count(*) <> 1`;
  expect(rows).toEqual([]);
  await Promise.all(
    [tables, tables.toReversed()].flatMap((order, at) =>
      order.map((table) => ask((at === 0 ? app : other).url, FAIL, { id: `${table} once` })),
    ),
  );
  const failures = await database.sql`select count(*)::int as n from reporting.seeder_job_status
    where table_name like 'both%' and consecutive_failures = 1`;
  expect(failures[0]?.["n"]).toBe(30);
});

it("an id that two workers take for runs of two reports at once is one's", async () => {
  const tables = await reportsOf("mine", 2);
  for (const table of tables) await ask(app.url, START, { table });
  const held = await database.sql.reserve();
  // Neither can commit before the other has looked.
  await held`begin`;
  await held`select from reporting.seeder_job_status where table_name like 'mine%' for update`;
  const tried = [app, other].map(({ url }, at) => post(url, START, { table: tables[at], id: "contested" }));
  await waiting(2);
  await held`commit`;
  held.release();
  expect((await Promise.all(tried)).map(codeOf).toSorted()).toEqual(["CONFLICT", "done"]);
});

it("batches that hold the same reports in other orders don't wait for each other in a circle", async () => {
  const names = Array.from({ length: 21 }, (_, at) => `circle ${at}`);
  const held = await database.sql.reserve();
  await held`begin`;
  await held`select reporting.wait_for_writers_of(${names[10] ?? ""})`;
  const batches = [names, names.toReversed()].map((order) =>
    database.sql`select reporting.wait_for_writers(string_to_array(${order.join()}, ','))`.execute(),
  );
  await waiting(2);
  await held`commit`;
  held.release();
  await Promise.all(batches);
  // Whoever gives up waiting leaves the report's job to be settled.
  expect(await database.sql`select from reporting.seeder_unsettled_jobs`).toEqual([]);
});

/** Returns when so many sessions wait for a lock. */
async function waiting(sessions: number): Promise<void> {
  await until(
    () => database.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    ({ length }) => length >= sessions,
  );
}

it("a worker of one agency gets nothing of another's by reporting beside him", async () => {
  await reportsOf("north", 1);
  await using counted = await countStatements(database.url);
  const worker = (slug: string): Viewer => ({ name: "worker", role: "WORKER", agencySlugs: [slug] });
  const codes = async (query: string, variables: object) => {
    const answers = await Promise.allSettled(
      ["north", "south"].map((slug) => counted.run(query, variables, worker(slug))),
    );
    return answers.map((answer) =>
      answer.status === "fulfilled" ? "done" : /"code":"(\w+)"/.exec(String(answer.reason))?.[1],
    );
  };
  expect(await codes(START, { table: "north_0", id: "north run" })).toEqual(["done", "CONFLICT"]);
  expect(await codes(FAIL, { id: "north run" })).toEqual(["done", "NOT_FOUND"]);
  expect(await codes(START, { table: "north_0" })).toEqual(["done", "NOT_FOUND"]);
});
