/**
 * What presses the contenders: a process of its own, so that their CPU time is theirs alone. The parent sends one job, and is told
 * what came of it.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { WebSocket } from "ws";

export interface Request {
  readonly path: string;
  /** Sent as JSON. `{{n}}` becomes the number of the request, `{{file}}` and `{{step}}` go in a circle. */
  readonly body: object;
}

export interface Subscribers {
  readonly url: string;
  readonly count: number;
  /** A document of graphql-transport-ws; null: a bare WebSocket. */
  readonly query: string | null;
  /** `{{n}}` becomes the number of the subscriber. */
  readonly variables?: object;
  /** Subscriptions of one socket. */
  readonly perSocket?: number;
  /** Messages that are counted from the beginning. */
  readonly expected?: number;
}

export type Job =
  | {
      readonly kind: "repeat";
      readonly url: string;
      readonly request: Request;
      readonly connections: number;
      readonly seconds: number;
    }
  /** Claims and completes until nothing waits. */
  | { readonly kind: "drive"; readonly url: string; readonly dialect: "weir" | "plain"; readonly drivers: number }
  | ({ readonly kind: "subscribe" } & Subscribers)
  /** Writes a thousand rows a second by the statement, whose parameter is a path that holds the time. */
  | ({
      readonly kind: "latency";
      readonly databaseUrl: string;
      readonly insert: string;
      readonly seconds: number;
    } & Subscribers);

export interface Live extends AsyncDisposable {
  /** Begins to count anew; `received` resolves when so many messages have come, with the seconds that it took. */
  expect(messages: number): Promise<Counting>;
}
export interface Counting {
  received(): Promise<number>;
}

/** Milliseconds within which a subscription without an acknowledgement is live. */
const SETTLE = 700;

/** Runs a job in a process of its own; resolves with its numbers. */
export async function runJob(job: Exclude<Job, { kind: "subscribe" }>): Promise<Record<string, number>> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] });
  child.send(job);
  const [answer] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (typeof answer !== "object" || answer === null) throw new Error(`the load of ${job.url} failed`);
  return answer as Record<string, number>;
}

/** Opens subscribers in a process of their own; resolves when all are live, or are told to count what they are sent first. */
export async function subscribe(subscribers: Subscribers): Promise<Live & Counting> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] });
  const exited = once(child, "exit");
  const next = async () => {
    const [answer] = await Promise.race([once(child, "message"), exited]);
    if (typeof answer !== "object" || answer === null)
      throw new Error(`the subscribers of ${subscribers.url} ended with ${answer}`);
    return answer as { seconds: number };
  };
  child.send({ kind: "subscribe", ...subscribers });
  const counting = (): Counting => {
    const done = next();
    // Whoever waits for it sees the failure; nobody does where the writer fails first.
    done.catch(() => {});
    return { received: async () => (await done).seconds };
  };
  const first = subscribers.expected === undefined ? await next() : counting();
  return {
    received: () => ("received" in first ? first.received() : Promise.reject(new Error("nothing was expected"))),
    async expect(messages) {
      const ready = next();
      child.send({ messages });
      await ready;
      return counting();
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** One connection that sends a request and waits for its answer, over and over. Knows as much of HTTP as the contenders use. */
class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #chunks: Buffer[] = [];
  #take: (text: string) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(url: URL) {
    this.#host = url.host;
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection was closed")));
    this.#socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
      const body = bodyOf(all);
      if (body === undefined) {
        this.#chunks = [all];
        return;
      }
      this.#chunks = [];
      this.#take(body);
    });
  }

  send(path: string, body: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#take = resolve;
      this.#fail = reject;
    });
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${this.#host}\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    return answer;
  }

  end(): void {
    this.#fail = () => {};
    this.#socket.destroy();
  }
}

/** The body of a whole response; undefined while a part of it is missing. Throws for what is no success. */
function bodyOf(response: Buffer): string | undefined {
  const end = response.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = response.toString("latin1", 0, end);
  const length = /content-length: *(\d+)/i.exec(head)?.[1];
  const isWhole =
    length === undefined ? response.subarray(-5).equals(LAST_CHUNK) : response.length - end - 4 >= Number(length);
  if (!isWhole) return undefined;
  const body = response.toString("utf8", end + 4);
  if (!head.startsWith("HTTP/1.1 200") || body.includes('"errors":')) throw new Error(`${head}\n\n${body}`);
  return body;
}
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

type Repeat = Extract<Job, { kind: "repeat" }>;
async function repeat({ url, request, connections, seconds }: Repeat): Promise<Record<string, number>> {
  const template = JSON.stringify(request.body);
  const isFilled = template.includes("{{");
  const times: number[] = [];
  let sent = 0;
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(new URL(url));
      for (let now = performance.now(); now < end; ) {
        await connection.send(request.path, isFilled ? fill(template, sent++) : template);
        const after = performance.now();
        times.push(after - now);
        now = after;
      }
      connection.end();
    }),
  );
  return { done: times.length, seconds: (performance.now() - start) / 1_000, ...percentiles(times) };
}

function fill(template: string, n: number): string {
  return template
    .replace("{{file}}", String(1 + (n % 1_000)))
    .replace("{{step}}", `step_${Math.floor(n / 1_000) % 8}`)
    .replace("{{n}}", String(n));
}

function percentiles(times: number[]): { p50: number; p95: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95) };
}

const CLAIM =
  'mutation ($worker: String!) { claimStage(driverContainer: "bench", worker: $worker) { runId stageOrder leaseExpiresAt } }';
