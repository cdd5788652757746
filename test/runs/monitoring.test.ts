import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPipeline, FAIL, runStages, START, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

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

const code = async (query: string, variables: Readonly<Record<string, unknown>> = {}) =>
  (await post(app.url, query, variables)).errors?.[0]?.extensions.code;

/** A run that took so many seconds, each of its two stages one part of them; by SQL, so that the past is ours. */
async function pastRun(table: string, seconds: number, hoursAgo: number, status = "success"): Promise<number> {
  const [run] = await database.sql`insert into pipeline.pipeline_runs_master
    (source_tablename, status, started_at, completed_at, created_at, error_message)
    values (${table}, ${status}, now() - make_interval(hours => ${hoursAgo}), now() - make_interval(hours => ${hoursAgo}, secs => ${-seconds}),
      now() - make_interval(hours => ${hoursAgo}), ${status === "failed" ? "disk full" : null}) returning id`;
  const id = Number(run?.["id"]);
  for (const [stage, part] of [
    [1, 0.25],
    [2, 0.75],
  ] as const) {
    await database.sql`insert into pipeline.pipeline_run_stage_logs (pipeline_run_id, stage_order, status, started_at, completed_at, rows_processed)
      values (${id}, ${stage}, ${status === "failed" && stage === 2 ? "failed" : status}, now() - make_interval(hours => ${hoursAgo}),
        now() - make_interval(hours => ${hoursAgo}, secs => ${-seconds * part}), 10)`;
  }
  return id;
}

describe("what is usual", () => {
  const RUN = `query ($table: String!) { pipeline(sourceTablename: $table) { latestRun { usualDurationSeconds stages { stageOrder usualDurationSeconds } }
    summary24h { rowsProcessed success failed medianDurationSeconds } } }`;
  interface Usual {
    readonly pipeline: {
      readonly latestRun: {
        readonly usualDurationSeconds: number | null;
        readonly stages: readonly { readonly stageOrder: number; readonly usualDurationSeconds: number | null }[];
      };
      readonly summary24h: object;
    };
  }

  it("is the median of the last 20 successes, for a run and for each of its stages", async () => {
    await createPipeline(app.url, "usual");
    // Twenty of 40 s; older ones and failures make no difference.
    for (let hour = 1; hour <= 20; hour += 1) await pastRun("usual", hour % 2 === 0 ? 30 : 50, hour);
    for (let hour = 40; hour < 45; hour += 1) await pastRun("usual", 4_000, hour);
    await pastRun("usual", 9_000, 3, "failed");
    await triggerRun(app.url, "usual");
    const { pipeline } = await ask<Usual>(app.url, RUN, { table: "usual" });
    expect(pipeline.latestRun.usualDurationSeconds).toBe(40);
    expect(pipeline.latestRun.stages.map(({ usualDurationSeconds }) => usualDurationSeconds)).toEqual([
      10,
      30,
      null,
      null,
      null,
    ]);
    expect(pipeline.summary24h).toEqual({ rowsProcessed: 420, success: 20, failed: 1, medianDurationSeconds: 40 });
  });

  it("is null before anything has succeeded", async () => {
    await createPipeline(app.url, "fresh");
    await triggerRun(app.url, "fresh");
    const { pipeline } = await ask<Usual>(app.url, RUN, { table: "fresh" });
    expect(pipeline.latestRun.usualDurationSeconds).toBeNull();
    expect(pipeline.summary24h).toEqual({ rowsProcessed: 0, success: 0, failed: 0, medianDurationSeconds: null });
  });

  it("costs the same number of statements for a page as for one", async () => {
    await using counted = await countStatements(database.url);
    const { names } = await counted.run(
      "{ pipelines { nodes { summary24h { success } latestRun { usualDurationSeconds waitingFor { since } retriedBy { id } stages { usualDurationSeconds } } } } }",
    );
    expect(names).toEqual([
      "pipelines.pipelines",
      "runs.day_summaries",
      "runs.of_pipelines",
      "runs.retries",
      "runs.stage_logs",
      "runs.usual_durations",
    ]);
  });
});

