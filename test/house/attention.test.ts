import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, update } from "../support/documents.ts";
import { createPipeline, FAIL, START, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, post, startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

interface Item {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly title: string;
  readonly message: string | null;
  readonly count: number | null;
  readonly actions: readonly string[];
  readonly isAcknowledged: boolean;
  readonly subjects: readonly { readonly key: string }[];
}
const ATTENTION =
  "{ attention { id kind severity title message count actions isAcknowledged subjects(first: 200) { topic key title at } } }";
const attention = async () => (await ask<{ attention: Item[] }>(app.url, ATTENTION)).attention;
const titles = async () => (await attention()).map(({ title }) => title);

it("nothing: everything flows", async () => {
  expect(await attention()).toEqual([]);
});

it("groups what fails by its cause: numbers, ids, paths and times in the error make no difference", async () => {
  await setStages(app.url);
  for (const [at, table] of ["orders", "items", "customers"].entries()) {
    await createPipeline(app.url, table);
    const run = await triggerRun(app.url, table);
    await ask(app.url, START, { run, stage: 1 });
    const message = `connection to 10.0.0.${at}:5432 lost after ${at} s, see /var/log/${table}.log at 2026-01-0${at + 1}T10:00:00Z`;
    await ask(app.url, FAIL, { run, stage: 1, message });
  }
  const [one, ...others] = await attention();
  expect(others).toEqual([]);
  expect(one).toMatchObject({
    kind: "PIPELINE_FAILED",
    severity: "NEEDS_YOU",
    title: "3 tables stop at Check source driver",
    message: "connection to 10.0.0.2:5432 lost after 2 s, see /var/log/customers.log at 2026-01-03T10:00:00Z",
    count: 3,
    actions: ["RETRY", "SHOW"],
  });
  expect(one?.subjects.map(({ key }) => key)).toEqual(["customers", "items", "orders"]);
  // Another cause is another line; one that is being mended is none.
  const again = await triggerRun(app.url, "orders");
  expect(await titles()).toEqual(["2 tables stop at Check source driver"]);
  await ask(app.url, START, { run: again, stage: 1 });
  await ask(app.url, FAIL, { run: again, stage: 1, message: "disk full" });
  expect(await titles()).toEqual(["2 tables stop at Check source driver", "orders stops at Check source driver"]);
});

it("tells what each system knows, what needs a person first", async () => {
  await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message, processed_at) values
    ('/in/a.hl7', 'HL7', 'failed', 'segment 4 is torn', now()), ('/in/b.hl7', 'HL7', 'failed', 'segment 17 is torn', now()),
    ('/in/c.hl7', 'HL7', 'staged', null, now() - interval '2 hours')`;
  const id = await createFile(app.url, { steps: ["extract_text"], originalFilename: "torn.pdf" });
  await update(app.url, id, "extract_text", "FAILURE", { errorMessage: "no text" });
  const slow = await createFile(app.url, { steps: ["embed"], originalFilename: "slow.pdf" });
  await update(app.url, slow, "embed", "IN_PROGRESS", { startedAt: "2026-01-01T00:00:00Z" });
  await database.sql`insert into reporting.seeder_job_status (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, consecutive_failures, last_errors)
    values ('r1', 1, 'Beds', 'custom', 1, 'north', 'error', 3, 'no such column'), ('r2', 2, 'Visits', 'custom', 1, 'south', 'error', 1, 'timeout')`;
  const items = await attention();
  expect(new Set(items.map(({ title }) => title))).toEqual(
    new Set([
      "2 tables stop at Check source driver",
      "orders stops at Check source driver",
      "2 HL7 files failed",
      "torn.pdf fails at extract_text",
      "Beds has failed 3 times in a row or more",
      "c.hl7 is staged for more than 60 min",
      "slow.pdf is in embed for more than 10 min",
      "Visits failed last time",
    ]),
  );
  const severities = items.map(({ severity }) => severity);
  expect(severities).toEqual(severities.toSorted());
});

it("tells runs and reports that take long", async () => {
  await createPipeline(app.url, "slow");
  const run = await triggerRun(app.url, "slow");
  await ask(app.url, START, { run, stage: 1 });
  await database.sql`update pipeline.pipeline_runs_master set started_at = now() - interval '5 hours' where id = ${run}`;
  await database.sql`insert into reporting.seeder_job_status (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, start_time)
    values ('r3', 3, 'Stays', 'custom', 1, 'south', 'running', now() - interval '5 hours')`;
  expect(await titles()).toEqual(expect.arrayContaining(["slow takes longer than usual", "Stays takes long"]));
});

it("remembers what a viewer has seen, until something of it is newer", async () => {
  const torn = async () => (await attention()).find(({ kind }) => kind === "FILES_FAILED");
  const id = (await torn())?.id;
  const ACKNOWLEDGE = "mutation ($id: ID!) { acknowledge(id: $id) { isAcknowledged } }";
  expect(await ask(app.url, ACKNOWLEDGE, { id })).toEqual({ acknowledge: { isAcknowledged: true } });
  expect((await torn())?.isAcknowledged).toBe(true);
  await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
    values ('/in/d.hl7', 'HL7', 'failed', 'segment 2 is torn')`;
  expect(await torn()).toMatchObject({ id, isAcknowledged: false, count: 3 });
  const unknown = await post(app.url, ACKNOWLEDGE, { id: "none" });
  expect(unknown.errors?.[0]?.extensions.code).toBe("NOT_FOUND");
});

