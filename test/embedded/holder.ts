import { Socket } from "node:net";
import postgres from "postgres";
import { EmbeddedPostgresError } from "../../src/embedded/error.ts";
import { startEmbeddedPostgres } from "../../src/embedded/launcher.ts";

/**
 * A service reduced to its database, for tests that kill it. Takes the options of startEmbeddedPostgres as JSON in its
 * first argument, prints one JSON line for each thing that happens, and drains for 300 ms on SIGINT and SIGTERM.
 */
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const log = (level: string) => (fields: object, message: string) => print({ event: "log", level, message, fields });
const options = JSON.parse(process.argv[2] ?? "{}") as { dataDir: string };

const began = performance.now();
try {
  const embedded = await startEmbeddedPostgres({
    ...options,
    log: { info: log("info"), warn: log("warn"), error: log("error") },
  });
  const ms = Math.round(performance.now() - began);
  const { url, port, adopted } = embedded;
  const stop = async () => {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    try {
      await sql`select pg_sleep(0.3)`;
      print({ event: "drained" });
    } catch (error) {
      print({ event: "drain failed", message: String(error) });
    }
    await sql.end();
    await Promise.all([embedded.stop(), embedded.stop()]);
    print({ event: "stopped" });
  };
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (!stopping) void stop();
      stopping = true;
    });
  }
  // The parent's end, however it comes, must not leave this process behind.
  process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();
  if (process.stdin instanceof Socket) process.stdin.unref();
  // Last: from here on the test may send signals.
  print({ event: "ready", url, port, adopted, ms });
} catch (error) {
  const code = error instanceof EmbeddedPostgresError ? error.code : undefined;
  print({ event: "failed", code, message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 3;
}
