import { registerHooks } from "node:module";

/**
 * postgres 3.4.9 writes to a socket that is gone when a transaction goes on after its session was ended by the server (a
 * failover, pg_terminate_backend): an exception that nobody can catch ends the process. Known upstream as #1154 and #1208.
 * The write shall fail as every other one on a closed connection does.
 */
const CONNECTION = /\/node_modules\/postgres\/src\/connection\.js$/;
const BROKEN = "    const x = socket.write(chunk, fn)\n";
const MENDED = `    if (socket === null) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return false
    }
${BROKEN}`;

/** Mends the driver as it is loaded; to be called before anything imports it. Throws for a driver of another text. */
export function mendDriver(): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!CONNECTION.test(url)) return loaded;
      const { source: text = "" } = loaded;
      const source = typeof text === "string" ? text : new TextDecoder().decode(text ?? new Uint8Array());
      if (!source.includes(BROKEN))
        throw new Error("the driver has changed: src/db/mend-driver.ts may not be needed any more");
      return { ...loaded, source: source.replace(BROKEN, MENDED) };
    },
  });
}
