import { describe, expect, it } from "vitest";
import { settleStamps } from "../../src/db/settle.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPipeline, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const off = { WEIR_SCHEDULER: "off" };
const LAST_RUN = `{ pipelines { nodes { sourceTablename nextRunAt sourceToDl { lastLoaderRunTimestamp lastLoaderRunStatus }
  dlToSink { lastLoaderRunTimestamp lastLoaderRunStatus } } } }`;
interface Pipelines {
  pipelines: { nodes: { nextRunAt: string | null; sourceToDl: object; dlToSink: object }[] };
}

describe("a program of SQLite, whose search path is ours", () => {
  it("may write and ask as it does", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, off);
    const { sql } = database;
    await setStages(app.url);
    await sql.begin(async (session) => {
      await session`set local search_path = pipeline, public`;
      const run = (statement: string) => session.unsafe(statement);
      await run(
        "insert into pipeline_config (source_tablename, source_to_dl_is_active) values ('orders', true), ('off', false)",
      );
      const names = (rows: readonly Record<string, unknown>[]) => rows.map((row) => row["source_tablename"]);
      expect(
        names(
          await run(
            "select source_tablename from pipeline_config where source_to_dl_is_active = 1 and dl_to_sink_is_active <> 0",
          ),
        ),
      ).toEqual(["orders"]);
      expect(names(await run("select source_tablename from pipeline_config where source_to_dl_is_active = 0"))).toEqual(
        ["off"],
      );
      await run("update pipeline_stages set is_active = false where stage_order = 3");
      expect(
        await run(
          "select stage_order from pipeline_stages where pipeline_name = 'default' and is_active = 1 order by stage_order",
        ),
      ).toHaveLength(4);
      await run(`insert into pipeline_runs_master (source_tablename, pipeline_name, status, total_stages, triggered_by, started_at)
      values ('orders', 'default', 'pending', 4, 'manual', '2024-01-15T08:00:00+05:30')`);
      await run(`insert into pipeline_run_stage_logs (source_tablename, pipeline_type, status, started_at, pipeline_run_id, stage_order)
      values ('orders', 'driver_source_to_dl', 'running', '2024-01-15T08:00:00+05:30', 1, 1)`);
      await run("update pipeline_runs_master set current_stage = 1, status = 'running' where id = 1");
      await run(`update pipeline_run_stage_logs set status = 'failed', completed_at = '2024-01-15T08:00:05+05:30', time_taken = '0:00:05.1',
      error_message = 'Driver container not running' where id = 1`);
      await run(`update pipeline_config set source_to_dl_last_loader_run_timestamp = '2024-01-15T08:00:06+05:30',
      source_to_dl_last_loader_run_status = 'failed' where source_tablename = 'orders'`);
    });
    expect(
      await ask(
        app.url,
        `{ run(id: 1) { status currentStage totalStages stages { stageOrder log { status errorMessage durationSeconds pipelineType } } }
          pipelineStages { stageOrder isActive }
          pipeline(sourceTablename: "orders") { sourceToDl { lastLoaderRunTimestamp lastLoaderRunStatus } dlToSink { lastLoaderRunTimestamp } } }`,
      ),
    ).toEqual({
      // What is switched off is no stage of a new run.
      run: {
        status: "RUNNING",
        currentStage: 1,
        totalStages: 4,
        stages: [
          {
            stageOrder: 1,
            log: {
              status: "FAILED",
              errorMessage: "Driver container not running",
              durationSeconds: 5,
              pipelineType: "driver_source_to_dl",
            },
          },
          { stageOrder: 2, log: null },
          { stageOrder: 4, log: null },
          { stageOrder: 5, log: null },
        ],
      },
      pipelineStages: [1, 2, 3, 4, 5].map((stageOrder) => ({ stageOrder, isActive: stageOrder !== 3 })),
      pipeline: {
        sourceToDl: { lastLoaderRunTimestamp: "2024-01-15T02:30:06.000000Z", lastLoaderRunStatus: "FAILED" },
        dlToSink: { lastLoaderRunTimestamp: null },
      },
    });
  });
});

