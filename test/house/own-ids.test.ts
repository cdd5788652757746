import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, update } from "../support/documents.ts";
import { createPipeline, START, setStages, triggerRun } from "../support/pipelines.ts";
import { makeReport, refreshed } from "../support/reports.ts";
import { ask, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let file: string;
let made = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
  file = await createFile(app.url, { steps: ["hash_file"] });
  await setStages(app.url);
  await makeReport(app.url, "report", "SELECT 1 AS a");
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const fresh = () => `x${(made += 1)}`;

/** What a program writes with ids of its own choice, and what the service then makes in the same table. */
const TABLES: Readonly<Record<string, { insert: string; make: () => Promise<unknown> }>> = {
  "ingest.file_statuses": {
    insert: "(id, file_path, type, status) select i, '/own/' || i, 'HL7', 'staged'",
    make: () =>
      ask(app.url, "mutation ($input: FileStatusInput!) { recordFileStatus(input: $input) { id } }", {
        input: { filePath: "/f", type: "HL7", status: "STAGED" },
      }),
  },
  "documents.files": {
    insert: "(id, filehash) select i, 'own'",
    make: () => createFile(app.url, { steps: ["hash_file"] }),
  },
  "documents.file_processing_steps": {
    insert: "(id, file_id, step_name, status) select i, 1, 'own_' || i, 'pending'",
    make: () => update(app.url, file, fresh(), "IN_PROGRESS"),
  },
  "documents.processing_logs": {
    insert: "(id, file_id, step_name, status) select i, 1, 'hash_file', 'in_progress'",
    make: () => update(app.url, file, "hash_file", "IN_PROGRESS"),
  },
  "pipeline.pipeline_runs_master": {
    insert: "(id, source_tablename, status) select i, 'own', 'success'",
    make: async () => {
      const name = fresh();
      await createPipeline(app.url, name);
      return triggerRun(app.url, name);
    },
  },
  "pipeline.pipeline_run_stage_logs": {
    insert: "(id, stage_order, status) select i, 1, 'success'",
    make: async () => {
      const name = fresh();
      await createPipeline(app.url, name);
      return ask(app.url, START, { run: await triggerRun(app.url, name), stage: 1 });
    },
  },
  "pipeline.pipeline_stages": {
    insert:
      "(id, pipeline_name, stage_order, stage_name, stage_type, driver_container) select i, 'own', i, 'a', 'b', 'c'",
    make: () => setStages(app.url, [{ stageOrder: 1, stageName: "a", stageType: "b", driverContainer: "c" }], fresh()),
  },
  "reporting.seeder_run_history": {
    insert: `(id, run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
      select i, 'own' || i, 1, 'own', 'own', 1, 'own', 'custom', 'success'`,
    make: () => refreshed(app.url, "report"),
  },
  "reporting.seeder_custom_report_manifest": {
    insert:
      "(id, table_name, report_name, agency_id, agency_slug, query) select i, 'own_' || i, 'own', 1, 'own', 'SELECT 1 AS a'",
    make: () => makeReport(app.url, `r_${fresh()}`, "SELECT 1 AS a"),
  },
  "reporting.seeder_canned_report": {
    insert: "(id, table_name, report_name, query) select i, 'canned_' || i, 'own', 'SELECT 1 AS a'",
    make: () =>
      ask(app.url, "mutation ($input: CannedReportInput!) { createCannedReport(input: $input) { id } }", {
        input: { tableName: `c_${fresh()}`, reportName: "c", query: "SELECT 1 AS a" },
      }),
  },
};

describe("ids that a program chooses itself never collide with ours", () => {
  beforeAll(() => createPipeline(app.url, "own"));

  it.each(Object.entries(TABLES))("in %s", async (table, { insert, make }) => {
    const next = async () => {
      const [row] = await database.sql.unsafe(`select coalesce(max(id), 0)::int + 1 as next from ${table}`);
      return Number(row?.["next"]);
    };
    // The next ones, and some that are far away.
    for (const first of [await next(), 1_000_000]) {
      await database.sql.unsafe(`insert into ${table} ${insert} from generate_series(${first}, ${first + 19}) i`);
      await make();
      expect(await next()).toBeGreaterThan(first + 20);
    }
  });
});

describe("TRUNCATE", () => {
  it.each([
    ["documents.files", "FILE"],
    ["documents.file_processing_steps", "FILE_STEP"],
    ["pipeline.pipeline_run_stage_logs", "RUN_STAGE"],
    ["reporting.seeder_run_history", "SEEDER_RUN"],
    ["reporting.seeder_job_status", "SEEDER_JOB"],
  ])("of %s announces each row as deleted", async (table, topic) => {
    await createFile(app.url, { steps: ["hash_file"] });
    const [before] = await database.sql.unsafe(`select count(*)::int as rows from ${table}`);
    expect(before?.["rows"]).toBeGreaterThan(0);
    const [mark] = await database.sql`select last_value as seq from weir.change_seq`;
    await database.sql.unsafe(`truncate ${table} cascade`);
    const [announced] = await database.sql`select count(*)::int as rows from weir.change
      where topic = ${topic} and operation = 'DELETE' and seq > ${mark?.["seq"]}`;
    expect(announced?.["rows"]).toBe(before?.["rows"]);
  });

  it("of the pipelines is refused, in words, while a run goes on", async () => {
    await createPipeline(app.url, "busy");
    await triggerRun(app.url, "busy");
    await expect(database.sql`truncate pipeline.pipeline_config`).rejects.toThrow(/has a run that is not finished/);
  });

  it("of a history is refused, in words", async () => {
    await expect(database.sql`truncate documents.processing_logs`).rejects.toThrow(/append-only/);
  });
});
