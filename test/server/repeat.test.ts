import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { createLog } from "../../src/server/log.ts";
import { repeat } from "../../src/server/upkeep/repeat.ts";

const options = { interval: 3_600_000, what: "the work of a test", log: createLog("silent") };

it("leaves no listener behind for each round", async () => {
  const stop = new AbortController();
  let rounds = 0;
  const hundred = Promise.withResolvers<void>();
  const repeated = repeat(
    () => {
      rounds += 1;
      if (rounds === 100) hundred.resolve();
      else setImmediate(() => repeated.wake());
      return Promise.resolve();
    },
    { ...options, signal: stop.signal },
  );
  repeated.wake();
  await hundred.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(getEventListeners(stop.signal, "abort").length).toBeLessThanOrEqual(1);
  stop.abort();
  await repeated.ended;
});

it("works once more when it is woken during the work, also when that fails", async () => {
  const stop = new AbortController();
  let rounds = 0;
  const twice = Promise.withResolvers<void>();
  const repeated = repeat(
    async () => {
      rounds += 1;
      if (rounds === 1) {
        repeated.wake();
        throw new Error("the first time");
      }
      twice.resolve();
    },
    { ...options, signal: stop.signal },
  );
  repeated.wake();
  await twice.promise;
  stop.abort();
  await repeated.ended;
  expect(rounds).toBe(2);
});
