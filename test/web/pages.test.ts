import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildWeb } from "../../scripts/build-web.ts";
import type { App } from "../../src/server/app.ts";
import { type Browser, isWithoutBrowser, startBrowser } from "../support/browser.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createFile, update } from "../support/documents.ts";
import { createPipeline, FAIL, START, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, post, startService } from "../support/service.ts";

const DIST = path.resolve(import.meta.dirname, "../../web/dist");
/** A folder for pictures of the pages; none are taken without it. */
const screenshots = process.env["WEIR_SCREENSHOTS"];
const MOST_KILOBYTES = 190;

beforeAll(() => buildWeb(), 60_000);

it("the first page's code is small enough to be there at once", async () => {
  const assets = path.join(DIST, "assets");
  const page = await readFile(path.join(DIST, "index.html"), "utf8");
  // What is loaded at once: the page's script and what it names as such; the others come on demand.
  const scripts = [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, name]) => name ?? "");
  expect(scripts).not.toEqual([]);
  expect(scripts.length).toBeLessThan((await readdir(assets)).filter((name) => name.endsWith(".js")).length);
  const sizes = await Promise.all(
    scripts.map(async (name) => gzipSync(await readFile(path.join(assets, name))).length),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_KILOBYTES * 1_024);
});

describe("the pages' files", () => {
  let database: TestDatabase;
  let app: App;
  let origin: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
    origin = new URL(app.url).origin;
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
  });

  it("come compressed, under a policy, and what is named by its content for ever", async () => {
    const page = await fetch(`${origin}/pipelines/public.orders/runs/7`, { headers: { "accept-encoding": "br" } });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-encoding")).toBe("br");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const script = /src="(\/assets\/[^"]+)"/.exec(await page.text())?.[1] ?? "";
    const asset = await fetch(`${origin}${script}`, { method: "HEAD" });
    expect(asset.headers.get("cache-control")).toContain("immutable");
    expect(Number(asset.headers.get("content-length"))).toBeGreaterThan(1_000);
  });

  it("are no way to other files", async () => {
    for (const where of ["/../package.json", "/assets/../../package.json", "/etc/passwd"]) {
      expect((await fetch(`${origin}${where}`)).status).toBe(404);
    }
    expect((await fetch(`${origin}/`, { method: "POST" })).status).toBe(405);
  });
});

