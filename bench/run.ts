/**
 * Runs Weir and its peers against each other, in turns: `npm run bench -- [--quick] [--check] [part of a workload's name…]`.
 * The whole of it, in full, writes RESULTS.md and RESULTS.json; everything else is told on standard output alone. With `--check` it
 * fails where Weir fell below half of what RESULTS.json says, in relation to the hand-written peer.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
});

if (!existsSync(here("node_modules"))) {
  const { status } = spawnSync("npm", ["ci"], { cwd: here("."), stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
// The project's own check does without their packages.
const { status: types } = spawnSync("npx", ["tsc", "-p", here(".")], { cwd: here(".."), stdio: "inherit" });
if (types !== 0) process.exit(1);
// Only now are their packages there.
const [{ compete, FULL, QUICK }, { describe, mediansOf, regressions }] = await Promise.all([
  import("./compete.ts"),
  import("./report.ts"),
]);

const mode = values.quick ? QUICK : FULL;
const { results, versions } = await compete(mode, positionals);
const text = `${describe(results, { mode: values.quick ? "quick" : "full", rounds: mode.rounds, versions })}\n`;
process.stdout.write(`\n${text}`);
const kept = here("RESULTS.json");
if (values.check) {
  const before = existsSync(kept) ? JSON.parse(await readFile(kept, "utf8")) : {};
  const worse = regressions(before, mediansOf(results));
  for (const line of worse) process.stderr.write(`${line}\n`);
  if (worse.length > 0) process.exitCode = 1;
} else if (!values.quick && positionals.length === 0) {
  await writeFile(here("RESULTS.md"), text);
  await writeFile(kept, `${JSON.stringify(mediansOf(results), undefined, 2)}\n`);
}
