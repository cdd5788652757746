import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { setStages } from "../support/pipelines.ts";
import { runWeir } from "../support/process.ts";
import { ask, startService } from "../support/service.ts";

const KEY = { WEIR_SECRET_KEY: Buffer.alloc(32, 3).toString("base64") };
const FERNET = "gAAAAABlpQ0Aq83cJdXQ4e0w4rPZ0fXbq1m8oYkz3Hc2Nw9s-7tT0a_1VxJrQm5LkEoPq2RsUvWxYz==";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "weir-versions-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Version {
  /** Earlier ones number their rows, later ones have UUIDs as text. */
  readonly ids: "integer" | "uuid";
  /** Tables of connections, and the columns that name them. */
  readonly hasEndpoints: boolean;
  /** The first one had other names for the tables of runs and logs. */
  readonly hasFormerNames?: boolean;
}

/** The id that a version gives to the row of a number. */
function idOf({ ids }: Version, number: number): string {
  return ids === "integer" ? String(number) : `018d0c3a-7c00-7000-8000-${String(number).padStart(12, "0")}`;
}

/** A config.db as that version of the program makes and fills it: two tables, two runs that are done, one that is not, two cron drivers' logs. */
function makeConfigDb(name: string, version: Version, ...more: string[]): string {
  const { ids, hasEndpoints, hasFormerNames = false } = version;
  const id = (number: number) => (ids === "integer" ? String(number) : `'${idOf(version, number)}'`);
  const key = ids === "integer" ? "id INTEGER PRIMARY KEY AUTOINCREMENT" : "id TEXT PRIMARY KEY";
  const [runs, logs] = hasFormerNames
    ? ["pipeline_runs", "pipeline_run_logs"]
    : ["pipeline_runs_master", "pipeline_run_stage_logs"];
  const file = path.join(folder, name);
  const database = new DatabaseSync(file);
  const leg = (
    prefix: string,
  ) => `${prefix}_schedule INTEGER, ${prefix}_load_type TEXT, ${prefix}_is_active BOOLEAN DEFAULT 1,
    ${prefix}_incremental_key TEXT, ${prefix}_last_incremental_value TIMESTAMP,
    ${prefix}_last_loader_run_timestamp TIMESTAMP, ${prefix}_last_loader_run_status TEXT`;
  database.exec(`
    CREATE TABLE pipeline_config (source_tablename TEXT PRIMARY KEY, sink_tablename TEXT,
      ${hasEndpoints ? "source_name TEXT, destination_name TEXT," : ""} ${leg("source_to_dl")}, ${leg("dl_to_sink")},
      source_type TEXT DEFAULT 'postgres', sink_type TEXT DEFAULT 'postgres');
    CREATE TABLE ${logs} (${key}, source_tablename TEXT NOT NULL REFERENCES pipeline_config(source_tablename), pipeline_type TEXT NOT NULL,
      status TEXT NOT NULL, error_message TEXT, rows_processed INTEGER, file_paths TEXT, started_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      completed_at TIMESTAMP, time_taken TEXT, pipeline_run_id, stage_order INTEGER);
    CREATE TABLE pipeline_stages (${key}, pipeline_name TEXT NOT NULL, stage_order INTEGER NOT NULL, stage_name TEXT NOT NULL,
      stage_type TEXT NOT NULL, driver_container TEXT NOT NULL, is_active BOOLEAN DEFAULT 1, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
      UNIQUE (pipeline_name, stage_order));
    CREATE TABLE ${runs} (${key}, source_tablename TEXT NOT NULL, pipeline_name TEXT NOT NULL, status TEXT NOT NULL,
      current_stage INTEGER DEFAULT 0, total_stages INTEGER, triggered_by TEXT DEFAULT 'manual',
      started_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, completed_at TIMESTAMP, error_message TEXT);
    INSERT INTO pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container, is_active) VALUES
      ('default', 1, 'Driver', 'driver_source_to_dl', 'worker', 1), ('default', 2, 'Loader', 'loader_source_to_dl', 'worker', 1),
      ('default', 3, 'Verify', 'verify', 'backend', 0), ('default', 4, 'Sink', 'loader_dl_to_sink', 'worker', 1);
    INSERT INTO pipeline_config (source_tablename, sink_tablename, source_to_dl_schedule, source_to_dl_load_type, dl_to_sink_load_type,
      source_to_dl_last_loader_run_timestamp, source_to_dl_last_loader_run_status) VALUES
      ('customers', 'customers', 60, 'full', 'full', NULL, NULL),
      ('orders', 'orders', 30, 'incremental', NULL, '2024-01-15T09:00:00.123456+05:30', 'success');
    INSERT INTO ${runs} VALUES
      (${id(1)}, 'orders', 'default', 'success', 4, 3, 'manual', '2024-01-15T08:00:00+05:30', '2024-01-15T08:01:00+05:30', NULL),
      (${id(2)}, 'customers', 'default', 'failed', 1, 3, 'manual', '2024-01-15T08:30:00+05:30', '2024-01-15T08:31:00+05:30', 'no network'),
      (${id(3)}, 'orders', 'default', 'running', 2, 3, 'manual', '2024-01-15T10:00:00+05:30', NULL, NULL);
    INSERT INTO ${logs} (id, source_tablename, pipeline_type, status, started_at, completed_at, time_taken, rows_processed, error_message, pipeline_run_id, stage_order) VALUES
      (${id(11)}, 'orders', 'driver_source_to_dl', 'success', '2024-01-15T08:00:00+05:30', '2024-01-15T08:00:05+05:30', '0:00:05', 0, NULL, ${id(1)}, 1),
      (${id(12)}, 'orders', 'loader_source_to_dl', 'success', '2024-01-15T08:00:10+05:30', '2024-01-15T08:00:15.5+05:30', '0:00:05.5', 20, NULL, ${id(1)}, 2),
      (${id(13)}, 'orders', 'loader_dl_to_sink', 'success', '2024-01-15T08:00:20+05:30', '2024-01-15T08:01:00+05:30', '0:00:40', 20, NULL, ${id(1)}, 4),
      (${id(14)}, 'customers', 'driver_source_to_dl', 'failed', '2024-01-15T08:30:00+05:30', '2024-01-15T08:31:00+05:30', NULL, NULL, 'no network', ${id(2)}, 1),
      (${id(15)}, 'orders', 'loader_source_to_dl', 'running', '2024-01-15T10:00:30+05:30', NULL, NULL, NULL, NULL, ${id(3)}, 2),
      (${id(16)}, 'orders', 'source_to_dl', 'success', '2024-01-15T09:00:00+05:30', '2024-01-15T09:00:09+05:30', '00:00:09.000', 7, NULL, NULL, NULL),
      (${id(17)}, 'customers', 'dl_to_sink', 'failed', '2024-01-15T09:30:00+05:30', '2024-01-15T09:30:01+05:30', '00:00:01.000', NULL, 'Loader timed out after 1 hour', NULL, NULL);`);
  if (hasEndpoints) {
    database.exec(`
      CREATE TABLE sources_config (id TEXT PRIMARY KEY, source_name TEXT UNIQUE NOT NULL, source_type TEXT DEFAULT 'postgres', source_creds TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
      CREATE TABLE destinations_config (id TEXT PRIMARY KEY, destination_name TEXT UNIQUE NOT NULL, destination_type TEXT DEFAULT 'postgres', destination_creds TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
      CREATE TABLE source_and_destination_table_schema (source_tablename TEXT, source_schema TEXT);
      INSERT INTO sources_config (id, source_name, source_creds) VALUES ('${idOf(version, 21)}', 'erp', '${FERNET}');
      INSERT INTO destinations_config (id, destination_name, destination_creds) VALUES ('${idOf(version, 22)}', 'dwh', '{"host": "dwh", "password": "not-real"}');
      UPDATE pipeline_config SET source_name = 'erp', destination_name = 'dwh' WHERE source_tablename = 'orders';`);
  }
  for (const statement of more) database.exec(statement);
  database.close();
  return file;
}

