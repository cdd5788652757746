import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createLog } from "../../src/server/log.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

const RECORD = 'mutation { recordFileStatus(input: { filePath: "/m", type: LOG, status: PARSED }) { id } }';

let database: TestDatabase;
let app: App;
let metricsUrl = "";
beforeAll(async () => {
  database = await createTestDatabase();
  ({ app, metricsUrl } = await startMeasured());
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

async function startMeasured(settings: Readonly<Record<string, string>> = {}) {
  let url = "";
  const log = pino(
    { level: "info" },
    {
      write(line: string) {
        const told = JSON.parse(line);
        if (told.msg === "Weir's metrics are served") url = told.url;
      },
    },
  );
  const started = await startService(database.url, { WEIR_METRICS_PORT: "0", WEIR_SCHEDULER: "off", ...settings }, log);
  return { app: started, metricsUrl: url, [Symbol.asyncDispose]: () => started.stop() };
}

/** The value of a series as Prometheus reads it; undefined when there is none. */
async function series(name: string, url: string = metricsUrl): Promise<number | undefined> {
  const text = await (await fetch(url)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

async function untilSeries(name: string, value: number): Promise<void> {
  for (let tries = 0; (await series(name)) !== value; tries += 1) {
    if (tries === 100) throw new Error(`${name} is ${await series(name)}, not ${value}`);
    await sleep(50);
  }
}

const count = (labels: string) => `weir_operation_seconds_count{${labels}}`;

it("counts operations by name, kind and code", async () => {
  await ask(app.url, "query Nothing { __typename }");
  await ask(app.url, "query Nothing { __typename }");
  await post(app.url, "query Bad { fileStatuses(first: -1) { nodes { id } } }");
  await post(app.url, "query Unknown { noSuchField }");
  expect(await series(count('name="Nothing",kind="query",code="OK"'))).toBe(2);
  expect(await series(count('name="Bad",kind="query",code="BAD_USER_INPUT"'))).toBe(1);
  expect(await series(count('name="",kind="refused",code="GRAPHQL_VALIDATION_FAILED"'))).toBe(1);
});

it("keeps no more series than it has names for, however many clients make up", async () => {
  for (let n = 0; n < 210; n += 1) await ask(app.url, `query Made${n} { __typename }`);
  expect(await series(count('name="other",kind="query",code="OK"'))).toBeGreaterThan(5);
});

it("tells of the feed and of subscribers", async () => {
  const { client } = connect(app.url);
  const changes = collect(client, "subscription { changes { key } }");
  await untilSeries('weir_subscribers{state="live"}', 1);
  expect(await series("weir_websockets")).toBe(1);
  await ask(app.url, RECORD);
  await changes.until((items) => items.length > 0);
  expect(await series("weir_changes_total")).toBeGreaterThan(0);
  expect(await series("weir_feed_lag_seconds_count")).toBeGreaterThan(0);
  expect(await series("weir_feed_live")).toBe(1);
  expect(await series("weir_feed_ring_bytes")).toBeGreaterThan(0);
  changes.stop();
  await untilSeries('weir_subscribers{state="live"}', 0);
  await untilSeries('weir_subscribers{state="catching_up"}', 0);
  await client.dispose();
});

it("tells how long a change takes from the feed to the sockets", async () => {
  const { client } = connect(app.url);
  const changes = collect(client, "subscription { changes { key } }");
  await untilSeries('weir_subscribers{state="live"}', 1);
  const before = (await series("weir_delivery_seconds_count")) ?? 0;
  await ask(app.url, RECORD);
  await changes.until((items) => items.length > 0);
  expect(await series("weir_delivery_seconds_count")).toBeGreaterThan(before);
  changes.stop();
  await client.dispose();
});

it("counts statements by name, and how many writes went as one", async () => {
  const statements = async () => (await series('weir_statements_total{name="ingest.record_file_statuses"}')) ?? 0;
  const writes = async () => (await series('weir_coalesced_writes_sum{kind="file_statuses"}')) ?? 0;
  const batches = async () => (await series('weir_coalesced_writes_count{kind="file_statuses"}')) ?? 0;
  const before = { statements: await statements(), writes: await writes(), batches: await batches() };
  await Promise.all(Array.from({ length: 30 }, () => ask(app.url, RECORD)));
  expect((await writes()) - before.writes).toBe(30);
  expect((await batches()) - before.batches).toBeLessThan(30);
  expect((await statements()) - before.statements).toBe((await batches()) - before.batches);
  expect(await series("weir_statement_seconds_count")).toBeGreaterThan(0);
});

it("tells who waits for a connection, and for how long", async () => {
  await using narrow = await startMeasured({ WEIR_DATABASE_CONNECTIONS: "1" });
  const release = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  const held = narrow.app.services.database.sql.begin(() => {
    isHeld.resolve();
    return release.promise;
  });
  await isHeld.promise;
  const asked = Promise.all([1, 2, 3].map(() => ask(narrow.app.url, "{ fileStatuses { totalCount } }")));
  // Upkeep may wait as well.
  while (((await series("weir_pool_waiting", narrow.metricsUrl)) ?? 0) < 3) await sleep(20);
  const before = (await series("weir_pool_wait_seconds_count", narrow.metricsUrl)) ?? 0;
  const slow = async () =>
    ((await series("weir_pool_wait_seconds_count", narrow.metricsUrl)) ?? 0) -
    ((await series('weir_pool_wait_seconds_bucket{le="0.01"}', narrow.metricsUrl)) ?? 0);
  const slowBefore = await slow();
  release.resolve();
  await held;
  await asked;
  expect(await series("weir_pool_wait_seconds_count", narrow.metricsUrl)).toBeGreaterThanOrEqual(before + 3);
  expect((await slow()) - slowBefore).toBeGreaterThanOrEqual(3);
  // What fails before it has a connection waits no more.
  narrow.app.services.database.suspend();
  await post(narrow.app.url, "{ fileStatuses { totalCount } }");
  narrow.app.services.database.resume();
  while ((await series("weir_pool_waiting", narrow.metricsUrl)) !== 0) await sleep(20);
});

it("tells what the database knows", async () => {
  expect(await series("weir_database_up")).toBe(1);
  expect(await series("weir_partitions_ahead_days")).toBe(3);
  expect(await series('weir_state{what="unsettled"}')).toBe(0);
  await database.sql`insert into pipeline.pipeline_config (source_tablename, source_to_dl_schedule, dl_to_sink_schedule, created_at)
    values ('late', 1, 1, now() - interval '1 day')`;
  await untilSeries('weir_state{what="pipelines_overdue"}', 1);
});

it("serves nothing else, and no metrics without the setting", async () => {
  expect((await fetch(metricsUrl.replace("/metrics", "/graphql"))).status).toBe(404);
  await using other = await startService(database.url, {}, createLog("silent"));
  expect((await fetch(other.url.replace("/graphql", "/metrics"))).status).toBe(404);
});
