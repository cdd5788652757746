import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { asService, writeInTransaction } from "../../src/resolvers/transactions.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, startService } from "../support/service.ts";
import { type CountedStatements, countStatements } from "../support/statements.ts";

/** The texts that the pool's one session keeps prepared, without this question. */
async function preparedIn({ sql: session }: Database): Promise<readonly string[]> {
  const rows = await session.unsafe<{ statement: string }[]>("select statement from pg_prepared_statements");
  return rows.map(({ statement }) => statement);
}

/** Operations of drivers, workers and frontends that are sent all the time. */
async function runHotOperations(counted: CountedStatements): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  async function note<Data>(query: string, variables: object = {}): Promise<Data> {
    const answer = await counted.run(query, variables);
    for (const name of answer.names) names.add(name);
    return answer.data as Data;
  }
  await note(`mutation { setPipelineStages(pipelineName: "default", stages: [
    { stageOrder: 1, stageName: "one", stageType: "one", driverContainer: "driver" }]) { id } }`);
  await note('mutation { createPipeline(input: { sourceTablename: "public.orders" }) { sourceTablename } }');
  const { createFile } = await note<{ createFile: { id: string } }>(
    'mutation { createFile(input: { filehash: "abc" }) { id } }',
  );
  names.clear();
  await note('mutation { triggerRun(sourceTablename: "public.orders") { id } }');
  const { claimStage } = await note<{ claimStage: { runId: string } }>(
    'mutation { claimStage(driverContainer: "driver", worker: "w", leaseSeconds: 60) { runId } }',
  );
  const run1 = { run: claimStage.runId };
  await note(
    'mutation ($run: ID!) { heartbeatStage(runId: $run, stageOrder: 1, worker: "w", leaseSeconds: 60) { worker } }',
    run1,
  );
  await note('mutation ($run: ID!) { completeStage(runId: $run, stageOrder: 1, worker: "w") { status } }', run1);
  for (const status of ["IN_PROGRESS", "SUCCESS"]) {
    await note(
      "mutation ($input: UpdateStepStatusInput!) { updateStepStatus(input: $input, idempotencyKey: null) { status } }",
      { input: { fileId: createFile.id, stepName: "ocr", status } },
    );
  }
  for (const key of [null, "once"]) {
    await note(
      `mutation ($key: String) {
        recordFileStatus(input: { filePath: "/a", type: HL7, status: STAGED }, idempotencyKey: $key) { id } }`,
      { key },
    );
  }
  await note("{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } totalCount } }");
  await note("{ fileStatuses(first: 50, filter: { status: [STAGED] }) { nodes { id } pageInfo { endCursor } } }");
  await note("{ files(first: 50) { nodes { id overallStatus { totalSteps } steps { id } } } }");
  await note(
    "{ pipelines(first: 50) { nodes { sourceTablename latestRun { id stages { stageName } } runs(first: 5) { nodes { id } } } } }",
  );
  return names;
}

describe("statements", () => {
  it("that run all the time are prepared", async () => {
    await using database = await createTestDatabase();
    await using counted = await countStatements(database.url);
    const ran = await runHotOperations(counted);
    const prepared = (await preparedIn(counted.database)).map((text) => /\/\*\s*(.*?)\s*\*\//.exec(text)?.[1] ?? text);
    expect(ran.size).toBeGreaterThan(15);
    // It has no parameters, and is not parsed as a query.
    expect([...ran].filter((name) => !prepared.includes(name) && name !== "begin ")).toEqual([]);
  });

  it("are kept prepared in a bounded number, those that were used last; one that is very long is not", async () => {
    await using database = await createTestDatabase({ max: 1 });
    const { db } = database;
    const often = () => db.execute(sql`/* often */ select ${1}::integer as n`);
    const oftenName = () =>
      database.sql.unsafe("select name from pg_prepared_statements where statement like '/* often%'");
    await often();
    const firstName = await oftenName();
    for (let at = 0; at < 400; at += 1) {
      await Promise.all([often(), db.execute(sql`${sql.raw(`/* rare ${at} */`)} select ${at}::integer as n`)]);
    }
    await db.execute(sql`${sql.raw(`/* long ${"x".repeat(20_000)} */`)} select ${1}::integer`);
    // Two of one text at once, without parameters, which the driver sends without waiting.
    await Promise.all([database.sql`select 1 as same`, database.sql`select 1 as same`]);
    await often();
    const texts = await preparedIn(database);
    expect(texts).toHaveLength(150);
    expect(firstName).toHaveLength(1);
    expect(await oftenName()).toEqual(firstName);
    expect(texts.filter((text) => text.endsWith("as same"))).toHaveLength(1);
    expect(texts.filter((text) => text.startsWith("/* rare 399"))).toHaveLength(1);
    expect(texts.filter((text) => text.startsWith("/* long"))).toEqual([]);
  });

  it("answer what a migration made of their table, with the parameters as they were given", async () => {
    await using database = await createTestDatabase();
    await using session = openDatabase(database.url, { max: 1 });
    await database.sql.unsafe("create table public.kept (id integer); insert into public.kept values (1)");
    const read = () =>
      session.sql`select *, ${true}::boolean as yes, ${session.sql.json({ a: 1 })}::jsonb as json from public.kept`;
    const write = () =>
      writeInTransaction(asService({ database: session, feed: { ring() {} } }), null, async (tx) => {
        const rows: unknown[] = [];
        // More than a transaction is tried.
        for (let at = 0; at < 6; at += 1) {
          rows.push(...(await tx.execute(sql`${sql.raw(`/* ${at} */`)} select *, ${"x"}::text as x from public.kept`)));
        }
        return JSON.stringify(rows);
      });
    expect(await read()).toEqual([{ id: 1, yes: true, json: { a: 1 } }]);
    expect(await write()).toBe(JSON.stringify(Array.from({ length: 6 }, () => ({ id: 1, x: "x" }))));
    await database.sql.unsafe("alter table public.kept add column added text");
    expect(await read()).toEqual([{ id: 1, added: null, yes: true, json: { a: 1 } }]);
    await write();
    await database.sql.unsafe("alter table public.kept add column more text");
    expect(await write()).toBe(
      JSON.stringify(Array.from({ length: 6 }, () => ({ id: 1, added: null, more: null, x: "x" }))),
    );
  });

  it("are none of them prepared with WEIR_PREPARED=off", async () => {
    await using database = await createTestDatabase();
    for (const [setting, isPrepared] of [
      ["on", true],
      ["off", false],
    ] as const) {
      const settings = { WEIR_PREPARED: setting, WEIR_DATABASE_CONNECTIONS: "1", WEIR_SCHEDULER: "off" };
      await using app = await startService(database.url, settings);
      await ask(app.url, "{ fileStatuses(first: 5) { nodes { id } } }");
      await ask(app.url, 'mutation { createFile(input: { filehash: "h" }) { id } }');
      expect((await preparedIn(app.services.database)).length > 0).toBe(isPrepared);
    }
  });

  it("that are read by a cursor may be left before their end", async () => {
    await using database = await createTestDatabase({ max: 1 });
    const numbers = () => database.sql<{ n: number }[]>`select n from generate_series(1, ${10}::integer) n`.cursor(3);
    for (const _ of [1, 2]) {
      for await (const rows of numbers()) {
        expect(rows.map(({ n }) => n)).toEqual([1, 2, 3]);
        break;
      }
    }
    expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
  });
});
