import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { expect, it } from "vitest";
import { createTestDatabase, serverUrl } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import { environmentOfRun } from "../support/run-folder.ts";
import { post } from "../support/service.ts";

const PROMETHEUS = "/usr/bin/prometheus";
const hasPrometheus = existsSync(PROMETHEUS);
if (!hasPrometheus) console.log(`alerts.test.ts: skipped what needs ${PROMETHEUS}`);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const NAMES = /\b(?:weir|nodejs|process)_[a-z0-9_]+\b/g;
/** What is asked for and nothing tells. A histogram's name is told with `_bucket` and `_count`. */
function missing(asked: string, told: string): readonly string[] {
  const known = new Set(told.match(NAMES));
  return [...new Set(asked.match(NAMES))].filter((name) => !known.has(name));
}

it("alerts and the dashboard ask for nothing that the service does not tell", async () => {
  await using database = await createTestDatabase();
  await using service = await spawnService({ DATABASE_URL: database.url, WEIR_METRICS_PORT: "0" });
  const url = /"url":"([^"]+metrics)"/.exec(service.lines.join("\n"))?.[1] ?? "";
  await fetch(service.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"query":"mutation { recordFileStatus(input: { filePath: \\"/a\\", type: LOG, status: PARSED }) { id } }"}',
  });
  // Node tells of its event loop after a while.
  const told = await metricsOf(url);
  const rules = await readFile("deploy/prometheus/weir.rules.yml", "utf8");
  const dashboard = JSON.parse(await readFile("deploy/grafana/weir.json", "utf8")) as {
    panels: { targets: { expr: string }[] }[];
  };
  const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(asked.length).toBeGreaterThan(10);
  expect(missing([rules, ...asked].join("\n"), told)).toEqual([]);
});

it.runIf(hasPrometheus)(
  "alerts fire in Prometheus when connections are exhausted, when the database is away, and when the service is",
  async () => {
    execFileSync("/usr/bin/promtool", ["check", "config", "deploy/prometheus/prometheus.yml"], { stdio: "pipe" });
    const folder = await mkdtemp(path.join(os.tmpdir(), "weir-prometheus-"));
    await using database = await createTestDatabase();
    const name = new URL(database.url).pathname.slice(1);
    const port = await freePort();
    const service = await spawnService({
      DATABASE_URL: database.url,
      WEIR_METRICS_PORT: String(await freePort()),
      WEIR_DATABASE_CONNECTIONS: "1",
    });
    const target = new URL(/"url":"([^"]+metrics)"/.exec(service.lines.join("\n"))?.[1] ?? "").host;
    const rules = await readFile("deploy/prometheus/weir.rules.yml", "utf8");
    // The same rules, but that they do not wait for minutes.
    await writeFile(
      path.join(folder, "weir.rules.yml"),
      rules.replaceAll(/for: \w+/g, "for: 0s").replace("[1m]) > 0", "[1s]) > 0"),
    );
    const config = await readFile("deploy/prometheus/prometheus.yml", "utf8");
    await writeFile(
      path.join(folder, "prometheus.yml"),
      config.replaceAll("10s", "200ms").replace("127.0.0.1:9464", target),
    );
    const prometheus = spawn(
      PROMETHEUS,
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore", env: { PATH: process.env["PATH"], ...environmentOfRun() } },
    );
    const ended = once(prometheus, "exit");
    const admin = postgres(serverUrl(), { max: 1, onnotice() {} });
    const firing = async (): Promise<string[]> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/alerts`).catch(() => undefined);
      if (response?.ok !== true) return [];
      const { data } = (await response.json()) as {
        data: { alerts: { labels: { alertname: string }; state: string }[] };
      };
      return data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname);
    };
    const untilFiring = async (alert: string, isFiring = true) => {
      for (let tries = 0; (await firing()).includes(alert) !== isFiring; tries += 1) {
        if (tries === 200) throw new Error(`${alert} does not change: ${(await firing()).join(", ")}`);
        await sleep(100);
      }
    };
    try {
      // It scrapes: the series are there, and nothing is wrong.
      for (let tries = 0; ; tries += 1) {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=weir_feed_live`).catch(
          () => undefined,
        );
        if (response?.ok === true && (await response.text()).includes('"1"')) break;
        if (tries === 200) throw new Error("Prometheus does not scrape");
        await sleep(100);
      }
      expect((await firing()).filter((alert) => /Down|Unreachable|Stalled|Exhausted|Partitions/.test(alert))).toEqual(
        [],
      );
      await database.sql.begin(async (held) => {
        await held`lock table ingest.file_statuses in access exclusive mode`;
        for (let n = 0; n < 3; n += 1) void post(service.url, "{ fileStatuses { totalCount } }");
        await untilFiring("WeirConnectionsExhausted");
      });
      await untilFiring("WeirConnectionsExhausted", false);
      await admin`alter database ${admin(name)} allow_connections false`;
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
      await untilFiring("WeirDatabaseUnreachable");
      await untilFiring("WeirFeedStalled");
      await admin`alter database ${admin(name)} allow_connections true`;
      await untilFiring("WeirDatabaseUnreachable", false);
      await service[Symbol.asyncDispose]();
      await untilFiring("WeirDown");
    } finally {
      await admin`alter database ${admin(name)} allow_connections true`;
      await admin.end();
      await service[Symbol.asyncDispose]();
      prometheus.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    }
  },
);
