import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addUpCounts } from "../../src/db/counts.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, update } from "../support/documents.ts";
import { ask, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const COUNTS = "{ stepStatusCounts { stepName kind status count } }";
interface Count {
  readonly stepName: string;
  readonly kind: string;
  readonly status: string;
  readonly count: number;
}
const counts = async () =>
  (await ask<{ stepStatusCounts: Count[] }>(app.url, COUNTS)).stepStatusCounts.map(
    ({ stepName, kind, status, count }) => [stepName, kind, status, count] as const,
  );

/** The same by a look at every step. */
async function counted() {
  const rows = await database.sql<
    { step: string; status: string; count: number }[]
  >`select step_name as step, known_status as status, count(*)::integer as count
    from documents.file_processing_steps group by 1, 2 order by step_name collate "C", known_status`;
  return rows.map(({ step, status, count }) => [
    step,
    step.startsWith("queue_") || step.startsWith("upload_to_") ? "UPLOAD" : "MAIN",
    status.toUpperCase(),
    count,
  ]);
}

it("stepStatusCounts counts what the steps are, whoever wrote them, and by whatever statement", async () => {
  expect(await counts()).toEqual([]);
  const one = await createFile(app.url, { steps: ["ocr", "upload_to_archive"] });
  const two = await createFile(app.url, { steps: ["ocr"] });
  await update(app.url, one, "ocr", "IN_PROGRESS");
  await update(app.url, two, "ocr", "FAILURE");
  expect(await counts()).toEqual([
    ["ocr", "MAIN", "FAILURE", 1],
    ["ocr", "MAIN", "IN_PROGRESS", 1],
    ["upload_to_archive", "UPLOAD", "PENDING", 1],
  ]);
  await database.sql`insert into documents.files (filehash) select 'h' || g from generate_series(1, 50) g`;
  await database.sql`insert into documents.file_processing_steps (file_id, step_name, status)
    select id, 'ocr', case when id % 3 = 0 then 'Success' else 'strange' end from documents.files where filehash like 'h%'`;
  expect(await counts()).toEqual(await counted());
  await database.sql`update documents.file_processing_steps set step_name = 'read', status = 'skipped' where known_status = 'unknown' and file_id % 2 = 0`;
  await database.sql`delete from documents.files where id % 5 = 0`;
  expect(await counts()).toEqual(await counted());
  for (let round = 0; round < 80; round += 1)
    await database.sql`update documents.file_processing_steps set status = ${round % 2 === 0 ? "failure" : "success"} where step_name = 'read'`;
  const rows = async () => Number((await database.sql`select count(*) from documents.step_counts`)[0]?.["count"]);
  const before = await rows();
  await addUpCounts(database.db);
  expect(await rows()).toBeLessThan(before);
  expect(await counts()).toEqual(await counted());
  await database.sql.begin(async (sql) => {
    await sql`truncate documents.file_processing_steps`;
  });
  expect(await counts()).toEqual([]);
});

describe("files", () => {
  it("are found by being stalled, and sorted from the oldest", async () => {
    const slow = await createFile(app.url, { steps: ["slow", "other"] });
    const fresh = await createFile(app.url, { steps: ["slow"] });
    await update(app.url, slow, "slow", "IN_PROGRESS", { startedAt: "2026-01-01T00:00:00Z" });
    await update(app.url, fresh, "slow", "IN_PROGRESS");
    const LIST =
      'query ($stalled: Boolean!, $orderBy: FileOrder) { files(filter: { isStalled: $stalled, filehash: "abc123", createdAfter: "2026-01-01T00:00:00Z" }, orderBy: $orderBy) { totalCount nodes { id } } }';
    interface Files {
      readonly files: { readonly totalCount: number; readonly nodes: readonly { readonly id: string }[] };
    }
    const stalled = await ask<Files>(app.url, LIST, { stalled: true });
    expect(stalled.files).toEqual({ totalCount: 1, nodes: [{ id: slow }] });
    const others = await ask<Files>(app.url, LIST, { stalled: false });
    expect(others.files.nodes.map(({ id }) => id)).not.toContain(slow);
    const oldest = await ask<Files>(app.url, LIST, { stalled: false, orderBy: "OLDEST_FIRST" });
    expect(oldest.files.nodes).toEqual(others.files.nodes.toReversed());
    await update(app.url, slow, "slow", "SUCCESS");
    expect((await ask<Files>(app.url, LIST, { stalled: true })).files.totalCount).toBe(0);
  });

  it("tell when they were changed last, and their steps how often they were begun, by one statement each", async () => {
    const id = await createFile(app.url, { steps: ["ocr", "index"] });
    for (const status of ["IN_PROGRESS", "IN_PROGRESS", "FAILURE", "IN_PROGRESS", "SUCCESS"])
      await update(app.url, id, "ocr", status);
    const FILE = "{ files(first: 3) { nodes { id updatedAt steps { stepName attempts updatedAt } } } }";
    await using statements = await countStatements(database.url);
    const { data, names } = await statements.run(FILE);
    expect(names).toEqual(["documents.attempts_of_steps", "documents.files", "documents.steps_of_files"]);
    interface Node {
      readonly id: string;
      readonly updatedAt: string;
      readonly steps: readonly { readonly stepName: string; readonly attempts: number; readonly updatedAt: string }[];
    }
    const { nodes } = (data as { files: { nodes: Node[] } }).files;
    const node = nodes.find((file) => file.id === id);
    expect(node?.steps.map(({ stepName, attempts }) => [stepName, attempts])).toEqual([
      ["ocr", 2],
      ["index", 0],
    ]);
    expect(node?.updatedAt).toBe(
      node?.steps
        .map(({ updatedAt }) => updatedAt)
        .toSorted()
        .at(-1),
    );
  });
});
