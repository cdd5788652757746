import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { runWeir } from "../support/process.ts";
import { ask, post, startService } from "../support/service.ts";

const KEY = { WEIR_SECRET_KEY: Buffer.alloc(32, 3).toString("base64") };

let folder: string;
let sample: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "weir-import-"));
  sample = await configDb("config.db");
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A config.db as found in the wild, with more statements applied to it. */
async function configDb(name: string, ...more: string[]): Promise<string> {
  const file = path.join(folder, name);
  // As the sqlite3 program does: its own files have rows that refer to nothing.
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  database.exec(await readFile(new URL("../fixtures/config_db.sql", import.meta.url), "utf8"));
  for (const statement of more) database.exec(statement);
  database.close();
  return file;
}

const head = (url: string) => `Into the database ${new URL(url).pathname.slice(1)} on ${new URL(url).host}:\n`;
const TAKEN = `sources_config           2 read, 2 taken, 0 there already, 0 refused
destinations_config      1 read, 1 taken, 0 there already, 0 refused
pipeline_config          5 read, 5 taken, 0 there already, 0 refused
pipeline_stages          5 read, 5 taken, 0 there already, 0 refused
pipeline_runs_master     24 read, 24 taken, 0 there already, 0 refused
pipeline_run_stage_logs  118 read, 118 taken, 0 there already, 0 refused
`;
const OWN_RUN = "Logs without a run, of each of which a run was made: 1.\n";

