import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
let all: string;
let north: string;
beforeAll(async () => {
  database = await createTestDatabase();
  all = (await makeToken(database, { name: "all", role: "VIEWER" })).secret;
  north = (await makeToken(database, { name: "north", role: "VIEWER", agencySlugs: ["north"] })).secret;
  app = await startService(database.url, { WEIR_SEEDER_PARALLEL: "0" });
  await database.sql`insert into ingest.file_statuses (file_path, type, status, processed_at) values
    ('/a', 'HL7', 'ingested', '2026-01-01T10:05:00Z'), ('/b', 'HL7', 'success', '2026-01-01T10:59:59.999999Z'), ('/c', 'HL7', 'staged', '2026-01-01T10:05:00Z'),
    ('/d', 'HL7', 'failed', '2026-01-01T12:00:00Z'), ('/e', 'Log', 'FAILED', '2026-01-01T12:30:00Z'), ('/f', 'HL7', 'ingested', '2026-01-01T13:00:00Z')`;
  await database.sql`insert into documents.processing_logs (step_name, status, timestamp) values
    ('ocr', 'SUCCESS', '2026-01-01T10:05:00Z'), ('ocr', 'failure', '2026-01-01T10:06:00Z'), ('ocr', 'in_progress', '2026-01-01T10:07:00Z')`;
  for (const [agency, status] of [
    ["north", "success"],
    ["south", "success"],
    ["south", "error"],
  ] as const) {
    await database.sql`insert into reporting.seeder_run_history (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status, start_time, finish_time)
      values (${`${agency} ${status}`}, 1, ${agency}, 'r', 1, ${agency}, 'custom', ${status}, '2026-01-01T11:00:00Z', '2026-01-01T11:10:00Z')`;
  }
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const QUERY = `query ($from: DateTime, $to: DateTime, $bucket: TimeBucket! = HOUR) {
  ingest: ingestThroughput(from: $from, to: $to, bucket: $bucket) { start done failed }
  documents: documentThroughput(from: $from, to: $to, bucket: $bucket) { start done failed }
  reports: reportThroughput(from: $from, to: $to, bucket: $bucket) { start done failed } }`;
interface Bucket {
  readonly start: string;
  readonly done: number;
  readonly failed: number;
}
type Answer = Readonly<Record<"ingest" | "documents" | "reports", readonly Bucket[]>>;
const ask = (variables: object, secret = all) => post<Answer>(app.url, QUERY, { ...variables }, bearer(secret));
const WINDOW = { from: "2026-01-01T10:00:00Z", to: "2026-01-01T13:00:00Z" };

it("what ended is counted where it ended, by outcome, and columns without anything are there", async () => {
  const { data } = await ask(WINDOW);
  const shown = (buckets: readonly Bucket[] = []) =>
    buckets.map(({ start, done, failed }) => [start.slice(11, 16), done, failed]);
  expect(shown(data?.ingest)).toEqual([
    ["10:00", 2, 0],
    ["11:00", 0, 0],
    ["12:00", 0, 2],
  ]);
  expect(shown(data?.documents)).toEqual([
    ["10:00", 1, 1],
    ["11:00", 0, 0],
    ["12:00", 0, 0],
  ]);
  expect(shown(data?.reports)).toEqual([
    ["10:00", 0, 0],
    ["11:00", 2, 1],
    ["12:00", 0, 0],
  ]);
  const minutes = await ask({ ...WINDOW, bucket: "MINUTE" });
  expect(minutes.data?.ingest).toHaveLength(180);
  expect(minutes.data?.ingest.reduce((sum, { done }) => sum + done, 0)).toBe(2);
});

it("of reports, those of the token's agencies", async () => {
  const { data } = await ask(WINDOW, north);
  expect(data?.reports.map(({ done, failed }) => [done, failed])).toEqual([
    [0, 0],
    [1, 0],
    [0, 0],
  ]);
});

it("a window that is empty or too wide is refused, and takes nothing beside it along", async () => {
  for (const wrong of [
    { from: WINDOW.to, to: WINDOW.from },
    { from: "2020-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" },
  ]) {
    const { data, errors } = await ask(wrong);
    expect(data).toEqual({ ingest: null, documents: null, reports: null });
    expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(["BAD_USER_INPUT"]));
  }
});
