import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { ROOT, readPage, snippets } from "../support/snippets.ts";

/** Every page that is committed or about to be, but not what others have made. */
const PAGES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((name) => name !== "" && !name.startsWith("vendor/"));

const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");

/** Where a page's links lead. A title behind the target is none of it. */
function linksOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map(([, link = ""]) => link);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    const before = counts.get(anchor) ?? 0;
    counts.set(anchor, before + 1);
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return anchors;
}

/** Links of the page that lead nowhere; those of the web are not followed. */
async function deadLinks(page: string, text: string): Promise<readonly string[]> {
  const dead: string[] = [];
  for (const link of linksOf(text)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? page : path.posix.join(path.posix.dirname(page), target);
    const isFound = existsSync(path.join(ROOT, file)) && !file.startsWith("..");
    if (!isFound || (anchor !== undefined && !anchorsOf(await readPage(file)).has(anchor))) dead.push(link);
  }
  return dead;
}

describe("every page", () => {
  it.each(PAGES)("%s has links and anchors that lead somewhere, and GraphQL that parses", async (page) => {
    expect(await deadLinks(page, await readPage(page))).toEqual([]);
    for (const text of await snippets(page, "graphql")) expect(() => parse(text), text).not.toThrow();
  });

  it("of docs is reached from README", async () => {
    const linked = new Set(linksOf(await readPage("README.md")));
    expect(PAGES.filter((page) => page.startsWith("docs/") && !linked.has(page))).toEqual([]);
  });
});

describe("the look at links", () => {
  it("finds a file, an anchor and a picture that are not there", async () => {
    const text =
      "[a](docs/gone.md) [b](PROTOCOL.md#gone) ![c](gone.png) [d](PROTOCOL.md#the-promise) [e](https://gone)";
    expect(await deadLinks("README.md", text)).toEqual(["docs/gone.md", "PROTOCOL.md#gone", "gone.png"]);
  });
});