const RUNS = `{ runs { nodes { originId sourceTablename pipelineName status triggeredBy currentStage errorMessage completedAt rowsProcessed
  stages { stageOrder log { originId pipelineType status errorMessage completedAt durationSeconds } } } } }`;
const INTEGERS: Version = { ids: "integer", hasEndpoints: false };
const UUIDS: Version = { ids: "uuid", hasEndpoints: true };

describe("weir import config-db of a file with", () => {
  it.each<[string, Version]>([
    ["integer ids and the former names of its tables", { ...INTEGERS, hasFormerNames: true }],
    ["integer ids and no connections", INTEGERS],
    ["integer ids and connections", { ids: "integer", hasEndpoints: true }],
    ["UUIDs and no connections", { ids: "uuid", hasEndpoints: false }],
    ["UUIDs and connections", UUIDS],
  ])("%s takes all of it, once", async (name, version) => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    const file = makeConfigDb(`${name}.db`, version);
    const first = await runWeir(["import", "config-db", file], settings);
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toContain("pipeline_runs_master     3 read, 3 taken, 0 there already, 0 refused");
    expect(first.out).toContain("pipeline_run_stage_logs  7 read, 7 taken, 0 there already, 0 refused");
    expect(first.out).toContain("Logs without a run, of each of which a run was made: 2.");
    expect(first.out).toContain("Runs that were not finished, ended as failed: 1.");
    const again = await runWeir(["import", "config-db", file], settings);
    expect(again.out).toContain("pipeline_runs_master     3 read, 0 taken, 3 there already, 0 refused");
    expect(again.out).toContain("pipeline_run_stage_logs  7 read, 0 taken, 7 there already, 0 refused");

    await using app = await startService(database.url, { ...KEY, WEIR_SCHEDULER: "off" });
    const id = (number: number) => idOf(version, number);
    const { runs } = await ask<{ runs: { nodes: object[] } }>(app.url, RUNS);
    const ended = "It was not finished when it was imported.";
    expect(runs.nodes).toMatchObject([
      {
        originId: id(3),
        status: "FAILED",
        errorMessage: ended,
        completedAt: "2024-01-15T04:30:30.000000Z",
        stages: [
          { log: null },
          { log: { originId: id(15), status: "FAILED", errorMessage: ended } },
          { stageOrder: 4, log: null },
        ],
      },
      {
        originId: id(17),
        sourceTablename: "customers",
        pipelineName: "dl_to_sink",
        status: "FAILED",
        triggeredBy: "SCHEDULE",
        errorMessage: "Loader timed out after 1 hour",
        stages: [{ stageOrder: 1, log: { originId: id(17), pipelineType: "dl_to_sink", durationSeconds: 1 } }],
      },
      { originId: id(16), sourceTablename: "orders", status: "SUCCESS", rowsProcessed: 7 },
      {
        originId: id(2),
        status: "FAILED",
        errorMessage: "no network",
        stages: [{ log: { errorMessage: "no network", completedAt: "2024-01-15T03:01:00.000000Z" } }, {}, {}],
      },
      {
        originId: id(1),
        status: "SUCCESS",
        currentStage: 3,
        rowsProcessed: 40,
        stages: [{ stageOrder: 1 }, { stageOrder: 2, log: { durationSeconds: 5.5 } }, { stageOrder: 4 }],
      },
    ]);
    const answer = await ask(
      app.url,
      `{ pipeline(sourceTablename: "orders") { source { sourceCreds } destination { destinationCreds }
          sourceToDl { loadType lastLoaderRunTimestamp lastLoaderRunStatus } dlToSink { loadType lastLoaderRunStatus } }
        pipelineStages { stageOrder isActive } }`,
    );
    expect(answer).toEqual({
      pipeline: {
        source: version.hasEndpoints
          ? { sourceCreds: { unreadable: expect.stringContaining("neither JSON nor encrypted by Weir") } }
          : null,
        destination: version.hasEndpoints ? { destinationCreds: { host: "dwh", password: "********" } } : null,
        sourceToDl: {
          loadType: "INCREMENTAL",
          lastLoaderRunTimestamp: "2024-01-15T03:30:00.123456Z",
          lastLoaderRunStatus: "SUCCESS",
        },
        dlToSink: { loadType: "FULL", lastLoaderRunStatus: null },
      },
      pipelineStages: [1, 2, 3, 4].map((stageOrder) => ({ stageOrder, isActive: stageOrder !== 3 })),
    });
  });
});

