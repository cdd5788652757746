import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Histogram, Registry } from "prom-client";
import type { Database } from "../../db/client.ts";
import type { Feed } from "../../feed/feed.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import type { Operations } from "../operation.ts";
import { outcomeOf } from "../present.ts";
import { readState, type State } from "../state.ts";
import type { Fanout } from "../subscriptions/fanout.ts";
import { createWorkMetrics, type WorkMetrics } from "./work-metrics.ts";

/** Seconds: from a small query to the statement timeout. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Names of operations that are told apart. Clients choose them, and each is a series that is kept for ever. */
const MOST_NAMES = 200;

/** What the metrics tell of. */
export interface Observed {
  readonly feed: Feed;
  readonly fanout: Fanout;
  readonly database: Database;
  /** Open WebSockets. */
  readonly sockets: { readonly count: number };
  readonly log: Logger;
}

export interface Metrics {
  /** For the parts of the service that tell of their work. */
  readonly work: WorkMetrics;
  /** The same operations, each of which is counted and timed. */
  measured(operations: Operations): Operations;
  /** Serves `/metrics` on an address of its own, which needs no token: it is for the machine's or the cluster's Prometheus. */
  serve(observed: Observed, address: MetricsAddress): Promise<MetricsServer>;
}

type MetricsAddress = Pick<Config, "WEIR_METRICS_HOST" | "WEIR_METRICS_PORT">;

interface MetricsServer extends AsyncDisposable {
  readonly url: string;
}

/** Loads prom-client, which a service without metrics does not need. */
export async function createMetrics(): Promise<Metrics> {
  const { Histogram, Registry, collectDefaultMetrics } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const operationSeconds = new Histogram({
    name: "weir_operation_seconds",
    help: "How long operations took; of subscriptions, how long until they were accepted. The code is that of the first error, or OK.",
    labelNames: ["name", "kind", "code"],
    buckets: BUCKETS,
    registers: [registry],
  });
  const work = await createWorkMetrics(registry, BUCKETS);
  return {
    work,
    measured: (operations) => measure(operations, operationSeconds),
    async serve(observed, { WEIR_METRICS_HOST: host, WEIR_METRICS_PORT: port = 0 }) {
      await observe(registry, observed);
      return serveRegistry(registry, observed.log, host, port);
    },
  };
}

function measure(operations: Operations, seconds: Histogram<"name" | "kind" | "code">): Operations {
  const names = new Set<string>();
  const labelOf = (name: string) => {
    if (names.size < MOST_NAMES) names.add(name);
    return names.has(name) ? name : "other";
  };
  const timed = async <Result extends object>(name: string | undefined, kind: string, run: () => Promise<Result>) => {
    const start = performance.now();
    const result = await run();
    const code = outcomeOf(result);
    seconds.observe({ name: labelOf(name ?? ""), kind, code }, (performance.now() - start) / 1_000);
    return result;
  };
  return {
    turn: (params) => operations.turn(params),
    presentError: (error) => operations.presentError(error),
    formsOf: (result) => operations.formsOf(result),
    prepare(params) {
      const operation = operations.prepare(params);
      if ("errors" in operation) seconds.observe({ name: "", kind: "refused", code: outcomeOf(operation) }, 0);
      return operation;
    },
    execute: (operation, viewer) =>
      timed(operation.node.name?.value, operation.node.operation, () => operations.execute(operation, viewer)),
    subscribe: (operation, viewer) =>
      timed(operation.node.name?.value, "subscription", () => operations.subscribe(operation, viewer)),
  };
}

async function observe(registry: Registry, { feed, fanout, database, sockets, log }: Observed) {
  const { Counter, Gauge, Histogram } = await import("prom-client");
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const { hub } = feed.tail;
  gauge("weir_feed_live", "1 while the feed sees the database's changes, else 0.", () => Number(feed.isLive));
  gauge(
    "weir_feed_ring_bytes",
    "Bytes of changes that are remembered for subscribers who are a little behind.",
    () => hub.bytes,
  );
  gauge("weir_subscription_groups", "Groups of subscriptions that are executed as one.", () => fanout.groups);
  gauge("weir_websockets", "Open WebSockets.", () => sockets.count);
  const subscribers = new Gauge({
    name: "weir_subscribers",
    help: "Subscriptions over WebSocket: live, or reading the log because they catch up or do not keep up.",
    labelNames: ["state"],
    registers,
    collect() {
      this.set({ state: "live" }, fanout.live);
      this.set({ state: "catching_up" }, fanout.subscriptions - fanout.live);
    },
  });
  subscribers.set({ state: "live" }, 0);
  const changes = new Counter({ name: "weir_changes_total", help: "Changes that the feed has seen.", registers });
  const lag = new Histogram({
    name: "weir_feed_lag_seconds",
    help: "From the writing of a change, by the database's clock, until the feed has it. A long transaction counts as lag.",
    buckets: BUCKETS,
    registers,
  });
  hub.onPiece((piece) => {
    changes.inc(piece.changes.length);
    const [oldest] = piece.changes;
    if (oldest !== undefined) lag.observe(Math.max(0, (Date.now() - Date.parse(oldest.at)) / 1_000));
  });
  await observeState(registry, database, log);
}

/** Seconds for which one look at the database serves all of its metrics, and several who ask at once. */
const LOOK = 1;

/** What the database itself knows; it is asked when somebody asks for the metrics. */
async function observeState(registry: Registry, database: Database, log: Logger) {
  const { Gauge } = await import("prom-client");
  let at = Number.NEGATIVE_INFINITY;
  let looking: Promise<State | null> = Promise.resolve(null);
  const look = () => {
    if (performance.now() - at > LOOK * 1_000) {
      at = performance.now();
      looking = readState(database.sql).catch((error: unknown) => {
        log.debug({ err: error }, "the metrics could not read the database");
        return null;
      });
    }
    return looking;
  };
  registry.registerMetric(
    new Gauge({
      name: "weir_database_up",
      help: "1 while the database answers, else 0.",
      registers: [],
      async collect() {
        this.set(Number((await look()) !== null));
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "weir_state",
      help: "Rows to look after: unsettled (left by triggers), runs waiting or under way, stages held by drivers, reports queued, pipelines overdue.",
      labelNames: ["what"],
      registers: [],
      async collect() {
        // Numbers of before would pass for those of now.
        this.reset();
        const { partitionsAhead: _, ...counts } = (await look()) ?? { partitionsAhead: null };
        for (const [what, count] of Object.entries(counts)) this.set({ what: snakeCase(what) }, count);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "weir_partitions_ahead_days",
      help: "Days ahead of today for which the feed has partitions; below 1 its retention is about to stop.",
      labelNames: [],
      registers: [],
      async collect() {
        this.set((await look())?.partitionsAhead ?? Number.NaN);
      },
    }),
  );
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function serveRegistry(registry: Registry, log: Logger, host: string, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("The metrics are at /metrics.\n");
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, "the metrics could not be told");
        response.writeHead(500).end();
      },
    );
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
  const url = `http://${shown}:${address.port}/metrics`;
  log.info({ url }, "Weir's metrics are served");
  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