describe.skipIf(isWithoutBrowser("pages.test.ts"))("in a browser", () => {
  let database: TestDatabase;
  let app: App;
  let origin: string;
  let browser: Browser;
  let page: Page;
  const requested: string[] = [];
  const problems: string[] = [];
  let run = "";
  let document = "";

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    origin = new URL(app.url).origin;
    await setStages(app.url);
    await createPipeline(app.url, "public.orders");
    run = await triggerRun(app.url, "public.orders");
    await ask(app.url, START, { run, stage: 1 });
    await ask(app.url, FAIL, { run, stage: 1, message: "the lake did not answer" });
    document = await createFile(app.url, { steps: ["extract_text", "embed"], originalFilename: "torn.pdf" });
    await update(app.url, document, "extract_text", "FAILURE", { errorMessage: "page 3 is unreadable" });
    await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
      values ('/logs/20260101_ct.log', 'Log', 'parsed', null), ('/logs/20260102_mr.log', 'Log', 'failed', 'no messages')`;
    await database.sql`insert into reporting.seeder_job_status (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, consecutive_failures, last_errors)
      values ('beds', 1, 'Beds by ward', 'custom', 1, 'north', 'error', 4, 'no such column')`;
    browser = await startBrowser();
    page = await browser.context.newPage();
    page.on("request", (request) => requested.push(request.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  }, 60_000);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await app.stop();
    await database[Symbol.asyncDispose]();
  });

  async function show(where: string): Promise<void> {
    await page.goto(`${origin}${where}`);
    await page.getByText("Live", { exact: true }).first().waitFor();
    if (screenshots === undefined) return;
    await mkdir(screenshots, { recursive: true });
    await page.screenshot({ path: path.join(screenshots, `${where.replaceAll(/\W+/g, "-")}.png`) });
  }

  it("the overview says in a sentence what needs someone, and why", async () => {
    await show("/");
    await page.getByRole("heading", { level: 1, name: "4 things need you. Everything else flows." }).waitFor();
    for (const text of [
      "public.orders stops at Check source driver",
      "the lake did not answer",
      "torn.pdf fails at extract_text",
      "20260102_mr.log failed",
      "Beds by ward has failed 3 times in a row or more",
    ]) {
      expect(await page.getByText(text).first().isVisible()).toBe(true);
    }
    await expect.poll(() => page.title()).toBe("(4) Overview · Weir");
  });

  it.each([
    ["/ingest", ["20260102_mr.log", "20260101_ct.log"]],
    ["/ingest?status=FAILED", ["20260102_mr.log"]],
    ["/ingest/log?path=%2Flogs%2F20260102_mr.log", ["no messages"]],
    ["/pipelines", ["public.orders", "Check source driver: the lake did not answer"]],
    ["/pipelines/public.orders", ["the lake did not answer"]],
    ["/documents", ["torn.pdf", "extract_text"]],
    ["/reports", ["Beds by ward", "no such column"]],
    ["/reports/beds", ["no such column", "4 in a row. Readers see the rows of its last success."]],
  ])("%s shows what the service says, also after a reload", async (where, texts) => {
    await show(where);
    for (const text of texts) await page.getByText(text).first().waitFor();
    await page.reload();
    for (const text of texts) await page.getByText(text).first().waitFor();
  });

  it("a run's page says why it failed and what a retry does, and retries it", async () => {
    await show(`/runs/${run}`);
    await page.getByText("at Check source driver. A retry goes on there").waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText(/It is retried as run \d+/).waitFor();
    const [retry] = await database.sql`select id from pipeline.pipeline_runs_master where retry_of = ${run}`;
    await page.getByRole("link", { name: "Open" }).click();
    await page.getByText("Waits for a driver of source_driver").waitFor();
    expect(new URL(page.url()).pathname).toBe(`/pipelines/public.orders/runs/${retry?.["id"]}`);
  });

  it("a document's page has its steps and its log", async () => {
    await show(`/documents/${document}`);
    await page.getByText("page 3 is unreadable").first().waitFor();
  });

  it("what a worker, a program by SQL and a driver write appears without a reload", async () => {
    await show("/");
    const feed = page.getByRole("region", { name: "Live" });
    await update(app.url, document, "embed", "IN_PROGRESS");
    await feed.getByText("embed").waitFor();
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/logs/by-sql.log', 'Log', 'parsed')`;
    await feed.getByText("by-sql.log").waitFor();
    await ask(app.url, `mutation { claimStage(driverContainer: "source_driver", worker: "w") { runId } }`);
    await feed.getByText(/public\.orders, run/).waitFor();
    // It is in work again: no longer among what needs someone.
    await expect.poll(() => page.getByText("public.orders stops at").count()).toBe(0);
  });

  it("what was seen is shown without red, until something of it is newer", async () => {
    await show("/");
    const line = page.getByRole("listitem").filter({ hasText: "20260102_mr.log failed" });
    await line.getByRole("button", { name: "Seen" }).click();
    await expect.poll(() => line.getByRole("button", { name: "Seen" }).count()).toBe(0);
  });

  it("is used by keys alone", async () => {
    await show("/");
    await page.getByText("torn.pdf fails at extract_text").first().waitFor();
    await page.keyboard.press("n");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).not.toBe("/");
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await expect.poll(() => new URL(page.url()).pathname).toBe("/pipelines");
    await page.getByText("public.orders").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toBe("/pipelines/public.orders");
    await page.goBack();
    await expect.poll(() => new URL(page.url()).pathname).toBe("/pipelines");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
  });

  it("search finds anything from anywhere, and goes there", async () => {
    await show("/documents");
    await page.keyboard.press("/");
    const dialog = page.getByRole("dialog", { name: "Search" });
    await dialog.waitFor();
    await page.keyboard.type("beds");
    await dialog.getByText("Beds by ward").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toBe("/reports/beds");
  });

  it("what is opened stands beside its list, and Escape goes back to it with its filter", async () => {
    await show("/documents?status=FAILED");
    await page.getByRole("link", { name: "torn.pdf" }).click();
    await page.getByRole("complementary", { name: "torn.pdf" }).getByText("page 3 is unreadable").first().waitFor();
    expect(new URL(page.url()).search).toBe("?status=FAILED");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).toBe(`${origin}/documents?status=FAILED`);
    await page.goBack();
    await page.getByRole("complementary", { name: "torn.pdf" }).waitFor();
  });

  it("a list does not move under the pointer: what came waits behind a pill", async () => {
    await show("/ingest");
    await page.getByRole("link", { name: /20260102_mr/ }).hover();
    const first = page.locator("[data-row]").first();
    const before = await first.textContent();
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/logs/20270101_new.log', 'Log', 'parsed')`;
    await page.getByRole("button", { name: /1 new/ }).waitFor();
    expect(await first.textContent()).toBe(before);
    await page.keyboard.press(".");
    await expect.poll(() => first.textContent()).toContain("20270101_new.log");
    await page.mouse.move(0, 0);
  });

  it("p holds everything still, and what came meanwhile is drawn afterwards", async () => {
    await show("/");
    await page.keyboard.press("p");
    await page.getByText("Paused", { exact: true }).waitFor();
    const feed = page.getByRole("region", { name: "Live" });
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/logs/in-pause.log', 'Log', 'parsed')`;
    // As long as it takes without a pause, and more.
    await page.waitForTimeout(1_500);
    expect(await feed.getByText("in-pause.log").count()).toBe(0);
    await page.keyboard.press("p");
    await feed.getByText("in-pause.log").waitFor();
  });

  it("a filter and a search are in the address", async () => {
    await show("/pipelines");
    await page.getByRole("button", { name: "Overdue" }).click();
    await expect.poll(() => page.url()).toContain("state=OVERDUE");
    await page.keyboard.press("f");
    await page.keyboard.type("nothing like it");
    await expect.poll(() => page.url()).toContain("q=nothing");
    await page.getByText("Nothing is like that.").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByText("public.orders").first().waitFor();
  });

  it.each(["light", "dark"] as const)(
    "nothing serious stands in anybody's way, %s",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      for (const where of [
        "/",
        "/ingest",
        "/pipelines",
        `/runs/${run}`,
        "/documents",
        `/documents/${document}`,
        "/reports",
        "/reports/beds",
      ]) {
        await show(where);
        // Not by a script element, which the page's policy forbids.
        await page.evaluate(axe.source);
        const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
        const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        expect(serious.map(({ id, nodes }) => [where, id, nodes.slice(0, 3).map(({ html }) => html)])).toEqual([]);
      }
      await page.emulateMedia({ colorScheme: null });
    },
    120_000,
  );

  it("loses nothing on a narrow screen", async () => {
    await page.setViewportSize({ width: 420, height: 900 });
    for (const where of ["/", "/ingest", "/pipelines", "/documents", "/reports"]) {
      await show(where);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect([where, width]).toEqual([where, 420]);
    }
    await page.setViewportSize({ width: 1_280, height: 800 });
  });

  it("asks nobody but the service, and has no error", () => {
    expect(requested.filter((url) => !url.startsWith(origin))).toEqual([]);
    expect(problems).toEqual([]);
  });

  it("goes on when the service was away, and misses nothing", async () => {
    await show("/");
    const { port } = new URL(app.url);
    await app.stop();
    await page.getByText(/Offline since/).waitFor();
    await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
      values ('/logs/while-away.log', 'Log', 'failed', 'disk full')`;
    app = await startService(database.url, { WEIR_PORT: port, WEIR_SCHEDULER: "off" });
    await page.getByText("while-away.log failed").waitFor({ timeout: 30_000 });
    await page.getByText("Live", { exact: true }).first().waitFor();
    await page.getByText(/came after an absence/).waitFor();
  });
});

it.skipIf(isWithoutBrowser("pages.test.ts"))(
  "a viewer signs in by a token, sees no button that is not his, and is asked again when it ends",
  async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_SCHEDULER: "off" });
    await setStages(app.url);
    await createPipeline(app.url, "public.orders");
    const MAKE = `mutation ($name: String!, $role: Role!) { createApiToken(input: { name: $name, role: $role }) { secret token { id } } }`;
    interface Made {
      readonly createApiToken: { readonly secret: string; readonly token: { readonly id: string } };
    }
    const { createApiToken: admin } = await ask<Made>(app.url, MAKE, { name: "admin", role: "ADMIN" });
    const authorization = { authorization: `Bearer ${admin.secret}` };
    const { data } = await post<Made>(app.url, MAKE, { name: "looker", role: "VIEWER" }, authorization);
    const viewer = data?.createApiToken;
    await using browser = await startBrowser();
    const page = await browser.context.newPage();
    await page.goto(`${new URL(app.url).origin}/pipelines`);
    const signIn = async (secret: string) => {
      await page.getByLabel("Token").fill(secret);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("public.orders").first().waitFor();
    };
    await signIn(viewer?.secret ?? "");
    expect(new URL(page.url()).pathname).toBe("/pipelines");
    expect(await page.getByRole("button", { name: "Run", exact: true }).count()).toBe(0);
    await post(app.url, "mutation ($id: ID!) { revokeApiToken(id: $id) }", { id: viewer?.token.id }, authorization);
    await page.getByText("The token is not valid any more.").waitFor({ timeout: 20_000 });
    await signIn(admin.secret);
    expect(await page.getByRole("button", { name: "Run", exact: true }).count()).toBe(1);
  },
  90_000,
);

it("are built anew only when their sources changed", async () => {
  const { mtimeMs } = await stat(path.join(DIST, "index.html"));
  await buildWeb();
  expect((await stat(path.join(DIST, "index.html"))).mtimeMs).toBe(mtimeMs);
});
