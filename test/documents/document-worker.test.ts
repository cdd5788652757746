import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PDFDocument } from "@cantoo/pdf-lib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mimeTypeOf } from "../../examples/document-worker/content.ts";
import { deriveMetadata } from "../../examples/document-worker/metadata.ts";
import { runWorker } from "../../examples/document-worker/worker.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Step, stepsOf } from "../support/documents.ts";
import { ask, startService } from "../support/service.ts";

const SAMPLES = fileURLToPath(new URL("../../examples/document-worker/documents", import.meta.url));

describe("metadata by rule", () => {
  it("is the first line, the first date, the kind, and the long words that come most often", () => {
    expect(
      deriveMetadata("\n# Shelves\n\nThe shelves and the shelves, 2024-13-01, paid 2024-02-20. Invoice 7."),
    ).toEqual({
      title: "Shelves",
      kind: "invoice",
      date: "2024-02-20",
      words: 8,
      keywords: ["shelves", "invoice"],
    });
    expect(deriveMetadata("")).toEqual({ title: "Untitled", kind: "document", date: null, words: 0, keywords: [] });
  });

  it("tells types by the content", () => {
    expect(mimeTypeOf("a.txt", Buffer.from("%PDF-1.7"))).toBe("application/pdf");
    expect(mimeTypeOf("a.MD", Buffer.from("# é"))).toBe("text/markdown");
    expect(mimeTypeOf("a.pdf", Buffer.from("text"))).toBe("text/plain");
    expect(mimeTypeOf("a.txt", Buffer.from([0xff, 0xfe, 0]))).toBe("application/octet-stream");
  });
});