it("is one statement, and looks at a bounded number of failures", async () => {
  await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
    select '/many/' || g || '.hl7', 'HL7', 'failed', 'line ' || g || ' is torn' from generate_series(1, 3000) g`;
  const many = (await attention()).find(({ message }) => message?.startsWith("line"));
  expect(many).toMatchObject({ count: null, title: "More than 1000 HL7 files failed" });
  expect(many?.subjects).toHaveLength(200);
  await using counted = await countStatements(database.url);
  expect((await counted.run(ATTENTION)).names).toEqual(["weir.attention"]);
});

it("tells a viewer of some agencies nothing of the others' reports", async () => {
  await using counted = await countStatements(database.url);
  const viewer = { name: "north", role: "VIEWER" as const, agencySlugs: ["north"] };
  const { data } = await counted.run("{ attention { kind title } }", {}, viewer);
  const reports = (data as { attention: { kind: string; title: string }[] }).attention.filter(({ kind }) =>
    kind.startsWith("REPORT"),
  );
  expect(reports).toEqual([{ kind: "REPORT_FAILING", title: "Beds has failed 3 times in a row or more" }]);
});

const ALL_SUBJECTS = `query ($first: Int, $after: String, $last: Int, $before: String) { attention { message
  allSubjects(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { topic key title at } pageInfo { hasNextPage endCursor startCursor } } } }`;
interface Subjects {
  readonly message: string | null;
  readonly allSubjects: {
    readonly totalCount: number | null;
    readonly nodes: readonly { readonly key: string; readonly at: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

it("pages all subjects that are looked at, each once, newest first, by one statement for all causes", async () => {
  const keys: string[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 20; pages += 1) {
    const answer: { attention: Subjects[] } = await ask(app.url, ALL_SUBJECTS, { first: 300, after });
    const many: Subjects | undefined = answer.attention.find(({ message }) => message?.startsWith("line"));
    if (many === undefined) throw new Error("nothing is torn");
    expect(many.allSubjects.totalCount).toBeNull();
    keys.push(...many.allSubjects.nodes.map(({ key }) => key));
    if (!many.allSubjects.pageInfo.hasNextPage) break;
    after = many.allSubjects.pageInfo.endCursor;
  }
  expect(keys.length).toBeGreaterThan(900);
  expect(new Set(keys).size).toBe(keys.length);
  const [{ count }] = (await database.sql`select count(*)::integer as count from (
    select file_path from ingest.files where known_status = 'failed' order by processed_at desc, status_id desc limit 1000) f
    where file_path like '/many/%'`) as unknown as [{ count: number }];
  expect(keys).toHaveLength(count);
  await using counted = await countStatements(database.url);
  expect((await counted.run(ALL_SUBJECTS, { first: 3 })).names).toEqual(["weir.attention", "weir.subjects_of_causes"]);
  const { data } = await counted.run(ALL_SUBJECTS, { first: 500 });
  for (const { allSubjects } of (data as { attention: Subjects[] }).attention)
    expect(allSubjects.nodes.length).toBeGreaterThan(0);
});

it("refuses a page of another list, and one that is too large", async () => {
  const code = async (variables: object) =>
    (await post(app.url, ALL_SUBJECTS, { ...variables })).errors?.[0]?.extensions.code;
  expect(await code({ first: 501 })).toBe("BAD_USER_INPUT");
  expect(await code({ after: "none" })).toBe("BAD_USER_INPUT");
});

it("forgets what was acknowledged a year ago, and nothing else", async () => {
  const { sql } = database;
  await sql`insert into weir.acknowledgement (viewer, id, up_to, at) values
    ('old', 'x', now(), now() - interval '366 days'), ('new', 'x', now(), now() - interval '300 days')`;
  await using _other = await startService(database.url, { WEIR_SCHEDULER: "off" });
  const kept = await sql`select viewer from weir.acknowledgement where id = 'x'`;
  expect(kept).toEqual([{ viewer: "new" }]);
});
