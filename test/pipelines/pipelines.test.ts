import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPipeline, runStages, STAGES, START, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_SCHEDULER: "off",
    WEIR_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
  });
  await setStages(app.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const PIPELINE = `sourceTablename sinkTablename sourceType sinkType source { sourceName } destination { destinationName } nextRunAt
  sourceToDl { schedule loadType isActive incrementalKey lastIncrementalValue } dlToSink { schedule loadType isActive incrementalKey lastIncrementalValue }`;
const READ = `query ($name: String!) { pipeline(sourceTablename: $name) { ${PIPELINE} } }`;
const UPDATE = `mutation ($name: String!, $input: UpdatePipelineInput!) { updatePipeline(sourceTablename: $name, input: $input) { ${PIPELINE} } }`;
const CREATE = "mutation ($input: CreatePipelineInput!) { createPipeline(input: $input) { sourceTablename } }";
const STAGES_OF =
  'mutation ($name: String! = "x", $stages: [PipelineStageInput!]!) { setPipelineStages(pipelineName: $name, stages: $stages) { id } }';

describe("a pipeline", () => {
  it("has sensible defaults, and an update changes only what it names", async () => {
    await createPipeline(app.url, "public.orders");
    const { pipeline } = await ask(app.url, READ, { name: "public.orders" });
    const leg = { schedule: null, loadType: "FULL", isActive: true, incrementalKey: null, lastIncrementalValue: null };
    expect(pipeline).toEqual({
      sourceTablename: "public.orders",
      sinkTablename: null,
      sourceType: "postgres",
      sinkType: "postgres",
      source: null,
      destination: null,
      nextRunAt: null,
      sourceToDl: leg,
      dlToSink: leg,
    });
    const input = {
      sinkTablename: "dw.orders",
      sourceToDl: { loadType: "INCREMENTAL", incrementalKey: "id", schedule: 15 },
    };
    await ask(app.url, UPDATE, { name: "public.orders", input });
    const { updatePipeline } = await ask<{ updatePipeline: object }>(app.url, UPDATE, {
      name: "public.orders",
      input: { dlToSink: { isActive: false }, sourceToDl: { lastIncrementalValue: "10" } },
    });
    expect(updatePipeline).toMatchObject({
      sinkTablename: "dw.orders",
      nextRunAt: expect.any(String),
      sourceToDl: { schedule: 15, loadType: "INCREMENTAL", incrementalKey: "id", lastIncrementalValue: "10" },
      dlToSink: { ...leg, isActive: false },
    });
    const cleared = await ask(app.url, UPDATE, {
      name: "public.orders",
      input: { sinkTablename: null, sourceToDl: { schedule: null, lastIncrementalValue: null } },
    });
    expect(cleared).toMatchObject({
      updatePipeline: {
        sinkTablename: null,
        nextRunAt: null,
        sourceToDl: { schedule: null, lastIncrementalValue: null, incrementalKey: "id" },
      },
    });
  });

  it("is deleted with its runs kept, but not while one of them goes on", async () => {
    await createPipeline(app.url, "gone");
    const run = await triggerRun(app.url, "gone");
    const remove = 'mutation { deletePipeline(sourceTablename: "gone") }';
    expect((await post(app.url, remove)).errors?.[0]?.extensions.code).toBe("CONFLICT");
    await runStages(app.url, run, [1, 2, 3, 4, 5]);
    expect(await ask(app.url, remove)).toEqual({ deletePipeline: true });
    const { run: kept } = await ask(
      app.url,
      "query ($run: ID!) { run(id: $run) { sourceTablename status pipeline { sinkType } } }",
      { run },
    );
    expect(kept).toEqual({ sourceTablename: "gone", status: "SUCCESS", pipeline: null });
    expect((await post(app.url, remove)).errors?.[0]?.extensions.code).toBe("NOT_FOUND");
  });

  it("is found by every filter, in the order of names, page by page", async () => {
    for (const [name, input] of [
      ["find.Alpha", { sinkTablename: "dw.x", sinkType: "snowflake" }],
      ["find.beta", { sourceType: "mysql", sourceToDl: { isActive: false }, dlToSink: { isActive: false } }],
      ["find.gamma%", {}],
    ] as const) {
      await createPipeline(app.url, name, input);
    }
    await runStages(app.url, await triggerRun(app.url, "find.beta"), [1, 2, 3, 4, 5]);
    const names = async (filter: object) => {
      const { pipelines } = await ask<{ pipelines: { nodes: { sourceTablename: string }[] } }>(
        app.url,
        "query ($filter: PipelineFilter) { pipelines(filter: $filter) { nodes { sourceTablename } } }",
        { filter },
      );
      return pipelines.nodes.map(({ sourceTablename }) => sourceTablename).filter((name) => name.startsWith("find."));
    };
    expect(await names({ search: "FIND." })).toEqual(["find.Alpha", "find.beta", "find.gamma%"]);
    expect(await names({ search: "DW.X" })).toEqual(["find.Alpha"]);
    expect(await names({ search: "a%" })).toEqual(["find.gamma%"]);
    expect(await names({ isActive: false })).toEqual(["find.beta"]);
    expect(await names({ isActive: true, search: "find" })).toEqual(["find.Alpha", "find.gamma%"]);
    expect(await names({ sourceType: "mysql" })).toEqual(["find.beta"]);
    expect(await names({ sinkType: "snowflake" })).toEqual(["find.Alpha"]);
    expect(await names({ lastRunStatus: ["SUCCESS"] })).toEqual(["find.beta"]);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: {
        pipelines: { nodes: { sourceTablename: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
      } = await ask(
        app.url,
        `query ($after: String) { pipelines(filter: { search: "find" }, first: 1, after: $after) { nodes { sourceTablename } pageInfo { endCursor hasNextPage } } }`,
        { after },
      );
      seen.push(...page.pipelines.nodes.map(({ sourceTablename }) => sourceTablename));
      after = page.pipelines.pageInfo.hasNextPage ? page.pipelines.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(["find.Alpha", "find.beta", "find.gamma%"]);
  });
});

describe("bad input", () => {
  beforeAll(async () => {
    await createPipeline(app.url, "bad", { sourceToDl: { lastIncrementalValue: "10" } });
  });
  const update = (input: object) => [UPDATE, { name: "bad", input }] as const;
  it.each([
    ["a negative schedule", ...update({ sourceToDl: { schedule: -5 } }), "BAD_USER_INPUT", "input.sourceToDl.schedule"],
    [
      "a schedule of 0",
      CREATE,
      { input: { sourceTablename: "new", dlToSink: { schedule: 0 } } },
      "BAD_USER_INPUT",
      "input.dlToSink.schedule",
    ],
    [
      "an unknown load type",
      CREATE,
      { input: { sourceTablename: "new", dlToSink: { loadType: "SOME" } } },
      "BAD_USER_INPUT",
      "SOME",
    ],
    [
      "incremental without key",
      CREATE,
      { input: { sourceTablename: "new", dlToSink: { loadType: "INCREMENTAL" } } },
      "BAD_USER_INPUT",
      "incrementalKey",
    ],
    [
      "incremental without key, in an update",
      ...update({ sourceToDl: { loadType: "INCREMENTAL" } }),
      "BAD_USER_INPUT",
      "incrementalKey",
    ],
    [
      "a watermark moved backwards",
      ...update({ sourceToDl: { lastIncrementalValue: "9" } }),
      "CONFLICT",
      "never moves backwards",
    ],
    ["an empty name", CREATE, { input: { sourceTablename: " " } }, "BAD_USER_INPUT", "input.sourceTablename is empty"],
    ["a name that is taken", CREATE, { input: { sourceTablename: "bad" } }, "CONFLICT", "bad"],
    ["an unknown source", ...update({ sourceName: "nowhere" }), "NOT_FOUND", "no source nowhere"],
    ["an unknown destination", ...update({ destinationName: "nowhere" }), "NOT_FOUND", "no destination nowhere"],
    ["an unknown pipeline", UPDATE, { name: "none", input: {} }, "NOT_FOUND", "none"],
    [
      "a run of an unknown pipeline",
      'mutation { triggerRun(sourceTablename: "none") { id } }',
      {},
      "NOT_FOUND",
      "createPipeline",
    ],
    [
      "a run with an empty template",
      'mutation { triggerRun(sourceTablename: "bad", pipelineName: "none") { id } }',
      {},
      "NOT_FOUND",
      "no stages",
    ],
    [
      "a template with a gap",
      STAGES_OF,
      { stages: [STAGES[0], STAGES[2]] },
      "BAD_USER_INPUT",
      "No stage has the stageOrder 2",
    ],
    [
      "a template with a duplicate order",
      STAGES_OF,
      { stages: [STAGES[0], STAGES[0]] },
      "BAD_USER_INPUT",
      "stageOrder 1",
    ],
    ["a template that begins at 2", STAGES_OF, { stages: [STAGES[1]] }, "BAD_USER_INPUT", "stageOrder 1"],
    [
      "a stage without a driver",
      STAGES_OF,
      { stages: [{ ...STAGES[0], driverContainer: "" }] },
      "BAD_USER_INPUT",
      "driverContainer",
    ],
    [
      "a summary of too many buckets",
      '{ runSummary(from: "2020-01-01T00:00:00Z", bucket: MINUTE) { rowsProcessed } }',
      {},
      "BAD_USER_INPUT",
      "2000 buckets",
    ],
    [
      "a summary that ends before it begins",
      '{ runSummary(from: "2024-01-02T00:00:00Z", to: "2024-01-01T00:00:00Z") { rowsProcessed } }',
      {},
      "BAD_USER_INPUT",
      "not before",
    ],
    ["a list longer than allowed", "{ runs(first: 501) { nodes { id } } }", {}, "BAD_USER_INPUT", "501"],
  ])("of %s gets a clear error, and nothing is changed", async (_what, query, variables, code, text) => {
    const state =
      () => database.sql`select (select jsonb_agg(c order by c.source_tablename) from pipeline.pipeline_config c) as pipelines,
      (select jsonb_agg(s order by s.id) from pipeline.pipeline_stages s) as stages, (select count(*) from pipeline.pipeline_runs_master) as runs`;
    const before = await state();
    const { errors } = await post(app.url, query, variables);
    expect(errors?.[0]?.extensions.code).toBe(code);
    expect(errors?.[0]?.message).toContain(text);
    expect(await state()).toEqual(before);
  });

  it.each([
    ["a negative count", { rowsProcessed: -1 }, "rowsProcessed"],
    ["a path with a comma", { filePaths: ["a,b"] }, "comma"],
    ["a watermark from a stage that loads nothing", { incrementalValue: "5" }, "incrementalValue"],
  ])("of %s at the end of a stage gets a clear error, and the stage goes on", async (_what, input, text) => {
    await createPipeline(app.url, `ends ${text}`);
    const run = await triggerRun(app.url, `ends ${text}`);
    await runStages(app.url, run, [1, 2]);
    await ask(app.url, START, { run, stage: 3 });
    const complete =
      "mutation ($run: ID!, $input: CompleteStageInput) { completeStage(runId: $run, stageOrder: 3, input: $input) { id } }";
    const { errors } = await post(app.url, complete, { run, input });
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "BAD_USER_INPUT" },
      message: expect.stringContaining(text),
    });
    const fail = 'mutation ($run: ID!) { failStage(runId: $run, stageOrder: 3, errorMessage: " ") { id } }';
    expect((await post(app.url, fail, { run })).errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
    expect(await ask(app.url, "query ($run: ID!) { run(id: $run) { status currentStage } }", { run })).toEqual({
      run: { status: "RUNNING", currentStage: 3 },
    });
  });
});

describe("a run summary", () => {
  it("counts runs and rows by bucket, with the median of the successes", async () => {
    await createPipeline(app.url, "charted");
    await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status, started_at, completed_at, created_at)
      select 'charted', s, t::timestamptz, t::timestamptz + d * interval '1 second', t::timestamptz from (values
        ('success', '2024-01-15T08:10:00Z', 10), ('success', '2024-01-15T08:20:00Z', 30), ('success', '2024-01-15T08:59:59.999999Z', 50),
        ('failed', '2024-01-15T10:00:00Z', 5), ('cancelled', '2024-01-15T10:30:00Z', 5)) v(s, t, d)`;
    await database.sql`insert into pipeline.pipeline_run_stage_logs (pipeline_run_id, stage_order, status, rows_processed)
      select id, n, 'success', 100 from pipeline.pipeline_runs_master, generate_series(1, 2) n where source_tablename = 'charted' and status = 'success'`;
    const { runSummary } = await ask(
      app.url,
      `{ runSummary(from: "2024-01-15T08:00:00Z", to: "2024-01-15T11:00:00Z", sourceTablename: "charted") {
      rowsProcessed byStatus { status count } buckets { start success failed cancelled running rowsProcessed medianDurationSeconds } } }`,
    );
    const empty = { success: 0, failed: 0, cancelled: 0, running: 0, rowsProcessed: 0, medianDurationSeconds: null };
    expect(runSummary).toEqual({
      rowsProcessed: 600,
      byStatus: [
        ["PENDING", 0],
        ["RUNNING", 0],
        ["SUCCESS", 3],
        ["FAILED", 1],
        ["CANCELLED", 1],
        ["UNKNOWN", 0],
      ].map(([status, count]) => ({ status, count })),
      buckets: [
        { ...empty, start: "2024-01-15T08:00:00.000000Z", success: 3, rowsProcessed: 600, medianDurationSeconds: 30 },
        { ...empty, start: "2024-01-15T09:00:00.000000Z" },
        { ...empty, start: "2024-01-15T10:00:00.000000Z", failed: 1, cancelled: 1 },
      ],
    });
  });

  it("and a run is long-running beyond the minimum and twice the median of its pipeline", async () => {
    await createPipeline(app.url, "slow");
    await createPipeline(app.url, "quick");
    await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status, started_at, completed_at)
      select 'slow', 'success', now() - interval '2 days', now() - interval '2 days' + interval '1 hour' from generate_series(1, 20)`;
    await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status, started_at)
      values ('slow', 'running', now() - interval '90 minutes'), ('slow', 'running', now() - interval '121 minutes'),
             ('quick', 'running', now() - interval '19 minutes'), ('quick', 'running', now() - interval '21 minutes')`;
    const of = async (name: string) => {
      const { pipeline } = await ask<{ pipeline: { runs: { nodes: { isLongRunning: boolean }[] } } }>(
        app.url,
        `query ($name: String!) { pipeline(sourceTablename: $name) {
        runs(filter: { status: [RUNNING] }, last: 2) { nodes { isLongRunning } } } }`,
        { name },
      );
      return pipeline.runs.nodes.map(({ isLongRunning }) => isLongRunning);
    };
    expect(await of("slow")).toEqual([true, false]);
    expect(await of("quick")).toEqual([true, false]);
  });
});

describe("a page of pipelines with everything below it", () => {
  it("costs the same few SQL statements for 100 pipelines as for one", async () => {
    await using own = await createTestDatabase();
    await using service = await startService(own.url, {
      WEIR_SCHEDULER: "off",
      WEIR_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
    });
    await setStages(service.url);
    await ask(
      service.url,
      'mutation { createSource(input: { sourceName: "s", sourceType: "postgres", sourceCreds: {} }) { id } }',
    );
    await own.sql`insert into pipeline.pipeline_config (source_tablename, source_name) select 't' || i, 's' from generate_series(1, 100) i`;
    await own.sql`insert into pipeline.pipeline_runs_master (source_tablename, status, started_at) select 't' || i, 'running', now() from generate_series(1, 100) i, generate_series(1, 3)`;
    await own.sql`insert into pipeline.pipeline_run_stage_logs (pipeline_run_id, stage_order, status) select id, 1, 'running' from pipeline.pipeline_runs_master`;
    const query = `query ($first: Int) { pipelines(first: $first) { nodes {
      sourceTablename isOverdue nextRunAt source { sourceName sourceCreds }
      latestRun { id status isLongRunning rowsProcessed stages { stageName log { status run { id pipeline { sinkType } } } } retryOf { id } }
      runs(first: 2) { nodes { id status } } } totalCount } }`;
    await using counted = await countStatements(own.url, app.services.keyring);
    const { names: one } = await counted.run(query, { first: 1 });
    expect((await counted.run(query, { first: 100 })).names).toEqual(one);
    expect(one).toMatchInlineSnapshot(`
      [
        "pipelines.by_name",
        "pipelines.count_pipelines",
        "pipelines.endpoints_by_name",
        "pipelines.overdue",
        "pipelines.pipelines",
        "runs.by_id",
        "runs.long_running",
        "runs.of_pipelines",
        "runs.of_pipelines",
        "runs.stage_logs",
      ]
    `);
  });
});

it("a pipeline that a program left incremental without a key can be paused and renamed, and is told where its load is changed", async () => {
  await database.sql`insert into pipeline.pipeline_config (source_tablename, source_to_dl_load_type, dl_to_sink_load_type)
    values ('keyless', 'Incremental', 'incremental')`;
  const update = (input: object) =>
    post(
      app.url,
      `mutation ($input: UpdatePipelineInput!) {
        updatePipeline(sourceTablename: "keyless", input: $input) { sinkTablename sourceToDl { isActive loadType } } }`,
      { input },
    );
  const { data } = await update({ sinkTablename: "dw.keyless", sourceToDl: { isActive: false } });
  expect(data).toEqual({
    updatePipeline: { sinkTablename: "dw.keyless", sourceToDl: { isActive: false, loadType: "INCREMENTAL" } },
  });
  for (const leg of [{ loadType: "INCREMENTAL" }, { incrementalKey: null }]) {
    expect((await update({ sourceToDl: leg })).errors?.[0]).toMatchObject({
      extensions: { code: "BAD_USER_INPUT" },
      message: expect.stringContaining("input.sourceToDl.loadType is INCREMENTAL without an incrementalKey"),
    });
  }
});

describe("programs that write the tables by SQL", () => {
  it("produce live updates, and may store words of their own", async () => {
    const { client } = connect(app.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const seen = collect<{ topic: string; operation: string; actor: string | null }>(
      client,
      "subscription ($after: Cursor) { changes(after: $after, topics: [PIPELINE, RUN, RUN_STAGE]) { topic key operation actor } }",
      { after: liveCursor },
    );
    await database.sql`insert into pipeline.pipeline_config (source_tablename, sink_tablename, source_to_dl_load_type) values ('direct', 'd', 'delta')`;
    const [run] =
      await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, pipeline_name, status, triggered_by) values ('direct', 'default', 'pending', 'cron') returning id`;
    await database.sql`update pipeline.pipeline_runs_master set status = 'running', started_at = now() where id = ${run?.["id"]}`;
    await database.sql`update pipeline.pipeline_runs_master set status = 'running' where id = ${run?.["id"]}`;
    await database.sql`insert into pipeline.pipeline_run_stage_logs (pipeline_run_id, stage_order, status, time_taken, file_paths) values (${run?.["id"]}, 1, 'success', '0:00:17.907165', 'a,b')`;
    await database.sql`delete from pipeline.pipeline_config where source_tablename = 'gone'`;
    await seen.until((items) => items.length === 4);
    expect(seen.items.map(({ topic, operation }) => [topic, operation])).toEqual([
      ["PIPELINE", "INSERT"],
      ["RUN", "INSERT"],
      ["RUN", "UPDATE"],
      ["RUN_STAGE", "INSERT"],
    ]);
    const data = await ask(
      app.url,
      `query ($id: ID!) { run(id: $id) { status totalStages stages { stageName log { durationSeconds filePaths completedAt } }
      pipeline { sinkTablename } triggeredBy triggeredByText } }`,
      { id: String(run?.["id"]) },
    );
    expect(data).toMatchObject({
      run: {
        status: "RUNNING",
        totalStages: 5,
        stages: [{ log: { durationSeconds: 17.907165, filePaths: ["a", "b"], completedAt: null } }, {}, {}, {}, {}],
        pipeline: { sinkTablename: "d" },
        triggeredBy: "UNKNOWN",
        triggeredByText: "cron",
      },
    });
    // Nobody else's drivers take it: who writes runs by SQL runs them too.
    expect(
      await ask(app.url, 'mutation { claimStage(driverContainer: "source_driver", worker: "w") { runId } }'),
    ).not.toEqual({ claimStage: { runId: String(run?.["id"]) } });
    await client.dispose();
  });

  it("can't make a run of a pipeline that is not there, nor delete one whose run goes on", async () => {
    await expect(
      database.sql`insert into pipeline.pipeline_runs_master (source_tablename) values ('nowhere')`,
    ).rejects.toMatchObject({ code: "23503" });
    await expect(
      database.sql`delete from pipeline.pipeline_config where source_tablename = 'direct'`,
    ).rejects.toMatchObject({ code: "23503" });
  });
});
