import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { pino } from "pino";
import { expect, it } from "vitest";
import { bearer, makeToken } from "../support/access.ts";
import { openCollector } from "../support/collector.ts";
import { createTestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

const SETTINGS = { WEIR_SECRET_KEY: Buffer.alloc(32, 9).toString("base64"), WEIR_SEEDER_PARALLEL: "0" };
const CREATE_SOURCE = `mutation Create($creds: JSONObject!) { createSource(input: { sourceName: "erp", sourceType: "postgres", sourceCreds: $creds }) { id } }`;
const UPDATE_SOURCE = `mutation Update($creds: JSONObject!) { updateSource(sourceName: "erp", input: { sourceName: "erp2", sourceType: "mysql", sourceCreds: $creds }) { id } }`;

/** pg_dump is of the server's version or newer; npm brings none along. */
const PG_DUMP = "/usr/lib/postgresql/15/bin/pg_dump";
const canDump = process.env["WEIR_TEST_POSTGRES"] === "15" && existsSync(PG_DUMP);
if (!canDump) console.log("canaries.test.ts: no dump is looked at, since pg_dump is there for PostgreSQL 15 alone");

it("canary secrets are nowhere in clear: answers, errors, logs, metrics, traces, audit, feed, tables, a dump", async () => {
  const canaries = ["canary-password-1", "canary-key-2", "canary-token-3"];
  const creds = {
    host: "db",
    password: canaries[0],
    api_key: canaries[1],
    url: `postgres://user:${canaries[2]}@db/x`,
  };
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  await using database = await createTestDatabase();
  const { secret } = await makeToken(database, { name: "boss", role: "ADMIN" });
  const wrong = `weir_${"canarywrong".padEnd(43, "x")}`;
  await using collector = await openCollector();
  const settings = {
    ...SETTINGS,
    WEIR_LOG_LEVEL: "trace",
    WEIR_METRICS_PORT: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
  await using app = await startService(database.url, settings, log);
  const answers: unknown[] = [];
  const send = async (query: string, variables: object = {}, token = secret) =>
    answers.push(await post(app.url, query, { ...variables }, bearer(token)));
  await send(CREATE_SOURCE, { creds });
  await send(CREATE_SOURCE, { creds });
  await send(UPDATE_SOURCE, { creds });
  await send(
    "{ sources { sourceCreds } auditLog { nodes { arguments changes { before after } } } apiTokens { name } viewer { name } }",
  );
  await send("{ viewer { name } }", {}, wrong);
  await send(
    'mutation { createSource(input: { sourceName: "x", sourceType: "y", sourceCreds: "canary-key-2" }) { id } }',
  );
  // A defect inside: what is logged of it has the statement, not what was sent.
  await database.sql`alter table pipeline.sources_config rename to elsewhere`;
  await send(CREATE_SOURCE, { creds });
  await database.sql`alter table pipeline.elsewhere rename to sources_config`;
  const socket = await openSocket(app.url);
  socket.send({ type: "connection_init", payload: { token: wrong } });
  await socket.closed;
  const made = await post<{ createApiToken: { secret: string } }>(
    app.url,
    'mutation { createApiToken(input: { name: "n", role: VIEWER }) { secret } }',
    {},
    bearer(secret),
  );
  const kept: string[] = [];
  const tables = await database.sql`select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('weir', 'ingest', 'pipeline', 'documents', 'reporting')`;
  for (const { name } of tables) {
    const rows = await database.sql.unsafe(`select t::text as "text" from ${String(name)} t`);
    kept.push(...rows.map((row) => String(row["text"])));
  }
  const metrics = await fetch(/"url":"([^"]+\/metrics)"/.exec(lines.join("\n"))?.[1] ?? "");
  // What is left of its traces is sent at its end.
  await app.stop();
  const everywhere: Readonly<Record<string, string>> = {
    answers: JSON.stringify(answers),
    logs: lines.join("\n"),
    tables: kept.join("\n"),
    frames: JSON.stringify(socket.frames),
    metrics: await metrics.text(),
    traces: collector.sent(),
    ...(canDump ? { dump: (await promisify(execFile)(PG_DUMP, [database.url])).stdout } : {}),
  };
  // They were looked for where something is.
  expect(everywhere["metrics"]).toContain('name="Create"');
  expect(everywhere["traces"]).toContain("mutation Update");
  if (canDump) expect(everywhere["dump"]).toContain("COPY pipeline.sources_config");
  const key = SETTINGS.WEIR_SECRET_KEY;
  for (const canary of [...canaries, secret, wrong, made.data?.createApiToken.secret ?? "none", key]) {
    for (const [where, text] of Object.entries(everywhere))
      expect(text.includes(canary), `${canary} in ${where}`).toBe(false);
  }
});
