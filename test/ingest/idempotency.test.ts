import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, ask, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
/** Another instance on the same database. */
let other: App;
beforeAll(async () => {
  database = await createTestDatabase();
  [app, other] = await Promise.all([startService(database.url), startService(database.url)]);
});
afterAll(async () => {
  await Promise.all([app.stop(), other.stop()]);
  await database[Symbol.asyncDispose]();
});

interface Row {
  readonly id: string;
  readonly filePath: string;
  readonly processedAt: string;
}

const ONE = `mutation ($input: FileStatusInput!, $key: String) {
  recordFileStatus(input: $input, idempotencyKey: $key) { id filePath processedAt }
}`;
const MANY = `mutation ($input: [FileStatusInput!]!, $key: String) {
  recordFileStatuses(input: $input, idempotencyKey: $key) { id filePath processedAt }
}`;

const report = (filePath: string) => ({ filePath, type: "LOG", status: "PARSED" });
const one = (input: object, key: string | null = null, url = app.url) =>
  post<{ recordFileStatus: Row }>(url, ONE, { input, key });
const many = (input: readonly object[], key: string | null = null, url = app.url) =>
  post<{ recordFileStatuses: Row[] }>(url, MANY, { input, key });
const rowOf = ({ data, errors }: Answer<{ recordFileStatus: Row }>) => data?.recordFileStatus ?? JSON.stringify(errors);
const rowsOf = ({ data, errors }: Answer<{ recordFileStatuses: Row[] }>) =>
  data?.recordFileStatuses ?? JSON.stringify(errors);

/** Rows of the history, changes, and transactions that wrote them, of paths with this beginning. */
async function stored(prefix: string) {
  const [counts] = await database.sql<{ rows: number; changes: number; transactions: number }[]>`
    select (select count(*)::int from ingest.file_statuses where starts_with(file_path, ${prefix})) as rows,
           count(*)::int as changes, count(distinct xid)::int as transactions
    from weir.change where starts_with(key, ${prefix})`;
  if (counts === undefined) throw new Error("no counts");
  return counts;
}

describe("a report that is sent again under its key", () => {
  it("is answered as at first and stored once", async () => {
    const first = rowOf(await one(report("/again/1"), "again-1"));
    expect(first).toMatchObject({ filePath: "/again/1" });
    expect(rowOf(await one(report("/again/1"), "again-1"))).toEqual(first);
    expect(rowOf(await one(report("/again/1"), "again-1", other.url))).toEqual(first);
    expect(await stored("/again/1")).toMatchObject({ rows: 1, changes: 1 });
  });

  it("is answered as at first and stored once as a batch, in its order", async () => {
    const input = ["/batch/c", "/batch/a", "/batch/b", "/batch/a"].map(report);
    const first = rowsOf(await many(input, "batch-1"));
    expect(first).toMatchObject(input.map(({ filePath }) => ({ filePath })));
    expect(rowsOf(await many(input, "batch-1"))).toEqual(first);
    expect(await stored("/batch/")).toMatchObject({ rows: 4, changes: 4 });
  });

  it("is answered as at first as a batch that is too long to travel with others", async () => {
    const input = Array.from({ length: 50 }, (_, at) => report(`/long/${at}`));
    const first = rowsOf(await many(input, "long-1"));
    expect(rowsOf(await many(input, "long-1"))).toEqual(first);
    expect(await stored("/long/")).toMatchObject({ rows: 50, changes: 50 });
  });

  it("is the same though it is written otherwise: null for absent, another offset", async () => {
    const input = { ...report("/same/1"), processedAt: "2024-01-15T08:00:00Z" };
    const first = rowOf(await one(input, "same-1"));
    const again = { ...input, processedAt: "2024-01-15T10:00:00.000+02:00", errorMessage: null, workflowId: null };
    expect(rowOf(await one(again, "same-1"))).toEqual(first);
    expect(await stored("/same/")).toMatchObject({ rows: 1 });
  });

  it("is a batch of nothing, which has its answer too", async () => {
    expect(rowsOf(await many([], "nothing-1"))).toEqual([]);
    expect(rowsOf(await many([], "nothing-1"))).toEqual([]);
    expect((await many([report("/nothing/1")], "nothing-1")).errors).toMatchObject([
      { extensions: { code: "CONFLICT" } },
    ]);
  });

  it("is answered as at first after the service was started again", async () => {
    const before = await startService(database.url);
    const first = rowOf(await one(report("/restart/1"), "restart-1", before.url));
    await before.stop();
    const after = await startService(database.url);
    expect(rowOf(await one(report("/restart/1"), "restart-1", after.url))).toEqual(first);
    await after.stop();
    expect(await stored("/restart/")).toMatchObject({ rows: 1, changes: 1 });
  });

  it("is stored twice without a key", async () => {
    const ids = [await one(report("/twice/1")), await one(report("/twice/1"))].map(rowOf);
    expect(new Set(ids.map((row) => (typeof row === "string" ? row : row.id))).size).toBe(2);
    expect(await stored("/twice/")).toMatchObject({ rows: 2, changes: 2 });
  });
});

