/**
 * Requests a second over HTTP: 64 connections, one service process, its own PostgreSQL.
 *
 *   node bench/http.ts [seconds for each case, 5]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { startApp } from "../src/server/app.ts";
import { readConfig } from "../src/server/config.ts";
import { createLog } from "../src/server/log.ts";

const CONNECTIONS = 64;
const CASES: Readonly<Record<string, string>> = {
  "{ __typename }": "{ __typename }",
  "a page of 50 statuses": "{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } } }",
  "one report": 'mutation { recordFileStatus(input: { filePath: "/bench/one", type: HL7, status: STAGED }) { id } }',
};

/** Sends one operation over and over; answers how many were answered in the time. */
async function load(url: string, query: string, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const body = JSON.stringify({ query });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const end = performance.now() + seconds * 1_000;
  let answered = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request(url, { method: "POST", agent, headers }, (response) => {
        response.on("end", resolve);
        response.resume();
      });
      sent.on("error", reject);
      sent.end(body);
    });
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        await one();
        answered += 1;
      }
    }),
  );
  agent.destroy();
  return answered;
}

async function main(seconds: number): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "weir-bench-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(dataDir, 0o755);
  const app = await startApp(readConfig({ WEIR_DATA_DIR: dataDir, WEIR_PORT: "0" }), createLog("warn"));
  const { sql } = app.services.database;
  await sql`insert into ingest.file_statuses (file_path, type, status) select '/f/' || i, 'HL7', 'staged' from generate_series(1, 20000) i`;
  try {
    for (const [name, query] of Object.entries(CASES)) {
      const client = fork(new URL(import.meta.url).pathname, ["load", app.url, query, String(seconds)]);
      const before = process.cpuUsage();
      const [answered] = (await once(client, "message")) as [number];
      const { user, system } = process.cpuUsage(before);
      process.stdout.write(
        `${name}: ${Math.round(answered / seconds)} a second, ${Math.round((user + system) / answered)} µs of server CPU each\n`,
      );
    }
  } finally {
    await app.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const [mode = "5", url = "", query = "", seconds = "5"] = process.argv.slice(2);
if (mode === "load") {
  process.send?.(await load(url, query, Number(seconds)));
  process.disconnect?.();
} else await main(Number(mode));
