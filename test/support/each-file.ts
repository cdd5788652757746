import { setTimeout as sleep } from "node:timers/promises";
import { afterAll } from "vitest";

/** What a test file must have closed by its end; of timers only those that keep a process alive are told here. */
const CLOSED = new Set(["TCPServerWrap", "PipeServerWrap", "ProcessWrap", "FSEventWrap", "TCPSocketWrap", "Timeout"]);

/** The driver and undici close their sockets a moment after they have said so: looks, 50 ms apart. */
const MOST_LOOKS = 200;

const left = () => process.getActiveResourcesInfo().filter((name) => CLOSED.has(name));

// Registered before any of the file's own, so that it runs behind them.
afterAll(async () => {
  for (let looks = 0; left().length > 0; looks += 1) {
    if (looks === MOST_LOOKS) throw new Error(`This file has left behind: ${left().join(", ")}`);
    await sleep(50, undefined, { ref: false });
  }
});
