import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

/** Which rooms each room may import. What stands in src is src/<room>; examples and web are folders beside it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // A PostgreSQL of its own is a thing apart: it could be a package.
  embedded: [],
  db: [],
  feed: ["db"],
  resolvers: ["db", "feed"],
  // Of the feed the names of its topics and the shape of a change: they are what the types of changes stand on.
  schema: ["resolvers", "db", "feed"],
  server: ["schema", "resolvers", "feed", "db", "embedded"],
  // Its generated types stand in the room itself.
  client: [],
  // The demo is a command of its own.
  cli: ["server", "embedded", "schema", "resolvers", "feed", "db", "client", "examples"],
  examples: ["client"],
  web: ["client"],
};

/** Packages that a room must not know of: what it says would hold over any transport and any schema builder. */
const FOREIGN = /^(?:@pothos\/|graphql-yoga$|@graphql-yoga\/|graphql-ws|ws$)/;
const PURE_ROOMS = new Set(["db", "feed", "resolvers"]);

const MOST_LINES = 300;
const GENERATED = /^(?:src\/client|web\/src)\/gql\//;

interface SourceFile {
  /** From the project's folder, with slashes. */
  readonly name: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: SourceFile[] = [];

beforeAll(async () => {
  for (const folder of ["src", "examples", "web/src"]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.[cm]?tsx?$/.test(entry.name)) continue;
      const name = path.join(entry.parentPath, entry.name).replaceAll(path.sep, "/");
      const text = await readFile(name, "utf8");
      files.push({ name, room: roomOf(name), text, imports: importsOf(text) });
    }
  }
});

function roomOf(name: string): string {
  const [top = "", room = ""] = name.split("/");
  return top === "src" ? room : top;
}

/** What a file imports or exports from, by any form of import. */
function importsOf(text: string): readonly string[] {
  const forms = /\b(?:from|import)\s*\(?\s*["']([^"']+)["']|\bnew URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta\.url/g;
  return [...text.matchAll(forms)].map(([, module, url]) => module ?? url ?? "");
}

/** The file that a relative import leads to; undefined for a package, and for what is no file of a room. */
function fileOf(file: SourceFile, imported: string): string | undefined {
  if (!imported.startsWith(".")) return undefined;
  const target = path.posix.join(path.posix.dirname(file.name), imported);
  return /^(?:src|examples|web)\/.*\.tsx?$/.test(target) ? target : undefined;
}

/** Circles among files by their imports, those of types too; each as its members in alphabetical order. */
function circles(of: readonly SourceFile[]): readonly (readonly string[])[] {
  const imports = new Map(of.map((file) => [file.name, file.imports.flatMap((to) => fileOf(file, to) ?? [])]));
  // Tarjan's strongly connected components.
  const found: string[][] = [];
  const numbers = new Map<string, number>();
  const lows = new Map<string, number>();
  const stack: string[] = [];
  const visit = (name: string): number => {
    const number = numbers.size;
    numbers.set(name, number);
    stack.push(name);
    let low = number;
    for (const target of imports.get(name) ?? []) {
      const known = numbers.get(target);
      if (known === undefined) low = Math.min(low, visit(target));
      else if (stack.includes(target)) low = Math.min(low, lows.get(target) ?? known);
    }
    lows.set(name, low);
    if (low === number) {
      const members = stack.splice(stack.indexOf(name)).toSorted();
      if (members.length > 1 || imports.get(name)?.includes(name) === true) found.push(members);
    }
    return low;
  };
  for (const name of imports.keys()) if (!numbers.has(name)) visit(name);
  return found;
}

/** The room that a relative import leads to; undefined when it leads out of all rooms or to a package. */
function targetOf(file: SourceFile, imported: string): string | undefined {
  if (!imported.startsWith(".")) return undefined;
  const target = path.posix.join(path.posix.dirname(file.name), imported);
  return /^(?:src|examples|web)\//.test(target) ? roomOf(target) : undefined;
}

function violations(of: readonly SourceFile[]): readonly string[] {
  return of.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const target = targetOf(file, imported);
      if (target === undefined || target === file.room || ALLOWED[file.room]?.includes(target) === true) return [];
      return [`${file.name} imports ${imported}`];
    }),
  );
}

