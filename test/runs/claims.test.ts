import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { expireLeases } from "../../src/resolvers/runs/claims.ts";
import { asService } from "../../src/resolvers/transactions.ts";
import { createTestDatabase } from "../support/database.ts";
import { COMPLETE, createPipeline, STAGES, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, post, startService } from "../support/service.ts";

const CLAIM = `mutation ($container: String!, $worker: String!, $lease: Int! = 60) {
  claimStage(driverContainer: $container, worker: $worker, leaseSeconds: $lease) { runId stageOrder worker leaseExpiresAt stage { stageName stageType } } }`;
const HEARTBEAT = `mutation ($run: ID!, $stage: Int!, $worker: String!, $lease: Int! = 60) {
  heartbeatStage(runId: $run, stageOrder: $stage, worker: $worker, leaseSeconds: $lease) { leaseExpiresAt } }`;
interface Claim {
  claimStage: { runId: string; stageOrder: number; leaseExpiresAt: string; stage: { stageName: string } } | null;
}

describe("drivers", () => {
  it("execute every stage of 1,000 runs once, 200 at a time; those that are killed leave no run stuck", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    const container = "driver";
    const stages = STAGES.slice(0, 2).map((stage) => ({ ...stage, driverContainer: container }));
    await setStages(app.url, stages);
    await createPipeline(app.url, "public.orders");
    const RUNS = 1_000;
    await database.sql.begin(async (sql) => {
      await sql`select set_config('weir.writer', 'api:', true)`;
      await sql`insert into pipeline.pipeline_runs_master (source_tablename) select 'public.orders' from generate_series(1, ${RUNS})`;
    });

    const executed: string[] = [];
    let claims = 0;
    const killed: string[] = [];
    let isOver = false;
    const isKilled = (driver: number) => driver % 3 === 0 && claims > 400 && !isOver;
    /** As if the leases of those that were killed had run out: the clock is the database's. */
    const silence = async () => {
      if (isOver) return;
      isOver = true;
      await database.sql`update pipeline.pipeline_run_stage_logs set lease_expires_at = now() where worker in ${database.sql(killed)} and status = 'running'`;
    };
    const over = new AbortController();
    async function drive(driver: number): Promise<void> {
      while (!over.signal.aborted) {
        const worker = `d${driver}`;
        const { claimStage } = await ask<Claim>(app.url, CLAIM, { container, worker });
        if (claimStage === null) {
          // All the others hold is done, or will be.
          await silence();
          await sleep(100);
          continue;
        }
        claims += 1;
        if (isKilled(driver)) return void killed.push(worker);
        const { runId: run, stageOrder: stage } = claimStage;
        await ask(app.url, COMPLETE, { run, stage });
        executed.push(`${run}/${stage}`);
      }
    }
    const drivers = Array.from({ length: 200 }, (_, driver) => drive(driver));
    const unfinished = async () =>
      (await database.sql`select count(*)::int as n from pipeline.pipeline_runs_master where status <> 'success'`)[0]?.[
        "n"
      ];
    while ((await unfinished()) > 0) await sleep(200);
    over.abort();
    await Promise.all(drivers);

    expect(executed).toHaveLength(RUNS * stages.length);
    expect(new Set(executed).size).toBe(RUNS * stages.length);
    // What the killed ones held was claimed again.
    expect(killed.length).toBeGreaterThan(10);
    expect(claims).toBe(RUNS * stages.length + killed.length);
    const [logs] =
      await database.sql`select count(*)::int as n, count(distinct (pipeline_run_id, stage_order))::int as stages,
      count(*) filter (where status = 'success')::int as done from pipeline.pipeline_run_stage_logs`;
    expect(logs).toEqual({ n: 2 * RUNS, stages: 2 * RUNS, done: 2 * RUNS });
    // A slow machine takes longer than other tests may: 4,000 mutations.
  }, 240_000);
});

