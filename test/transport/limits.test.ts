import { getIntrospectionQuery, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Answer, collect, connect, post, startService } from "../support/service.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_MAX_DEPTH: "6", WEIR_MAX_ALIASES: "5", WEIR_MAX_COMPLEXITY: "10000" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

/** Even a hostile operation costs at most so many times what it costs to parse the largest document that is read. */
const MOST_PARSINGS = 150;
const LARGEST = `{ ${"liveCursor ".repeat(19_997)} }`;

/** Microseconds of CPU of this process, in which the service runs: other than the clock, they know nothing of other programs. */
async function cpuOf<Result>(work: () => Promise<Result> | Result): Promise<{ result: Result; cpu: number }> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { result, cpu: user + system };
}

/** Posts, and expects that the answer, whatever it is, cost little. */
async function postCheap(query: string, variables: object = {}): Promise<Answer> {
  const { cpu: parsing } = await cpuOf(() => parse(LARGEST));
  const { result, cpu } = await cpuOf(() => post(app.url, query, { ...variables }));
  expect(cpu / parsing).toBeLessThan(MOST_PARSINGS);
  return result;
}

async function expectTooComplex(query: string, named: RegExp, variables: object = {}): Promise<void> {
  const { data, errors } = await postCheap(query, variables);
  expect(errors).toMatchObject([{ message: expect.stringMatching(named), extensions: { code: "TOO_COMPLEX" } }]);
  expect(errors?.[0]?.message).toContain("Ask for less");
  expect(data).toBeUndefined();
}

async function expectAnswered(query: string, variables: object = {}): Promise<void> {
  const { errors } = await post(app.url, query, { ...variables });
  expect(errors).toBeUndefined();
}

/** Fields nested in each other: a depth of three, and two for each further level. */
const nested = (levels: number): string =>
  `{ logFiles(first: 1) { nodes { ${"hl7Files(first: 1) { nodes { logFile { ".repeat(levels)} date ${"} } }".repeat(levels)} } } }`;

it("refuses fields that are asked for under one name more often than they can be compared", async () => {
  const asked = (times: number) => post(app.url, `{ ${"__typename ".repeat(times)} }`);
  expect((await asked(400)).data).toEqual({ __typename: "Query" });
  expect((await asked(1_500)).errors).toMatchObject([{ extensions: { code: "TOO_COMPLEX" } }]);
});

describe("an operation is refused as TOO_COMPLEX", () => {
  it("when it is deeper than the limit, and not when it is as deep", async () => {
    await expectAnswered(nested(1));
    await expectTooComplex(nested(2), /more than 6 levels of fields \(WEIR_MAX_DEPTH\)/);
  });

  it("when it is deep by fragments", async () => {
    const query = `${nested(1).replace("date", "...Deep")} fragment Deep on LogFile { currentStatus { id } }`;
    await expectTooComplex(query, /WEIR_MAX_DEPTH/);
  });

  it("when it has more aliases than the limit, and not when it has as many", async () => {
    const aliased = (count: number) =>
      `{ ${Array.from({ length: count }, (_, at) => `a${at}: liveCursor`).join(" ")} }`;
    await expectAnswered(aliased(5));
    await expectTooComplex(aliased(6), /more than 5 aliases/);
  });

  it("when it has many aliases by fragments that are spread often", async () => {
    const query = `query { one: logFile(logFilePath: "/1") { ...F } two: logFile(logFilePath: "/2") { ...F } }
      fragment F on LogFile { a: date b: date }`;
    await expectTooComplex(query, /more than 5 aliases/);
  });

  it("when a page times the page in it is too large, literally, by variables, and by their defaults", async () => {
    const pages = (outer: string, inner: string, variables = "") =>
      `query ${variables} { logFiles(${outer}) { nodes { hl7Files${inner && `(${inner})`} { nodes { hl7FilePath } } } } }`;
    await expectAnswered(pages("first: 50", "first: 50"));
    await expectAnswered(pages("first: 500", "first: 5"));
    const named = /more than 10000 fields.*WEIR_MAX_COMPLEXITY/;
    await expectTooComplex(pages("first: 100", "first: 100"), named);
    await expectTooComplex(pages("last: 100", "last: 100"), named);
    await expectTooComplex(pages("first: 500", ""), named);
    await expectTooComplex(pages("first: $size", "first: $size", "($size: Int)"), named, { size: 100 });
    await expectTooComplex(pages("first: $size", "first: $size", "($size: Int = 100)"), named);
    await expectTooComplex(pages("first: $none, last: $size", "last: $size", "($none: Int, $size: Int = 100)"), named);
    // A default gives way to what is given.
    await expectAnswered(pages("first: $size", "first: $size", "($size: Int = 500)"), { size: 1 });
  });

  it("when fragments unfold into more than the limit", async () => {
    const fragments = Array.from(
      { length: 40 },
      (_, at) => `fragment F${at} on LogFile { ...F${at + 1} ...F${at + 1} }`,
    );
    const query = (leaf: string) =>
      `{ logFile(logFilePath: "/x") { ...F0 } } ${fragments.join(" ")} fragment F40 on LogFile { ${leaf} }`;
    await expectTooComplex(query("date"), /WEIR_MAX_COMPLEXITY/);
    // Nothing is counted of introspection, yet there is much to look at.
    await expectTooComplex(query("__typename"), /WEIR_MAX_COMPLEXITY/);
    const inline = "... on LogFile { ".repeat(500);
    await expectAnswered(`{ logFile(logFilePath: "/x") { ${inline} __typename ${"} ".repeat(500)} } }`);
  });

  it("over a WebSocket as well, also when it subscribes", async () => {
    const { client } = connect(app.url);
    const aliases = Array.from({ length: 6 }, (_, at) => `a${at}: key`).join(" ");
    for (const query of [nested(2), `subscription { changes { ${aliases} } }`]) {
      const collected = collect(client, query);
      await collected.ended;
      expect(collected.errors).toMatchObject([{ extensions: { code: "TOO_COMPLEX" } }]);
    }
    await client.dispose();
  });
});

