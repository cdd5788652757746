import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { createPipeline, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

const off = { WEIR_SCHEDULER: "off" };

it("shows words of programs that mean none of ours as UNKNOWN beside the stored word, and they blank nothing", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, off);
  const { client } = connect(app.url);
  const { sql } = database;
  const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
  await setStages(app.url);
  await sql`insert into pipeline.pipeline_config (source_tablename, source_to_dl_load_type)
    values ('a', 'Incremental'), ('b', 'delta'), ('c', 'full')`;
  await sql`insert into pipeline.pipeline_runs_master (source_tablename, status, triggered_by, started_at, completed_at) values
    ('a', 'partial', 'cron', now(), now()), ('a', 'SUCCESS', 'Manual', now() - interval '90 seconds', now()), ('b', 'Failed', 'api', now(), now())`;
  await sql`insert into pipeline.pipeline_run_stage_logs (pipeline_run_id, stage_order, status) values (1, 1, 'cancelled'), (1, 2, 'skipped')`;
  await sql`update pipeline.pipeline_config set source_to_dl_last_loader_run_status = 'partial', dl_to_sink_last_loader_run_status = 'partial'
    where source_tablename = 'b'`;

  const answer = await ask(
    app.url,
    `{ runs { nodes { status statusText triggeredBy triggeredByText stages { log { status statusText } } } }
      pipelines { nodes { sourceTablename sourceToDl { loadType loadTypeText lastLoaderRunStatus lastLoaderRunStatusText } } }
      runSummary(bucket: DAY) { byStatus { status count } buckets { unknown success failed medianDurationSeconds } }
      overview { pipelines { runsByStatus24h { status count } } recentFailures(first: 5) { title } } }`,
  );
  const unreached = { log: null };
  expect(answer["runs"]).toMatchObject({
    nodes: [
      { status: "FAILED", statusText: "Failed", triggeredBy: "API", triggeredByText: "api" },
      { status: "SUCCESS", statusText: "SUCCESS", triggeredBy: "MANUAL", triggeredByText: "Manual" },
      {
        status: "UNKNOWN",
        statusText: "partial",
        triggeredBy: "UNKNOWN",
        triggeredByText: "cron",
        stages: [
          { log: { status: "CANCELLED", statusText: "cancelled" } },
          { log: { status: "UNKNOWN", statusText: "skipped" } },
          unreached,
          unreached,
          unreached,
        ],
      },
    ],
  });
  const leg = (
    loadType: string,
    loadTypeText: string,
    lastLoaderRunStatus: unknown,
    lastLoaderRunStatusText: unknown,
  ) => ({
    sourceToDl: { loadType, loadTypeText, lastLoaderRunStatus, lastLoaderRunStatusText },
  });
  expect(answer["pipelines"]).toEqual({
    nodes: [
      { sourceTablename: "a", ...leg("INCREMENTAL", "Incremental", "SUCCESS", "SUCCESS") },
      { sourceTablename: "b", ...leg("UNKNOWN", "delta", "UNKNOWN", "partial") },
      { sourceTablename: "c", ...leg("FULL", "full", null, null) },
    ],
  });
  const counts = ["PENDING", "RUNNING", "SUCCESS", "FAILED", "CANCELLED", "UNKNOWN"].map((status) => ({
    status,
    count: ["SUCCESS", "FAILED", "UNKNOWN"].includes(status) ? 1 : 0,
  }));
  const { runSummary, overview } = answer as {
    runSummary: { byStatus: object[]; buckets: object[] };
    overview: object;
  };
  expect(runSummary.byStatus).toEqual(counts);
  expect(runSummary.buckets.at(-1)).toEqual({ unknown: 1, success: 1, failed: 1, medianDurationSeconds: 90 });
  expect(overview).toEqual({ pipelines: { runsByStatus24h: counts }, recentFailures: [{ title: "b" }] });

  const ids = async (filter: object) =>
    (
      await ask<{ runs: { nodes: { id: string }[] } }>(
        app.url,
        "query ($filter: RunFilter) { runs(filter: $filter) { nodes { id } totalCount } }",
        { filter },
      )
    ).runs.nodes.map(({ id }) => id);
  expect(await ids({ status: ["UNKNOWN"] })).toEqual(["1"]);
  expect(await ids({ status: ["SUCCESS", "FAILED"] })).toEqual(["3", "2"]);
  expect(await ids({ triggeredBy: ["UNKNOWN", "MANUAL"] })).toEqual(["2", "1"]);
  expect(
    await ask(app.url, "{ pipelines(filter: { lastRunStatus: [UNKNOWN] }) { nodes { sourceTablename } totalCount } }"),
  ).toEqual({ pipelines: { nodes: [{ sourceTablename: "b" }], totalCount: 1 } });

  const seen = collect<{ cursor: string; run: object }>(
    client,
    `subscription ($after: Cursor) { runChanged(after: $after, filter: { status: [UNKNOWN, FAILED] }) { cursor run { id status statusText } } }`,
    { after: liveCursor },
  );
  await sql`update pipeline.pipeline_runs_master set status = 'stalled' where id = 2`;
  await seen.until((items) => items.length === 3);
  expect(seen.items.map(({ run }) => run)).toEqual([
    { id: "1", status: "UNKNOWN", statusText: "partial" },
    { id: "3", status: "FAILED", statusText: "Failed" },
    { id: "2", status: "UNKNOWN", statusText: "stalled" },
  ]);
  expect(seen.errors).toEqual([]);
  await client.dispose();
});

