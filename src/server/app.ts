import { once } from "node:events";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { prepareReportLogin } from "../db/reports/login.ts";
import { startEmbeddedPostgres } from "../embedded/launcher.ts";
import { openFeed } from "../feed/feed.ts";
import { storeThresholds } from "../resolvers/reports/thresholds.ts";
import type { Services } from "../resolvers/services.ts";
import { schema } from "../schema/index.ts";
import { assertMayListen } from "./access/listen.ts";
import { openGateOf } from "./access/open.ts";
import type { Config } from "./config.ts";
import { openEdge } from "./edge.ts";
import { answeringSchemaOnce } from "./introspection.ts";
import type { Logger } from "./log.ts";
import { createObservability } from "./observability/observability.ts";
import { createOperations } from "./operation.ts";
import { openKeyring } from "./secret-key.ts";
import { createServices } from "./services.ts";
import { startDriverNotes } from "./upkeep/driver-notes.ts";
import { startMaintenance } from "./upkeep/maintenance.ts";
import { startReportRunner } from "./upkeep/report-runner.ts";
import { watchForSilence } from "./upkeep/silence.ts";
import { GRAPHQL_PATH } from "./yoga.ts";

export interface App extends AsyncDisposable {
  /** Where GraphQL is served over HTTP. */
  readonly url: string;
  readonly services: Services;
  /** Reads anew what its settings name files for: certificate, key, token of ADMIN; null: they name none. */
  readonly reload: (() => void) | null;
  /**
   * Refuses what is new, lets running operations finish, completes subscriptions and closes, within 10 seconds; ends the
   * embedded database as well. Idempotent.
   */
  stop(): Promise<void>;
}

/** Milliseconds that requests and sockets get to finish. */
const GRACE = 6_000;

/** Starts the service: database, migrations, feed, then the server. What was started is stopped again if one of them fails. */
export async function startApp(config: Config, log: Logger): Promise<App> {
  await using started = new AsyncDisposableStack();
  const databaseUrl = config.DATABASE_URL ?? (await startEmbedded(config, log, started));
  const isPrepared = config.WEIR_PREPARED === "on";
  await migrateDatabase(databaseUrl, { log, isPrepared });

  const keyring = await openKeyring(config);
  const observability = started.use(await createObservability(config, schema, log));
  const database = started.use(
    openDatabase(databaseUrl, {
      max: config.WEIR_DATABASE_CONNECTIONS,
      isPrepared,
      statementTimeout: config.WEIR_STATEMENT_TIMEOUT_SECONDS * 1_000,
      observe: observability.observe,
    }),
  );
  const feed = started.use(
    await openFeed({ url: databaseUrl, log, isPrepared, mostCatchUps: config.WEIR_MAX_CATCH_UPS }),
  );
  const maintenance = started.use(
    await startMaintenance({
      database,
      feed,
      days: config.WEIR_RETENTION_DAYS,
      mostScheduledRuns: config.WEIR_SCHEDULER === "on" ? config.WEIR_MAX_SCHEDULED_RUNS : null,
      log,
    }),
  );

  const reportLogin = await prepareReportLogin({
    url: databaseUrl,
    isPrepared,
    name: config.WEIR_SEEDER_ROLE,
    givenUrl: config.WEIR_SEEDER_DATABASE_URL,
    temporaryFilesMb: config.WEIR_SEEDER_TEMPORARY_FILES_MB,
  });
  if ("problem" in reportLogin) log.warn({}, `No reports are made: ${reportLogin.problem}`);

  const closing = new AbortController();
  const { onBatch } = observability;
  const services = createServices({ config, database, feed, keyring, reportLogin, closing: closing.signal, onBatch });
  await storeThresholds(database.db, services.settings);
  started.use(
    startReportRunner({
      services,
      parallel: config.WEIR_SEEDER_PARALLEL,
      runTimeoutMinutes: config.WEIR_SEEDER_RUN_TIMEOUT_MINUTES,
      log,
    }),
  );
  started.use(startDriverNotes(services, log));
  const operations = observability.observed(
    answeringSchemaOnce(createOperations({ schema: observability.schema, services, log, ...operationRules(config) })),
  );
  const gate = started.use(await openGateOf(config, databaseUrl, log));
  assertMayListen(config, gate, log);
  const { server, sockets, fanout, scheme, reload } = openEdge({
    config,
    gate,
    operations,
    feed,
    closing: closing.signal,
    fanout: observability.fanout,
    warnings: () => maintenance.warnings(),
    log,
  });
  const reader = await observability.serve({ feed, fanout, sockets }, databaseUrl);
  const pools = [database, feed, gate, ...(reader === null ? [] : [reader])];
  started.use(watchForSilence({ url: databaseUrl, feed, pools, log }));
  server.listen(config.WEIR_PORT, config.WEIR_HOST);
  await once(server, "listening");
  const running = started.move();

  let stopping: Promise<void> | undefined;
  async function stop(): Promise<void> {
    closing.abort();
    const closed = new Promise((resolve) => server.close(resolve));
    const expired = sleep(GRACE, true, { ref: false });
    const [, isExpired] = await Promise.all([sockets.close(GRACE), Promise.race([closed, expired])]);
    server.closeAllConnections();
    // Whoever asked for what still runs is not there any more; the pool would wait for it.
    if (isExpired === true) await database.sql.end({ timeout: 0 });
    await closed;
    await running.disposeAsync();
  }

  const stopOnce = () => (stopping ??= stop());
  return {
    url: urlOf(server.address(), scheme),
    services,
    reload: reload === null && gate.reload === null ? null : () => [reload, gate.reload].forEach((read) => read?.()),
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  };
}

function operationRules(config: Config) {
  return {
    limits: {
      depth: config.WEIR_MAX_DEPTH,
      aliases: config.WEIR_MAX_ALIASES,
      complexity: config.WEIR_MAX_COMPLEXITY,
      directives: config.WEIR_MAX_DIRECTIVES,
    },
    rules: {
      tokens: config.WEIR_MAX_TOKENS,
      fragments: config.WEIR_MAX_FRAGMENTS,
      hasIntrospection: config.WEIR_INTROSPECTION === "on",
    },
    trusted: config.WEIR_TRUSTED_DOCUMENTS,
  };
}

async function startEmbedded(config: Config, log: Logger, started: AsyncDisposableStack): Promise<string> {
  const postgres = started.use(await startEmbeddedPostgres({ dataDir: path.resolve(config.WEIR_DATA_DIR), log }));
  return postgres.url;
}

function urlOf(address: string | AddressInfo | null, scheme: string): string {
  if (address === null || typeof address === "string") throw new Error("the server has no TCP address");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}${GRAPHQL_PATH}`;
}
