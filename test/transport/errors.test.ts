import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

interface LogLine {
  readonly errorId?: string;
  readonly err?: { readonly message: string; readonly stack: string };
}

const logged: LogLine[] = [];
const log = pino({ level: "debug" }, { write: (line: string) => logged.push(JSON.parse(line) as LogLine) });

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_STATEMENT_TIMEOUT_SECONDS: "1" }, log);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const RECORD = `mutation ($path: String!, $type: FileType! = LOG, $status: IngestStatus! = PARSED) {
  recordFileStatus(input: { filePath: $path, type: $type, status: $status }) { id }
}`;
const LOGS = "{ logFiles { nodes { logFilePath } } }";

describe("a failure inside the service", () => {
  /** The database lacks a table for as long as `act` runs. */
  async function withoutTable<Result>(table: "ingest.files" | "ingest.file_statuses", act: () => Promise<Result>) {
    const [schema, name] = table.split(".");
    await database.sql.unsafe(`alter table ${table} rename to lost_${name}`);
    try {
      return await act();
    } finally {
      await database.sql.unsafe(`alter table ${schema}.lost_${name} rename to ${name}`);
    }
  }

  interface Shown {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly errorId?: string };
  }

  function expectMasked(answer: unknown, error: Shown | undefined, reason: RegExp): void {
    expect(error?.extensions.code).toBe("INTERNAL_SERVER_ERROR");
    expect(JSON.stringify(answer)).not.toMatch(
      /select|insert|relation|ingest\.|"?files"?|file_statuses"|lost_|postgres/i,
    );
    const { errorId } = error?.extensions ?? {};
    expect(errorId).toMatch(/^[0-9a-f-]{36}$/);
    expect(error?.message).toContain(errorId);
    const line = logged.find((candidate) => candidate.errorId === errorId);
    expect(line?.err?.stack).toMatch(reason);
  }

  it("shows nothing of it over HTTP, and an id that is in the log with the reason", async () => {
    const answer = await withoutTable("ingest.files", () => post(app.url, LOGS));
    expectMasked(
      { ...answer, errors: answer.errors?.map(({ message }) => message) },
      answer.errors?.[0],
      /relation "ingest.files" does not exist/,
    );
    expect(answer.errors).toMatchObject([{ path: ["logFiles"] }]);
  });

  it("shows nothing of it when a write fails, alone or with others", async () => {
    const answers = await withoutTable("ingest.file_statuses", () =>
      Promise.all(["/a", "/b", "/c"].map((path) => post(app.url, RECORD, { path }))),
    );
    for (const { errors } of answers) {
      expectMasked(
        errors?.map(({ message }) => message),
        errors?.[0],
        /relation "ingest.file_statuses" does not exist/,
      );
    }
    expect(new Set(answers.map(({ errors }) => errors?.[0]?.extensions["errorId"])).size).toBe(3);
  });

  it("shows nothing of it over HTTP by GET", async () => {
    const response = await withoutTable("ingest.files", () =>
      fetch(`${app.url}?query=${encodeURIComponent(LOGS)}`, {
        headers: { accept: "application/graphql-response+json;q=0.9" },
      }),
    );
    const { errors } = (await response.json()) as { errors: Shown[] };
    expectMasked(
      errors.map(({ message }) => message),
      errors[0],
      /relation "ingest.files" does not exist/,
    );
  });

  it("shows nothing of it over a WebSocket", async () => {
    const { client } = connect(app.url);
    const [error] = await withoutTable("ingest.files", async () => {
      const collected = collect(client, LOGS);
      await collected.ended;
      return collected.errors as Shown[];
    });
    expectMasked(error?.message, error, /relation "ingest.files" does not exist/);
    await client.dispose();
  });

  it("shows nothing of it in an event of a subscription, which goes on", async () => {
    const { client } = connect(app.url);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const collected = collect<{ key: string }>(
      client,
      "subscription ($after: Cursor) { changes(topics: [HL7_FILE], after: $after) { key ... on Hl7FileChange { hl7File { logFile { date } } } } }",
      { after },
    );
    const record = (segment: number) =>
      ask(
        app.url,
        `mutation { recordHl7Files(input: [{ hl7FilePath: "/${segment}", logFilePath: "/log", segmentNumber: ${segment} }]) { date } }`,
      );
    await record(1);
    await collected.until((items) => items.length === 1);
    await database.sql`alter function weir.path_key(text) rename to lost_path_key`;
    try {
      await database.sql`insert into weir.change (topic, key, operation, "row", is_carried) values
        ('HL7_FILE', '/2', 'INSERT', '{"hl7_file_path": "/2", "log_file_path": "/log", "segment_number": 2}', true)`;
      await expect.poll(() => collected.errors.length, { interval: 10 }).toBe(1);
    } finally {
      await database.sql`alter function weir.lost_path_key(text) rename to path_key`;
    }
    const [error] = collected.errors as Shown[];
    expectMasked(error?.message, error, /path_key/);
    await record(3);
    await collected.until((items) => items.at(-1)?.key === "/3");
    await client.dispose();
  });

  it("shows nothing of it over SSE", async () => {
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    // A row of the log that only a filter which compares instants trips over.
    await database.sql`insert into weir.change (topic, key, operation, "row", is_carried)
      values ('FILE_STATUS', '/bad', 'INSERT', '{"processed_at": "never"}', true)`;
    const response = await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({
        query: `subscription ($after: Cursor) {
          fileStatusRecorded(after: $after, filter: { processedAfter: "2024-01-01T00:00:00Z" }) { key }
        }`,
        variables: { after },
      }),
    });
    const text = await response.text();
    const data = /^data: (\{.*\})$/m.exec(text)?.[1] ?? "{}";
    const { errors } = JSON.parse(data) as { errors: Shown[] };
    expectMasked(
      errors.map(({ message }) => message),
      errors[0],
      /invalid input syntax for type timestamp with time zone: "never"/,
    );
  });
});