describe("the house", () => {
  it("has no room that the table of imports does not know", () => {
    expect([...new Set(files.map(({ room }) => room))].filter((room) => !(room in ALLOWED))).toEqual([]);
  });

  it("imports only as the table says", () => {
    expect(violations(files)).toEqual([]);
  });

  it("has no circle of imports, types included", () => {
    expect(circles(files)).toEqual([]);
  });

  it("is described as it is: ARCHITECTURE.md names each room with what it may import, and no other", async () => {
    const described = [
      ...(await readFile("ARCHITECTURE.md", "utf8")).matchAll(/^\| `([a-z/]+)` \|[^|]*\| ([^|]*) \|$/gm),
    ].map(([, room = "", imports = ""]) => [room.replace("src/", ""), imports.trim()] as const);
    const table = Object.entries(ALLOWED).map(([room, imports]) => [
      room,
      imports.length === 0 ? "nothing of ours" : imports.join(", "),
    ]);
    expect(Object.fromEntries(described)).toEqual(Object.fromEntries(table));
  });

  it("holds what ARCHITECTURE.md says is to be found where", async () => {
    const text = await readFile("ARCHITECTURE.md", "utf8");
    const places = [...text.matchAll(/`((?:src|test|drizzle|examples|bench|bin)\/[\w./<>*-]+)`/g)].map(
      ([, place = ""]) => place,
    );
    const missing = places.filter((place) => !/[<*]/.test(place) && !existsSync(place));
    expect(places.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it("reaches into its own folders only: nothing in src imports tests or scripts", () => {
    const outside = files
      .filter(({ name }) => name.startsWith("src/"))
      .flatMap((file) =>
        file.imports
          .filter((imported) => imported.startsWith("."))
          .map((imported) => [file.name, path.posix.join(path.posix.dirname(file.name), imported)] as const)
          .filter(
            ([, target]) =>
              !/^(?:src|examples)\//.test(target) && !["drizzle", "package.json", "schema.graphql"].includes(target),
          ),
      );
    expect(outside).toEqual([]);
  });

  it("keeps transports and the schema builder out of db, feed and resolvers", () => {
    const found = files
      .filter(({ room }) => PURE_ROOMS.has(room))
      .flatMap(({ name, imports }) =>
        imports.filter((module) => FOREIGN.test(module)).map((module) => `${name} imports ${module}`),
      );
    expect(found).toEqual([]);
  });

  it("gives examples nothing but the client's doors", () => {
    const found = files
      .filter(({ room }) => room === "examples")
      .flatMap((file) => file.imports.filter((to) => targetOf(file, to) === "client").map((to) => [file.name, to]))
      .filter(
        ([, imported]) => !/\/src\/client\/(?:index|worker|gql\/(?:index|gql|graphql))\.ts$/.test(imported ?? ""),
      );
    expect(found).toEqual([]);
  });

  it(`has no file in src of more than ${MOST_LINES} lines, apart from generated ones`, () => {
    const long = files
      .filter(({ name }) => name.startsWith("src/") && !GENERATED.test(name))
      .map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 }))
      .filter(({ lines }) => lines > MOST_LINES);
    expect(long).toEqual([]);
  });

  it("has no any, no @ts-ignore and no as never in src", () => {
    const ways = /(?::|<|\bas|\|)\s*any\b(?!\w)|@ts-(?:ignore|expect-error|nocheck)|\bas\s+never\b/;
    const found = files
      .filter(({ name }) => name.startsWith("src/") && !GENERATED.test(name))
      .flatMap(({ name, text }) =>
        text
          .split("\n")
          .map((line, at) => ({
            place: `${name}:${at + 1}`,
            code: line
              .replace(/(?:^|\s)(?:\/\/|\/?\*).*$/, (comment) => (comment.includes("@ts-") ? comment : ""))
              .replace(/"[^"]*"|`[^`]*`/g, '""'),
          }))
          .filter(({ code }) => ways.test(code))
          .map(({ place, code }) => `${place} ${code.trim()}`),
      );
    expect(found).toEqual([]);
  });
});

describe("this test", () => {
  it("knows every form of import", () => {
    const text = `import a from "./a.ts"; import { type B } from './b.ts'; import "./c.ts"; export * from "./d.ts";
      const e = await import("./e.ts"); type F = import("./f.ts").F; export type { G } from "./g.ts"; new URL("./h", import.meta.url)`;
    expect(importsOf(text).map((name) => name[2])).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"]);
  });

  it("finds a circle, also one of types", () => {
    const file = (name: string, ...imports: string[]) => ({ name, room: roomOf(name), text: "", imports });
    expect(
      circles([
        file("src/db/a.ts", "./b.ts", "./d.ts"),
        file("src/db/b.ts", "../feed/c.ts"),
        file("src/feed/c.ts", "../db/a.ts", "postgres"),
        file("src/db/d.ts", "./e.ts"),
        file("src/db/e.ts"),
        file("src/db/f.ts", "./f.ts"),
      ]),
    ).toEqual([["src/db/a.ts", "src/db/b.ts", "src/feed/c.ts"], ["src/db/f.ts"]]);
  });

  it("finds an import against the table", () => {
    const file = (name: string, ...imports: string[]) => ({ name, room: roomOf(name), text: "", imports });
    expect(
      violations([
        file("src/db/a.ts", "./b.ts", "postgres"),
        file("src/db/deep/a.ts", "../../feed/hub.ts"),
        file("src/server/subscriptions/a.ts", "../../schema/index.ts", "../log.ts"),
        file("src/embedded/a.ts", "../server/log.ts"),
        file("examples/demo.ts", "../src/client/index.ts", "../src/db/client.ts"),
      ]),
    ).toEqual([
      "src/db/deep/a.ts imports ../../feed/hub.ts",
      "src/embedded/a.ts imports ../server/log.ts",
      "examples/demo.ts imports ../src/db/client.ts",
    ]);
  });
});