describe("the worker", () => {
  let database: TestDatabase;
  let app: App;
  let folder: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await database.sql`truncate documents.files cascade`;
    await database.sql`truncate weir.idempotency`;
    folder = await mkdtemp(join(tmpdir(), "weir-worker-"));
    await cp(SAMPLES, join(folder, "documents"), { recursive: true });
    // Of the same time, but the copy.
    for (const name of await readdir(SAMPLES)) {
      const time = new Date(name.includes("copy") ? "2024-02-02" : "2024-02-01");
      await utimes(join(folder, "documents", name), time, time);
    }
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function run(options: { weir?: string; watch?: boolean; signal?: AbortSignal } = {}) {
    const lines: string[] = [];
    const failed = await runWorker({
      documents: join(folder, "documents"),
      storage: join(folder, "storage"),
      destinations: { archive: join(folder, "archive"), mirror: join(folder, "mirror") },
      weir: app.url,
      watch: false,
      signal: new AbortController().signal,
      print: (line) => lines.push(line),
      retryDelay: 1,
      ...options,
    });
    return { failed, lines };
  }

  interface Found {
    readonly id: string;
    readonly filehash: string;
    readonly mimeType: string;
    readonly overallStatus: { readonly status: string };
  }
  /** The file of a name, as Weir knows it. */
  async function fileOf(search: string): Promise<Found & { steps: readonly Step[] }> {
    const query = `query ($search: String) { files(filter: { search: $search }) {
      nodes { id filehash originalFilename mimeType overallStatus { status } } } }`;
    const { files } = await ask<{ files: { nodes: Found[] } }>(app.url, query, { search });
    const [file] = files.nodes;
    if (file === undefined || files.nodes.length > 1) throw new Error(`${files.nodes.length} files of ${search}`);
    return { ...file, steps: await stepsOf(app.url, file.id) };
  }
  /** Of this test's files. */
  const countLogs = async () =>
    (await database.sql`select from documents.processing_logs where file_id in (select id from documents.files)`)
      .length;

  it("takes the samples all the way: a text, a Markdown, a PDF, a torn PDF and a duplicate", async () => {
    expect(await run()).toEqual({
      failed: 1,
      lines: [
        "invoice.pdf: done",
        "meeting-notes.md: done",
        "torn-page.pdf: check_text failed: Invalid PDF structure.",
        "welcome.txt: done",
        "welcome (copy).txt: duplicate of welcome.txt",
      ],
    });
    const invoice = await fileOf("invoice.pdf");
    expect(invoice).toMatchObject({ mimeType: "application/pdf", overallStatus: { status: "COMPLETED" } });
    expect(invoice.steps.map(({ stepName, status }) => `${stepName} ${status}`)).toEqual([
      "hash_file SUCCESS",
      "create_file_record SUCCESS",
      "check_text SUCCESS",
      "extract_text SUCCESS",
      "extract_metadata_with_gpt SKIPPED",
      "embed_metadata_into_pdf SUCCESS",
      "finalize_document_storage SUCCESS",
      "send_to_all_destinations SUCCESS",
      "queue_archive SUCCESS",
      "upload_to_archive SUCCESS",
      "queue_mirror SUCCESS",
      "upload_to_mirror SUCCESS",
    ]);
    expect(invoice.steps[4]?.errorMessage).toBe("no model is configured; metadata is derived by rule");
    const stored = join(folder, "storage", `${invoice.filehash}.pdf`);
    const pdf = await PDFDocument.load(await readFile(stored));
    expect([pdf.getTitle(), pdf.getSubject()]).toEqual(["Invoice 2024-017", "invoice"]);
    expect(JSON.parse(await readFile(`${stored}.json`, "utf8"))).toMatchObject({ kind: "invoice", date: "2024-02-20" });
    const uploaded = await readFile(join(folder, "mirror", `${invoice.filehash.slice(0, 12)}-invoice.pdf`));
    expect(uploaded.equals(await readFile(stored))).toBe(true);

    const torn = await fileOf("torn-page");
    expect(torn.overallStatus.status).toBe("FAILED");
    expect(torn.steps.find(({ stepName }) => stepName === "check_text")).toMatchObject({
      status: "FAILURE",
      errorMessage: "Invalid PDF structure.",
    });
    const copy = await fileOf("(copy)");
    expect(copy.overallStatus.status).toBe("COMPLETED");
    expect(copy.steps.filter(({ status }) => status === "SKIPPED")).toHaveLength(6);
    expect(copy.steps[2]?.errorMessage).toBe(`duplicate of file ${(await fileOf("welcome.txt")).id}`);
    expect((await readdir(join(folder, "archive"))).length).toBe(3);
  });

  it("reports nothing again when it is run again, but the step that failed", async () => {
    await run();
    const logs = await countLogs();
    const { lines } = await run();
    expect(lines.filter((line) => line.endsWith("done already"))).toHaveLength(4);
    // Two attempts, of which each begins and fails.
    expect(await countLogs()).toBe(logs + 4);
    expect(await database.sql`select from documents.files`).toHaveLength(5);
  });

  it("goes on where an upload failed, once the destination is there", async () => {
    await rm(join(folder, "documents", "torn-page.pdf"));
    await writeFile(join(folder, "mirror"), "a file where the folder should be");
    expect((await run()).failed).toBe(3);
    const failed = await fileOf("invoice.pdf");
    expect(failed.overallStatus.status).toBe("FAILED");
    // The step and the one that it is a part of.
    expect(new Set(failed.steps.filter(({ status }) => status === "FAILURE").map(({ stepName }) => stepName))).toEqual(
      new Set(["send_to_all_destinations", "upload_to_mirror"]),
    );
    await rm(join(folder, "mirror"));
    expect((await run()).failed).toBe(0);
    const done = await fileOf("invoice.pdf");
    expect(done.overallStatus.status).toBe("COMPLETED");
    expect(done.steps.find(({ stepName }) => stepName === "upload_to_mirror")).toMatchObject({ errorMessage: null });
    expect(await readdir(join(folder, "mirror"))).toHaveLength(3);
  });

  it("stores every report once when answers are lost", async () => {
    await run();
    const logs = await countLogs();
    await database.sql`truncate documents.files cascade`;
    await database.sql`truncate weir.idempotency`;
    let requests = 0;
    // Passes every request on, and of every third one throws the answer away.
    const proxy = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const headers = { "content-type": "application/json" };
        const answer = await fetch(app.url, { method: "POST", headers, body: Buffer.concat(chunks) });
        const body = await answer.text();
        requests += 1;
        if (requests % 3 === 0) request.socket.destroy();
        else response.writeHead(answer.status, headers).end(body);
      })();
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect((await run({ weir: `http://127.0.0.1:${port}` })).failed).toBe(1);
    proxy.close();
    expect(await countLogs()).toBe(logs);
    expect(await database.sql`select from documents.files`).toHaveLength(5);
  });

  it("says when Weir is away, and takes the documents once it is back", async () => {
    const { failed, lines } = await run({ weir: "http://127.0.0.1:1" });
    expect(failed).toBe(1);
    expect(lines).toEqual([expect.stringContaining("Weir does not answer")]);
    expect((await run()).lines).toHaveLength(5);
  });

  it("watches: takes what appears, until it is told to stop", async () => {
    await rm(join(folder, "documents", "torn-page.pdf"));
    const stop = new AbortController();
    const running = run({ watch: true, signal: stop.signal });
    try {
      const count = async () =>
        (await database.sql`select from documents.files where overall_status = 'completed'`).length;
      await expect.poll(count, { timeout: 20_000 }).toBe(4);
      await mkdir(join(folder, "documents", "a folder"));
      await copyFile(join(SAMPLES, "meeting-notes.md"), join(folder, "documents", "more.md"));
      await expect.poll(count, { timeout: 20_000 }).toBe(5);
    } finally {
      stop.abort();
      expect((await running).failed).toBe(0);
    }
  });

  it.each([
    [["--help"], 0],
    [[], 2],
    [["--nonsense"], 2],
    [["--documents", "a", "--storage", "b", "--to", "nowhere"], 2],
    [["--documents", "a", "--storage", "b", "--weir", "nowhere"], 2],
  ])("called with %j exits with %d", async (args, code) => {
    const main = fileURLToPath(new URL("../../examples/document-worker/main.ts", import.meta.url));
    expect(await once(spawn(process.execPath, [main, ...args]), "exit")).toEqual([code, null]);
  });
});
