import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Runs the tests of what a change touches, on PostgreSQL 18 alone: `npm run test:quick` for what is not committed, and
 * `npm run test:quick -- main` for all since main. Goes by rooms and domains, since by imports nearly every test stands on
 * nearly every file.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface TestFile {
  /** From the project's folder, with slashes. */
  readonly name: string;
  readonly text: string;
}

/** What runs every test: what all of them stand on. */
const EVERYWHERE =
  /^(?:test\/(?:support|fixtures)\/|vitest\.config\.ts$|package(?:-lock)?\.json$|drizzle\/|src\/(?:db|resolvers|schema)\/[^/]+$)/;
/** Rooms of tests that look at others' rooms. */
const ALSO: Readonly<Record<string, readonly string[]>> = { server: ["transport"], schema: ["transport"], house: [] };

/** The test files of what changed; house is always among them. */
export function testsOf(changed: readonly string[], tests: readonly TestFile[]): readonly string[] {
  const rooms = new Set(tests.map(({ name }) => roomOf(name)));
  const wanted = new Set(["house"]);
  for (const file of changed) {
    if (EVERYWHERE.test(file)) return tests.map(({ name }) => name);
    if (file.startsWith("test/")) continue;
    for (const folder of file.split("/").slice(0, -1)) {
      for (const room of [folder, ...(ALSO[folder] ?? [])]) if (rooms.has(room)) wanted.add(room);
    }
  }
  const isWanted = ({ name, text }: TestFile) =>
    wanted.has(roomOf(name)) ||
    changed.some(
      (file) =>
        file === name ||
        text.includes(file) ||
        // A test names what it imports of an example, or nothing of the command line that it calls.
        (file.startsWith("examples/") && text.includes(`${path.posix.dirname(file)}/`)) ||
        (file.startsWith("src/cli/") && text.includes("runWeir")),
    );
  return tests.filter(isWanted).map(({ name }) => name);
}

const roomOf = (name: string) => name.split("/")[1] ?? "";

/** Paths that differ from a commit, and those that git does not know yet. */
function changedSince(commit: string): readonly string[] {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\n");
  return [
    ...git("diff", "--name-only", "--merge-base", commit),
    ...git("ls-files", "--others", "--exclude-standard"),
  ].filter((file) => file !== "");
}

async function main([commit = "HEAD"]: readonly string[]): Promise<void> {
  const tests = readdirSync(path.join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => path.posix.join("test", name.replaceAll(path.sep, "/")))
    .map((name) => ({ name, text: readFileSync(path.join(ROOT, name), "utf8") }));
  const files = testsOf(changedSince(commit), tests);
  const { startVitest } = await import("vitest/node");
  const vitest = await startVitest([...files], { root: ROOT, watch: false, project: "postgres 18" });
  await vitest.exit();
}

if (import.meta.main) await main(process.argv.slice(2));
