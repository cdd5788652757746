import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unknownSettings } from "../../src/server/unknown-settings.ts";
import { createTestDatabase } from "../support/database.ts";
import { runWeir, spawnService } from "../support/process.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-settings-"));
  file = path.join(folder, "weir.env");
  await writeFile(file, "# as systemd and Docker read it\nWEIR_PORT=70001\n");
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The line of a start that was refused, for a port that can't be. */
async function refusal(args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const { err, code } = await runWeir(["serve", ...args], { WEIR_DATA_DIR: folder, ...settings });
  expect(code).toBe(2);
  return err;
}

it("reads settings from a file, over it the environment, over both the command line", async () => {
  expect(await refusal(["--env-file", file])).toMatch(/^WEIR_PORT is "70001"/);
  expect(await refusal(["--env-file", file], { WEIR_PORT: "70002" })).toMatch(/^WEIR_PORT is "70002"/);
  expect(await refusal(["--env-file", file, "--port", "70003"], { WEIR_PORT: "70002" })).toMatch(
    /^WEIR_PORT is "70003"/,
  );
  expect(await refusal(["--host", "nowhere?"])).toMatch(/^WEIR_HOST is "nowhere\?"/);
});

it("says which file can't be read, and which option there is none of", async () => {
  // Node itself looks for this option, wherever it stands, and is faster.
  const { err, code } = await runWeir(["serve", "--env-file", path.join(folder, "none")], { WEIR_DATA_DIR: folder });
  expect(code).not.toBe(0);
  expect(err).toContain(path.join(folder, "none"));
  expect(await refusal(["--prot", "1"])).toMatch(/--prot/);
});

it("warns of variables that are no settings, with the nearest one", async () => {
  expect(
    unknownSettings({ WEIR_MAX_PAGESIZE: "1", WEIR_PORT: "1", WEIR_SOMETHING_ELSE_ALTOGETHER: "1", PATH: "" }),
  ).toEqual([
    { name: "WEIR_MAX_PAGESIZE", nearest: "WEIR_MAX_PAGE_SIZE" },
    { name: "WEIR_SOMETHING_ELSE_ALTOGETHER", nearest: null },
  ]);
  await using database = await createTestDatabase();
  await using service = await spawnService({ DATABASE_URL: database.url, WEIR_SHEDULER: "off" });
  expect(service.lines.join("\n")).toMatch(/"level":40.*WEIR_SHEDULER is no setting; WEIR_SCHEDULER is/);
});
