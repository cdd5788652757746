import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { isWithoutBrowser, startBrowser } from "../support/browser.ts";
import { createTestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";
import { ROOT, snippet, snippets } from "../support/snippets.ts";

const run = promisify(execFile);

/** A port that is free now: the page is told of it before it listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

// Installing the package is test/deploy/package.test.ts; what is done with it is here.
it.skipIf(isWithoutBrowser("tutorial.test.ts"))(
  "leads to a page that shows what was reported, and what is",
  async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createTestDatabase());
    const port = await freePort();
    const app = stack.use(await startService(database.url, { WEIR_CORS_ORIGINS: `http://127.0.0.1:${port}` }));
    const folder = await mkdtemp(path.join(os.tmpdir(), "weir-tutorial-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const here = (text: string) =>
      text
        .replaceAll("127.0.0.1:4000", new URL(app.url).host)
        .replaceAll("8080", String(port))
        .replaceAll("npx weir", `${process.execPath} ${path.join(ROOT, "bin/weir.js")}`);
    const shell = async (text: string) =>
      (await run("bash", ["-ec", here(text)], { cwd: folder, env: { ...process.env, WEIR_URL: app.url } })).stdout;

    const [report = "", asking = "", again = ""] = await snippets("docs/tutorial.md", "sh");
    await shell(report);
    expect(await shell(asking)).toContain('{"hl7Files":{"staged":1,"failed":1}}');
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(path.join(folder, "page.js"), here(await snippet("docs/tutorial.md", "js")));
    const pages = spawn(process.execPath, ["page.js"], { cwd: folder, stdio: "ignore" });
    stack.defer(async () => {
      pages.kill("SIGKILL");
      await once(pages, "exit");
    });
    const browser = stack.use(await startBrowser());
    const page = await browser.context.newPage();
    await expect
      .poll(() =>
        page.goto(`http://127.0.0.1:${port}/`).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await page.getByText("/lake/tour_1.hl7 FAILED no MSH-10").waitFor();
    await shell(again);
    await page.getByText("/lake/tour_0.hl7 INGESTED").waitFor();
  },
);
