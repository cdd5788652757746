import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import {
  COMPLETE,
  createPipeline,
  FAIL,
  runStages,
  STAGES,
  START,
  setStages,
  triggerRun,
} from "../support/pipelines.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
  await setStages(app.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const RUN = `query ($id: ID!) { run(id: $id) {
  status currentStage totalStages triggeredBy startedAt completedAt durationSeconds errorMessage rowsProcessed retryOf { id }
  stages { stageOrder stageName driverContainer log { status rowsProcessed filePaths durationSeconds worker errorMessage } }
  pipeline { sourceToDl { lastIncrementalValue lastLoaderRunStatus } dlToSink { lastIncrementalValue lastLoaderRunTimestamp lastLoaderRunStatus } }
} }`;
interface RunAnswer {
  status: string;
  currentStage: number;
  totalStages: number;
  rowsProcessed: number;
  durationSeconds: number | null;
  errorMessage: string | null;
  retryOf: { id: string } | null;
  stages: { stageName: string; log: { status: string } | null }[];
  pipeline: Record<
    "sourceToDl" | "dlToSink",
    { lastIncrementalValue: string | null; lastLoaderRunStatus: string | null }
  >;
}
const read = async (id: string) => (await ask<{ run: RunAnswer }>(app.url, RUN, { id })).run;
const codeOf = async (query: string, variables: object) =>
  (await post(app.url, query, { ...variables })).errors?.[0]?.extensions.code ?? "no error";

let tables = 0;
/** A pipeline of its own with a run. */
async function freshRun(input: object = {}): Promise<{ table: string; run: string }> {
  const table = `public.t${(tables += 1)}`;
  await createPipeline(app.url, table, input);
  return { table, run: await triggerRun(app.url, table) };
}

it("is answered by each mutation of an operation as that one left it", async () => {
  const { run } = await freshRun();
  for (const stage of [1, 2, 3, 4]) await runStages(app.url, run, [stage]);
  const answer = await ask(
    app.url,
    `mutation ($run: ID!) {
      start: startStage(runId: $run, stageOrder: 5) { status run { status currentStage stages { log { status } } } }
      complete: completeStage(runId: $run, stageOrder: 5) { status run { status currentStage stages { log { status } } } }
    }`,
    { run },
  );
  const done = Array.from({ length: 4 }, () => ({ log: { status: "SUCCESS" } }));
  expect(answer).toEqual({
    start: {
      status: "RUNNING",
      run: { status: "RUNNING", currentStage: 5, stages: [...done, { log: { status: "RUNNING" } }] },
    },
    complete: {
      status: "SUCCESS",
      run: { status: "SUCCESS", currentStage: 5, stages: [...done, { log: { status: "SUCCESS" } }] },
    },
  });
});

describe("a run", () => {
  it("is pending, then running with its first stage, then a success with its last", async () => {
    const { run } = await freshRun();
    expect(await read(run)).toMatchObject({
      status: "PENDING",
      currentStage: 0,
      totalStages: 5,
      triggeredBy: "API",
      startedAt: null,
    });
    await ask(app.url, START, { run, stage: 1 });
    expect(await read(run)).toMatchObject({
      status: "RUNNING",
      currentStage: 1,
      completedAt: null,
      durationSeconds: null,
    });
    await ask(app.url, COMPLETE, { run, stage: 1 });
    await runStages(app.url, run, [2, 3, 4, 5], {
      2: { rowsProcessed: 1_000, filePaths: ["s3://lake/a.gz", "s3://lake/b.gz"] },
      5: { rowsProcessed: 900 },
    });
    const ended = await read(run);
    expect(ended).toMatchObject({ status: "SUCCESS", currentStage: 5, rowsProcessed: 1_900, errorMessage: null });
    expect(ended.durationSeconds).toBeGreaterThan(0);
    expect(ended.stages.map(({ stageName }) => stageName)).toEqual(STAGES.map(({ stageName }) => stageName));
    expect(ended.stages[1]?.log).toMatchObject({ status: "SUCCESS", filePaths: ["s3://lake/a.gz", "s3://lake/b.gz"] });
    expect(ended.pipeline.dlToSink).toMatchObject({ lastLoaderRunStatus: "SUCCESS" });
  });

  it("fails at once with the error of its stage; later stages get no log", async () => {
    const { run } = await freshRun();
    await runStages(app.url, run, [1]);
    await ask(app.url, START, { run, stage: 2 });
    await ask(app.url, FAIL, { run, stage: 2 });
    const failed = await read(run);
    expect(failed).toMatchObject({ status: "FAILED", errorMessage: "disk full", currentStage: 2 });
    expect(failed.stages.map(({ log }) => log?.status ?? null)).toEqual(["SUCCESS", "FAILED", null, null, null]);
    expect(failed.pipeline.dlToSink.lastLoaderRunStatus).toBe("FAILED");
    const logs =
      await database.sql`select count(*)::int as count from pipeline.pipeline_run_stage_logs where pipeline_run_id = ${run}`;
    expect(logs[0]?.["count"]).toBe(2);
  });

  it("allows no other move, and answers a repeated one with the present state", async () => {
    const { run } = await freshRun();
    expect(await codeOf(START, { run, stage: 2 })).toBe("INVALID_TRANSITION");
    expect(await codeOf(COMPLETE, { run, stage: 1 })).toBe("INVALID_TRANSITION");
    expect(await codeOf(FAIL, { run, stage: 1 })).toBe("INVALID_TRANSITION");
    expect(await codeOf(START, { run, stage: 6 })).toBe("NOT_FOUND");
    const first = await ask(app.url, START, { run, stage: 1 });
    expect(await ask(app.url, START, { run, stage: 1 })).toEqual(first);
    const done = await ask(app.url, COMPLETE, { run, stage: 1, input: { rowsProcessed: 7 } });
    expect(await ask(app.url, COMPLETE, { run, stage: 1, input: { rowsProcessed: 8 } })).toEqual(done);
    expect(await codeOf(FAIL, { run, stage: 1 })).toBe("INVALID_TRANSITION");
    expect(await codeOf(START, { run, stage: 1 })).toBe("INVALID_TRANSITION");
    await ask(app.url, START, { run, stage: 2 });
    const failed = await ask(app.url, FAIL, { run, stage: 2 });
    expect(await ask(app.url, FAIL, { run, stage: 2, message: "later" })).toEqual(failed);
    expect(await codeOf(COMPLETE, { run, stage: 2 })).toBe("INVALID_TRANSITION");
    expect(await codeOf(START, { run, stage: 3 })).toBe("INVALID_TRANSITION");
    expect(await codeOf("mutation ($run: ID!) { cancelRun(id: $run) { id } }", { run })).toBe("INVALID_TRANSITION");
    expect(await codeOf(START, { run: "999999", stage: 1 })).toBe("NOT_FOUND");
    expect(await codeOf(START, { run: "x", stage: 1 })).toBe("NOT_FOUND");
  });

  it("is moved by one of two reports that come at once; the other gets INVALID_TRANSITION", async () => {
    for (let round = 0; round < 10; round += 1) {
      const { run } = await freshRun();
      await ask(app.url, START, { run, stage: 1 });
      const codes = await Promise.all([codeOf(COMPLETE, { run, stage: 1 }), codeOf(FAIL, { run, stage: 1 })]);
      expect(codes.toSorted()).toEqual(["INVALID_TRANSITION", "no error"]);
      const { status, stages } = await read(run);
      expect([status, stages[0]?.log?.status]).toEqual(
        codes[0] === "no error" ? ["RUNNING", "SUCCESS"] : ["FAILED", "FAILED"],
      );
    }
  });

  it("is cancelled or completed when both come at once, and the last stage's watermark follows", async () => {
    for (let round = 0; round < 10; round += 1) {
      const { run } = await freshRun();
      await runStages(app.url, run, [1, 2, 3, 4]);
      await ask(app.url, START, { run, stage: 5 });
      const codes = await Promise.all([
        codeOf(COMPLETE, { run, stage: 5, input: { incrementalValue: "10" } }),
        codeOf("mutation ($run: ID!) { cancelRun(id: $run) { id } }", { run }),
      ]);
      expect(codes.toSorted()).toEqual(["INVALID_TRANSITION", "no error"]);
      const { status, pipeline, stages } = await read(run);
      const isComplete = codes[0] === "no error";
      expect(status).toBe(isComplete ? "SUCCESS" : "CANCELLED");
      expect(stages[4]?.log?.status).toBe(status);
      expect(pipeline.dlToSink.lastIncrementalValue).toBe(isComplete ? "10" : null);
    }
  });

  it("keeps the stages it was started with when its template is replaced", async () => {
    const name = "short lived";
    await setStages(app.url, STAGES.slice(0, 2), name);
    const { table } = await freshRun();
    const trigger =
      "mutation ($table: String!, $name: String!) { triggerRun(sourceTablename: $table, pipelineName: $name, allowParallel: true) { id } }";
    const { triggerRun: made } = await ask<{ triggerRun: { id: string } }>(app.url, trigger, { table, name });
    await ask(app.url, START, { run: made.id, stage: 1 });
    await setStages(app.url, [{ stageOrder: 1, stageName: "other", stageType: "x", driverContainer: "other" }], name);
    await ask(app.url, COMPLETE, { run: made.id, stage: 1 });
    await runStages(app.url, made.id, [2]);
    const run = await read(made.id);
    expect(run).toMatchObject({ status: "SUCCESS", totalStages: 2 });
    expect(run.stages.map(({ stageName }) => stageName)).toEqual(["Check source driver", "Extract to data lake"]);
  });

  it("that failed is retried from the stage that failed, and stays as it is", async () => {
    const { run } = await freshRun();
    await runStages(app.url, run, [1, 2], { 2: { rowsProcessed: 5, incrementalValue: "41" } });
    await ask(app.url, START, { run, stage: 3 });
    const retry = "mutation ($run: ID!) { retryRun(id: $run) { id status retryOf { id } } }";
    expect(await codeOf(retry, { run })).toBe("INVALID_TRANSITION");
    await ask(app.url, FAIL, { run, stage: 3 });
    const { retryRun: made } = await ask<{ retryRun: { id: string } }>(app.url, retry, { run });
    const { retryRun: again } = await ask<{ retryRun: { id: string } }>(app.url, retry, { run });
    expect(again.id).toBe(made.id);
    expect(await codeOf(START, { run: made.id, stage: 1 })).toBe("INVALID_TRANSITION");
    await runStages(app.url, made.id, [3, 4, 5]);
    const retried = await read(made.id);
    expect(retried).toMatchObject({ status: "SUCCESS", retryOf: { id: run } });
    expect(retried.stages.map(({ log }) => log?.status ?? null)).toEqual([null, null, "SUCCESS", "SUCCESS", "SUCCESS"]);
    // What the failed run had loaded is in the sink now.
    expect(retried.pipeline.sourceToDl.lastIncrementalValue).toBe("41");
    expect(await read(run)).toMatchObject({ status: "FAILED", errorMessage: "disk full" });
  });

  it("is asked for by more at once than the service has connections", async () => {
    const { table } = await freshRun();
    const query = "mutation ($table: String!) { triggerRun(sourceTablename: $table, allowParallel: true) { id } }";
    const made = await Promise.all(Array.from({ length: 40 }, () => ask(app.url, query, { table })));
    expect(new Set(made.map((answer) => JSON.stringify(answer))).size).toBe(40);
  });

  it("is not made while one is under way, however many ask at once, unless it may run beside it", async () => {
    const table = `public.t${(tables += 1)}`;
    await createPipeline(app.url, table);
    const query = "mutation ($table: String!) { triggerRun(sourceTablename: $table) { id } }";
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(query, { table })));
    expect(codes.toSorted()).toEqual([...Array.from({ length: 7 }, () => "CONFLICT"), "no error"]);
    const { data } = await post(
      app.url,
      "query ($table: String!) { pipeline(sourceTablename: $table) { latestRun { id } } }",
      {
        table,
      },
    );
    const { errors } = await post(app.url, query, { table });
    const run = (data as { pipeline: { latestRun: { id: string } } }).pipeline.latestRun.id;
    expect(errors?.[0]?.message).toBe(
      `The run ${run} of ${table} is pending. Wait for its end, cancel it, or send allowParallel: true.`,
    );
    await ask(app.url, "mutation ($run: ID!) { cancelRun(id: $run) { id } }", { run });
    expect(await codeOf(query, { table })).toBe("no error");
  });

  it("whose retry succeeded, or the retry of that, is not retried again", async () => {
    const { run } = await freshRun();
    const retry = "mutation ($run: ID!) { retryRun(id: $run) { id } }";
    const failed = async (of: string, stage: number) => {
      await ask(app.url, START, { run: of, stage });
      await ask(app.url, FAIL, { run: of, stage });
      return (await ask<{ retryRun: { id: string } }>(app.url, retry, { run: of })).retryRun.id;
    };
    const second = await failed(run, 1);
    const third = await failed(second, 1);
    await runStages(app.url, third, [1, 2, 3, 4, 5]);
    for (const of of [run, second]) {
      const { errors } = await post(app.url, retry, { run: of });
      expect(errors?.[0]).toMatchObject({
        extensions: { code: "INVALID_TRANSITION" },
        message: `The run ${of} was retried already, and the run ${third} succeeded. Ask for a new run with triggerRun.`,
      });
    }
  });

  it("counts its stages, whatever their numbers are, and says which is next", async () => {
    await database.sql`insert into pipeline.pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container)
      values ('tens', 10, 'a', 'a', 'one'), ('tens', 20, 'b', 'b', 'two')`;
    const table = `public.t${(tables += 1)}`;
    await createPipeline(app.url, table);
    const { triggerRun: made } = await ask<{ triggerRun: { id: string } }>(
      app.url,
      'mutation ($table: String!) { triggerRun(sourceTablename: $table, pipelineName: "tens") { id } }',
      { table },
    );
    const { errors } = await post(app.url, START, { run: made.id, stage: 20 });
    expect(errors?.[0]?.message).toBe(
      `Stage 20 of run ${made.id} can't start: the run is pending, the stage has not started. Stage 10 is next.`,
    );
    const place = async (id: string) =>
      ask(app.url, "query ($id: ID!) { run(id: $id) { currentStage totalStages } }", { id });
    expect(await place(made.id)).toEqual({ run: { currentStage: 0, totalStages: 2 } });
    await runStages(app.url, made.id, [10]);
    expect(await place(made.id)).toEqual({ run: { currentStage: 1, totalStages: 2 } });
    await ask(app.url, START, { run: made.id, stage: 20 });
    expect(await place(made.id)).toEqual({ run: { currentStage: 2, totalStages: 2 } });
    await ask(app.url, FAIL, { run: made.id, stage: 20 });
    const { retryRun } = await ask<{ retryRun: { id: string } }>(
      app.url,
      "mutation ($run: ID!) { retryRun(id: $run) { id } }",
      { run: made.id },
    );
    expect(await place(retryRun.id)).toEqual({ run: { currentStage: 1, totalStages: 2 } });
  });

  it("is asked for once under one idempotency key", async () => {
    const table = `public.t${(tables += 1)}`;
    await createPipeline(app.url, table);
    const query = `mutation ($table: String!, $by: TriggeredBy! = API) { triggerRun(sourceTablename: $table, idempotencyKey: "k-${table}", triggeredBy: $by) { id } }`;
    const answers = await Promise.all([1, 2, 3].map(() => ask(app.url, query, { table })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await codeOf(query, { table, by: "MANUAL" })).toBe("CONFLICT");
  });
});

