/** What a workload is, and what all of them stand on. */
import { PEER_CHANGES, peerDatabase, WEIR_CHANGES, weirDatabase } from "../data.ts";
import { type Request, runJob } from "../load.ts";
import type { Contender, Stage } from "../stage.ts";

/** How much of everything, as the mode has it. */
export interface Scale {
  readonly seconds: number;
  readonly statuses: number;
  readonly manyStatuses: number;
  readonly stages: number;
  readonly rows: number;
  readonly changes: number;
  readonly idle: number;
  readonly replayed: number;
  readonly filters: readonly number[];
}

/**
 * Numbers of one run, by name: `perSecond`; `cpu` and `postgres`, µs of CPU of the contender's process and of PostgreSQL for each
 * unit of work; others as the workload says.
 */
export type Sample = Readonly<Record<string, number>>;

export interface Workload {
  readonly name: string;
  /** What the numbers are for each of. */
  readonly unit: string;
  /** True: a contender is started for each run, since the run leaves something behind in its process. */
  readonly isFresh?: boolean;
  /** True: left out of a quick run, unless it is named. */
  readonly isLong?: boolean;
  readonly contenders: (scale: Scale) => Readonly<Record<string, (stage: Stage, scale: Scale) => Promise<Contender>>>;
  readonly run: (stage: Stage, contender: Contender, scale: Scale) => Promise<Sample>;
}

export const CONNECTIONS = 64;
export const SUBSCRIBERS = 1_000;
export const HAND_WRITTEN = "hand-written";

export type Start = (stage: Stage, scale: Scale) => Promise<Contender>;
export const peer =
  (name: string, script: string, kind: string): Start =>
  async (stage, { statuses }) =>
    stage.peer(name, script, kind, await peerDatabase(stage, statuses));
export const WEIR: Start = async (stage, { statuses }) => stage.weir(await weirDatabase(stage, statuses));
export const NODE = { [HAND_WRITTEN]: peer(HAND_WRITTEN, "http", "handWritten") };
export const SERVERS = {
  Weir: WEIR,
  ...NODE,
  "Mercurius+jit": peer("Mercurius+jit", "http", "mercurius"),
  "Apollo Server": peer("Apollo Server", "http", "apollo"),
  Yoga: peer("Yoga", "http", "yoga"),
  "PostGraphile 5": peer("PostGraphile 5", "http", "postgraphile"),
};
export const PUSHERS = {
  Weir: WEIR,
  "bare ws": peer("bare ws", "sockets", "bareWs"),
  "graphql-ws": peer("graphql-ws", "sockets", "graphqlWs"),
  Mercurius: peer("Mercurius", "sockets", "mercuriusWs"),
};
export const isWeir = (contender: Contender) => contender.name.startsWith("Weir");
export const changesOf = (contender: Contender) => (isWeir(contender) ? WEIR_CHANGES : PEER_CHANGES);

/** CPU for each unit of what was done meanwhile. */
export async function measure(
  stage: Stage,
  contender: Contender,
  work: () => Promise<{ done: number; seconds: number } & Sample>,
): Promise<Sample> {
  const before = await stage.cpu(contender);
  const { done, seconds, ...others } = await work();
  const after = await stage.cpu(contender);
  return {
    perSecond: done / seconds,
    cpu: (after.server - before.server) / done,
    postgres: (after.postgres - before.postgres) / done,
    ...others,
  };
}

export const graphql = (query: string, variables?: object): Request => ({
  path: "/graphql",
  body: { query, variables },
});
export const plain = (path: string, body: object = {}): Request => ({ path, body });

export async function load(job: Parameters<typeof runJob>[0]) {
  const { done = 0, seconds = 0, p50 = 0, p95 = 0 } = await runJob(job);
  return { done, seconds, p50, p95 };
}
