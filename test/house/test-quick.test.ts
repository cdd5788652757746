import { describe, expect, it } from "vitest";
import { testsOf } from "../../scripts/test-quick.ts";

const TESTS = [
  { name: "test/house/docs.test.ts", text: "" },
  { name: "test/feed/feed.test.ts", text: 'from "../../src/feed/hub.ts"' },
  { name: "test/reports/lists.test.ts", text: 'from "../../src/feed/cursor.ts"' },
  { name: "test/documents/cli.test.ts", text: "runWeir([])" },
  { name: "test/documents/document-worker.test.ts", text: 'from "../../examples/document-worker/worker.ts"' },
  { name: "test/transport/http.test.ts", text: "" },
];
const named = (...changed: string[]) =>
  testsOf(changed, TESTS).map((name) => name.replace(/^test\/(.*)\.test\.ts$/, "$1"));

describe("the quick tests", () => {
  it.each([
    ["README.md", ["house/docs"]],
    ["src/resolvers/reports/queue.ts", ["house/docs", "reports/lists"]],
    ["src/feed/cursor.ts", ["house/docs", "feed/feed", "reports/lists"]],
    ["src/server/http.ts", ["house/docs", "transport/http"]],
    ["src/cli/verify.ts", ["house/docs", "documents/cli"]],
    ["examples/document-worker/steps.ts", ["house/docs", "documents/document-worker"]],
    ["test/feed/feed.test.ts", ["house/docs", "feed/feed"]],
  ])("of a change to %s are %j", (changed, expected) => {
    expect(named(changed)).toEqual(expected);
  });

  it.each(["src/resolvers/paging.ts", "drizzle/1/migration.sql", "test/support/service.ts", "package.json"])(
    "are all when %s changed, on which all stand",
    (changed) => {
      expect(named(changed)).toHaveLength(TESTS.length);
    },
  );
});
