import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "@graphql-codegen/cli";
import { z } from "zod";
import codegen from "../codegen.ts";
import { printedSchema, SCHEMA_FILE } from "./print-schema.ts";
import { printedSettings, SETTINGS_FILE } from "./print-settings.ts";

/** Checks that what is generated and committed is what its sources give now. Writes nothing into the tree. */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const GENERATED_FOLDERS = ["src/client/gql", "web/src/gql"];

const readText = (file: string | URL) => readFile(file, "utf8").catch(() => null);

async function checkSchema(): Promise<string | null> {
  if ((await readText(SCHEMA_FILE)) === printedSchema()) return null;
  return "schema.graphql is not what src/schema says. Run `npm run codegen` and commit the result.";
}

async function checkSettings(): Promise<string | null> {
  if ((await readText(SETTINGS_FILE)) === printedSettings()) return null;
  return "docs/settings.md is not what src/server/settings.ts says. Run `npm run codegen` and commit the result.";
}

async function checkClient(): Promise<string | null> {
  const advice = "Run `npm run codegen` and commit the result.";
  const files = z
    .array(z.object({ filename: z.string(), content: z.string() }))
    .parse(await generate({ ...codegen, cwd: ROOT, silent: true }, false));
  const expected = new Set(files.map(({ filename }) => join(filename)));
  for (const { filename, content } of files) {
    if ((await readText(join(ROOT, filename))) !== content) {
      return `${filename} is not what schema.graphql and the operations in the code give. ${advice}`;
    }
  }
  const present = await Promise.all(
    GENERATED_FOLDERS.map(async (folder) => (await readdir(join(ROOT, folder))).map((name) => join(folder, name))),
  );
  const extra = present.flat().find((file) => !expected.has(file));
  return extra === undefined ? null : `${extra} is generated no more. Delete it.`;
}

async function checkMigrations(): Promise<string | null> {
  const kit = fileURLToPath(import.meta.resolve("drizzle-kit")).replace(/[^/\\]+$/, "bin.cjs");
  for (const [command, current] of [
    [["check"], "ok"],
    // A dry run: it says what it would write.
    [["generate", "--explain"], "no_changes"],
  ] as const) {
    const answer = await run([kit, ...command, "--output", "json"]);
    if (!answer.includes(`"status":"${current}"`)) {
      return `drizzle/ is not what src/db says: drizzle-kit ${command.join(" ")} answers\n${answer.trim()}\nRun \`drizzle-kit generate --name what_it_does\` and commit the result.`;
    }
  }
  return null;
}

/** What the program printed, whether or not it ended well. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

async function main(): Promise<void> {
  const faults = await Promise.all([checkSchema(), checkSettings(), checkClient(), checkMigrations()]);
  for (const fault of faults) if (fault !== null) console.error(fault);
  if (faults.some((fault) => fault !== null)) process.exitCode = 1;
}

if (import.meta.main) await main();
