import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createLog } from "../../src/server/log.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let metricsUrl = "";
beforeAll(async () => {
  database = await createTestDatabase();
  const log = pino(
    { level: "info" },
    {
      write(line: string) {
        const { msg, url } = JSON.parse(line);
        if (msg === "Weir's metrics are served") metricsUrl = url;
      },
    },
  );
  app = await startService(database.url, { WEIR_METRICS_PORT: "0", WEIR_SCHEDULER: "off" }, log);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

/** The value of a series as Prometheus reads it; undefined when there is none. */
async function series(name: string): Promise<number | undefined> {
  const text = await (await fetch(metricsUrl)).text();
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
  await ask(app.url, 'mutation { recordFileStatus(input: { filePath: "/m", type: LOG, status: PARSED }) { id } }');
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
