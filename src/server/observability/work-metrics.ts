import type { Registry } from "prom-client";
import { nameOfStatement, type ObservedStatement, type ObserveStatement } from "../../db/client.ts";
import type { OnBatch } from "../../resolvers/coalesce.ts";

/** How the service does its work, as the parts that do it tell. */
export interface WorkMetrics {
  /** Of the pool for queries and mutations. */
  readonly observe: ObserveStatement;
  readonly onBatch: OnBatch;
  readonly onDelivered: (took: number) => void;
}

/** Most names of statements that are told apart: they are ours, and a report's query has none. */
const MOST_NAMES = 300;
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200];

/** Makes the series of statements, waits for connections, writes that went together, and deliveries. `buckets` are seconds. */
export async function createWorkMetrics(registry: Registry, buckets: number[]): Promise<WorkMetrics> {
  const { Counter, Gauge, Histogram } = await import("prom-client");
  const registers = [registry];
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets, registers });
  const statements = new Counter({
    name: "weir_statements_total",
    help: "SQL statements of queries and mutations by name, or by their first word where they have none.",
    labelNames: ["name"],
    registers,
  });
  const statementSeconds = histogram("weir_statement_seconds", "How long statements of queries and mutations took.");
  const poolWait = histogram(
    "weir_pool_wait_seconds",
    "How long a statement or transaction waited for a connection (WEIR_DATABASE_CONNECTIONS).",
  );
  let waiting = 0;
  const waitingNow = new Gauge({
    name: "weir_pool_waiting",
    help: "Statements and transactions that wait for a connection now.",
    registers,
    collect() {
      this.set(waiting);
    },
  });
  waitingNow.set(0);
  const together = new Histogram({
    name: "weir_coalesced_writes",
    help: "How many writes of a kind, which arrived together, went as one statement.",
    labelNames: ["kind"],
    buckets: SIZES,
    registers,
  });
  const delivery = histogram(
    "weir_delivery_seconds",
    "From the feed's having a change until it is with the sockets of a group of subscriptions, over WebSocket.",
  );

  const names = new Set<string>();
  const labelOf = (text: string) => {
    const name = nameOfStatement(text);
    if (names.size < MOST_NAMES) names.add(name);
    return names.has(name) ? name : "other";
  };

  function observe(isPooled: boolean): ObservedStatement {
    const since = performance.now();
    let sentAt: number | undefined;
    let isWaiting = isPooled;
    let hasEnded = false;
    if (isWaiting) waiting += 1;
    const stopWaiting = () => {
      if (!isWaiting) return;
      isWaiting = false;
      waiting -= 1;
      poolWait.observe((performance.now() - since) / 1_000);
    };
    return {
      sent(text) {
        stopWaiting();
        if (sentAt !== undefined) return;
        sentAt = performance.now();
        statements.inc({ name: labelOf(text) });
      },
      ended() {
        stopWaiting();
        if (sentAt !== undefined && !hasEnded) statementSeconds.observe((performance.now() - sentAt) / 1_000);
        hasEnded = true;
      },
    };
  }

  return {
    observe,
    onBatch: (kind, size) => together.observe({ kind }, size),
    onDelivered: (took) => delivery.observe(took / 1_000),
  };
}
