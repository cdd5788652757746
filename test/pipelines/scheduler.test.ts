import { expect, it } from "vitest";
import { lock } from "../../src/db/locks.ts";
import { startDueRuns } from "../../src/resolvers/pipelines/scheduler.ts";
import { asService } from "../../src/resolvers/transactions.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPipeline, runStages, setStages } from "../support/pipelines.ts";
import { ask, startService } from "../support/service.ts";

const HOUR = 3_600_000;
const off = { WEIR_SCHEDULER: "off" };

async function services() {
  const database = await createTestDatabase();
  const one = await startService(database.url, off);
  const other = await startService(database.url, off);
  await setStages(one.url);
  const disposable = new AsyncDisposableStack();
  disposable.use(database);
  disposable.use(one);
  disposable.use(other);
  const start = (app: typeof one, now: Date, most = 100) => startDueRuns(asService(app.services), { now, most });
  return { database, one, other, start, [Symbol.asyncDispose]: () => disposable.disposeAsync() };
}

const NEXT =
  "query ($name: String!) { pipeline(sourceTablename: $name) { nextRunAt isOverdue latestRun { id triggeredBy status } } }";
interface Next {
  pipeline: { nextRunAt: string | null; isOverdue: boolean; latestRun: { id: string; triggeredBy: string } | null };
}

it("starts each due pipeline once, whichever instances look at the same time", async () => {
  await using house = await services();
  const { one, other, database, start } = house;
  for (let at = 0; at < 20; at += 1) await createPipeline(one.url, `t${at}`, { sourceToDl: { schedule: 60 } });
  await database.sql`update pipeline.pipeline_config set dl_to_sink_last_loader_run_timestamp = now() - interval '1 hour'`;
  await createPipeline(one.url, "on demand");
  await createPipeline(one.url, "inactive", { sourceToDl: { schedule: 60, isActive: false } });
  const now = new Date(Date.now() + 1_000);
  const started = (
    await Promise.all(Array.from({ length: 16 }, (_, at) => start(at % 2 === 0 ? one : other, now)))
  ).flat();
  // The lock was held by one of them: the others leave it to him.
  started.push(...(await start(one, now)));
  expect(started).toHaveLength(20);
  const runs =
    await database.sql`select source_tablename as name, triggered_by, next_driver from pipeline.pipeline_runs_master order by id`;
  expect(new Set(runs.map((run) => run["name"])).size).toBe(20);
  expect(new Set(runs.map((run) => `${run["triggered_by"]} ${run["next_driver"]}`))).toEqual(
    new Set(["schedule source_driver"]),
  );
});

it("counts from the end of the last run, starts one run for many missed hours, and none while one is unfinished", async () => {
  await using house = await services();
  const { one, other, start } = house;
  await createPipeline(one.url, "t", { sourceToDl: { schedule: 60 }, dlToSink: { schedule: 90 } });
  const read = async () => (await ask<Next>(one.url, NEXT, { name: "t" })).pipeline;
  const created = Date.now();
  const [first] = await start(one, new Date(created + 1_000));
  expect(await start(other, new Date(created + 5 * HOUR))).toEqual([]);
  await runStages(one.url, String(first), [1, 2, 3, 4, 5]);
  const due = Date.parse((await read()).nextRunAt ?? "");
  expect(due - created).toBeGreaterThanOrEqual(HOUR);
  expect(due - Date.now()).toBeLessThanOrEqual(HOUR);

  expect(await start(one, new Date(due - 1))).toEqual([]);
  // The clock jumps a day: one run.
  const [second, ...more] = await start(one, new Date(due + 24 * HOUR));
  expect([second === undefined, more]).toEqual([false, []]);
  // And back.
  expect(await start(one, new Date(created - 24 * HOUR))).toEqual([]);
  expect((await read()).latestRun).toMatchObject({ id: String(second), triggeredBy: "SCHEDULE" });
});

it("leaves a pipeline alone of which somebody is just making a run", async () => {
  await using house = await services();
  const { one, database, start } = house;
  await createPipeline(one.url, "t", { sourceToDl: { schedule: 60 } });
  const now = new Date(Date.now() + 1_000);
  await database.sql.begin(async (tx) => {
    await tx`insert into pipeline.pipeline_runs_master (source_tablename) values ('t')`;
    expect(await start(one, now)).toEqual([]);
  });
  expect(await start(one, now)).toEqual([]);
});

it("waits a whole interval after a failure and after a cancellation", async () => {
  await using house = await services();
  const { one, start } = house;
  await createPipeline(one.url, "t", { sourceToDl: { schedule: 60 } });
  const [run] = await start(one, new Date(Date.now() + 1_000));
  await ask(one.url, "mutation ($run: ID!) { cancelRun(id: $run) { id } }", { run });
  expect(await start(one, new Date(Date.now() + HOUR / 2))).toEqual([]);
  expect(await start(one, new Date(Date.now() + HOUR + 1_000))).toHaveLength(1);
});

