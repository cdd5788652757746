import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addUpCounts } from "../../src/db/counts.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { OVERALL, type Overall } from "../support/documents.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const STATUSES = ["pending", "in_progress", "success", "failure", "skipped"] as const;
type Counts = Readonly<Record<(typeof STATUSES)[number], number>>;

/** Every combination of 0, 1 and 2 steps in each of the five statuses. */
const TABLE: readonly Counts[] = Array.from({ length: 3 ** STATUSES.length }, (_, number) => {
  const of = (at: number) => Math.floor(number / 3 ** at) % 3;
  return { pending: of(0), in_progress: of(1), success: of(2), failure: of(3), skipped: of(4) };
});

/** As the domain's rules say it, word by word. */
function expectedOf({ pending, in_progress, success, failure, skipped }: Counts): string {
  const total = pending + in_progress + success + failure + skipped;
  if (total === 0) return "PENDING";
  if (failure > 0) return "FAILED";
  if (success + skipped === total) return "COMPLETED";
  return in_progress + success + skipped > 0 ? "PROCESSING" : "PENDING";
}

let database: TestDatabase;
let app: App;
let after: string;
/** The ids of the files, in the order of the table. */
let ids: readonly string[];
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url);
  after = (await ask<{ liveCursor: string }>(app.url, "{ liveCursor }")).liveCursor;
  const { sql } = database;
  const files = await sql<{ id: string }[]>`
    insert into documents.files ${sql(TABLE.map((_, at) => ({ filehash: `hash-${at}` })))} returning id`;
  ids = files.map(({ id }) => id);
  // Main steps and uploads by turns: the overall status is over both.
  const steps = TABLE.flatMap((counts, at) =>
    STATUSES.flatMap((status) =>
      Array.from({ length: counts[status] }, (_, n) => ({
        file_id: ids[at] ?? "",
        step_name: `${(at + n) % 2 === 0 ? "" : "upload_to_"}${status}_${n}`,
        status,
      })),
    ),
  );
  await sql`insert into documents.file_processing_steps ${sql(steps)}`;
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const expected = TABLE.map(expectedOf);
const expectedCounts = () =>
  ["PENDING", "PROCESSING", "COMPLETED", "FAILED"].map((status) => ({
    status,
    count: expected.filter((word) => word === status).length,
  }));

describe("the overall status of every combination of steps", () => {
  it("is as the rules say, with the counts of the steps", async () => {
    const query = `query (${ids.map((_, at) => `$id${at}: ID!`).join(", ")}) { ${ids.map((_, at) => `f${at}: file(id: $id${at}) { ${OVERALL} }`).join(" ")} }`;
    await using wide = await startService(database.url, { WEIR_MAX_ALIASES: "1000" });
    const data = await ask<Record<string, Overall>>(
      wide.url,
      query,
      Object.fromEntries(ids.map((id, at) => [`id${at}`, id])),
    );
    for (const [at, counts] of TABLE.entries()) {
      const { overallStatus, stepSummary } = data[`f${at}`] ?? {};
      expect(overallStatus, JSON.stringify(counts)).toEqual({
        status: expected[at],
        hasErrors: counts.failure > 0,
        totalSteps: counts.pending + counts.in_progress + counts.success + counts.failure + counts.skipped,
        completedSteps: counts.success,
        failedSteps: counts.failure,
        inProgressSteps: counts.in_progress,
        pendingSteps: counts.pending,
        skippedSteps: counts.skipped,
      });
      for (const [status, main, upload] of [
        ["pending", "pending", "queued"],
        ["in_progress", "inProgress", "inProgress"],
        ["success", "success", "success"],
        ["failure", "failure", "failure"],
        ["skipped", "skipped", "skipped"],
      ] as const) {
        expect((stepSummary?.main[main] ?? 0) + (stepSummary?.uploads[upload] ?? 0)).toBe(counts[status]);
      }
    }
  });

  it("is the same to the filter of the list", async () => {
    for (const status of ["PENDING", "PROCESSING", "COMPLETED", "FAILED"]) {
      const { files } = await ask<{ files: { nodes: { id: string }[] } }>(
        app.url,
        "query ($status: [FileOverallStatus!]) { files(filter: { status: $status }, first: 500) { nodes { id } } }",
        { status: [status] },
      );
      expect(files.nodes.map(({ id }) => Number(id)).toSorted((one, two) => one - two)).toEqual(
        ids.filter((_, at) => expected[at] === status).map(Number),
      );
    }
  });

  it("is the same to the counts, also after they were added up", async () => {
    const counts = async () => (await ask(app.url, "{ fileStatusCounts { status count } }"))["fileStatusCounts"];
    expect(await counts()).toEqual(expectedCounts());
    for (let n = 0; n < 60; n += 1) {
      await database.sql`update documents.file_processing_steps set status = ${n % 2 === 0 ? "failure" : "success"}
        where file_id = ${ids[TABLE.findIndex(({ success }) => success === 1)] ?? 0} and step_name like '%success_0'`;
    }
    await addUpCounts(database.db);
    expect((await database.sql`select from documents.file_counts`).length).toBeLessThan(50);
    expect(await counts()).toEqual(expectedCounts());
  });

  it("is the same in the feed", async () => {
    const { client } = connect(app.url);
    const changes = collect<{ key: string; file: { overallStatus: { status: string } } }>(
      client,
      "subscription ($after: Cursor) { fileChanged(after: $after) { key file { overallStatus { status } } } }",
      { after },
    );
    // The insertions, the statement that added the steps to all but the file without any, and the turns of one file.
    await changes.until((items) => items.length === TABLE.length * 2 - 1 + 60);
    const last = new Map(changes.items.map(({ key, file }) => [key, file.overallStatus.status]));
    expect(ids.map((id) => last.get(id))).toEqual(expected);
    await client.dispose();
  });
});

describe("a status that nobody knows", () => {
  it("is stored, keeps the file from being completed, and is UNKNOWN on that field alone", async () => {
    const { sql } = database;
    const [file] = await sql<{ id: string }[]>`insert into documents.files (filehash) values ('odd') returning id`;
    const id = file?.id ?? "";
    await sql`insert into documents.file_processing_steps (file_id, step_name, status) values
      (${id}, 'a', 'Success'), (${id}, 'b', 'exploded')`;
    const response = await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query:
          "query ($id: ID!) { file(id: $id) { overallStatus { status totalSteps completedSteps } stepSummary { main { success unknown total } } } }",
        variables: { id },
      }),
    });
    expect(await response.json()).toEqual({
      data: {
        file: {
          overallStatus: { status: "PROCESSING", totalSteps: 2, completedSteps: 1 },
          stepSummary: { main: { success: 1, unknown: 1, total: 2 } },
        },
      },
    });
    const steps = await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: "query ($id: ID!) { file(id: $id) { steps { stepName status statusText } } }",
        variables: { id },
      }),
    });
    expect(await steps.json()).toEqual({
      data: {
        file: {
          steps: [
            { stepName: "a", status: "SUCCESS", statusText: "Success" },
            { stepName: "b", status: "UNKNOWN", statusText: "exploded" },
          ],
        },
      },
    });
  });
});
