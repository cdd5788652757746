import { chmod, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { spawnService } from "../support/process.ts";
import { until } from "../support/reports.ts";
import { ask, collect, connect, post } from "../support/service.ts";

const RECORD =
  "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id } }";

describe("when PostgreSQL dies", () => {
  it("/ready tells the truth, /health goes on, and every change arrives once it is back", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "weir-ready-"));
    // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
    await chmod(dataDir, 0o755);
    try {
      await using service = await spawnService({ WEIR_DATA_DIR: dataDir });
      const origin = new URL(service.url).origin;
      const cluster = path.join(dataDir, "postgres");
      const statusOf = async (name: string) => {
        const response = await fetch(`${origin}/${name}`);
        // Unread, it would keep its connection, until the service ends that for being idle.
        await response.arrayBuffer();
        return response.status;
      };
      const { liveCursor } = await ask<{ liveCursor: string }>(service.url, "{ liveCursor }");
      const { client } = connect(service.url);
      const seen = collect<{ key: string }>(
        client,
        "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key } }",
        { after: liveCursor },
      );
      await ask(service.url, RECORD, { path: "/before" });
      await seen.until((items) => items.length === 1);
      expect(await statusOf("ready")).toBe(200);

      for (let round = 0; round < 4; round += 1) {
        const pid = Number((await readFile(path.join(cluster, "postmaster.pid"), "utf8")).split("\n", 1)[0]);
        // It can't be back before its absence is seen.
        await rename(cluster, `${cluster}.away`);
        process.kill(pid, "SIGKILL");
        const recordUnlessAway = async () => {
          expect(await statusOf("health")).toBe(200);
          const { data, errors } = await post(service.url, RECORD, { path: `/round/${round}` });
          for (const error of errors ?? []) expect(error.extensions.code).toBe("UNAVAILABLE");
          return data != null;
        };
        await until(
          async () => [await recordUnlessAway(), await statusOf("ready")],
          ([, status]) => status === 503,
        );
        await rename(`${cluster}.away`, cluster);
        await until(recordUnlessAway, (isRecorded) => isRecorded);
        await seen.until((items) => items.some(({ key }) => key === `/round/${round}`));
        // A look of its own may still be on the way to a connection that has died.
        await until(
          () => statusOf("ready"),
          (status) => status === 200,
        );
      }
      // What was acknowledged arrived, each once.
      await ask(service.url, RECORD, { path: "/after" });
      await seen.until((items) => items.at(-1)?.key === "/after");
      const { fileStatuses } = await ask<{ fileStatuses: { totalCount: number } }>(
        service.url,
        "{ fileStatuses { totalCount } }",
      );
      expect(seen.items.length).toBe(fileStatuses.totalCount);
      await client.dispose();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