it("refuses UNKNOWN where something is reported", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, off);
  await setStages(app.url);
  await createPipeline(app.url, "a");
  for (const mutation of [
    'triggerRun(sourceTablename: "a", triggeredBy: UNKNOWN) { id }',
    'createPipeline(input: { sourceTablename: "b", sourceToDl: { loadType: UNKNOWN } }) { sourceTablename }',
    'updatePipeline(sourceTablename: "a", input: { dlToSink: { loadType: UNKNOWN } }) { sourceTablename }',
  ]) {
    const { errors } = await post(app.url, `mutation { ${mutation} }`);
    expect(errors?.[0]).toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
    expect(errors?.[0]?.message).toMatch(/can't be reported as UNKNOWN; report one of/);
  }
});

it("takes a run in any case for one under way: it is not started twice, is moved on, and its pipeline is kept", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, off);
  const { sql } = database;
  await setStages(app.url);
  await createPipeline(app.url, "a");
  const run = await triggerRun(app.url, "a");
  await sql`update pipeline.pipeline_runs_master set status = 'Pending'`;
  const { claimStage } = await ask(
    app.url,
    'mutation { claimStage(driverContainer: "source_driver", worker: "w") { runId } }',
  );
  expect(claimStage).toEqual({ runId: run });
  await sql`update pipeline.pipeline_runs_master set status = 'RUNNING'`;
  await sql`update pipeline.pipeline_run_stage_logs set status = 'Running'`;
  expect(
    await ask(app.url, "mutation ($run: ID!) { completeStage(runId: $run, stageOrder: 1) { status } }", { run }),
  ).toEqual({ completeStage: { status: "SUCCESS" } });
  await expect(sql`delete from pipeline.pipeline_config`).rejects.toThrow(/has a run that is not finished/);
  await expect(sql`truncate pipeline.pipeline_config`).rejects.toThrow(/has a run that is not finished/);
});

it("tells a client that resumes behind the migration, with a filter, of the changes from before it", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url, off);
  const { client } = connect(app.url);
  const { sql } = database;
  const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
  await sql`insert into pipeline.pipeline_config (source_tablename) values ('a')`;
  await sql`insert into pipeline.pipeline_runs_master (source_tablename, status) values ('a', 'partial'), ('a', 'Failed')`;
  const words = [
    "known_status",
    "known_triggered_by",
    "known_last_run_status",
    "known_dl_to_sink_load_type",
    "known_source_to_dl_load_type",
  ];
  const kept = () => sql`select "row" from weir.change where topic in ('RUN', 'PIPELINE') order by seq`;
  const before = await kept();
  await sql`update weir.change set "row" = "row" - string_to_array(${words.join(",")}, ',')`;
  const folder = new URL("../../drizzle/", import.meta.url);
  const name = (await readdir(folder)).find((entry) => entry.endsWith("tell_pipeline_words")) ?? "";
  const migration = await readFile(new URL(`${name}/migration.sql`, folder), "utf8");
  for (const statement of migration.split("--> statement-breakpoint")) {
    if (/^UPDATE weir/m.test(statement)) await sql.unsafe(statement);
  }
  expect(await kept()).toEqual(before);
  const seen = collect<{ key: string }>(
    client,
    "subscription ($after: Cursor) { runChanged(after: $after, filter: { status: [FAILED] }) { key } }",
    { after: liveCursor },
  );
  await seen.until((items) => items.length === 1);
  expect(seen.items).toEqual([{ key: "2" }]);
  await client.dispose();
});