describe("a watermark", () => {
  const leg = { loadType: "INCREMENTAL", incrementalKey: "id" };
  async function after(...values: readonly string[]): Promise<string | null> {
    const table = `public.w${(tables += 1)}`;
    await createPipeline(app.url, table, { sourceToDl: leg });
    let run = "";
    for (const incrementalValue of values) {
      run = await triggerRun(app.url, table);
      await runStages(app.url, run, [1, 2, 3, 4, 5], { 2: { incrementalValue } });
    }
    return (await read(run)).pipeline.sourceToDl.lastIncrementalValue;
  }

  it.each([
    [["9", "10"], "10"],
    [["10", "9"], "10"],
    [["9.5", "10"], "10"],
    [["1e3", "999"], "1e3"],
    [["2024-01-15T10:00:00+05:30", "2024-01-15T05:00:00Z"], "2024-01-15T05:00:00Z"],
    [["2024-01-15T05:00:00Z", "2024-01-15T10:00:00+05:30"], "2024-01-15T05:00:00Z"],
    [["2024-01-15 05:00:00", "2024-01-15T05:00:00.000001Z"], "2024-01-15T05:00:00.000001Z"],
    [["2024-13-45", "2024-13-46"], "2024-13-46"],
    [["b", "a"], "b"],
  ])("after %j is %s", async (values, expected) => {
    expect(await after(...values)).toBe(expected);
  });

  it.each([
    ["10", "abc", "number"],
    ["10", "2024-01-15", "number"],
    ["2024-01-01 00:00:00", "2024-01-02 00:00:00+99:00", "instant"],
  ])("%s is not followed by %s, which is no %s", async (old, value, kind) => {
    const table = `public.w${(tables += 1)}`;
    await createPipeline(app.url, table, { sourceToDl: { ...leg, lastIncrementalValue: old } });
    const run = await triggerRun(app.url, table);
    await runStages(app.url, run, [1]);
    await ask(app.url, START, { run, stage: 2 });
    const { errors } = await post(app.url, COMPLETE, { run, stage: 2, input: { incrementalValue: value } });
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "BAD_USER_INPUT" },
      message: expect.stringContaining(`input.incrementalValue "${value}" is no ${kind}, as the watermark ${old} is.`),
    });
    // Nor by a program that does not ask.
    await database.sql`update pipeline.pipeline_runs_master set source_to_dl_incremental_value = ${value}, status = 'success' where id = ${run}`;
    expect((await read(run)).pipeline.sourceToDl.lastIncrementalValue).toBe(old);
    const update = `mutation ($table: String!, $leg: PipelineLegInput!) {
      updatePipeline(sourceTablename: $table, input: { sourceToDl: $leg }) { sourceToDl { lastIncrementalValue } } }`;
    expect(await codeOf(update, { table, leg: { lastIncrementalValue: value } })).toBe("BAD_USER_INPUT");
    // In one step, so that no scheduled run comes between.
    const reset = { lastIncrementalValue: value, resetWatermark: true };
    expect(await ask(app.url, update, { table, leg: reset })).toEqual({
      updatePipeline: { sourceToDl: { lastIncrementalValue: value } },
    });
  });

  it("is not stored by a run that fails, and not touched by one that reports none", async () => {
    const table = `public.w${(tables += 1)}`;
    await createPipeline(app.url, table, { sourceToDl: leg });
    const ok = await triggerRun(app.url, table);
    await runStages(app.url, ok, [1, 2, 3, 4, 5], { 2: { incrementalValue: "5" } });
    const empty = await triggerRun(app.url, table);
    await runStages(app.url, empty, [1, 2, 3, 4, 5]);
    const failing = await triggerRun(app.url, table);
    await runStages(app.url, failing, [1, 2], { 2: { incrementalValue: "8" } });
    expect((await read(failing)).pipeline.sourceToDl.lastIncrementalValue).toBe("5");
    await ask(app.url, START, { run: failing, stage: 3 });
    await ask(app.url, FAIL, { run: failing, stage: 3 });
    expect((await read(failing)).pipeline.sourceToDl.lastIncrementalValue).toBe("5");
  });
});