describe("a lease", () => {
  it("is extended by heartbeats, of its holder alone, and ends with the stage", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    await triggerRun(app.url, "t");
    const container = "source_driver";
    expect((await ask<Claim>(app.url, CLAIM, { container: "nobody's", worker: "a" })).claimStage).toBeNull();
    const { claimStage } = await ask<Claim>(app.url, CLAIM, { container, worker: "a", lease: 30 });
    expect(claimStage).toMatchObject({ stageOrder: 1, worker: "a", stage: { stageName: "Check source driver" } });
    expect((await ask<Claim>(app.url, CLAIM, { container, worker: "b" })).claimStage).toBeNull();
    const run = claimStage?.runId ?? "";
    const { heartbeatStage } = await ask<{ heartbeatStage: { leaseExpiresAt: string } }>(app.url, HEARTBEAT, {
      run,
      stage: 1,
      worker: "a",
      lease: 90,
    });
    expect(heartbeatStage.leaseExpiresAt > (claimStage?.leaseExpiresAt ?? "")).toBe(true);
    const codeOf = async (query: string, variables: object) =>
      (await post(app.url, query, { ...variables })).errors?.[0]?.extensions.code;
    expect(await codeOf(HEARTBEAT, { run, stage: 1, worker: "b" })).toBe("CONFLICT");
    const complete =
      "mutation ($run: ID!, $worker: String) { completeStage(runId: $run, stageOrder: 1, worker: $worker) { status } }";
    expect(await codeOf(complete, { run, worker: "b" })).toBe("CONFLICT");
    expect(await codeOf(complete, { run, worker: "a" })).toBeUndefined();
    expect(await codeOf(HEARTBEAT, { run, stage: 1, worker: "a" })).toBe("INVALID_TRANSITION");
    for (const variables of [
      { container, worker: " " },
      { container, worker: "a", lease: 0 },
      { container, worker: "a", lease: 86_401 },
    ]) {
      expect(await codeOf(CLAIM, variables)).toBe("BAD_USER_INPUT");
    }
  });

  it("that runs out gives the stage back once more, then fails it with a message that says so", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    const run = await triggerRun(app.url, "t");
    const claim = async (worker: string) =>
      (await ask<Claim>(app.url, CLAIM, { container: "source_driver", worker })).claimStage;
    // What an hour of silence looks like.
    const silence = async () => {
      await database.sql`update pipeline.pipeline_run_stage_logs set lease_expires_at = now() - interval '1 second' where status = 'running'`;
      await expireLeases(asService(app.services));
    };
    const first = await claim("a");
    expect(first).toMatchObject({ runId: run });
    await silence();
    const late = await post(app.url, HEARTBEAT, { run, stage: 1, worker: "a" });
    expect(late.errors?.[0]).toMatchObject({
      extensions: { code: "CONFLICT" },
      message: expect.stringContaining("Stop the work"),
    });
    expect(await claim("b")).toMatchObject({ runId: run, worker: "b" });
    await silence();
    expect(await claim("c")).toBeNull();
    const { run: failed } = await ask<{ run: object }>(
      app.url,
      `query ($run: ID!) { run(id: $run) { status errorMessage stages { log { status errorMessage worker } } } }`,
      { run },
    );
    const message = "The lease of b ran out, the second one of this stage: it was given up.";
    expect(failed).toMatchObject({
      status: "FAILED",
      errorMessage: message,
      stages: [{ log: { status: "FAILED", errorMessage: message } }, {}, {}, {}, {}],
    });
  });

  it("is not needed any more when the work was done after it ran out", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    const run = await triggerRun(app.url, "t");
    await ask(app.url, CLAIM, { container: "source_driver", worker: "a" });
    await database.sql`update pipeline.pipeline_run_stage_logs set lease_expires_at = now() - interval '1 second'`;
    await expireLeases(asService(app.services));
    await ask(app.url, COMPLETE, { run, stage: 1 });
    expect((await ask<Claim>(app.url, CLAIM, { container: "source_driver", worker: "b" })).claimStage).toBeNull();
    expect((await ask<Claim>(app.url, CLAIM, { container: "source_loader", worker: "b" })).claimStage).toMatchObject({
      runId: run,
      stageOrder: 2,
    });
  });

  it("is not held up by a run that a program has ended, nor by a template that is numbered its own way", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await database.sql`insert into pipeline.pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container)
      values ('default', 0, 'a', 'a', 'one'), ('default', 20, 'b', 'b', 'two')`;
    await createPipeline(app.url, "t");
    const ended = await triggerRun(app.url, "t");
    await database.sql`update pipeline.pipeline_runs_master set status = 'aborted' where id = ${ended}`;
    const run = await triggerRun(app.url, "t");
    const claim = async (container: string) =>
      (await ask<Claim>(app.url, CLAIM, { container, worker: "a" })).claimStage;
    expect(await claim("one")).toMatchObject({ runId: run, stageOrder: 0 });
    await ask(app.url, COMPLETE, { run, stage: 0 });
    expect(await claim("two")).toMatchObject({ runId: run, stageOrder: 20 });
    await ask(app.url, COMPLETE, { run, stage: 20 });
    expect(await ask(app.url, "query ($run: ID!) { run(id: $run) { status } }", { run })).toEqual({
      run: { status: "SUCCESS" },
    });
  });

  it("of a run that a program has ended is ended, and starves no other", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    const run = await triggerRun(app.url, "t");
    await ask(app.url, CLAIM, { container: "source_driver", worker: "a" });
    await database.sql`update pipeline.pipeline_runs_master set status = 'failed' where id = ${run}`;
    await database.sql`update pipeline.pipeline_run_stage_logs set lease_expires_at = now() - interval '1 second'`;
    await expireLeases(asService(app.services));
    expect(await database.sql`select status, lease_expires_at from pipeline.pipeline_run_stage_logs`).toEqual([
      { status: "cancelled", lease_expires_at: null },
    ]);
  });

  it("is not kept alive by a thief, who is told whose it is", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    const run = await triggerRun(app.url, "t");
    await ask(app.url, CLAIM, { container: "source_driver", worker: "a" });
    const steal = async () => (await post(app.url, HEARTBEAT, { run, stage: 1, worker: "thief" })).errors?.[0];
    expect(await steal()).toMatchObject({
      extensions: { code: "CONFLICT" },
      message: `a holds stage 1 of run ${run}, not thief. Stop the work.`,
    });
    await database.sql`update pipeline.pipeline_run_stage_logs set lease_expires_at = now() - interval '1 second'`;
    await expireLeases(asService(app.services));
    expect((await steal())?.message).toBe(
      `Nobody holds stage 1 of run ${run}, thief neither: a lease on it ran out, or there was none. Stop the work.`,
    );
  });

  it("of a cancelled run ends: its stage is CANCELLED, and its driver learns it at the next heartbeat", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "t");
    const run = await triggerRun(app.url, "t");
    await ask(app.url, CLAIM, { container: "source_driver", worker: "a" });
    const { cancelRun } = await ask<{ cancelRun: object }>(
      app.url,
      `mutation ($run: ID!) { cancelRun(id: $run, reason: "wrong table") { status errorMessage completedAt stages { log { status } } } }`,
      { run },
    );
    expect(cancelRun).toMatchObject({
      status: "CANCELLED",
      errorMessage: "wrong table",
      completedAt: expect.any(String),
      stages: [{ log: { status: "CANCELLED" } }, {}, {}, {}, {}],
    });
    const beat = await post(app.url, HEARTBEAT, { run, stage: 1, worker: "a" });
    expect(beat.errors?.[0]).toMatchObject({
      extensions: { code: "INVALID_TRANSITION" },
      message: expect.stringContaining("cancelled (wrong table)"),
    });
    expect((await ask<Claim>(app.url, CLAIM, { container: "source_loader", worker: "b" })).claimStage).toBeNull();
  });
});
