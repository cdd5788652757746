import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { COMPLETE, createPipeline, STAGES, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
  const stages = STAGES.slice(1, 2).map((stage) => ({ ...stage, stageOrder: 1, driverContainer: "driver" }));
  await setStages(app.url, stages);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const CLAIMS = `mutation ($worker: String!, $limit: Int! = 10) {
  claimStages(driverContainer: "driver", worker: $worker, limit: $limit) { runId stageOrder worker leaseExpiresAt run { status } } }`;
interface Claims {
  claimStages: { runId: string; worker: string; run: { status: string } }[];
}

async function runsOf(names: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of names) {
    await createPipeline(app.url, name);
    ids.push(await triggerRun(app.url, name));
  }
  return ids;
}

it("a driver takes several stages at once, those of the oldest runs first, and no two drivers the same", async () => {
  const runs = await runsOf(Array.from({ length: 30 }, (_, at) => `many_${at}`));
  const { claimStages: first } = await ask<Claims>(app.url, CLAIMS, { worker: "first", limit: 4 });
  expect(first.map(({ runId }) => runId)).toEqual(runs.slice(0, 4));
  expect(first.every(({ worker, run }) => worker === "first" && run.status === "RUNNING")).toBe(true);
  const claims = await Promise.all(
    Array.from({ length: 10 }, (_, at) => ask<Claims>(app.url, CLAIMS, { worker: `w${at}`, limit: 3 })),
  );
  expect(claims.every(({ claimStages }) => claimStages.length <= 3)).toBe(true);
  for (const [at, { claimStages }] of claims.entries()) {
    expect(claimStages.every(({ worker }) => worker === `w${at}`)).toBe(true);
  }
  const taken = claims.flatMap(({ claimStages }) => claimStages.map(({ runId }) => runId));
  expect(taken.toSorted()).toEqual(runs.slice(4).toSorted());
  expect((await ask<Claims>(app.url, CLAIMS, { worker: "late" })).claimStages).toEqual([]);
  const refused = await post(app.url, CLAIMS, { worker: "greedy", limit: 101 });
  expect(refused.errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
});

it("completions that come together are each answered, and those that are not allowed fail alone", async () => {
  const runs = await runsOf(Array.from({ length: 20 }, (_, at) => `together_${at}`));
  await ask(app.url, CLAIMS, { worker: "a", limit: 20 });
  const unknown = ["999999"];
  const answers = await Promise.all(
    [...runs, ...unknown, ...runs].map((run, at) => post(app.url, COMPLETE, { run, stage: at === 5 ? 9 : 1 })),
  );
  const codes = answers.map(({ errors }): string => errors?.[0]?.extensions.code ?? "done");
  // The repeated ones are answered as they are.
  const done = runs.map(() => "done");
  expect(codes).toEqual([...done.with(5, "NOT_FOUND"), "NOT_FOUND", ...done]);
  // Each is told of the end, not of what was before it.
  const states = answers.flatMap(({ data }) => (data == null ? [] : [JSON.stringify(data)]));
  expect(states.filter((state) => !state.includes('"SUCCESS"'))).toEqual([]);
  const ended = await database.sql`select count(*)::int as n from pipeline.pipeline_runs_master
    where id in ${database.sql(runs.map(Number))} and status = 'success' and completed_at is not null`;
  expect(ended[0]?.["n"]).toBe(20);
  const changes = await database.sql`select key, count(*)::int as n from weir.change
    where topic = 'RUN' and key in ${database.sql(runs)} group by key having count(*) <> 3`;
  // Asked for, begun, ended: each once.
  expect(changes).toEqual([]);
});

it("runs of one pipeline that end in one statement leave it the furthest of their watermarks", async () => {
  await createPipeline(app.url, "parallel");
  const [one, two] = [await triggerRun(app.url, "parallel"), await triggerParallel("parallel")];
  await ask(app.url, CLAIMS, { worker: "a", limit: 2 });
  await Promise.all(
    [
      { run: one, value: "20" },
      { run: two, value: "10" },
    ].map(({ run, value }) => ask(app.url, COMPLETE, { run, stage: 1, input: { incrementalValue: value } })),
  );
  expect(await watermarkOf("parallel")).toBe("20");
  // By SQL, whichever of them ended last.
  await database.sql`insert into pipeline.pipeline_runs_master (source_tablename, status, completed_at, source_to_dl_incremental_value)
    values ('parallel', 'success', now() + interval '1 second', '40'), ('parallel', 'success', now() + interval '2 seconds', '30')`;
  expect(await watermarkOf("parallel")).toBe("40");
});

it("a lone driver's claim and completion are a statement each", async () => {
  await runsOf(["lone"]);
  await using counted = await countStatements(database.url);
  const claim = await counted.run(CLAIMS, { worker: "a", limit: 1 });
  expect(claim.names).toEqual(["runs.claim_stages"]);
  const { claimStages } = claim.data as Claims;
  const done = await counted.run(COMPLETE, { run: claimStages[0]?.runId, stage: 1 });
  expect(done.names).toEqual(["runs.move_stages"]);
});

it("moves of one run that come together are statements of their own, in their order", async () => {
  const [run] = await runsOf(["ordered"]);
  await ask(app.url, CLAIMS, { worker: "a", limit: 1 });
  await using counted = await countStatements(database.url);
  const answers = await Promise.all([1, 2].map(() => counted.run(COMPLETE, { run, stage: 1 })));
  expect(answers.map(({ data }) => data)).toEqual(
    [1, 2].map(() => ({ completeStage: expect.objectContaining({ status: "SUCCESS" }) })),
  );
  expect(answers[1]?.names).toEqual(["runs.move_stages", "runs.move_stages"]);
});

it("drivers are told of stages that wait for them, those that wait already first, without asking", async () => {
  const [early] = await runsOf(["early"]);
  const WAITING = `subscription ($container: String!) {
    stageWaiting(driverContainer: $container, snapshot: true) { operation stageOrder run { id status } } }`;
  interface Told {
    readonly operation: string;
    readonly run: { readonly id: string };
  }
  const { client } = connect(app.url);
  const told = collect<Told>(client, WAITING, { container: "driver" });
  const others = collect(client, WAITING, { container: "another" });
  await told.until((items) => items.length === 1);
  const [late] = await runsOf(["late"]);
  await told.until((items) => items.length === 2);
  // Begun and ended: they wait no more, and nothing is told.
  for (const run of [early, late]) {
    await ask(app.url, CLAIMS, { worker: "a", limit: 1 });
    await ask(app.url, COMPLETE, { run, stage: 1 });
  }
  const [last] = await runsOf(["last"]);
  await told.until((items) => items.length === 3);
  expect(told.items.map(({ operation, run }) => `${operation} ${run.id}`)).toEqual([
    `SNAPSHOT ${early}`,
    `INSERT ${late}`,
    `INSERT ${last}`,
  ]);
  expect(others.items).toEqual([]);
  await client.dispose();
});

async function triggerParallel(name: string): Promise<string> {
  const { triggerRun: run } = await ask<{ triggerRun: { id: string } }>(
    app.url,
    "mutation ($name: String!) { triggerRun(sourceTablename: $name, allowParallel: true) { id } }",
    { name },
  );
  return run.id;
}

async function watermarkOf(name: string): Promise<unknown> {
  const [row] = await database.sql`select source_to_dl_last_incremental_value as value from pipeline.pipeline_config
    where source_tablename = ${name}`;
  return row?.["value"];
}