const COMPLETE =
  "mutation ($runId: ID!, $stageOrder: Int!, $worker: String) { completeStage(runId: $runId, stageOrder: $stageOrder, worker: $worker) { status } }";

type Drive = Extract<Job, { kind: "drive" }>;
async function drive({ url, dialect, drivers }: Drive): Promise<Record<string, number>> {
  let done = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: drivers }, async (_, at) => {
      const connection = new Connection(new URL(url));
      const worker = `driver-${at}`;
      const graphql = async (query: string, variables: object) =>
        JSON.parse(await connection.send("/graphql", JSON.stringify({ query, variables }))).data;
      for (;;) {
        if (dialect === "weir") {
          const { claimStage } = await graphql(CLAIM, { worker });
          if (claimStage === null) break;
          await graphql(COMPLETE, { ...claimStage, leaseExpiresAt: undefined, worker });
        } else {
          const claimed = JSON.parse(await connection.send("/claim", JSON.stringify({ worker })));
          if (claimed === null) break;
          await connection.send("/complete", JSON.stringify({ id: claimed.id, worker }));
        }
        done += 1;
      }
      connection.end();
    }),
  );
  return { done, seconds: (performance.now() - start) / 1_000 };
}

/** Sockets that are opened at once. */
const OPENED_AT_ONCE = 32;

/** Opens sockets that subscribe; resolves when all are live. */
async function openSubscribers(subscribers: Subscribers, take: (text: Buffer) => void): Promise<void> {
  const { count, perSocket = 1 } = subscribers;
  let opened = 0;
  const openSome = async () => {
    while (opened < count) {
      const from = opened;
      opened += perSocket;
      await openSocket(subscribers, from, Math.min(from + perSocket, count), take);
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, openSome));
  // The last subscription has no acknowledgement: it is live by then.
  await sleep(SETTLE);
}

/** One socket of the subscribers with these numbers. */
async function openSocket(
  { url, query, variables = {} }: Subscribers,
  from: number,
  to: number,
  take: (text: Buffer) => void,
): Promise<void> {
  const protocols = query === null ? [] : "graphql-transport-ws";
  const socket = new WebSocket(url.replace("http", "ws"), protocols, { perMessageDeflate: false });
  await once(socket, "open");
  socket.on("close", (code, reason) => {
    throw new Error(`a subscriber's socket was closed: ${code} ${reason.toString()}`);
  });
  if (query !== null) {
    socket.send('{"type":"connection_init"}');
    await once(socket, "message");
  }
  socket.on("message", (data: Buffer) => {
    if (data.includes('"type":"ping"')) socket.send('{"type":"pong"}');
    else if (data.includes('"errors":') || data.includes('"type":"error"')) throw new Error(data.toString());
    else take(data);
  });
  if (query === null) return;
  for (let n = from; n < to; n += 1) {
    const payload = { query, variables: JSON.parse(JSON.stringify(variables).replace("{{n}}", String(n))) };
    socket.send(JSON.stringify({ id: `s${n}`, type: "subscribe", payload }));
  }
}

async function holdSubscribers(subscribers: Subscribers): Promise<void> {
  let missing = subscribers.expected ?? Number.POSITIVE_INFINITY;
  let start = performance.now();
  await openSubscribers(subscribers, () => {
    missing -= 1;
    if (missing === 0) process.send?.({ seconds: (performance.now() - start) / 1_000 });
  });
  process.on("message", ({ messages }: { messages: number }) => {
    missing = messages;
    start = performance.now();
    process.send?.({});
  });
  if (subscribers.expected === undefined) process.send?.({});
}

const RATE = 1_000;
const TIME = /\/latency\/([\d.]+)\//;

type Latency = Extract<Job, { kind: "latency" }>;
async function latency(job: Latency): Promise<Record<string, number>> {
  const times: number[] = [];
  await openSubscribers(job, (text) => {
    const sent = TIME.exec(text.toString("latin1"))?.[1];
    if (sent !== undefined) times.push(performance.now() - Number(sent));
  });
  const sql = postgres(job.databaseUrl, { max: 8, fetch_types: false });
  const writing: Promise<unknown>[] = [];
  const write = (n: number) => sql.unsafe(job.insert, [`/latency/${performance.now()}/${n}`], { prepare: true });
  await Promise.all(Array.from({ length: 8 }, (_, n) => write(n)));
  await sleep(300);
  times.length = 0;
  const start = performance.now();
  const rows = RATE * job.seconds;
  for (let n = 0; n < rows; ) {
    const due = Math.min(rows, ((performance.now() - start) / 1_000) * RATE);
    for (; n < due; n += 1) writing.push(write(n));
    await sleep(1);
  }
  await Promise.all(writing);
  const deadline = performance.now() + 20_000;
  while (times.length < rows * job.count && performance.now() < deadline) await sleep(20);
  await sql.end();
  if (times.length !== rows * job.count) throw new Error(`${times.length} of ${rows * job.count} changes came`);
  return { done: times.length, seconds: (performance.now() - start) / 1_000, ...percentiles(times) };
}

if (import.meta.main) {
  const [job] = (await once(process, "message")) as [Job];
  if (job.kind === "subscribe") await holdSubscribers(job);
  else {
    const numbers = await (job.kind === "repeat" ? repeat(job) : job.kind === "drive" ? drive(job) : latency(job));
    process.send?.(numbers, () => process.exit());
  }
}
