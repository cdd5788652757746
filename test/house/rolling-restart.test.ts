import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import { makeReport } from "../support/reports.ts";
import { ask, collect, connect } from "../support/service.ts";

const git = (...args: readonly string[]) =>
  execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();

/** WEIR_TEST_OLD_REF, else the last release, else what was before the newest migration; or why there is none. */
async function findOlder(): Promise<{ readonly ref: string } | { readonly why: string }> {
  const given = process.env["WEIR_TEST_OLD_REF"];
  if (given !== undefined) return { ref: given };
  try {
    if (git("tag", "--list", "v*") !== "") return { ref: git("describe", "--tags", "--abbrev=0", "--match", "v*") };
    const newest = (await readdir("drizzle")).toSorted().at(-1) ?? "";
    const added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", `drizzle/${newest}`);
    if (added === "") return { why: `drizzle/${newest} is not committed` };
    return { ref: git("rev-parse", "--verify", `${added}^`) };
  } catch {
    return { why: "the history is not there, as in a shallow clone" };
  }
}

const older = await findOlder();
if ("why" in older) console.log(`rolling-restart.test.ts: skipped, since ${older.why}`);
const ref = "ref" in older ? older.ref : "";

/** Unpacks a commit, which runs with the packages of now. */
async function unpack(folder: string): Promise<void> {
  const archive = execFileSync("git", ["archive", ref], { maxBuffer: 1024 ** 3 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  await symlink(path.resolve("node_modules"), path.join(folder, "node_modules"));
}

const RECORD =
  "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id } }";
const CREATE = "mutation ($hash: String!) { createFile(input: { filehash: $hash }) { id } }";
const STEP =
  'mutation ($file: ID!) { updateStepStatus(input: { fileId: $file, stepName: "hash_file", status: SUCCESS }) { status } }';
const STAGES =
  'mutation { setPipelineStages(stages: [{ stageOrder: 1, stageName: "E", stageType: "loader_source_to_dl", driverContainer: "d" }]) { stageOrder } }';
const PIPELINE = 'mutation { createPipeline(input: { sourceTablename: "t" }) { sourceTablename } }';
const TRIGGER = 'mutation { triggerRun(sourceTablename: "t", allowParallel: true) { id } }';
const CLAIM = 'mutation { claimStage(driverContainer: "d", worker: "w") { runId stageOrder } }';
const COMPLETE = "mutation ($run: ID!) { completeStage(runId: $run, stageOrder: 1) { status } }";
const START = "mutation ($table: String!) { startSeederRun(tableName: $table) { runId } }";
const FINISH = "mutation ($run: String!) { finishSeederRun(runId: $run, input: { recordsProcessed: 1 }) { status } }";
const WATCH = "subscription ($after: Cursor) { changes(after: $after) { topic key operation cursor } }";

interface Change {
  readonly topic: string;
  readonly key: string;
  readonly operation: string;
  readonly cursor: string;
}

/** One report of each system. */
async function report(url: string, name: string): Promise<void> {
  await ask(url, RECORD, { path: `/${name}` });
  const { createFile } = await ask<{ createFile: { id: string } }>(url, CREATE, { hash: name });
  await ask(url, STEP, { file: createFile.id });
  await ask(url, TRIGGER);
  const { claimStage } = await ask<{ claimStage: { runId: string } | null }>(url, CLAIM);
  if (claimStage !== null) await ask(url, COMPLETE, { run: claimStage.runId });
  const { startSeederRun } = await ask<{ startSeederRun: { runId: string } }>(url, START, { table: "rolling" });
  await ask(url, FINISH, { run: startSeederRun.runId });
}

it.skipIf("why" in older)(
  `the version of before (${ref.slice(0, 7)}) goes on beside this one during a restart one by one: both write, and both tell everything once`,
  async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "weir-older-"));
    await using database = await createTestDatabase({ isEmpty: true });
    const settings = { DATABASE_URL: database.url, WEIR_SCHEDULER: "off", WEIR_SEEDER_PARALLEL: "0" };
    try {
      await unpack(folder);
      await using old = await spawnService(settings, process.execPath, folder);
      const { liveCursor } = await ask<{ liveCursor: string }>(old.url, "{ liveCursor }");
      const oldClient = connect(old.url).client;
      const atOld = collect<Change>(oldClient, WATCH, { after: liveCursor });
      await ask(old.url, STAGES);
      await ask(old.url, PIPELINE);
      await makeReport(old.url, "rolling", "SELECT 1 AS one");
      await report(old.url, "before");

      // While the newer one migrates and starts, the older one is asked all the time.
      const stop = new AbortController();
      const meanwhile = (async () => {
        for (let n = 0; !stop.signal.aborted; n += 1) await report(old.url, `meanwhile-${n}`);
      })();
      await using young = await spawnService(settings);
      stop.abort();
      await meanwhile;
      const youngClient = connect(young.url).client;
      // A client that comes from the other instance goes on with its cursor.
      const [first] = atOld.items;
      const atYoung = collect<Change>(youngClient, WATCH, { after: first?.cursor });
      await Promise.all(
        [old, young].map(async ({ url }, side) => {
          for (let n = 0; n < 30; n += 1) await report(url, `${side}-${n}`);
        }),
      );
      await report(young.url, "last-young");
      await report(old.url, "last-old");

      const [stored] = await database.sql<{ count: number }[]>`select count(*)::int as count from weir.change`;
      const count = stored?.count ?? 0;
      await atOld.until((items) => items.length >= count);
      await atYoung.until((items) => items.length >= count - 1);
      const told = ({ topic, key, operation }: Change) => `${topic} ${key} ${operation}`;
      // Each has looks of its own: what two transactions wrote at once may come in another order.
      expect(atYoung.items.map(told).toSorted()).toEqual(atOld.items.slice(1).map(told).toSorted());
      expect(atOld.items.length).toBe(count);
      expect([...atOld.errors, ...atYoung.errors]).toEqual([]);
      for (const service of [old, young])
        expect(service.lines.filter((line) => /"level":(?:50|60)/.test(line))).toEqual([]);
      const counts = "{ fileStatuses { totalCount } fileStatusCounts { __typename } overview { __typename } }";
      expect(await ask(old.url, counts)).toEqual(await ask(young.url, counts));
      await oldClient.dispose();
      await youngClient.dispose();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