describe("subscriptions", () => {
  it("show a run's whole life in order, with rows, durations and file paths", async () => {
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const { table, run } = await freshRun();
    const { client } = connect(app.url);
    const seen = collect<{ operation: string; run: { status: string; currentStage: number; rowsProcessed: number } }>(
      client,
      `subscription ($table: String!, $after: Cursor) { runChanged(filter: { sourceTablename: $table }, after: $after) {
        operation key run { status currentStage rowsProcessed durationSeconds } } }`,
      { table, after: liveCursor },
    );
    const stages = collect<{
      operation: string;
      stageLog: { stageOrder: number; status: string; filePaths: string[] };
    }>(
      client,
      `subscription ($run: ID!, $after: Cursor) { runStageChanged(runId: $run, after: $after) {
        operation stageLog { stageOrder status rowsProcessed filePaths durationSeconds run { id } } } }`,
      { run, after: liveCursor },
    );
    const pipeline = collect<{ pipeline: { dlToSink: { lastLoaderRunStatus: string | null } } }>(
      client,
      `subscription ($table: String!, $after: Cursor) { pipelineChanged(sourceTablename: $table, after: $after) {
        pipeline { dlToSink { lastLoaderRunStatus } } } }`,
      { table, after: liveCursor },
    );
    await runStages(app.url, run, [1, 2, 3, 4, 5], { 2: { rowsProcessed: 12, filePaths: ["a", "b"] } });
    await seen.until((items) => items.at(-1)?.run.status === "SUCCESS");
    await stages.until((items) => items.length === 10);
    await pipeline.until((items) => items.length === 2);

    expect(seen.items[0]).toMatchObject({ operation: "INSERT", key: run, run: { status: "PENDING", currentStage: 0 } });
    const states = seen.items.map((item) => item.run.status);
    expect(states).toEqual(["PENDING", ...states.slice(1, -1).map(() => "RUNNING"), "SUCCESS"]);
    const reached = seen.items.map((item) => item.run.currentStage);
    expect(reached).toEqual(reached.toSorted((one, other) => one - other));
    expect(new Set(reached)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(seen.items.at(-1)?.run).toMatchObject({ rowsProcessed: 12, durationSeconds: expect.any(Number) });
    expect(stages.items.map(({ operation, stageLog }) => [operation, stageLog.stageOrder, stageLog.status])).toEqual(
      [1, 2, 3, 4, 5].flatMap((order) => [
        ["INSERT", order, "RUNNING"],
        ["UPDATE", order, "SUCCESS"],
      ]),
    );
    expect(stages.items[3]?.stageLog).toMatchObject({
      rowsProcessed: 12,
      filePaths: ["a", "b"],
      durationSeconds: expect.any(Number),
      run: { id: run },
    });
    expect(pipeline.items.map((item) => item.pipeline.dlToSink.lastLoaderRunStatus)).toEqual([null, "SUCCESS"]);
    await client.dispose();
  });

  it("begin with the present state where they are asked to", async () => {
    const { table, run } = await freshRun();
    const { client } = connect(app.url);
    const seen = collect<{ operation: string; cursor: string; run: { id: string; status: string } }>(
      client,
      `subscription ($table: String!) { runChanged(filter: { sourceTablename: $table }, snapshot: true) { operation cursor run { id status } } }`,
      { table },
    );
    await seen.until((items) => items.length === 1);
    await ask(app.url, START, { run, stage: 1 });
    await seen.until((items) => items.length === 2);
    expect(seen.items).toMatchObject([
      { operation: "SNAPSHOT", run: { id: run, status: "PENDING" } },
      { operation: "UPDATE", run: { id: run, status: "RUNNING" } },
    ]);
    await client.dispose();
  });
});