describe("UNAVAILABLE", () => {
  it("answers what takes longer than a statement may, and what waits for a lock so long", async () => {
    const answers = await database.sql.begin(async (sql) => {
      await sql`lock table ingest.files, ingest.file_statuses in access exclusive mode`;
      return Promise.all([post(app.url, LOGS), post(app.url, RECORD, { path: "/locked" })]);
    });
    for (const { errors } of answers) {
      expect(errors).toMatchObject([
        { message: expect.stringContaining("longer than"), extensions: { code: "UNAVAILABLE" } },
      ]);
    }
    // Refused is refused: it is not stored after all when the lock is gone.
    const { fileStatuses } = await ask(app.url, '{ fileStatuses(filter: { filePath: "/locked" }) { totalCount } }');
    expect(fileStatuses).toEqual({ totalCount: 0 });
  });

  it("answers while the database refuses connections; the service recovers by itself", async () => {
    const proxy = await openProxy(database.url);
    const behind = await startService(proxy.url, {}, log);
    const { client } = connect(behind.url);
    const collected = collect<{ key: string }>(client, "subscription { fileStatusRecorded { key } }");
    await ask(behind.url, RECORD, { path: "/before" });
    const ready = async () => (await fetch(new URL("/ready", behind.url))).status;
    expect(await ready()).toBe(200);
    await proxy.cut();
    await expect.poll(ready, { interval: 20, timeout: 10_000 }).toBe(503);
    for (const query of [LOGS, "{ liveCursor }"]) {
      const answer = await post(behind.url, query);
      expect(answer.errors).toMatchObject([
        { message: expect.stringContaining("can't be reached"), extensions: { code: "UNAVAILABLE" } },
      ]);
      expect(JSON.stringify(answer)).not.toContain(new URL(proxy.url).port);
    }
    const refused = await post(behind.url, RECORD, { path: "/refused" });
    expect(refused.errors).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    await proxy.restore();
    while ((await post(behind.url, RECORD, { path: "/after" })).errors !== undefined) await sleep(20);
    await collected.until((items) => items.at(-1)?.key === "/after");
    expect(collected.errors).toEqual([]);
    expect(collected.items.map(({ key }) => key)).not.toContain("/refused");
    await expect.poll(ready, { interval: 20, timeout: 10_000 }).toBe(200);
    await client.dispose();
    await behind.stop();
    await proxy.close();
  });

  it("answers when the database was dropped", async () => {
    const doomed = await createTestDatabase();
    const orphan = await startService(doomed.url);
    await doomed[Symbol.asyncDispose]();
    expect((await post(orphan.url, LOGS)).errors).toMatchObject([{ extensions: { code: "UNAVAILABLE" } }]);
    expect((await post(orphan.url, RECORD, { path: "/x" })).errors).toMatchObject([
      { extensions: { code: "UNAVAILABLE" } },
    ]);
    await orphan.stop();
  });
});

describe("a database that can store nothing", () => {
  it.each([
    ["53100", /disk is full/],
    ["25006", /read-only/],
    ["53200", /no memory/],
  ])("for %s is UNAVAILABLE, in words", async (state, words) => {
    await using full = await createTestDatabase();
    await using service = await startService(full.url);
    await full.sql.unsafe(`create function public.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no room' using errcode = '${state}'; end $$;
      create trigger refuse before insert on ingest.file_statuses for each statement execute function public.refuse()`);
    const { errors } = await post(service.url, RECORD, { path: "/x" });
    expect(errors).toMatchObject([{ message: expect.stringMatching(words), extensions: { code: "UNAVAILABLE" } }]);
  });
});

