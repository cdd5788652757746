import { expect, it } from "vitest";
import { openCollector } from "../support/collector.ts";
import { createTestDatabase } from "../support/database.ts";
import { runWeir, spawnService } from "../support/process.ts";
import { until } from "../support/reports.ts";
import { ask, collect, connect, post } from "../support/service.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
const CANARY = "canary-7f3e9d";
const RECORD =
  "mutation Report($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id } }";

it("spans of an operation, its fields, statements and deliveries reach the endpoint below their caller's, with nothing that was sent", async () => {
  await using database = await createTestDatabase();
  await using collector = await openCollector();
  const settings = {
    DATABASE_URL: database.url,
    WEIR_SECRET_KEY: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=north",
    OTEL_SERVICE_NAME: "weir-under-test",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  };
  const created = await runWeir(["token", "create", "--role", "admin", "tracer"], settings);
  const token = created.out.trim().split("\n").at(-1) ?? "";
  expect(token).toMatch(/^weir_/);
  await using service = await spawnService(settings);
  const authorization = `Bearer ${token}`;
  const named = (name: string) => until(async () => collector.spans().find((span) => span.name === name), Boolean);

  const { client } = connect(service.url, { token });
  const watched = collect(client, "subscription Watch { fileStatusRecorded { fileStatus { filePath } } }");
  await named("subscription Watch");
  const headers = { authorization, traceparent: TRACEPARENT };
  expect((await post(service.url, RECORD, { path: `/${CANARY}` }, headers)).errors).toBeUndefined();
  await watched.until((items) => items.length > 0);
  await post(
    service.url,
    'mutation Source($creds: JSONObject!) { createSource(input: { sourceName: "s", sourceType: "postgres", sourceCreds: $creds }) { sourceName } }',
    { creds: { password: CANARY } },
    headers,
  );
  await post(
    service.url,
    `query Failed { fileStatuses(first: -1, filter: { filePath: "${CANARY}" }) { nodes { id } } }`,
    {},
    headers,
  );
  const operation = await named("mutation Report");
  expect(operation).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
  const field = await named("Mutation.recordFileStatus");
  expect(field).toMatchObject({ traceId: TRACE, parentSpanId: operation?.spanId });
  const statement = await named("ingest.record_file_statuses");
  expect(statement).toMatchObject({ traceId: TRACE, parentSpanId: field?.spanId });
  const delivery = await named("deliver FILE_STATUS");
  expect(delivery?.attributes).toContainEqual({ key: "weir.sockets", value: { intValue: 1 } });
  expect(delivery?.traceId).not.toBe(TRACE);
  const failed = await named("query Failed");
  expect(failed?.attributes).toContainEqual({ key: "weir.code", value: { stringValue: "BAD_USER_INPUT" } });
  await named("mutation Source");

  // The socket's operation without a trace of its own begins one; an operation may bring its own.
  expect((await named("subscription Watch"))?.parentSpanId).toBeUndefined();
  const other = TRACE.replace("0af7", "1bf8");
  await new Promise<void>((resolve, reject) =>
    client.subscribe(
      { query: "query OverSocket { __typename }", extensions: { traceparent: `00-${other}-${PARENT}-01` } },
      { next() {}, error: reject, complete: resolve },
    ),
  );
  expect(await named("query OverSocket")).toMatchObject({ traceId: other, parentSpanId: PARENT });
  await client.dispose();

  const sent = collector.sent();
  expect(sent).toContain("/v1/traces");
  expect(sent).toContain('"x-tenant":"north"');
  expect(sent).toContain("weir-under-test");
  for (const secret of [CANARY, token, "insert into"]) expect(sent).not.toContain(secret);
});

it("an endpoint that is away costs spans alone, and is told of once; the end of the service does not wait for it", async () => {
  await using database = await createTestDatabase();
  const service = await spawnService({
    DATABASE_URL: database.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_BSP_SCHEDULE_DELAY: "20",
  });
  const complaints = () => service.lines.filter((line) => line.includes("spans could not be sent")).length;
  for (let n = 0; n < 5; n += 1) await ask(service.url, "query Lost { __typename }");
  await until(
    async () => complaints(),
    (count) => count > 0,
  );
  for (let n = 0; n < 5; n += 1) await ask(service.url, "query Lost { __typename }");
  await service[Symbol.asyncDispose]();
  expect(complaints()).toBe(1);
  expect(await service.exited).toBe(0);
});

/** Prints what OpenTelemetry's packages are asked for. */
const TELLING = `import { registerHooks } from "node:module";
registerHooks({ resolve(name, context, next) {
  if (name.startsWith("@opentelemetry/")) console.log("loads " + name);
  return next(name, context);
} });`;

it("OpenTelemetry is loaded with an endpoint alone", async () => {
  await using database = await createTestDatabase();
  const isLoaded = async (settings: Readonly<Record<string, string>>) => {
    await using service = await spawnService({
      DATABASE_URL: database.url,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELLING)}`,
      ...settings,
    });
    await ask(service.url, "{ __typename }");
    return service.lines.some((line) => line.startsWith("loads "));
  };
  expect(await isLoaded({})).toBe(false);
  expect(await isLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })).toBe(true);
});
