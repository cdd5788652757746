/**
 * Stages claimed and completed a second: drivers over HTTP, in a process of their own, against one service.
 *
 *   node bench/drivers.ts [drivers, 64] [runs, 2000]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CLAIM_STAGE, COMPLETE_STAGE } from "../examples/table-sync/documents.ts";
import { createWeirClient } from "../src/client/index.ts";
import { startApp } from "../src/server/app.ts";
import { readConfig } from "../src/server/config.ts";
import { createLog } from "../src/server/log.ts";

/** Drives until nothing waits any more; answers how many stages that were. */
async function drive(url: string, drivers: number): Promise<number> {
  let stages = 0;
  await Promise.all(
    Array.from({ length: drivers }, async (_, at) => {
      const client = createWeirClient({ url });
      const worker = `driver-${at}`;
      for (;;) {
        const { claimStage } = await client.request(CLAIM_STAGE, {
          driverContainer: "bench",
          worker,
          leaseSeconds: 60,
        });
        if (claimStage == null) return;
        const { runId, stageOrder } = claimStage;
        await client.request(COMPLETE_STAGE, { runId, stageOrder, worker });
        stages += 1;
      }
    }),
  );
  return stages;
}

async function main(drivers: number, runs: number): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "weir-bench-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(dataDir, 0o755);
  const settings = { WEIR_DATA_DIR: dataDir, WEIR_PORT: "0", WEIR_SCHEDULER: "off" };
  const app = await startApp(readConfig(settings), createLog("warn"));
  try {
    const { sql } = app.services.database;
    await sql`insert into pipeline.pipeline_config (source_tablename) values ('bench')`;
    await sql`insert into pipeline.pipeline_stages (pipeline_name, stage_order, stage_name, stage_type, driver_container)
      values ('default', 1, 'one', 'one', 'bench'), ('default', 2, 'two', 'two', 'bench')`;
    await sql.begin(async (tx) => {
      // As asked for through the API: the runs wait for drivers.
      await tx`select set_config('weir.writer', 'api:', true)`;
      await tx`insert into pipeline.pipeline_runs_master (source_tablename) select 'bench' from generate_series(1, ${runs})`;
    });
    const load = fork(new URL(import.meta.url).pathname, ["drive", app.url, String(drivers)]);
    const cpu = process.cpuUsage();
    const start = performance.now();
    const [stages] = (await once(load, "message")) as [number];
    const seconds = (performance.now() - start) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    process.stdout.write(
      `${drivers} drivers: ${stages} stages claimed and completed in ${seconds.toFixed(1)} s, ${Math.round(stages / seconds)} a second, ` +
        `${Math.round((user + system) / stages)} µs of server CPU each\n`,
    );
  } finally {
    await app.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const [command, ...rest] = process.argv.slice(2);
if (command === "drive") {
  const [url = "", drivers] = rest;
  process.send?.(await drive(url, Number(drivers)));
  process.disconnect();
} else {
  await main(Number(command ?? 64), Number(rest[0] ?? 2_000));
}