describe("a status word that another program stored", () => {
  const insert = (path: string, type: string, status: string) =>
    database.sql`insert into ingest.file_statuses (file_path, type, status) values (${path}, ${type}, ${status})`;

  it("is UNKNOWN if it has no meaning here, and what stands beside it is answered", async () => {
    await insert("/odd.log", "Log", "quarantined");
    await insert("/even.log", "Log", "parsed");
    const { data, errors } = await post(
      app.url,
      `{ odd: logFile(logFilePath: "/odd.log") { currentStatus { status statusText } statuses { nodes { filePath } totalCount } }
         even: logFile(logFilePath: "/even.log") { currentStatus { status } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      odd: {
        currentStatus: { status: "UNKNOWN", statusText: "quarantined" },
        statuses: { nodes: [{ filePath: "/odd.log" }], totalCount: 1 },
      },
      even: { currentStatus: { status: "PARSED" } },
    });
  });

  it("does not keep a list from being read by the statuses that have a meaning", async () => {
    const { data, errors } = await post(
      app.url,
      '{ fileStatuses(filter: { filePathPrefix: "/", status: [PARSED, STAGED, INGESTED, FAILED] }) { nodes { filePath status } } }',
    );
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toContain("/even.log");
    expect(JSON.stringify(data)).not.toContain("/odd.log");
  });

  it("reads as INGESTED if it is success, and is found as such by every filter", async () => {
    const { client } = connect(app.url);
    const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const query = `subscription ($after: Cursor) {
      fileStatusRecorded(filter: { status: [INGESTED] }, after: $after) { key isReplay fileStatus { status } }
    }`;
    const live = collect<{ key: string; fileStatus: { status: string } }>(client, query, { after });
    await database.sql`insert into ingest.hl7_files values ('/done.hl7', '/20240115.log', 1)`;
    await insert("/done.hl7", "HL7", "staged");
    await insert("/done.hl7", "HL7", "success");
    await live.until((items) => items.length > 0);
    const replayed = collect<{ key: string; isReplay: boolean }>(client, query, { after });
    await replayed.until((items) => items.length > 0);
    expect(live.items).toMatchObject([{ key: "/done.hl7", fileStatus: { status: "INGESTED" } }]);
    expect(replayed.items).toMatchObject([{ key: "/done.hl7", isReplay: true, fileStatus: { status: "INGESTED" } }]);
    await client.dispose();

    const data = await ask(
      app.url,
      `{ history: fileStatuses(filter: { status: [INGESTED] }) { nodes { filePath status } }
         recent: recentHl7FileStatuses(filter: { status: [INGESTED] }) { nodes { filePath status } }
         files: hl7Files(filter: { status: [INGESTED] }) { nodes { hl7FilePath currentStatus { status } } }
         staged: hl7Files(filter: { status: [STAGED] }) { totalCount }
         log: logFile(logFilePath: "/20240115.log") { hl7FileCounts { ingested staged total } }
         ingestSummary(from: "2024-01-15", to: "2024-01-15") { hl7Files { ingested staged total } } }`,
    );
    const status = { filePath: "/done.hl7", status: "INGESTED" };
    const counts = { ingested: 1, staged: 0, total: 1 };
    expect(data).toEqual({
      history: { nodes: [status] },
      recent: { nodes: [status] },
      files: { nodes: [{ hl7FilePath: "/done.hl7", currentStatus: { status: "INGESTED" } }] },
      staged: { totalCount: 0 },
      log: { hl7FileCounts: counts },
      ingestSummary: { hl7Files: counts },
    });
  });
});

it("an error of one event leaves the subscription and its other events alone", async () => {
  const { client } = connect(app.url);
  const { liveCursor: after } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
  const collected = collect<{ topic: string; key: string }>(
    client,
    `subscription ($after: Cursor) { changes(topics: [FILE_STATUS, RUN_STAGE], after: $after) {
      topic key ... on RunStageChange { stageLog { runId } } } }`,
    { after },
  );
  const status = (path: string) =>
    database.sql`insert into ingest.file_statuses (file_path, type, status) values (${path}, 'HL7', 'staged')`;
  await status("/first");
  // No program can write such a row any more: it stands for what nobody thought of.
  await database.sql`insert into weir.change (topic, key, operation, "row", is_carried)
    values ('RUN_STAGE', '1', 'INSERT', '{"id": 1}', true)`;
  await status("/last");
  await collected.until((items) => items.at(-1)?.key === "/last");
  expect(collected.items.map(({ key }) => key)).toEqual(["/first", "/last"]);
  expect(collected.errors).toMatchObject([{ path: ["changes", "stageLog", "runId"] }]);
  await client.dispose();
});

/** A way to the database that can be cut: connections end, and new ones are refused. */
async function openProxy(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectTcp(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
    }
    near.pipe(far).pipe(near);
  });
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  };
  const cut = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await listen(0);
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  return { url: url.href, cut, restore: () => listen(port), close: cut };
}