describe("a driver that is started by cron", () => {
  it("logs without a run: its log makes a run of one stage, which goes as the log goes", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, off);
    const { sql } = database;
    const { client } = connect(app.url);
    await createPipeline(app.url, "orders", { sourceToDl: { schedule: 60 } });
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    await sql`insert into pipeline.pipeline_run_stage_logs (source_tablename, pipeline_type, status, rows_processed, started_at, completed_at, time_taken)
      values ('orders', 'source_to_dl', 'success', 20, now() - interval '2 minutes', now() - interval '1 minute', '00:01:00.000')`;
    await sql`insert into pipeline.pipeline_run_stage_logs (source_tablename, pipeline_type, status) values ('orders', 'dl_to_sink', 'running')`;
    await sql`update pipeline.pipeline_run_stage_logs set status = 'failed', error_message = 'disk full', completed_at = now() where id = 2`;
    const { runs } = await ask(
      app.url,
      `{ runs { nodes { id pipelineName status triggeredBy currentStage totalStages durationSeconds errorMessage rowsProcessed
        stages { stageName log { runId run { id } status } } } } }`,
    );
    expect(runs).toEqual({
      nodes: [
        {
          id: "2",
          pipelineName: "dl_to_sink",
          status: "FAILED",
          triggeredBy: "SCHEDULE",
          currentStage: 1,
          totalStages: 1,
          durationSeconds: expect.any(Number),
          errorMessage: "disk full",
          rowsProcessed: 0,
          stages: [{ stageName: "dl_to_sink", log: { runId: "2", run: { id: "2" }, status: "FAILED" } }],
        },
        {
          id: "1",
          pipelineName: "source_to_dl",
          status: "SUCCESS",
          triggeredBy: "SCHEDULE",
          currentStage: 1,
          totalStages: 1,
          durationSeconds: 60,
          errorMessage: null,
          rowsProcessed: 20,
          stages: [{ stageName: "source_to_dl", log: { runId: "1", run: { id: "1" }, status: "SUCCESS" } }],
        },
      ],
    });
    const seen = collect<{ stageLog: object }>(
      client,
      "subscription ($after: Cursor) { runStageChanged(after: $after) { stageLog { runId run { status } status } } }",
      { after: liveCursor },
    );
    await seen.until((items) => items.length === 3);
    expect(seen.errors).toEqual([]);
    expect(seen.items.map(({ stageLog }) => stageLog)).toMatchObject([
      { runId: "1", status: "SUCCESS" },
      { runId: "2", status: "RUNNING" },
      { runId: "2", status: "FAILED", run: { status: "FAILED" } },
    ]);
    await client.dispose();
    // One that names no table either has a run of no pipeline.
    await sql`insert into pipeline.pipeline_run_stage_logs (status) values ('success')`;
    expect(
      await ask(
        app.url,
        "{ runs(first: 1) { nodes { id sourceTablename pipeline { sourceTablename } stages { log { runId } } } } }",
      ),
    ).toEqual({
      runs: { nodes: [{ id: "3", sourceTablename: "", pipeline: null, stages: [{ log: { runId: "3" } }] }] },
    });
  });
});

describe("a run that a program ends by SQL", () => {
  it("stamps its pipeline like one that is ended by a mutation, and is due an interval later", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, off);
    const { sql } = database;
    await setStages(app.url);
    await createPipeline(app.url, "t", { sourceToDl: { schedule: 60 } });
    await triggerRun(app.url, "t");
    const at = new Date().toISOString().replace(/Z$/, "000Z");
    const due = new Date(Date.parse(at) + 3_600_000).toISOString().replace(/Z$/, "000Z");
    await sql`update pipeline.pipeline_runs_master set dl_to_sink_incremental_value = '10', status = 'Success', completed_at = ${at}`;
    const stamped = { lastLoaderRunTimestamp: at, lastLoaderRunStatus: "SUCCESS" };
    expect(await ask(app.url, LAST_RUN)).toEqual({
      pipelines: { nodes: [{ sourceTablename: "t", nextRunAt: due, sourceToDl: stamped, dlToSink: stamped }] },
    });
    expect(await sql`select dl_to_sink_last_incremental_value as value from pipeline.pipeline_config`).toEqual([
      { value: "10" },
    ]);
    // History, and another update of the same run, stamp nothing; what they don't end neither.
    await sql`insert into pipeline.pipeline_runs_master (source_tablename, status, completed_at) values ('t', 'failed', '2024-01-15'), ('t', 'running', null)`;
    await sql`update pipeline.pipeline_runs_master set error_message = 'odd' where id = 1`;
    expect((await ask<Pipelines>(app.url, LAST_RUN)).pipelines.nodes[0]?.dlToSink).toEqual(stamped);
  });

  it("waits not for long for who holds its pipeline: the service stamps it then", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, off);
    const { sql } = database;
    await createPipeline(app.url, "t");
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = sql.begin(async (tx) => {
      await tx`select from pipeline.pipeline_config for no key update`;
      held.resolve();
      await release.promise;
    });
    await held.promise;
    await sql`insert into pipeline.pipeline_runs_master (source_tablename, status, completed_at) values ('t', 'failed', now())`;
    expect(await sql`select run_id::int from pipeline.unstamped_runs`).toEqual([{ run_id: 1 }]);
    release.resolve();
    await holder;
    await settleStamps(database.db);
    await expect
      .poll(async () => (await ask<Pipelines>(app.url, LAST_RUN)).pipelines.nodes[0]?.dlToSink)
      .toMatchObject({ lastLoaderRunStatus: "FAILED" });
    expect(await sql`select from pipeline.unstamped_runs`).toHaveLength(0);
  });
});
