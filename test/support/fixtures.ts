import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "./snippets.ts";

const run = promisify(execFile);

/**
 * Fetches the packages of a folder of fixtures when they are first needed: nobody but its tests wants them. Where they can't be
 * fetched it says so.
 */
export async function isFetched(fixture: string, file: string): Promise<boolean> {
  const folder = path.join(ROOT, "test/fixtures", fixture);
  const { dependencies } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const modules = path.join(folder, "node_modules");
  // npm writes its lockfile last: what stands without it was cut off.
  const wanted = [".package-lock.json", ...Object.keys(dependencies)];
  if (wanted.every((name) => existsSync(path.join(modules, name)))) return true;
  const isThere = await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder }).then(
    () => true,
    () => false,
  );
  if (!isThere) console.log(`${file}: skipped, since the packages of test/fixtures/${fixture} can't be fetched here`);
  return isThere;
}

/** An empty project with the packages of these fixtures, the first one's over the others', and our client. */
export async function makeProject(...fixtures: readonly string[]): Promise<string> {
  const project = await mkdtemp(path.join(os.tmpdir(), "weir-project-"));
  const modules = path.join(project, "node_modules");
  await mkdir(path.join(modules, "weir-client"), { recursive: true });
  for (const fixture of fixtures) {
    const from = path.join(ROOT, "test/fixtures", fixture, "node_modules");
    for (const name of await readdir(from)) {
      if (!existsSync(path.join(modules, name))) await symlink(path.join(from, name), path.join(modules, name));
    }
  }
  await writeFile(path.join(project, "package.json"), '{ "type": "module" }');
  await writeFile(
    path.join(modules, "weir-client/package.json"),
    '{ "name": "weir-client", "type": "module", "exports": "./index.js" }',
  );
  const source = pathToFileURL(path.join(ROOT, "src/client/index.ts")).href;
  await writeFile(path.join(modules, "weir-client/index.js"), `export * from ${JSON.stringify(source)};\n`);
  return project;
}