describe("a key", () => {
  it("that was used for another input is a CONFLICT, and nothing is stored", async () => {
    await one(report("/conflict/1"), "conflict-1");
    for (const answer of [
      await one(report("/conflict/2"), "conflict-1"),
      await one({ ...report("/conflict/1"), errorMessage: "more" }, "conflict-1"),
    ]) {
      expect(answer.errors).toMatchObject([
        { message: expect.stringContaining("conflict-1"), extensions: { code: "CONFLICT" } },
      ]);
    }
    expect(await stored("/conflict/")).toMatchObject({ rows: 1, changes: 1 });
    await many(["/conflict/3", "/conflict/4"].map(report), "conflict-2");
    const reordered = await many(["/conflict/4", "/conflict/3"].map(report), "conflict-2");
    expect(reordered.errors).toMatchObject([{ extensions: { code: "CONFLICT" } }]);
  });

  it("of one mutation is none of the other", async () => {
    const single = rowOf(await one(report("/mix/1"), "mix-1"));
    const batch = rowsOf(await many([report("/mix/1")], "mix-1"));
    expect(batch).toHaveLength(1);
    expect(batch[0]).not.toEqual(single);
    expect(await stored("/mix/")).toMatchObject({ rows: 2 });
  });

  it("is not used up by an input that was refused", async () => {
    expect((await one({ ...report("/burn/1"), status: "STAGED" }, "burn-1")).errors).toHaveLength(1);
    expect((await one(report(""), "burn-1")).errors).toHaveLength(1);
    expect(rowOf(await one(report("/burn/2"), "burn-1"))).toMatchObject({ filePath: "/burn/2" });
  });

  it("is not used up by a statement that failed", async () => {
    await database.sql`alter table ingest.file_statuses add constraint no_burn check (file_path <> '/fail/1')`;
    expect((await one(report("/fail/1"), "fail-1")).errors).toMatchObject([
      { extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
    await database.sql`alter table ingest.file_statuses drop constraint no_burn`;
    expect(rowOf(await one(report("/fail/1"), "fail-1"))).toMatchObject({ filePath: "/fail/1" });
    expect(await stored("/fail/")).toMatchObject({ rows: 1, changes: 1 });
  });

  it("makes 20 calls at once, by two instances, one row", async () => {
    const calls = Array.from({ length: 20 }, (_, at) =>
      one(report("/race/1"), "race-1", at % 2 === 0 ? app.url : other.url),
    );
    const rows = (await Promise.all(calls)).map(rowOf);
    expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
    expect(rows[0]).toMatchObject({ filePath: "/race/1" });
    expect(await stored("/race/")).toMatchObject({ rows: 1, changes: 1 });
  });

  it("makes 20 calls of one socket, which travel together, one row", async () => {
    const { client } = connect(app.url);
    const calls = Array.from({ length: 20 }, () =>
      collect<Row>(client, ONE, { input: report("/one-statement/1"), key: "race-3" }),
    );
    await Promise.all(calls.map(({ ended }) => ended));
    await client.dispose();
    expect(new Set(calls.map(({ items }) => JSON.stringify(items))).size).toBe(1);
    expect(calls[0]?.items).toMatchObject([{ filePath: "/one-statement/1" }]);
    expect(await stored("/one-statement/")).toMatchObject({ rows: 1, changes: 1 });
  });

  it("makes 20 batches at once, by two instances, one batch", async () => {
    const input = Array.from({ length: 25 }, (_, at) => report(`/race-batch/${at}`));
    const calls = Array.from({ length: 20 }, (_, at) => many(input, "race-2", at % 2 === 0 ? app.url : other.url));
    const answers = (await Promise.all(calls)).map(rowsOf);
    expect(new Set(answers.map((rows) => JSON.stringify(rows))).size).toBe(1);
    expect(answers[0]).toMatchObject(input.map(({ filePath }) => ({ filePath })));
    expect(await stored("/race-batch/")).toMatchObject({ rows: 25, changes: 25 });
  });

  it("under which 20 different reports come at once stores one; the others are a CONFLICT", async () => {
    const calls = Array.from({ length: 20 }, (_, at) =>
      one(report(`/rivals/${at}`), "rivals-1", at % 2 === 0 ? app.url : other.url),
    );
    const answers = await Promise.all(calls);
    const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code ?? "stored").toSorted();
    expect(codes).toEqual([...Array.from({ length: 19 }, () => "CONFLICT"), "stored"]);
    expect(await stored("/rivals/")).toMatchObject({ rows: 1, changes: 1 });
  });
});

describe("reports that arrive together", () => {
  it("get each their own answer out of a few transactions", async () => {
    const paths = Array.from({ length: 90 }, (_, at) => `/together/${at}`);
    // By one socket, so that they do arrive together.
    const { client } = connect(app.url);
    const answers = paths.map((path, at) =>
      collect<Row>(client, ONE, { input: report(path), key: at % 3 === 0 ? `together-${at}` : null }),
    );
    await Promise.all(answers.map(({ ended }) => ended));
    await client.dispose();
    expect(answers.map(({ items }) => items)).toMatchObject(paths.map((filePath) => [{ filePath }]));
    const { rows, changes, transactions } = await stored("/together/");
    expect({ rows, changes }).toEqual({ rows: 90, changes: 90 });
    expect(transactions).toBeLessThan(10);
  });

  it("are refused each alone", async () => {
    await database.sql`alter table ingest.file_statuses add constraint no_poison check (file_path not like '/mixed/poison%')`;
    const names = Array.from({ length: 60 }, (_, at) => (at % 20 === 7 ? `poison-${at}` : `good-${at}`));
    const answers = await Promise.all(
      names.map((name, at) =>
        one(
          at % 20 === 3 ? { ...report(`/mixed/${name}`), status: "STAGED" } : report(`/mixed/${name}`),
          `mixed-${at}`,
        ),
      ),
    );
    await database.sql`alter table ingest.file_statuses drop constraint no_poison`;
    const outcomes = answers.map(({ data, errors }) => errors?.[0]?.extensions.code ?? data?.recordFileStatus.filePath);
    expect(outcomes).toEqual(
      names.map((name, at) =>
        at % 20 === 7 ? "INTERNAL_SERVER_ERROR" : at % 20 === 3 ? "BAD_USER_INPUT" : `/mixed/${name}`,
      ),
    );
    // What was written with a bad neighbour was not written twice.
    expect(await stored("/mixed/")).toMatchObject({ rows: 54, changes: 54 });
    const { fileStatuses } = await ask<{ fileStatuses: { totalCount: number } }>(
      app.url,
      '{ fileStatuses(filter: { filePathPrefix: "/mixed/poison" }) { totalCount } }',
    );
    expect(fileStatuses.totalCount).toBe(0);
  });
});
