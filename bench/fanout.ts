/**
 * What a delivery costs: server CPU per change and subscriber, for subscribers who watch the same.
 *
 *   node bench/fanout.ts [subscribers, 1000] [changes, 2000]
 *
 * The subscribers are sockets of a process of their own, so that the service's CPU time is its own.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startApp } from "../src/server/app.ts";
import { readConfig } from "../src/server/config.ts";
import { createLog } from "../src/server/log.ts";
import { subscribers as runSubscribers } from "./subscribers.ts";

async function main(subscribers: number, changes: number): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "weir-bench-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(dataDir, 0o755);
  const app = await startApp(readConfig({ WEIR_DATA_DIR: dataDir, WEIR_PORT: "0" }), createLog("warn"));
  const clients = fork(new URL(import.meta.url).pathname, ["subscribers", app.url, String(subscribers)]);
  try {
    await once(clients, "message");
    const { sql } = app.services.database;
    for (const burst of [1, 50]) {
      const received = once(clients, "message");
      clients.send(changes);
      const before = process.cpuUsage();
      const start = performance.now();
      for (let written = 0; written < changes; written += burst) {
        await sql`insert into ingest.file_statuses (file_path, type, status)
          select '/bench/' || i, 'HL7', 'staged' from generate_series(1, ${burst}) i`;
        if (burst === 1) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await received;
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - start) / 1_000;
      const deliveries = changes * subscribers;
      process.stdout.write(
        `bursts of ${burst}: ${((user + system) / deliveries).toFixed(2)} µs of server CPU per delivery, ${Math.round(deliveries / seconds)} deliveries a second\n`,
      );
    }
  } finally {
    clients.kill();
    await app.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const [mode = "1000", second = "2000", third = "0"] = process.argv.slice(2);
if (mode === "subscribers") await runSubscribers(second, Number(third));
else await main(Number(mode), Number(second));