describe("what waits", () => {
  const WAITING =
    "query ($id: ID!) { run(id: $id) { createdAt waitingFor { stageOrder driverContainer since } stages { log { completedAt leaseExpiresAt } } } }";
  interface Waits {
    readonly run: {
      readonly createdAt: string;
      readonly waitingFor: { readonly since: string } | null;
      readonly stages: readonly { readonly log: { completedAt: string; leaseExpiresAt: string | null } | null }[];
    };
  }

  it("says for which driver and since when, by the end of the stage before", async () => {
    await createPipeline(app.url, "waits");
    const run = await triggerRun(app.url, "waits");
    const first = await ask<Waits>(app.url, WAITING, { id: run });
    expect(first.run.waitingFor).toEqual({
      stageOrder: 1,
      driverContainer: "source_driver",
      since: first.run.createdAt,
    });
    await runStages(app.url, run, [1]);
    const second = await ask<Waits>(app.url, WAITING, { id: run });
    expect(second.run.waitingFor).toEqual({
      stageOrder: 2,
      driverContainer: "source_loader",
      since: second.run.stages[0]?.log?.completedAt,
    });
    await ask(app.url, START, { run, stage: 2 });
    expect((await ask<Waits>(app.url, WAITING, { id: run })).run.waitingFor).toBeNull();
    await ask(app.url, FAIL, { run, stage: 2 });
    expect((await ask<Waits>(app.url, WAITING, { id: run })).run.waitingFor).toBeNull();
  });

  it("drivers tells who asked, what they hold, and containers that nobody asks for", async () => {
    const claim =
      "mutation ($c: String!, $w: String!) { claimStage(driverContainer: $c, worker: $w) { runId stageOrder leaseExpiresAt } }";
    await createPipeline(app.url, "held");
    await triggerRun(app.url, "held");
    // All that wait for this container are taken, so that one run is in one pair of hands.
    const claims: { runId: string; leaseExpiresAt: string }[] = [];
    for (;;) {
      const { claimStage } = await ask<{ claimStage: (typeof claims)[number] | null }>(app.url, claim, {
        c: "source_driver",
        w: "d1",
      });
      if (claimStage === null) break;
      claims.push(claimStage);
    }
    expect(claims.length).toBeGreaterThan(0);
    await ask(app.url, claim, { c: "other_driver", w: "d2" });
    await createPipeline(app.url, "waits_again");
    await triggerRun(app.url, "waits_again");
    const DRIVERS =
      "{ drivers { driverContainer worker lastSeenAt holds { runId stageOrder run { sourceTablename } } waiting } }";
    interface Row {
      readonly driverContainer: string;
      readonly worker: string | null;
      readonly lastSeenAt: string | null;
      readonly holds: readonly { runId: string; stageOrder: number }[];
      readonly waiting: number;
    }
    let rows: readonly Row[] = [];
    // A driver is noted beside its claim.
    while (rows.filter(({ lastSeenAt }) => lastSeenAt !== null).length < 2)
      ({ drivers: rows } = await ask<{ drivers: Row[] }>(app.url, DRIVERS));
    const of = (container: string) => rows.filter(({ driverContainer }) => driverContainer === container);
    expect(of("source_driver")).toMatchObject([{ worker: "d1", waiting: 1 }]);
    expect(
      of("source_driver")[0]
        ?.holds.map(({ runId }) => runId)
        .toSorted(),
    ).toEqual(claims.map(({ runId }) => runId).toSorted());
    expect(of("other_driver")).toMatchObject([{ worker: "d2", holds: [], waiting: 0 }]);
    expect(of("verifier")).toMatchObject([{ worker: null, lastSeenAt: null, holds: [], waiting: 0 }]);
    const { run } = await ask<Waits>(app.url, WAITING, { id: claims[0]?.runId });
    expect(run.stages[0]?.log?.leaseExpiresAt).toBe(claims[0]?.leaseExpiresAt);
    await using counted = await countStatements(database.url);
    expect((await counted.run(DRIVERS)).names).toEqual(["runs.by_id", "runs.drivers"]);
  });
});

