import type { GraphQLSchema } from "graphql";
import { type Database, type ObserveStatement, openDatabase } from "../../db/client.ts";
import type { OnBatch } from "../../resolvers/coalesce.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import type { Operations } from "../operation.ts";
import type { FanoutOptions } from "../subscriptions/fanout.ts";
import { createMetrics, type Observed } from "./metrics.ts";
import { logOperations } from "./operation-log.ts";
import { createTracing } from "./tracing.ts";

/** What the parts of the service tell of their work to: log, metrics and traces, as far as they are wanted. */
export interface Observability extends AsyncDisposable {
  readonly schema: GraphQLSchema;
  readonly observe: ObserveStatement | undefined;
  readonly onBatch: OnBatch | undefined;
  readonly fanout: FanoutOptions;
  observed(operations: Operations): Operations;
  /** Serves the metrics, if there are any; answers the pool that they ask. */
  serve(observed: Omit<Observed, "database" | "log">, databaseUrl: string): Promise<Database | null>;
}

/** Milliseconds for what the metrics ask of the database. */
const METRICS_TIMEOUT = 2_000;

export async function createObservability(config: Config, given: GraphQLSchema, log: Logger): Promise<Observability> {
  await using opened = new AsyncDisposableStack();
  const metrics = config.WEIR_METRICS_PORT === undefined ? null : await createMetrics();
  const tracing = await createTracing(config, log);
  if (tracing !== null) opened.use(tracing);
  const open = opened.move();
  return {
    schema: tracing?.schema(given) ?? given,
    observe: both(metrics?.work.observe, tracing?.observe),
    onBatch: metrics?.work.onBatch,
    fanout: { onDelivered: metrics?.work.onDelivered, around: tracing?.around },
    observed(operations) {
      const logged = logOperations(operations, log, config.WEIR_LOG_SLOW_MS);
      const measured = metrics?.measured(logged) ?? logged;
      return tracing?.traced(measured) ?? measured;
    },
    async serve(observed, databaseUrl) {
      if (metrics === null) return null;
      // Of its own: that all others are busy is to be seen there.
      const database = openDatabase(databaseUrl, {
        max: 1,
        name: "weir metrics",
        isPrepared: config.WEIR_PREPARED === "on",
        statementTimeout: METRICS_TIMEOUT,
      });
      open.use(database);
      open.use(await metrics.serve({ ...observed, database, log }, config));
      return database;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function both(one: ObserveStatement | undefined, other: ObserveStatement | undefined): ObserveStatement | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (isPooled) => {
    const [first, second] = [one(isPooled), other(isPooled)];
    return {
      sent(text) {
        first.sent(text);
        second.sent(text);
      },
      ended(error) {
        first.ended(error);
        second.ended(error);
      },
    };
  };
}