describe("a document is refused", () => {
  it("when it has more tokens than the parser takes, cheaply", async () => {
    const { errors } = await postCheap(`{ ${"liveCursor ".repeat(20_001)} }`);
    expect(errors).toMatchObject([
      { message: expect.stringContaining("20000 tokens"), extensions: { code: "TOO_COMPLEX" } },
    ]);
  });

  it("or answered cheaply, when it names one field very often", async () => {
    const { status } = await postCheap(`{ ${"liveCursor ".repeat(9_000)} }`);
    expect(status).toBe(200);
  });

  it("cheaply, when it has very many mistakes: the first are told", async () => {
    const { errors } = await postCheap(`{ ${Array.from({ length: 5_000 }, (_, at) => `nothing${at}`).join(" ")} }`);
    expect(errors?.length).toBeLessThan(30);
  });

  it("when introspection goes in circles", async () => {
    const circle = "fields { type { ".repeat(6);
    const { errors } = await post(app.url, `{ __schema { types { ${circle} name ${"} } ".repeat(6)} } } }`);
    expect(errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  });

  it("cheaply, when brackets are nested very deeply", async () => {
    for (const query of [`{ a${"{ a".repeat(9_000)}`, `{ a(b: ${"[".repeat(9_000)}) }`, "{".repeat(19_000)]) {
      const { errors } = await postCheap(query);
      expect(errors?.[0]?.extensions.code).toMatch(/GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED|TOO_COMPLEX/);
    }
  });
});

describe("variables that are nested very deeply", () => {
  it.each([101, 1_000, 5_000, 8_000, 100_000])(
    "%i levels are refused, as this operation's error alone",
    async (levels) => {
      const query = "query ($path: String!) { logFile(logFilePath: $path) { date } }";
      const answer = await fetch(app.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: `{"query":${JSON.stringify(query)},"variables":{"path":"/x","y":${"[".repeat(levels)}${"]".repeat(levels)}}}`,
      });
      expect(await answer.json()).toMatchObject({
        errors: [{ message: expect.stringContaining("nested"), extensions: { code: "BAD_USER_INPUT" } }],
      });
    },
  );
});

describe("introspection as tools ask for it", () => {
  it.each([
    ["graphql-js", getIntrospectionQuery()],
    [
      "GraphiQL",
      getIntrospectionQuery({
        inputValueDeprecation: true,
        schemaDescription: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        oneOf: true,
      }),
    ],
  ])("is answered in spite of all limits: %s", async (_tool, query) => {
    await expectAnswered(query);
  });
});