describe("weir import config-db", () => {
  it("takes over everything, with history and watermarks, and no secret in any answer", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    const dry = await runWeir(["import", "config-db", "--dry-run", sample], settings);
    expect(dry).toMatchObject({
      out: `${head(database.url)}${TAKEN}${OWN_RUN}Nothing was written: this was a dry run.\n`,
      code: 0,
    });
    expect(await database.sql`select count(*)::int as n from pipeline.pipeline_config`).toEqual([{ n: 0 }]);
    expect(await database.sql`select last_value::int as n from pipeline.pipeline_runs_master_id_seq`).toEqual([
      { n: 1 },
    ]);
    const told = JSON.parse((await runWeir(["import", "config-db", "--dry-run", "--json", sample], settings)).out);
    expect(told).toMatchObject({
      isDryRun: true,
      refusals: expect.any(Array),
      tables: { pipeline_config: { known: 0 } },
    });
    const first = await runWeir(["import", "config-db", sample], settings);
    expect(first).toMatchObject({ out: head(database.url) + TAKEN + OWN_RUN, code: 0 });
    const again = await runWeir(["import", "config-db", sample], settings);
    expect(again.out).toBe(head(database.url) + TAKEN.replaceAll(/(\d+) taken, 0 there/g, "0 taken, $1 there"));
    await database.sql`update pipeline.sources_config set source_name = 'renamed' where source_name = 'erp'`;
    expect((await runWeir(["import", "config-db", sample], settings)).out).toBe(again.out);
    await database.sql`update pipeline.sources_config set source_name = 'erp' where source_name = 'renamed'`;

    await using app = await startService(database.url, { ...KEY, WEIR_SCHEDULER: "off" });
    const answer = await post(
      app.url,
      `{
      runs(last: 30) { totalCount nodes { id originId status currentStage triggeredBy startedAt completedAt durationSeconds errorMessage rowsProcessed
        stages { stageName log { status durationSeconds filePaths rowsProcessed startedAt } } } }
      pipelines { nodes { sourceTablename sinkTablename sourceToDl { loadType isActive schedule incrementalKey lastIncrementalValue }
        dlToSink { lastLoaderRunTimestamp lastLoaderRunStatus } } }
      sources { id sourceName sourceCreds createdAt } destinations { destinationCreds }
      pipelineStages { stageOrder driverContainer } }`,
    );
    expect(answer.errors).toBeUndefined();
    const data = answer.data as {
      runs: {
        totalCount: number;
        nodes: { id: string; status: string; stages: { log: { durationSeconds: number } | null }[] }[];
      };
      pipelines: { nodes: object[] };
      sources: object[];
      pipelineStages: object[];
    };
    expect(data.runs.totalCount).toBe(25);
    const byStatus = Map.groupBy(data.runs.nodes, ({ status }) => status);
    expect(
      [...byStatus].map(([status, runs]) => [
        status,
        runs.map(({ id }) => id).toSorted((a, b) => Number(a) - Number(b)),
      ]),
    ).toEqual(expect.arrayContaining([["FAILED", ["6", "12", "18"]]]));
    expect(byStatus.get("SUCCESS")).toHaveLength(22);
    const run = (id: string) => data.runs.nodes.find((node) => node.id === id);
    expect(run("1")).toMatchObject({
      originId: "1",
      status: "SUCCESS",
      currentStage: 5,
      triggeredBy: "MANUAL",
      startedAt: "2024-01-15T02:30:00.000000Z",
      completedAt: "2024-01-15T02:31:38.396297Z",
      durationSeconds: 98.396297,
    });
    expect(run("6")).toMatchObject({
      status: "FAILED",
      currentStage: 4,
      errorMessage: "Stage timeout after 5 minutes",
      stages: [{}, {}, {}, { log: { status: "FAILED" } }, { log: null }],
    });
    // Both formats of time_taken.
    expect(run("1")?.stages[0]?.log?.durationSeconds).toBe(4.96);
    expect(run("24")?.stages[0]?.log?.durationSeconds).toBe(17.907165);
    expect(data.pipelines.nodes).toHaveLength(5);
    expect(data.pipelines.nodes).toContainEqual(
      expect.objectContaining({ sourceTablename: "public.o'brien_ledger", sinkTablename: "dw.ledger" }),
    );
    expect(data.pipelines.nodes).toContainEqual({
      sourceTablename: "public.order_items",
      sinkTablename: "dw.order_items",
      sourceToDl: {
        loadType: "INCREMENTAL",
        isActive: true,
        schedule: 15,
        incrementalKey: "id",
        lastIncrementalValue: "918273",
      },
      dlToSink: { lastLoaderRunTimestamp: "2024-01-15T03:30:00.123456Z", lastLoaderRunStatus: "SUCCESS" },
    });
    expect(data.pipelineStages.map((stage) => stage)).toHaveLength(5);
    expect(data.sources[1]).toEqual({
      id: "018d0c3a-7c00-7000-8000-000000000001",
      sourceName: "erp",
      createdAt: "2023-12-31T18:30:00.000000Z",
      sourceCreds: { host: "erp.internal", port: 5432, dbname: "erp", user: "loader", password: "********" },
    });
    const stored =
      await database.sql`select source_creds as creds from pipeline.sources_config union all select destination_creds from pipeline.destinations_config`;
    for (const text of [JSON.stringify(answer), JSON.stringify(stored), first.out])
      expect(text).not.toMatch(/not-(?:a-)?real/);

    // New rows are numbered behind those that were taken over.
    const { triggerRun } = await ask<{ triggerRun: { id: string } }>(
      app.url,
      'mutation { triggerRun(sourceTablename: "public.orders") { id } }',
    );
    expect(triggerRun).toEqual({ id: "26" });
  });

  it("says what it refuses and why, and takes the rest", async () => {
    await using database = await createTestDatabase();
    const file = await configDb(
      "bad.db",
      "INSERT INTO pipeline_config (source_tablename, source_to_dl_schedule) VALUES ('neg', -5), (NULL, 1)",
      "INSERT INTO pipeline_config (source_tablename, source_to_dl_is_active) VALUES ('flag', 'maybe')",
      "INSERT INTO sources_config VALUES ('x', 'plain', 'postgres', 'password=hunter2', '2024-02-30')",
      "INSERT INTO destinations_config VALUES ('y', 'plain', 'postgres', 'password=hunter2', NULL)",
      "INSERT INTO pipeline_runs_master (id, source_tablename, status, current_stage, started_at) VALUES (102, 'public.orders', 'success', 99999999999, NULL), (103, 'public.orders', 'success', 9007199254740993, NULL), (104, 'public.orders', 'success', 0, '2024-01-15T08:00:00+99:99')",
      "INSERT INTO pipeline_runs_master (id, source_tablename, pipeline_name, status, started_at) VALUES (100, 'gone', 'default', 'success', '2024-01-15 08:00:00'), (101, 'public.orders', 'default', 'success', 'yesterday')",
      "INSERT INTO pipeline_run_stage_logs VALUES (200, 100, 1, 'success', 'many', NULL, NULL, '2024-01-15T08:00:00'), (201, 100, 1, 'success', 1, NULL, NULL, '2024-01-15T08:00:00')",
    );
    await database.sql`insert into pipeline.pipeline_config (source_tablename) values ('own')`;
    await database.sql`insert into pipeline.pipeline_runs_master (id, source_tablename) values (3, 'own')`;
    const { out, err, code } = await runWeir(["import", "config-db", file], { DATABASE_URL: database.url, ...KEY });
    expect({ code, err }).toEqual({ code: 1, err: "7 rows of the history were refused.\n" });
    expect(
      out
        .split("\n")
        .filter((line) => line.startsWith("refused"))
        .toSorted(),
    ).toEqual([
      "refused: destinations_config y: destination_creds is no JSON object",
      'refused: pipeline_config flag: source_to_dl_is_active is "maybe", not 1 or 0',
      "refused: pipeline_config neg: source_to_dl_schedule is -5; a schedule is 1 minute or more",
      "refused: pipeline_config row 7: source_tablename is empty",
      'refused: pipeline_run_stage_logs 200: rows_processed is "many", not a whole number that can be stored',
      "refused: pipeline_run_stage_logs 201: its run 100 was not taken",
      "refused: pipeline_runs_master 100: its pipeline is not there",
      'refused: pipeline_runs_master 101: started_at is "yesterday", not a timestamp',
      "refused: pipeline_runs_master 102: current_stage is 99999999999, which is too much",
      'refused: pipeline_runs_master 103: current_stage is "9007199254740993", not a whole number that can be stored',
      'refused: pipeline_runs_master 104: started_at is "2024-01-15T08:00:00+99:99", not a timestamp',
      'refused: sources_config x: created_at is "2024-02-30", which is not in the calendar',
    ]);
    expect(out).not.toContain("hunter2");
    // What has the number 3 in the file has another one here, and its logs with it.
    expect(out).toContain("pipeline_runs_master     29 read, 24 taken, 0 there already, 5 refused");
    const [own, taken] = await database.sql`select r.id::int, r.source_tablename, count(l.id)::int as logs
      from pipeline.pipeline_runs_master r left join pipeline.pipeline_run_stage_logs l on l.pipeline_run_id = r.id
      where r.id = 3 or r.origin_id = '3' group by r.id order by r.id`;
    expect(own).toEqual({ id: 3, source_tablename: "own", logs: 0 });
    expect(taken).toEqual({ id: expect.any(Number), source_tablename: "public.order_items", logs: 5 });
  });

  it("ends with one line when it is called wrongly, and writes nothing", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url, ...KEY };
    const text = path.join(folder, "text.db");
    await writeFile(text, "no database");
    const other = path.join(folder, "other.db");
    const made = new DatabaseSync(other);
    made.exec("create table t (a)");
    made.close();
    const cases = [
      [["import", "config-db"], settings, 2, "need at least 1"],
      [["import", "config-db", path.join(folder, "none.db")], settings, 2, "There is no file"],
      [["import", "config-db", text], settings, 1, "can't be read as a config.db: file is not a database."],
      [["import", "config-db", other], settings, 1, "no such table"],
      [["import", "config-db", sample], { DATABASE_URL: database.url }, 1, "WEIR_SECRET_KEY"],
    ] as const;
    for (const [args, environment, code, line] of cases) {
      const ended = await runWeir(args, environment);
      expect(ended).toMatchObject({ code, out: "" });
      expect(ended.err).toContain(line);
    }
    expect(
      await database.sql`select (select count(*)::int from pipeline.sources_config) + (select count(*)::int from pipeline.pipeline_config) as n`,
    ).toEqual([{ n: 0 }]);
  });
});