describe("lists", () => {
  it("a run says which retry goes on for it", async () => {
    await createPipeline(app.url, "retried");
    const run = await triggerRun(app.url, "retried");
    await ask(app.url, START, { run, stage: 1 });
    await ask(app.url, FAIL, { run, stage: 1 });
    const QUERY = "query ($id: ID!) { run(id: $id) { retriedBy { id } } }";
    expect(await ask(app.url, QUERY, { id: run })).toEqual({ run: { retriedBy: null } });
    const { retryRun } = await ask<{ retryRun: { id: string } }>(
      app.url,
      "mutation ($id: ID!) { retryRun(id: $id) { id } }",
      { id: run },
    );
    expect(await ask(app.url, QUERY, { id: run })).toEqual({ run: { retriedBy: { id: retryRun.id } } });
  });

  it("runs are found by taking long, and by their error's text", async () => {
    await createPipeline(app.url, "long");
    const run = await triggerRun(app.url, "long");
    await ask(app.url, START, { run, stage: 1 });
    const LONG =
      'query ($long: Boolean!) { runs(filter: { isLongRunning: $long, sourceTablename: "long" }) { totalCount nodes { id } } }';
    expect(await ask(app.url, LONG, { long: true })).toEqual({ runs: { totalCount: 0, nodes: [] } });
    expect(await ask(app.url, LONG, { long: false })).toEqual({ runs: { totalCount: 1, nodes: [{ id: run }] } });
    await database.sql`update pipeline.pipeline_runs_master set started_at = now() - interval '5 hours' where id = ${run}`;
    expect(await ask(app.url, LONG, { long: true })).toEqual({ runs: { totalCount: 1, nodes: [{ id: run }] } });
    expect(await ask(app.url, LONG, { long: false })).toEqual({ runs: { totalCount: 0, nodes: [] } });
    const byError = "query ($text: String!) { runs(filter: { errorContains: $text }) { nodes { errorMessage } } }";
    const { runs } = await ask<{ runs: { nodes: { errorMessage: string }[] } }>(app.url, byError, { text: "DISK" });
    expect(runs.nodes.length).toBeGreaterThan(0);
    expect(new Set(runs.nodes.map(({ errorMessage }) => errorMessage))).toEqual(new Set(["disk full"]));
    const { pipeline } = await ask<{ pipeline: object }>(
      app.url,
      `{ pipeline(sourceTablename: "long") { runs(filter: { isLongRunning: true }) { totalCount } } }`,
    );
    expect(pipeline).toEqual({ runs: { totalCount: 1 } });
  });

  it("pipelines are found by the state of their newest run, and sorted by last and next run, page by page", async () => {
    await createPipeline(app.url, "on_schedule", { sourceToDl: { schedule: 10 } });
    const names = async (args: string) =>
      (
        await ask<{ pipelines: { nodes: { sourceTablename: string }[] } }>(
          app.url,
          `{ pipelines(first: 100, ${args}) { nodes { sourceTablename } } }`,
        )
      ).pipelines.nodes.map(({ sourceTablename }) => sourceTablename);
    expect(await names("filter: { latestRunStatus: [RUNNING] }")).toContain("long");
    expect(await names("filter: { latestRunStatus: [PENDING, RUNNING] }")).toEqual(
      expect.arrayContaining(["long", "waits_again", "usual"]),
    );
    expect(await names("filter: { latestRunStatus: [FAILED] }")).toEqual(["waits"]);
    expect(await names("filter: { latestRunStatus: [] }").catch(() => [])).toEqual([]);
    expect((await names("orderBy: NEXT_RUN_FIRST"))[0]).toBe("on_schedule");
    const all = await names("orderBy: LAST_RUN_FIRST");
    expect(all.slice(0, 2).toSorted()).toEqual(["retried", "waits"]);
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const page: {
        pipelines: { nodes: { sourceTablename: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      } = await ask(
        app.url,
        "query ($after: String) { pipelines(first: 3, after: $after, orderBy: LAST_RUN_FIRST) { nodes { sourceTablename } pageInfo { hasNextPage endCursor } } }",
        { after },
      );
      paged.push(...page.pipelines.nodes.map(({ sourceTablename }) => sourceTablename));
      after = page.pipelines.pageInfo.hasNextPage ? page.pipelines.pageInfo.endCursor : null;
    } while (after !== null);
    expect(paged).toEqual(all);
  });

  it("stages of all runs are listed newest first, by pipeline, state and error", async () => {
    const LOGS = `query ($filter: RunStageLogFilter, $first: Int) { runStageLogs(filter: $filter, first: $first) { totalCount nodes { runId stageOrder status run { sourceTablename } } } }`;
    interface Logs {
      readonly runStageLogs: {
        readonly totalCount: number;
        readonly nodes: readonly { readonly status: string; readonly run: { readonly sourceTablename: string } }[];
      };
    }
    const list = async (filter: object) => (await ask<Logs>(app.url, LOGS, { filter, first: 500 })).runStageLogs;
    const failed = await list({ status: ["FAILED"] });
    expect(failed.totalCount).toBe(failed.nodes.length);
    expect(new Set(failed.nodes.map(({ status }) => status))).toEqual(new Set(["FAILED"]));
    const ofWaits = await list({ sourceTablename: "waits" });
    expect(ofWaits.nodes.map(({ status, run }) => [status, run.sourceTablename])).toEqual([
      ["FAILED", "waits"],
      ["SUCCESS", "waits"],
    ]);
    expect((await list({ errorContains: "Disk Full", sourceTablename: "waits" })).totalCount).toBe(1);
    await using counted = await countStatements(database.url);
    expect((await counted.run(LOGS, { first: 2 })).names).toEqual([
      "runs.by_id",
      "runs.count_stage_logs_of_all",
      "runs.stage_logs_of_all",
    ]);
  });

  it("runsPerPipeline answers the newest runs of each by one statement", async () => {
    const QUERY =
      "query ($names: [String!]!, $first: Int!) { runsPerPipeline(sourceTablenames: $names, first: $first) { sourceTablename runs { sourceTablename } } }";
    await using counted = await countStatements(database.url);
    const { data, names } = await counted.run(QUERY, { names: ["usual", "none", "waits"], first: 2 });
    expect(names).toEqual(["runs.of_pipelines"]);
    expect(data).toEqual({
      runsPerPipeline: [
        { sourceTablename: "usual", runs: [{ sourceTablename: "usual" }, { sourceTablename: "usual" }] },
        { sourceTablename: "none", runs: [] },
        { sourceTablename: "waits", runs: [{ sourceTablename: "waits" }] },
      ],
    });
    expect(await code(QUERY, { names: ["usual"], first: -1 })).toBe("BAD_USER_INPUT");
    expect(await code(QUERY, { names: Array.from({ length: 501 }, () => "x"), first: 1 })).toBe("BAD_USER_INPUT");
    // Each run counts, as below a page.
    expect(await code(QUERY, { names: Array.from({ length: 400 }, () => "x"), first: 400 })).toBe("TOO_COMPLEX");
  });
});
