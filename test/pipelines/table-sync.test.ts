import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runDrivers } from "../../examples/table-sync/drivers.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPipeline, setStages, triggerRun } from "../support/pipelines.ts";
import { until } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let lake: string;
const stop = new AbortController();
let drivers: Promise<void>;
const lines: string[] = [];
let mishap: (stageType: string) => void = () => {};

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, {
    WEIR_SCHEDULER: "off",
    WEIR_SECRET_KEY: Buffer.alloc(32, 9).toString("base64"),
  });
  lake = await mkdtemp(path.join(tmpdir(), "weir-lake-"));
  await setStages(app.url);
  const { hostname: host, port, username: user, password, pathname } = new URL(database.url);
  const creds = { host, port: Number(port), user, password: decodeURIComponent(password), dbname: pathname.slice(1) };
  await ask(
    app.url,
    'mutation ($creds: JSONObject!) { createSource(input: { sourceName: "db", sourceType: "postgres", sourceCreds: $creds }) { id } }',
    { creds },
  );
  await ask(
    app.url,
    'mutation ($creds: JSONObject!) { createDestination(input: { destinationName: "db", destinationType: "postgres", destinationCreds: $creds }) { id } }',
    { creds },
  );
  drivers = runDrivers({
    weir: app.url,
    lake,
    signal: stop.signal,
    print: (line) => lines.push(line),
    beforeStage: (type) => mishap(type),
  });
});
afterAll(async () => {
  stop.abort();
  await drivers;
  await app.stop();
  await database[Symbol.asyncDispose]();
  await rm(lake, { recursive: true });
});

const RUN = `query ($id: ID!) { run(id: $id) { status errorMessage rowsProcessed stages { stageName log { status rowsProcessed filePaths } }
  pipeline { sourceToDl { lastIncrementalValue } } } }`;
interface Run {
  status: string;
  errorMessage: string | null;
  stages: { log: { status: string; rowsProcessed: number | null; filePaths: string[] } | null }[];
  pipeline: { sourceToDl: { lastIncrementalValue: string | null } };
}
/** The run once it has ended. */
async function ended(id: string): Promise<Run> {
  const read = () => ask<{ run: Run }>(app.url, RUN, { id });
  return (await until(read, ({ run }) => run.status !== "PENDING" && run.status !== "RUNNING")).run;
}
const both = { sourceName: "db", destinationName: "db" };

it("moves rows from source to sink through files, whatever is in them, more than one file holds", async () => {
  await database.sql.unsafe(`create schema src; create schema "odd ""schema"""`);
  await database.sql.unsafe(
    `create table src.everything (id bigint primary key, "odd ""name""" text, at timestamptz, amount numeric(30, 10), tags text[], doc jsonb, raw bytea, flag boolean)`,
  );
  await database.sql`insert into src.everything select i, case i % 4 when 0 then null when 1 then E'tab\t newline\n back\\slash "quote" \\. end' when 2 then 'ünïcödé 🦊' else '' end,
    '2024-01-15T08:00:00.123456+05:30'::timestamptz + i * interval '1 microsecond', i / 3.0, array['a,b', null, i::text], jsonb_build_object('n', i, 'deep', array[1, null]), decode('00ff', 'hex'), i % 2 = 0
    from generate_series(1, 12345) i`;
  await createPipeline(app.url, "src.everything", { ...both, sinkTablename: 'odd "schema".copy' });
  const run = await ended(await triggerRun(app.url, "src.everything"));
  expect(run).toMatchObject({ status: "SUCCESS", errorMessage: null });
  expect(run.stages[1]?.log?.filePaths.map((file) => path.basename(file))).toEqual([
    "manifest.json",
    "part-0.ndjson.gz",
    "part-1.ndjson.gz",
  ]);
  expect(run.stages.map(({ log }) => log?.rowsProcessed)).toEqual([null, 12_345, 12_345, null, 12_345]);
  const difference =
    await database.sql.unsafe(`(select * from src.everything except select * from "odd ""schema""".copy)
    union all (select * from "odd ""schema""".copy except select * from src.everything)`);
  expect(difference).toEqual([]);
  // A full load replaces what is there.
  await database.sql`delete from src.everything where id > 10`;
  expect(await ended(await triggerRun(app.url, "src.everything"))).toMatchObject({ status: "SUCCESS" });
  expect(await database.sql.unsafe(`select count(*)::int as n from "odd ""schema""".copy`)).toEqual([{ n: 10 }]);
});

