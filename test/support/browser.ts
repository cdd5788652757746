import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Whether browser tests can't run here; prints why. */
export function isWithoutBrowser(file: string): boolean {
  const isMissing = !existsSync(CHROMIUM);
  if (isMissing) console.log(`${file}: skipped, since there is no ${CHROMIUM}`);
  return isMissing;
}

export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext;
}

/** A Chromium with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(path.join(os.tmpdir(), "weir-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    viewport: { width: 1_280, height: 800 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
