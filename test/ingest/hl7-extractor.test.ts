import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { runExtractor } from "../../examples/hl7-extractor/extractor.ts";
import { graphql } from "../../src/client/gql/index.ts";
import { createWeirClient } from "../../src/client/index.ts";
import type { App } from "../../src/server/app.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/reports.ts";
import { startService } from "../support/service.ts";

const SAMPLES = fileURLToPath(new URL("../../examples/hl7-extractor/logs", import.meta.url));

const STATE = graphql(`
  query ExtractorTestState($prefix: String!) {
    logFiles(filter: { pathPrefix: $prefix }, first: 30) {
      nodes {
        logFilePath
        currentStatus {
          status
          errorMessage
        }
        statuses(first: 9) {
          nodes {
            status
          }
        }
        hl7FileCounts {
          staged
          ingested
          failed
          total
        }
        hl7Files(filter: { status: [FAILED] }, first: 9) {
          nodes {
            hl7FilePath
            segmentNumber
            currentStatus {
              errorMessage
            }
            statuses(first: 9) {
              nodes {
                status
              }
            }
          }
        }
      }
    }
    fileStatuses(filter: { filePathPrefix: $prefix }, first: 1) {
      totalCount
    }
  }
`);

describe("a run", () => {
  let database: TestDatabase;
  let app: App;
  let folder = "";
  beforeAll(async () => {
    database = await createTestDatabase();
    app = await startService(database.url);
  });
  afterAll(async () => {
    await app.stop();
    await database[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-extractor-"));
    await cp(SAMPLES, join(folder, "logs"), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const never = new AbortController().signal;
  async function run(options: { logs?: string; weir?: string; watch?: boolean; signal?: AbortSignal } = {}) {
    const lines: string[] = [];
    const failed = await runExtractor({
      logs: join(folder, "logs"),
      staging: join(folder, "staging"),
      lake: join(folder, "lake"),
      weir: app.url,
      watch: false,
      signal: never,
      print: (line) => lines.push(line),
      retryDelay: 1,
      ...options,
    });
    return { failed, lines };
  }
  /** What Weir knows of this test's files; the folder's name is its own. */
  const state = () => createWeirClient({ url: app.url }).request(STATE, { prefix: folder });
  const countStatuses = async () => (await state()).fileStatuses.totalCount;
  const lakeLines = async (path: string) => (await readFile(join(folder, "lake", path), "utf8")).trimEnd().split("\n");

  it("takes the samples all the way and reports every step", async () => {
    expect(await run()).toEqual({
      failed: 0,
      lines: [
        "20240115_radiology.log: 40 messages, 40 staged, 40 ingested, 0 failed",
        "20240116_radiology.log: 12 messages, 11 staged, 10 ingested, 2 failed",
        "20240117_empty.log: no HL7 messages",
      ],
    });
    const logs = (await state()).logFiles.nodes.toReversed();
    const staged = join(folder, "staging/2024/01/16/20240116_radiology_7.hl7");
    expect(logs).toEqual([
      expect.objectContaining({
        logFilePath: join(folder, "logs/20240115_radiology.log"),
        currentStatus: { status: "PARSED", errorMessage: null },
        hl7FileCounts: { staged: 0, ingested: 40, failed: 0, total: 40 },
      }),
      expect.objectContaining({
        logFilePath: join(folder, "logs/20240116_radiology.log"),
        hl7FileCounts: { staged: 0, ingested: 10, failed: 2, total: 12 },
        hl7Files: {
          nodes: [
            {
              hl7FilePath: join(folder, "logs/20240116_radiology.log_3"),
              segmentNumber: 3,
              currentStatus: { errorMessage: "blank message" },
              statuses: { nodes: [{ status: "FAILED" }] },
            },
            {
              hl7FilePath: staged,
              segmentNumber: 7,
              currentStatus: { errorMessage: "the message has no message control id (MSH-10)" },
              statuses: { nodes: [{ status: "FAILED" }, { status: "STAGED" }] },
            },
          ],
        },
      }),
      expect.objectContaining({
        logFilePath: join(folder, "logs/20240117_empty.log"),
        currentStatus: { status: "FAILED", errorMessage: "no HL7 messages" },
        statuses: { nodes: [{ status: "FAILED" }, { status: "PARSED" }] },
      }),
    ]);
    expect(await readdir(join(folder, "staging/2024/01/15"))).toHaveLength(40);
    const message = await readFile(join(folder, "staging/2024/01/15/20240115_radiology_0.hl7"));
    expect((await readFile(join(SAMPLES, "20240115_radiology.log"))).includes(message)).toBe(true);
    const lines = await lakeLines("2024-01-15/20240115_radiology.ndjson");
    expect(lines).toHaveLength(40);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      patientName: "Señor^G",
      segmentNumber: 0,
      logFilePath: join(folder, "logs/20240115_radiology.log"),
      hl7FilePath: join(folder, "staging/2024/01/15/20240115_radiology_0.hl7"),
    });
    expect(await lakeLines("2024-01-16/20240116_radiology.ndjson")).toHaveLength(10);
    expect(await readdir(join(folder, "lake"))).not.toContain("2024-01-17");
  });

  it("takes two folders with logs of equal names, each with files of its own", async () => {
    const [first, second] = [join(folder, "logs"), join(folder, "other/logs")];
    const name = "20240118_ct.log";
    for (const [logs, id] of [
      [first, "ONE"],
      [second, "TWO"],
    ] as const) {
      await rm(logs, { recursive: true, force: true });
      await mkdir(logs, { recursive: true });
      await writeFile(join(logs, name), `x <SB>\nMSH|^~\\&|||||||ORU|${id}\n<EB>\n`);
      expect((await run({ logs })).lines).toEqual([`${name}: 1 messages, 1 staged, 1 ingested, 0 failed`]);
    }
    expect((await run({ logs: first })).lines).toEqual([]);
    const { nodes } = (await state()).logFiles;
    expect(nodes.map(({ hl7FileCounts }) => hl7FileCounts.ingested)).toEqual([1, 1]);
    const lakes = (await readdir(join(folder, "lake"), { recursive: true })).filter((path) => path.endsWith(".ndjson"));
    expect(lakes).toHaveLength(2);
    const ids = lakes.map(async (path) => JSON.parse((await lakeLines(path))[0] ?? "").messageControlId);
    expect(new Set(await Promise.all(ids))).toEqual(new Set(["ONE", "TWO"]));
  });

  it("says so of a folder without logs", async () => {
    await mkdir(join(folder, "empty/2024"), { recursive: true });
    const { failed, lines } = await run({ logs: join(folder, "empty") });
    expect({ failed, lines }).toEqual({ failed: 0, lines: [expect.stringMatching(/^No \*\.log files in .*empty; /)] });
  });

  it("repeats nothing when it is run again", async () => {
    await run();
    const statuses = await countStatuses();
    expect(await run()).toEqual({ failed: 0, lines: [] });
    expect(await countStatuses()).toBe(statuses);
  });

  it("takes a log again that has changed, without lines of it being in the lake twice", async () => {
    await run();
    const message = "x <SB>\nMSH|^~\\&|||||||ORU|MSG-NEW\n<EB>\n";
    await appendFile(join(folder, "logs/20240116_radiology.log"), message);
    expect((await run()).lines).toEqual(["20240116_radiology.log: 13 messages, 12 staged, 11 ingested, 2 failed"]);
    const lines = await lakeLines("2024-01-16/20240116_radiology.ndjson");
    expect(new Set(lines.map((line) => JSON.parse(line).messageControlId)).size).toBe(11);
    expect(lines).toHaveLength(11);
  });

  it("stores every status once when answers are lost", async () => {
    let lost = 0;
    // Passes every request on, and of every second one throws the answer away.
    let requests = 0;
    const proxy = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const answer = await fetch(app.url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: Buffer.concat(chunks),
        });
        const body = await answer.text();
        requests += 1;
        if (requests % 2 === 1) {
          lost += 1;
          request.socket.destroy();
        } else response.writeHead(answer.status, { "content-type": "application/json" }).end(body);
      })();
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect((await run({ weir: `http://127.0.0.1:${port}` })).failed).toBe(0);
    proxy.close();
    expect(lost).toBeGreaterThan(3);
    // 3 logs parsed, one of them failed; 51 messages staged and one blank; 50 ingested and one failed.
    expect(await countStatuses()).toBe(3 + 1 + 51 + 1 + 50 + 1);
  });

  it("says when Weir is away, and takes the logs once it is back", async () => {
    const { failed, lines } = await run({ weir: "http://127.0.0.1:1" });
    expect(failed).toBe(1);
    expect(lines).toEqual([expect.stringContaining("Weir does not answer")]);
    expect((await run()).lines).toHaveLength(3);
  });

  it("watches: takes what appears, once nobody is writing it any more", async () => {
    // The clock by which a log is at rest is the test's.
    vi.useFakeTimers({ toFake: ["performance"] });
    const stop = new AbortController();
    const path = join(folder, "logs/20240118_ct.log");
    const source = await readFile(join(SAMPLES, "20240115_radiology.log"));
    await writeFile(path, "");
    const running = run({ watch: true, signal: stop.signal });
    const ingested = async () => (await state()).logFiles.nodes.map(({ hl7FileCounts }) => hl7FileCounts.ingested);
    try {
      let at = 0;
      const writeOn = async (bytes: number) => {
        await appendFile(path, source.subarray(at, at + bytes));
        at += bytes;
        vi.advanceTimersByTime(100);
      };
      // It is looked at, since the others are taken, and is written all the while.
      while ((await ingested()).join() !== "0,10,40") await writeOn(1);
      await writeOn(source.length);
      await until(ingested, (counts) => {
        vi.advanceTimersByTime(100);
        return counts.join() === "40,0,10,40";
      });
    } finally {
      stop.abort();
      await running;
      vi.useRealTimers();
    }
    const log = (await state()).logFiles.nodes.find(({ logFilePath }) => logFilePath === path);
    expect(log?.statuses.nodes).toEqual([{ status: "PARSED" }]);
  });

  it("finishes the log at hand when it is told to stop, and is then done", async () => {
    for (let day = 10; day < 30; day += 1)
      await copyFile(join(SAMPLES, "20240115_radiology.log"), join(folder, `logs/202402${day}_ct.log`));
    const [program, ...args] = [
      process.execPath,
      fileURLToPath(new URL("../../examples/hl7-extractor/main.ts", import.meta.url)),
    ];
    const folders = ["logs", "staging", "lake"].flatMap((name) => [`--${name}`, join(folder, name)]);
    const extractor = spawn(program, [...args, ...folders, "--weir", app.url, "--watch"]);
    await once(extractor.stdout, "data");
    extractor.kill("SIGTERM");
    expect(await once(extractor, "exit")).toEqual([0, null]);
    const counts = (await state()).logFiles.nodes.map(({ hl7FileCounts }) => hl7FileCounts);
    expect(counts.length).toBeLessThan(23);
    expect(counts.filter(({ staged }) => staged > 0)).toEqual([]);
  });

  it.each([
    [["--help"], 0],
    [[], 2],
    [["--nonsense"], 2],
    [["--logs", "a", "--staging", "b", "--lake", "c", "--weir", "nowhere"], 2],
  ])("called with %j exits with %d", async (args, code) => {
    const main = fileURLToPath(new URL("../../examples/hl7-extractor/main.ts", import.meta.url));
    expect(await once(spawn(process.execPath, [main, ...args]), "exit")).toEqual([code, null]);
  });
});
