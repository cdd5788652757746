import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { startApp } from "../../src/server/app.ts";
import { readConfig } from "../../src/server/config.ts";
import { createLog } from "../../src/server/log.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, collect, connect, startService } from "../support/service.ts";

const FOLLOW = `subscription ($after: Cursor) { fileStatusRecorded(after: $after) { cursor key } }`;
const WRITE = "mutation ($input: [FileStatusInput!]!) { recordFileStatuses(input: $input) { id } }";
interface Change {
  cursor: string;
  key: string;
}

async function makeFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "weir-restore-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(folder, 0o755);
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function write(url: string, name: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    await ask(url, WRITE, {
      input: Array.from({ length: 50 }, (_, row) => ({
        filePath: `/${name}/${at + row}`,
        type: "HL7",
        status: "STAGED",
      })),
    });
  }
}

/** The cursors of the last change, and of one amid a batch. */
async function cursorsOf(url: string, after: string, count: number): Promise<readonly string[]> {
  const { client } = connect(url);
  const seen = collect<Change>(client, FOLLOW, { after });
  await seen.until((items) => items.length === count);
  await client.dispose();
  return [seen.items.at(-1)?.cursor ?? "", seen.items.at(-20)?.cursor ?? ""];
}

async function expectExpired(url: string, cursor: string): Promise<void> {
  const { client } = connect(url);
  const seen = collect<Change>(client, FOLLOW, { after: cursor });
  await seen.ended;
  expect(seen.items).toEqual([]);
  expect(seen.errors).toMatchObject([{ extensions: { code: "CURSOR_EXPIRED" } }]);
  await client.dispose();
}

const cursorNow = async (url: string) => (await ask<{ liveCursor: string }>(url, "{ liveCursor }")).liveCursor;

describe("a cursor from before a restore while the service was stopped", () => {
  it("of a physical copy is refused, also when the database has come further since", async () => {
    await using folder = await makeFolder();
    const [data, copy] = [path.join(folder.path, "data"), path.join(folder.path, "copy")];
    const start = () => startApp(readConfig({ WEIR_DATA_DIR: data, WEIR_PORT: "0" }), createLog("silent"));
    const preserve = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true } as const;
    const run = promisify(execFile);
    const place = async (from: string, to: string) => {
      // Owners too: PostgreSQL refuses files of another user.
      await rm(to, { recursive: true, force: true });
      if (process.getuid?.() === 0) await run("cp", ["-a", from, to]);
      else await cp(from, to, preserve);
    };

    const first = await start();
    const begin = await cursorNow(first.url);
    await write(first.url, "before", 50);
    const [kept = ""] = await cursorsOf(first.url, begin, 50);
    await first.stop();
    await place(data, copy);

    const second = await start();
    await write(second.url, "lost", 300);
    const lost = [...(await cursorsOf(second.url, kept, 300)), await cursorNow(second.url)];
    await second.stop();
    await place(copy, data);

    await using third = await start();
    await write(third.url, "after", 400);
    for (const cursor of lost) await expectExpired(third.url, cursor);
    // What was seen of the copy is in it: that one goes on, with everything that is new.
    const { client } = connect(third.url);
    const seen = collect<Change>(client, FOLLOW, { after: kept });
    await seen.until((items) => items.length === 400);
    expect(new Set(seen.items.map(({ key }) => key.split("/")[1]))).toEqual(new Set(["after"]));
    await client.dispose();
  });

  const pgDump = "/usr/lib/postgresql/15/bin/pg_dump";
  // PostgreSQL's own programs are there for the oldest version alone.
  it.runIf(process.env["WEIR_TEST_POSTGRES"] === "15" && existsSync(pgDump))(
    "of a dump into the same database is refused",
    async () => {
      await using database = await createTestDatabase();
      const run = promisify(execFile);
      const app = await startService(database.url);
      const begin = await cursorNow(app.url);
      await write(app.url, "before", 50);
      const [kept = ""] = await cursorsOf(app.url, begin, 50);
      await using folder = await makeFolder();
      const dump = path.join(folder.path, "weir.dump");
      await run(pgDump, ["-Fc", "-f", dump, database.url]);
      await write(app.url, "lost", 300);
      const lost = await cursorsOf(app.url, kept, 300);
      await app.stop();
      await run(path.join(path.dirname(pgDump), "pg_restore"), [
        "--clean",
        "--if-exists",
        "-d",
        database.url,
        dump,
      ]).catch((error: unknown) => {
        // Warnings make it exit with 1; that the data is there shows below.
        if (!String(error).includes("warning: errors ignored")) throw error;
      });
      await using restored = await startService(database.url);
      for (const cursor of lost) await expectExpired(restored.url, cursor);
      await write(restored.url, "after", 400);
      for (const cursor of lost) await expectExpired(restored.url, cursor);
    },
  );
});
