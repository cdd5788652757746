import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { type Hostile, hostileInputs } from "../support/hostile.ts";
import { type ServiceProcess, spawnService } from "../support/process.ts";
import { ask, collect, connect } from "../support/service.ts";

const INPUTS = 10_000;
const SEED = 20_261_125;
/** Hostile connections at a time that wait for an answer, and those that never come to one. */
const AT_ONCE = 12;
const MOST_HELD = 1_500;
/** Milliseconds, above all limits of the service taken together. */
const PATIENCE = 10_000;
const HONEST = 4;
const MIB = 1024 * 1024;

/** What came of hostile inputs. */
interface Outcome {
  /** Kind, and the beginning of an answer that no caller may get. */
  readonly wrong: string[];
  readonly held: Set<Socket>;
}

/** Sends one on a connection of its own; resolves when the service has ended it, or at once when it is held. */
async function attack(port: number, { kind, bytes, isHeld, trickle }: Hostile, outcome: Outcome): Promise<void> {
  const socket = connectTcp(port, "127.0.0.1");
  let answer = "";
  socket.on("data", (data: Buffer) => {
    if (answer.length < 2_000) answer += data.toString("latin1");
  });
  // The service may end it while there is still something to write.
  socket.on("error", () => {});
  const timer = trickle === undefined ? undefined : setInterval(() => socket.write(trickle), 300);
  const deadline = setTimeout(() => {
    outcome.wrong.push(`${kind}: not ended: ${answer.slice(0, 300)}: ${bytes.toString("latin1").slice(-200)}`);
    socket.destroy();
  }, PATIENCE);
  const closed = Promise.withResolvers<void>();
  socket.once("close", () => {
    clearInterval(timer);
    clearTimeout(deadline);
    outcome.held.delete(socket);
    // What is forbidden at the door has tried nothing of what is behind it.
    const isRefused =
      /^HTTP\/1\.1 (101|2\d\d|4\d\d) /.test(answer) && !/INTERNAL_SERVER_ERROR|"FORBIDDEN"/.test(answer);
    if (answer !== "" && !isRefused) outcome.wrong.push(`${kind}: ${answer.slice(0, 1_000)}`);
    closed.resolve();
  });
  socket.write(bytes);
  if (!isHeld) return closed.promise;
  outcome.held.add(socket);
  while (outcome.held.size > MOST_HELD) await sleep(20);
}

/** Clients that write and read what they wrote, until `isOver`; the milliseconds of each request. */
async function beHonest(
  url: string,
  name: string,
  isOver: () => boolean,
): Promise<{ times: number[]; paths: string[] }> {
  const times: number[] = [];
  const paths: string[] = [];
  const timed = async (query: string, variables: object) => {
    const start = performance.now();
    const data = await ask(url, query, { ...variables });
    times.push(performance.now() - start);
    return data;
  };
  const client = async (_: unknown, at: number) => {
    for (let round = 0; !isOver(); round += 1) {
      const path = `/${name}/${at}/${round}`;
      paths.push(path);
      expect(
        await timed(
          "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { filePath } }",
          { path },
        ),
      ).toEqual({ recordFileStatus: { filePath: path } });
      expect(
        await timed("query ($path: String!) { fileStatuses(filter: { filePath: $path }) { totalCount } }", { path }),
      ).toEqual({ fileStatuses: { totalCount: 1 } });
      await sleep(20);
    }
  };
  await Promise.all(Array.from({ length: HONEST }, client));
  return { times, paths };
}

const p95 = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;

async function attackAll(service: ServiceProcess, outcome: Outcome): Promise<void> {
  const port = Number(new URL(service.url).port);
  const inputs = hostileInputs(INPUTS, SEED);
  const attacker = async () => {
    for (const input of inputs) await attack(port, input, outcome);
  };
  // One generator for all of them: whoever is free takes the next.
  await Promise.all(Array.from({ length: AT_ONCE }, attacker));
}

it("ten thousand hostile inputs cost no memory, and honest clients beside them get what they ask for", async () => {
  await using database = await createTestDatabase();
  await using service = await spawnService({
    DATABASE_URL: database.url,
    WEIR_HEADERS_TIMEOUT_SECONDS: "1",
    WEIR_REQUEST_TIMEOUT_SECONDS: "2",
    WEIR_HANDSHAKE_TIMEOUT_SECONDS: "1",
  });
  const { client } = connect(service.url);
  const { liveCursor: after } = await ask(service.url, "{ liveCursor }");
  const live = collect<{ key: string }>(
    client,
    "subscription ($after: Cursor) { fileStatusRecorded(after: $after) { key } }",
    { after },
  );
  const until = (end: number) => () => performance.now() > end;
  const warm = await beHonest(service.url, "warm", until(performance.now() + 1_000));
  const before = await beHonest(service.url, "before", until(performance.now() + 2_000));
  const calm = await service.residentBytes();

  const over = new AbortController();
  let most = calm;
  const outcome: Outcome = { wrong: [], held: new Set() };
  const watch = async () => {
    while (!over.signal.aborted) {
      most = Math.max(most, await service.residentBytes());
      await sleep(100);
    }
  };
  const hostile = attackAll(service, outcome).finally(() => over.abort());
  const [during] = await Promise.all([beHonest(service.url, "during", () => over.signal.aborted), watch(), hostile]);

  // Whoever never comes to an end is ended.
  await expect.poll(() => outcome.held.size, { timeout: 15_000, interval: 50 }).toBe(0);
  expect(outcome.wrong).toEqual([]);
  expect(service.child.exitCode).toBeNull();
  expect((most - calm) / MIB).toBeLessThan(512);
  expect(p95(during.times) / p95(before.times)).toBeLessThan(30);
  const paths = [warm, before, during].flatMap((honest) => honest.paths);
  await live.until((items) => items.length === paths.length);
  expect(live.items.map(({ key }) => key).toSorted()).toEqual(paths.toSorted());
  expect(live.errors).toEqual([]);
  await client.dispose();
}, 180_000);