it("loads incrementally by watermark, to the microsecond, and replaces rows that changed", async () => {
  await database.sql`create table public.orders (id bigint primary key, note text, updated_at timestamptz)`;
  await database.sql`insert into public.orders select i, 'old', '2024-01-15T08:00:00Z'::timestamptz + i * interval '1 microsecond' from generate_series(1, 100) i`;
  const leg = { loadType: "INCREMENTAL", incrementalKey: "updated_at" };
  await createPipeline(app.url, "public.orders", {
    ...both,
    sinkTablename: "dw.orders",
    sourceToDl: leg,
    dlToSink: leg,
  });
  const rows = async () =>
    (await ended(await triggerRun(app.url, "public.orders"))).stages.map(({ log }) => log?.rowsProcessed)[1];
  expect(await rows()).toBe(100);
  expect(await rows()).toBe(0);
  await database.sql`update public.orders set note = 'new', updated_at = '2024-01-15T08:00:00.000101Z' where id = 7`;
  expect(await rows()).toBe(1);
  const last = await ended(await triggerRun(app.url, "public.orders"));
  expect(last.pipeline.sourceToDl.lastIncrementalValue).toBe("2024-01-15 08:00:00.000101+00");
  expect(await database.sql`select note, count(*)::int as n from dw.orders group by note order by note`).toEqual([
    { note: "new", n: 1 },
    { note: "old", n: 99 },
  ]);
});

it("puts no part of a table in the place of the whole", async () => {
  await database.sql`create table public.parts as select i::bigint as id from generate_series(1, 10) i`;
  await createPipeline(app.url, "public.parts", {
    ...both,
    sinkTablename: "dw.parts",
    sourceToDl: { loadType: "INCREMENTAL", incrementalKey: "id" },
  });
  await ended(await triggerRun(app.url, "public.parts"));
  await database.sql`insert into public.parts values (11), (12)`;
  expect(await ended(await triggerRun(app.url, "public.parts"))).toMatchObject({ status: "SUCCESS" });
  expect(await database.sql`select count(*)::int as n from dw.parts`).toEqual([{ n: 12 }]);
});

it("fails a run whose files were changed, whose table is not there, or whose pipeline names no source", async () => {
  await database.sql`create table public.checked as select i as id from generate_series(1, 10) i`;
  await createPipeline(app.url, "public.checked", both);
  mishap = (type) => {
    if (type !== "verify_minio") return;
    mishap = () => {};
    throw new Error("the lake is away");
  };
  const away = await triggerRun(app.url, "public.checked");
  expect(await ended(away)).toMatchObject({ status: "FAILED", errorMessage: "the lake is away" });

  const [folder = ""] = await readdir(path.join(lake, "public.checked"));
  const manifest = path.join(lake, "public.checked", folder, "manifest.json");
  const text = await readFile(manifest, "utf8");
  await writeFile(manifest, text.replace('"rows": 10', '"rows": 11'));
  const retry = "mutation ($id: ID!) { retryRun(id: $id) { id } }";
  const again = async (id: string) =>
    ended((await ask<{ retryRun: { id: string } }>(app.url, retry, { id })).retryRun.id);
  expect(await again(away)).toMatchObject({
    status: "FAILED",
    errorMessage: "part-0.ndjson.gz has 10 rows, and was written with 11",
  });
  await writeFile(manifest, text.replace(/"sha256": "./, '"sha256": "x'));
  expect((await again(away)).errorMessage).toContain("checksum");
  await writeFile(manifest, text);
  // From the files that the failed run had extracted.
  const retried = await again(away);
  expect(retried).toMatchObject({ status: "SUCCESS" });
  expect(retried.stages.map(({ log }) => log?.rowsProcessed)).toEqual([undefined, undefined, 10, null, 10]);

  await createPipeline(app.url, "public.nowhere", both);
  expect((await ended(await triggerRun(app.url, "public.nowhere"))).errorMessage).toContain("no table");
  await createPipeline(app.url, "public.unconnected");
  expect((await ended(await triggerRun(app.url, "public.unconnected"))).errorMessage).toContain("names no source");
});
