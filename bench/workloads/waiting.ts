/** Drivers that are told of work in place of asking for it. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { subscribe } from "../load.ts";
import { graphql, measure, WEIR, type Workload } from "./workload.ts";

const IDLE_DRIVERS = 1_000;
const STAGES = 100;
const WAIT = "subscription ($container: String!) { stageWaiting(driverContainer: $container) { operation } }";
const CLAIM = 'mutation { claimStage(driverContainer: "bench", worker: "bench", leaseSeconds: 86400) { runId } }';

const TRIGGER = 'mutation { triggerRun(sourceTablename: "bench", allowParallel: true) { id } }';

async function mutate(url: string, query: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) });
  const { errors } = (await response.json()) as { errors?: readonly { message: string }[] };
  if (errors?.[0] !== undefined) throw new Error(errors[0].message);
}

/**
 * What a second of a thousand drivers costs that wait and have nothing to do; and the milliseconds from asking for a run
 * to the answer that its stage is a driver's, which was told of it.
 */
export const WAITING: Workload = {
  name: "waiting for work, 1,000 idle drivers",
  unit: "second",
  isLong: true,
  isFresh: true,
  contenders: () => ({ Weir: WEIR }),
  async run(stage, contender, { seconds }) {
    await using _idle = await subscribe({
      url: contender.url,
      count: IDLE_DRIVERS,
      query: WAIT,
      variables: { container: "idle-{{n}}" },
    });
    const idle = await measure(stage, contender, async () => {
      await sleep(seconds * 1_000);
      return { done: seconds, seconds };
    });
    const driver = new WebSocket(contender.url.replace("http", "ws"), "graphql-transport-ws");
    await once(driver, "open");
    // Whoever subscribes before the answer is cut off.
    const acknowledged = once(driver, "message");
    driver.send(JSON.stringify({ type: "connection_init" }));
    await acknowledged;
    const closed = new Promise<never>((_, reject) =>
      driver.once("close", (code) => reject(new Error(`closed: ${code}`))),
    );
    closed.catch(() => {});
    const { body } = graphql(WAIT, { container: "bench" });
    driver.send(JSON.stringify({ id: "1", type: "subscribe", payload: body }));
    await sleep(500);
    const times: number[] = [];
    for (let at = 0; at < STAGES; at += 1) {
      const told = new Promise<void>((resolve) => {
        const look = (data: Buffer) => {
          if (!data.toString().includes('"next"')) return;
          driver.off("message", look);
          resolve();
        };
        driver.on("message", look);
      });
      const start = performance.now();
      await Promise.all([
        mutate(contender.url, TRIGGER),
        Promise.race([told, closed]).then(() => mutate(contender.url, CLAIM)),
      ]);
      times.push(performance.now() - start);
      await sleep(20);
    }
    driver.close();
    const sorted = times.toSorted((one, other) => one - other);
    return { ...idle, p50: sorted[STAGES / 2] ?? 0, p95: sorted[Math.floor(STAGES * 0.95)] ?? 0 };
  },
};
