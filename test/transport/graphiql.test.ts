import path from "node:path";
import { Kind, parse, print } from "graphql";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { GRAPHIQL_TABS } from "../../src/server/graphiql-tabs.ts";
import { bearer, makeToken } from "../support/access.ts";
import { type Browser, isWithoutBrowser, startBrowser } from "../support/browser.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ask, post, startService } from "../support/service.ts";

const RECORD =
  'mutation { recordFileStatus(input: { filePath: "/logs/token.log", type: LOG, status: FAILED }) { id } }';
const isMissing = isWithoutBrowser("graphiql.test.ts");
/** A folder for pictures of the page; none are taken without it. */
const screenshots = process.env["WEIR_SCREENSHOTS"];

describe.skipIf(isMissing)("GraphiQL in a browser", () => {
  let database: TestDatabase;
  let app: App;
  let browser: Browser;
  let page: Page;
  const requested: string[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
    browser = await startBrowser();
    page = await browser.context.newPage();
    // Wide enough that no path in an answer is broken into two lines.
    await page.setViewportSize({ width: 1_600, height: 900 });
    page.on("request", (request) => requested.push(request.url()));
    page.on("websocket", (socket) => requested.push(socket.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(app.url);
    await page.getByRole("button", { name: /execute query/i }).waitFor();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await app.stop();
    await database[Symbol.asyncDispose]();
  });

  /** Opens GraphiQL with this operation in its editor, as a link to it does. */
  async function openWith(query: string): Promise<void> {
    await page.goto(`${app.url}?${new URLSearchParams({ query })}`);
    await page.getByRole("button", { name: /execute query/i }).waitFor();
  }

  const run = () => page.getByRole("button", { name: /execute query/i }).click();
  const answer = () => page.locator(".graphiql-response, .result-window").first();
  const shows = (text: string) => answer().getByText(text).first().waitFor();

  async function picture(name: string): Promise<void> {
    if (screenshots !== undefined) await page.screenshot({ path: path.join(screenshots, `graphiql-${name}.png`) });
  }

  it("is shown with operations to begin with", async () => {
    await page.getByText("Weir, the live gauge on data pipelines").first().waitFor();
    expect(await page.title()).toBe("Weir");
    const tabs = page.getByRole("tab");
    await page.getByRole("tab", { name: "Everything" }).waitFor();
    const names = ["HL7Files", "Pipelines", "Documents", "Reports", "Everything"];
    // A tab's text has that of its icon behind it.
    expect(await tabs.allTextContents()).toEqual(names.map((name) => expect.stringMatching(`^${name}`)));
    await page.locator(".graphiql-doc-explorer").first().waitFor();
    await picture("start");
  });

  it("runs a query and shows its answer", async () => {
    await ask(
      app.url,
      'mutation { recordFileStatus(input: { filePath: "/logs/20240115_a.log", type: LOG, status: PARSED }) { id } }',
    );
    await openWith("{ logFiles { nodes { logFilePath date currentStatus { status } } } }");
    await run();
    await shows("/logs/20240115_a.log");
    expect(await answer().textContent()).toContain("PARSED");
    await picture("query");
  });

  it("shows what a subscription delivers once it is committed", async () => {
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    // From a cursor on: what is committed between asking and beginning is delivered too.
    await openWith(
      `subscription { fileStatusRecorded(after: "${liveCursor}") { key isCurrent fileStatus { status } } }`,
    );
    const connected = page.waitForEvent("websocket");
    await run();
    await connected;
    await ask(
      app.url,
      'mutation { recordFileStatus(input: { filePath: "/logs/live.log", type: LOG, status: FAILED }) { id } }',
    );
    await shows("/logs/live.log");
    expect(await answer().textContent()).toContain("FAILED");
    await ask(
      app.url,
      'mutation { recordFileStatus(input: { filePath: "/logs/later.log", type: LOG, status: PARSED }) { id } }',
    );
    await shows("/logs/later.log");
    expect(await answer().textContent()).toContain("/logs/live.log");
    await picture("subscription");
  });

  it("asked no other host for anything, and met no error", () => {
    const others = requested.filter(
      (url) => !/^(?:data|blob):/.test(url) && new URL(url).host !== new URL(app.url).host,
    );
    expect(others).toEqual([]);
    expect(requested.length).toBeGreaterThan(2);
    expect(problems).toEqual([]);
  });
});

describe("the tabs of GraphiQL", () => {
  const operations = GRAPHIQL_TABS.flatMap((tab) =>
    parse(tab).definitions.flatMap((one) =>
      one.kind === Kind.OPERATION_DEFINITION ? [[one.name?.value ?? "", print(one)] as const] : [],
    ),
  );
  let database: TestDatabase;
  let app: App;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
  });

  it.each(operations)("%s is an operation that the service takes", async (_name, text) => {
    if (!text.startsWith("subscription")) return expect(await ask(app.url, text)).toBeTypeOf("object");
    const stop = new AbortController();
    const response = await fetch(app.url, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query: text }),
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    stop.abort();
  });
});

describe.skipIf(isMissing)("GraphiQL where a token is asked for", () => {
  it("reads the schema, runs a query and a subscription with the token of its tab Headers, and nothing without", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "browser", role: "WORKER" });
    await using app = await startService(database.url);
    await using browser = await startBrowser();
    const page = await browser.context.newPage();
    const statuses: number[] = [];
    page.on("response", (response) => {
      if (response.request().method() === "POST") statuses.push(response.status());
    });
    const answer = () => page.locator(".graphiql-response, .result-window").first();
    const openWith = async (query: string, headers: object | null) => {
      // As a link does; the headers are in the fragment of no link, so they are typed.
      await page.goto(`${app.url}?${new URLSearchParams({ query })}`);
      await page.getByRole("button", { name: /execute query/i }).waitFor();
      if (headers === null) return;
      await page.getByRole("button", { name: "Headers" }).click();
      const editor = page
        .locator('section[aria-label="Headers"] .monaco-editor, .graphiql-editor-tool .graphiql-editor:not(.hidden)')
        .last();
      await editor.click();
      await page.keyboard.press("Control+A");
      await page.keyboard.insertText(JSON.stringify(headers));
      // The editor closes by itself what was opened.
      await page.keyboard.press("Control+Shift+End");
      await page.keyboard.press("Delete");
    };
    const run = () => page.getByRole("button", { name: /execute query/i }).click();
    const shows = (text: string) => answer().getByText(text).first().waitFor();

    await openWith("{ viewer { name role } }", null);
    await run();
    await shows("UNAUTHENTICATED");
    expect(statuses.every((status) => status === 401)).toBe(true);

    await openWith("{ viewer { name role } }", { Authorization: `Bearer ${secret}` });
    const schema = page.waitForResponse(
      (response) => response.request().postData()?.includes("IntrospectionQuery") === true && response.status() === 200,
    );
    await page.getByRole("button", { name: /re-fetch/i }).click();
    expect((await schema).headers()["content-encoding"]).toMatch(/br|gzip/);
    await run();
    await shows("browser");

    const { data } = await post<{ liveCursor: string }>(app.url, "{ liveCursor }", {}, bearer(secret));
    await openWith(`subscription { fileStatusRecorded(after: "${data?.liveCursor}") { key } }`, {
      Authorization: `Bearer ${secret}`,
    });
    const connected = page.waitForEvent("websocket");
    await run();
    await connected;
    await post(app.url, RECORD, {}, bearer(secret));
    await shows("/logs/token.log");
  });
});