describe("weir import config-db", () => {
  it("keeps two installations with the same numbers apart, and takes what one has grown by", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    const one = makeConfigDb("one.db", INTEGERS);
    const shifted = [
      "UPDATE pipeline_runs_master SET started_at = replace(started_at, '2024', '2023')",
      "UPDATE pipeline_run_stage_logs SET started_at = replace(started_at, '2024', '2023')",
    ];
    const other = makeConfigDb("other.db", INTEGERS, ...shifted);
    await runWeir(["import", "config-db", one], settings);
    const { out, code } = await runWeir(["import", "config-db", other], settings);
    expect(code).toBe(0);
    expect(out).toContain("pipeline_runs_master     3 read, 3 taken, 0 there already, 0 refused");
    expect(out).toContain("pipeline_run_stage_logs  7 read, 7 taken, 0 there already, 0 refused");
    const logs =
      await database.sql`select r.origin_id, extract(year from r.started_at)::int as year, count(l.id)::int as logs
      from pipeline.pipeline_runs_master r join pipeline.pipeline_run_stage_logs l on l.pipeline_run_id = r.id
      where r.origin_id = '1' group by r.id order by year`;
    expect([...logs]).toEqual([
      { origin_id: "1", year: 2023, logs: 3 },
      { origin_id: "1", year: 2024, logs: 3 },
    ]);
    const grown = makeConfigDb(
      "grown.db",
      INTEGERS,
      "INSERT INTO pipeline_run_stage_logs (id, source_tablename, pipeline_type, status, started_at, pipeline_run_id, stage_order) VALUES (18, 'customers', 'loader_source_to_dl', 'failed', '2024-01-15T08:32:00+05:30', 2, 2)",
    );
    expect((await runWeir(["import", "config-db", grown], settings)).out).toContain(
      "pipeline_run_stage_logs  8 read, 1 taken, 7 there already, 0 refused",
    );
  });

  it.each<[string, string[]]>([
    ["ended", []],
    ["kept", ["--keep-unfinished"]],
  ])("takes the end of a run that an earlier import %s", async (name, options) => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    await runWeir(["import", "config-db", ...options, makeConfigDb(`before-${name}.db`, UUIDS)], settings);
    const later = makeConfigDb(
      `after-${name}.db`,
      UUIDS,
      `UPDATE pipeline_runs_master SET status = 'success', current_stage = 4, completed_at = '2024-01-15T10:02:00+05:30' WHERE status = 'running'`,
      `UPDATE pipeline_run_stage_logs SET status = 'success', rows_processed = 9, completed_at = '2024-01-15T10:01:00+05:30' WHERE status = 'running'`,
    );
    const { out } = await runWeir(["import", "config-db", ...options, later], settings);
    expect(out).toContain("pipeline_runs_master     3 read, 0 taken, 3 there already, 0 refused");
    expect(out).toContain("Runs that have ended since an earlier import: 1.");
    await using app = await startService(database.url, { ...KEY, WEIR_SCHEDULER: "off" });
    const { runs } = await ask<{ runs: { nodes: object[] } }>(app.url, RUNS);
    expect(runs.nodes[0]).toMatchObject({
      originId: idOf(UUIDS, 3),
      status: "SUCCESS",
      errorMessage: null,
      completedAt: "2024-01-15T04:32:00.000000Z",
      rowsProcessed: 9,
      stages: [{ log: null }, { log: { status: "SUCCESS", errorMessage: null } }, { log: null }],
    });
    const again = await runWeir(["import", "config-db", later], settings);
    expect(again.out).not.toContain("have ended since");
  });

  it("knows what an earlier version imported under the numbers of the file", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    const file = makeConfigDb("earlier.db", INTEGERS);
    await database.sql`insert into pipeline.pipeline_config (source_tablename) values ('orders')`;
    await database.sql`insert into pipeline.pipeline_runs_master (id, source_tablename, status, started_at) values (1, 'orders', 'success', '2024-01-15T08:00:00+05:30')`;
    await database.sql`insert into pipeline.pipeline_run_stage_logs (id, pipeline_run_id, stage_order, status) values (11, 1, 1, 'success')`;
    const { out } = await runWeir(["import", "config-db", file], settings);
    expect(out).toContain("pipeline_runs_master     3 read, 2 taken, 1 there already, 0 refused");
    expect(out).toContain("pipeline_run_stage_logs  7 read, 6 taken, 1 there already, 0 refused");
  });

  it("leaves a template that was edited here as it is, and an own run of its stages to imported runs", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { ...KEY, WEIR_SCHEDULER: "off" });
    const own = [{ stageOrder: 1, stageName: "All", stageType: "all", driverContainer: "own" }];
    await setStages(app.url, own);
    const file = makeConfigDb("template.db", INTEGERS);
    const { out, code } = await runWeir(["import", "config-db", file], { DATABASE_URL: database.url, ...KEY });
    expect(code).toBe(0);
    expect(out).toContain("pipeline_stages          4 read, 0 taken, 0 there already, 4 refused");
    expect(out).toContain(
      "refused: pipeline_stages default: the template of that name is another one here, and was left as it is",
    );
    expect(await ask(app.url, "{ pipelineStages { stageName } run(id: 1) { stages { stageName } } }")).toEqual({
      pipelineStages: [{ stageName: "All" }],
      run: { stages: [{ stageName: "Driver" }, { stageName: "Loader" }, { stageName: "Sink" }] },
    });
  });

  it("takes pipelines as paused, and leaves runs unfinished, when it is told to", async () => {
    await using database = await createTestDatabase();
    const file = makeConfigDb("paused.db", INTEGERS);
    const { out } = await runWeir(["import", "config-db", "--paused", "--keep-unfinished", file], {
      DATABASE_URL: database.url,
      ...KEY,
    });
    expect(out).toContain("New pipelines are paused");
    expect(out).not.toContain("ended as failed");
    await using app = await startService(database.url, KEY);
    expect(
      await ask(
        app.url,
        "{ pipelines(filter: { isActive: true }) { totalCount nodes { sourceTablename } } runs(filter: { status: [RUNNING] }) { nodes { originId stages { log { status } } } } }",
      ),
    ).toEqual({
      pipelines: { totalCount: 0, nodes: [] },
      runs: { nodes: [{ originId: "3", stages: [{ log: null }, { log: { status: "RUNNING" } }, { log: null }] }] },
    });
  });

  it("lends no credentials of another one's source of the same name", async () => {
    await using database = await createTestDatabase();
    await database.sql`insert into pipeline.sources_config (id, source_name, source_type, source_creds) values ('own', 'erp', 'postgres', '{}')`;
    const { out, code } = await runWeir(["import", "config-db", makeConfigDb("names.db", UUIDS)], {
      DATABASE_URL: database.url,
      ...KEY,
    });
    expect(code).toBe(0);
    expect(out).toContain("refused: sources_config erp: another one with this key is there already");
    expect(
      await database.sql`select source_name, destination_name from pipeline.pipeline_config where source_tablename = 'orders'`,
    ).toEqual([{ source_name: null, destination_name: "dwh" }]);
  });

  it("makes no database in a place where there is none of the service, and names where it looked", async () => {
    const file = makeConfigDb("nowhere.db", INTEGERS);
    const data = path.join(folder, "mistyped");
    const inFolder = await runWeir(["import", "config-db", file], { WEIR_DATA_DIR: data, ...KEY });
    expect(inFolder).toMatchObject({ code: 2, out: "" });
    expect(inFolder.err).toBe(
      `There are no tables of Weir in the database in ${data}. Start the service on it once, or set DATABASE_URL or WEIR_DATA_DIR to the service's own.\n`,
    );
    await using empty = await createTestDatabase({ isEmpty: true });
    const inDatabase = await runWeir(["import", "config-db", file], { DATABASE_URL: empty.url, ...KEY });
    expect(inDatabase).toMatchObject({ code: 2, out: "" });
    expect(inDatabase.err).toContain(
      `There are no tables of Weir in the database ${new URL(empty.url).pathname.slice(1)} on `,
    );
    expect(await empty.sql`select from pg_namespace where nspname in ('weir', 'drizzle')`).toHaveLength(0);
  });
});
