import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";

const BIN = path.resolve("bin/weir.js");
/** Of util-linux: gives a program a terminal. */
const SCRIPT = "/usr/bin/script";
if (!existsSync(SCRIPT)) console.log(`terminal.test.ts: skipped, since there is no ${SCRIPT}`);

it.runIf(existsSync(SCRIPT))(
  "weir status --watch paints in place, within 80 columns, and gives the terminal back at Ctrl-C",
  async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    await database.sql`insert into ingest.file_statuses (file_path, type, status, error_message)
    values (${`/logs/${"a".repeat(100)}.log`}, 'Log', 'failed', ${"disk full ".repeat(20)})`;
    const command = `stty cols 80 rows 24; exec "${process.execPath}" "${BIN}" status --watch`;
    const terminal = spawn(SCRIPT, ["-qec", command, "/dev/null"], {
      env: { PATH: process.env["PATH"] ?? "", WEIR_URL: app.url, TERM: "xterm" },
    });
    let output = "";
    terminal.stdout.on("data", (data: Buffer) => (output += data.toString()));
    const ended = once(terminal, "close");
    await expect.poll(() => output.split("\u001b[H").length, { timeout: 20_000, interval: 50 }).toBeGreaterThan(2);
    // As the terminal sends it.
    terminal.stdin.write("\u0003");
    expect((await ended)[0]).toBe(0);
    expect(output).toContain("\u001b[?1049h\u001b[?25l");
    expect(output.trimEnd().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    const [, frame = ""] = output.split("\u001b[H");
    const lines = stripVTControlCharacters(frame).split(/\r?\n/);
    expect(lines.join("\n")).toContain("1 thing needs you");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(24);
  },
);
