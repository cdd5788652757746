import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { prepareReportLogin } from "../db/reports/login.ts";
import { startEmbeddedPostgres } from "../embedded/launcher.ts";
import { openFeed } from "../feed/feed.ts";
import { storeThresholds } from "../resolvers/reports/thresholds.ts";
import type { Services } from "../resolvers/services.ts";
import type { Viewer } from "../resolvers/viewer.ts";
import { schema } from "../schema/index.ts";
import type { Config } from "./config.ts";
import { createHttpHandler, GRAPHQL_PATH } from "./http.ts";
import type { Logger } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createOperations } from "./operation.ts";
import { type OriginPolicy, refusalOf } from "./origin.ts";
import { openKeyring } from "./secret-key.ts";
import { createServices } from "./services.ts";
import { createFanout } from "./subscriptions/fanout.ts";
import { createWebSockets, type WebSockets } from "./subscriptions/websocket.ts";
import { startMaintenance } from "./upkeep/maintenance.ts";
import { startReportRunner } from "./upkeep/report-runner.ts";

export interface App extends AsyncDisposable {
  /** Where GraphQL is served over HTTP. */
  readonly url: string;
  readonly services: Services;
  /**
   * Refuses what is new, lets running operations finish, completes subscriptions and closes, within 10 seconds; ends the
   * embedded database as well. Idempotent.
   */
  stop(): Promise<void>;
}

/** Milliseconds that requests and sockets get to finish. */
const GRACE = 6_000;

/** There is no way to present a token yet: everyone on this machine may do everything. */
const LOCAL_ADMIN: Viewer = { name: null, role: "ADMIN" };

/** Starts the service: database, migrations, feed, then the server. What was started is stopped again if one of them fails. */
export async function startApp(config: Config, log: Logger): Promise<App> {
  await using started = new AsyncDisposableStack();
  const databaseUrl = config.DATABASE_URL ?? (await startEmbedded(config, log, started));
  const isPrepared = config.WEIR_PREPARED === "on";
  await migrateDatabase(databaseUrl, { log, isPrepared });

  const keyring = await openKeyring(config);
  const database = started.use(
    openDatabase(databaseUrl, {
      max: config.WEIR_DATABASE_CONNECTIONS,
      isPrepared,
      statementTimeout: config.WEIR_STATEMENT_TIMEOUT_SECONDS * 1_000,
    }),
  );
  const feed = started.use(
    await openFeed({ url: databaseUrl, log, isPrepared, mostCatchUps: config.WEIR_MAX_CATCH_UPS }),
  );
  started.use(
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
  const services = createServices({ config, database, feed, keyring, reportLogin, closing: closing.signal });
  await storeThresholds(database.db, services.settings);
  started.use(
    startReportRunner({
      services,
      parallel: config.WEIR_SEEDER_PARALLEL,
      runTimeoutMinutes: config.WEIR_SEEDER_RUN_TIMEOUT_MINUTES,
      log,
    }),
  );
  const metrics = config.WEIR_METRICS_PORT === undefined ? null : await createMetrics();
  const unmeasured = createOperations({ schema, services, log, ...operationRules(config) });
  const operations = metrics?.measured(unmeasured) ?? unmeasured;
  const origins = { allowed: config.WEIR_CORS_ORIGINS };
  const fanout = createFanout(feed);
  const sockets = createWebSockets({
    schema,
    operations,
    fanout,
    log,
    viewer: LOCAL_ADMIN,
    maxPayload: config.WEIR_MAX_BODY_BYTES,
    maxOperations: config.WEIR_MAX_SOCKET_OPERATIONS,
    silence: config.WEIR_SOCKET_SILENCE_SECONDS * 1_000,
    handshake: config.WEIR_HANDSHAKE_TIMEOUT_SECONDS * 1_000,
  });
  const server = createServer(
    timeoutsOf(config),
    createHttpHandler({
      operations,
      log,
      viewer: LOCAL_ADMIN,
      origins,
      maxBody: config.WEIR_MAX_BODY_BYTES,
      isReady: () => feed.isLive,
      isClosing: () => closing.signal.aborted,
    }),
  );
  closeIdleAtEnd(server, closing.signal);
  serveSockets(server, sockets, origins, closing.signal);

  if (metrics !== null) started.use(await metrics.serve({ feed, fanout, database, sockets, log }, config));
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
  return { url: urlOf(server.address()), services, stop: stopOnce, [Symbol.asyncDispose]: stopOnce };
}

function operationRules(config: Config) {
  return {
    limits: {
      depth: config.WEIR_MAX_DEPTH,
      aliases: config.WEIR_MAX_ALIASES,
      complexity: config.WEIR_MAX_COMPLEXITY,
      directives: config.WEIR_MAX_DIRECTIVES,
    },
    rules: { tokens: config.WEIR_MAX_TOKENS, hasIntrospection: config.WEIR_INTROSPECTION === "on" },
    trusted: config.WEIR_TRUSTED_DOCUMENTS,
  };
}

function timeoutsOf(config: Config) {
  return {
    headersTimeout: config.WEIR_HEADERS_TIMEOUT_SECONDS * 1_000,
    requestTimeout: Math.max(config.WEIR_REQUEST_TIMEOUT_SECONDS, config.WEIR_HEADERS_TIMEOUT_SECONDS) * 1_000,
    // How often it looks for connections that take too long.
    connectionsCheckingInterval: 1_000,
  };
}

/** A connection that is kept alive would hold up the end for seconds after its last response. */
function closeIdleAtEnd(server: Server, closing: AbortSignal): void {
  server.on("request", (_request, response) => {
    response.once("close", () => {
      if (closing.aborted) setImmediate(() => server.closeIdleConnections());
    });
  });
}

function serveSockets(server: Server, sockets: WebSockets, origins: OriginPolicy, closing: AbortSignal): void {
  server.on("upgrade", (request, socket: Socket, head) => {
    const isGraphql = (request.url ?? "").split("?", 1)[0] === GRAPHQL_PATH;
    if (!isGraphql || refusalOf(request, origins) !== undefined || closing.aborted) {
      socket.end(`HTTP/1.1 ${isGraphql ? "403 Forbidden" : "404 Not Found"}\r\nConnection: close\r\n\r\n`);
      return;
    }
    socket.setNoDelay(true);
    sockets.upgrade(request, socket, head);
  });
}

async function startEmbedded(config: Config, log: Logger, started: AsyncDisposableStack): Promise<string> {
  const postgres = started.use(await startEmbeddedPostgres({ dataDir: path.resolve(config.WEIR_DATA_DIR), log }));
  return postgres.url;
}

function urlOf(address: string | AddressInfo | null): string {
  if (address === null || typeof address === "string") throw new Error("the server has no TCP address");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}${GRAPHQL_PATH}`;
}