it("starts nothing without a default template, and says of such pipelines that they are overdue", async () => {
  await using house = await services();
  const { one, database, start } = house;
  await setStages(one.url, []);
  await createPipeline(one.url, "t", { sourceToDl: { schedule: 10 } });
  await createPipeline(one.url, "later", { sourceToDl: { schedule: 600 } });
  expect(await start(one, new Date(Date.now() + HOUR))).toEqual([]);
  await database.sql`update pipeline.pipeline_config set created_at = now() - interval '11 minutes'`;
  const { pipelines } = await ask(
    one.url,
    "{ pipelines(filter: { isOverdue: true }) { nodes { sourceTablename isOverdue } totalCount } }",
  );
  expect(pipelines).toEqual({ nodes: [{ sourceTablename: "t", isOverdue: true }], totalCount: 1 });
  expect(
    await ask(one.url, "{ pipelines(filter: { isOverdue: false }) { nodes { sourceTablename isOverdue } } }"),
  ).toEqual({
    pipelines: { nodes: [{ sourceTablename: "later", isOverdue: false }] },
  });
});

it("runs in the service by itself, unless it is off", async () => {
  await using database = await createTestDatabase();
  await using idle = await startService(database.url, off);
  await setStages(idle.url);
  await createPipeline(idle.url, "t", { sourceToDl: { schedule: 60 } });
  const read = async () => (await ask<Next>(idle.url, NEXT, { name: "t" })).pipeline.latestRun;
  expect(await read()).toBeNull();
  await using scheduling = await startService(database.url);
  expect(scheduling.url).not.toBe(idle.url);
  await expect.poll(read, { timeout: 20_000 }).toMatchObject({ triggeredBy: "SCHEDULE", status: "PENDING" });
});

it("is not held up by whoever stores a manifest", async () => {
  await using house = await services();
  const { one, database, start } = house;
  await createPipeline(one.url, "t", { sourceToDl: { schedule: 60 } });
  const started = await database.db.transaction(async (tx) => {
    await lock(tx, "manifests");
    return start(one, new Date(Date.now() + 1_000));
  });
  expect(started).toHaveLength(1);
});

it("starts what is late, or never ran, a few at a time, the latest first, and what is on time beside it", async () => {
  await using house = await services();
  const { one, database, start } = house;
  const { sql } = database;
  for (let at = 0; at < 8; at += 1) await createPipeline(one.url, `t${at}`, { sourceToDl: { schedule: 60 } });
  await sql`update pipeline.pipeline_config set dl_to_sink_last_loader_run_timestamp = now() - interval '5 hours' - ascii(right(source_tablename, 1)) * interval '1 minute'
    where source_tablename in ('t0', 't1', 't2', 't3')`;
  await sql`update pipeline.pipeline_config set dl_to_sink_last_loader_run_timestamp = now() - interval '1 hour'
    where source_tablename in ('t4', 't5', 't6')`;
  const names = async (ids: readonly number[]) =>
    (
      await sql`select source_tablename as name from pipeline.pipeline_runs_master where id in ${sql(ids)} order by id`
    ).map(({ name }) => String(name));
  const look = async () => names([0, ...(await start(one, new Date(Date.now() + 1_000)))]);
  expect((await look()).toSorted()).toEqual(["t2", "t3", "t4", "t5", "t6"]);
  // A run that goes on does not take the place of another one.
  expect(await look()).toEqual(["t1", "t0"]);
  expect(await look()).toEqual(["t7"]);
  expect(await look()).toEqual([]);
});

it("has no more runs under way than it may, and goes on when one has ended", async () => {
  await using house = await services();
  const { one, database, start } = house;
  const { sql } = database;
  for (let at = 0; at < 5; at += 1) await createPipeline(one.url, `t${at}`, { sourceToDl: { schedule: 60 } });
  await sql`update pipeline.pipeline_config set dl_to_sink_last_loader_run_timestamp = now() - interval '1 hour'`;
  const now = new Date(Date.now() + 1_000);
  const [first, ...others] = await start(one, now, 3);
  expect(others).toHaveLength(2);
  expect(await start(one, now, 3)).toEqual([]);
  await ask(one.url, "mutation ($run: ID!) { cancelRun(id: $run) { id } }", { run: String(first) });
  expect(await start(one, now, 3)).toHaveLength(1);
  // Runs that somebody else asked for don't count.
  await createPipeline(one.url, "own");
  await ask(one.url, 'mutation { triggerRun(sourceTablename: "own") { id } }');
  expect(await start(one, now, 4)).toHaveLength(1);
});
