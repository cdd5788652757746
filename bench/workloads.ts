/** What is done, and by whom. */
import { setTimeout as sleep } from "node:timers/promises";
import { addRuns, addStages, PEER_CHANGES, peerDatabase, WEIR_CHANGES, weirDatabase } from "./data.ts";
import { type Request, runJob, subscribe } from "./load.ts";
import { type Contender, residentBytes, type Stage } from "./stage.ts";

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

const CONNECTIONS = 64;
const SUBSCRIBERS = 1_000;
export const HAND_WRITTEN = "hand-written";

type Start = (stage: Stage, scale: Scale) => Promise<Contender>;
const peer =
  (name: string, script: string, kind: string): Start =>
  async (stage, { statuses }) =>
    stage.peer(name, script, kind, await peerDatabase(stage, statuses));
const WEIR: Start = async (stage, { statuses }) => stage.weir(await weirDatabase(stage, statuses));
const NODE = { [HAND_WRITTEN]: peer(HAND_WRITTEN, "http", "handWritten") };
const SERVERS = {
  Weir: WEIR,
  ...NODE,
  "Mercurius+jit": peer("Mercurius+jit", "http", "mercurius"),
  "Apollo Server": peer("Apollo Server", "http", "apollo"),
  Yoga: peer("Yoga", "http", "yoga"),
  "PostGraphile 5": peer("PostGraphile 5", "http", "postgraphile"),
};
const PUSHERS = {
  Weir: WEIR,
  "bare ws": peer("bare ws", "sockets", "bareWs"),
  "graphql-ws": peer("graphql-ws", "sockets", "graphqlWs"),
  Mercurius: peer("Mercurius", "sockets", "mercuriusWs"),
};
const isWeir = (contender: Contender) => contender.name.startsWith("Weir");
const changesOf = (contender: Contender) => (isWeir(contender) ? WEIR_CHANGES : PEER_CHANGES);

/** CPU for each unit of what was done meanwhile. */
async function measure(
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

const graphql = (query: string, variables?: object): Request => ({ path: "/graphql", body: { query, variables } });
const plain = (path: string, body: object = {}): Request => ({ path, body });

/** Requests over HTTP; a contender without one of its own gets that of all servers of GraphQL. */
function requests(
  name: string,
  contenders: Readonly<Record<string, Start>>,
  by: Readonly<Record<string, Request>>,
): Workload {
  return {
    name,
    unit: "request",
    contenders: () => contenders,
    run: (stage, contender, { seconds }) => {
      const request = by[contender.name] ?? by["graphql"];
      if (request === undefined) throw new Error(`no request for ${contender.name}`);
      return measure(stage, contender, async () => {
        const {
          p50,
          p95,
          done,
          seconds: took,
        } = await load({ kind: "repeat", url: contender.url, request, connections: CONNECTIONS, seconds });
        return { done, seconds: took, p50, p95 };
      });
    },
  };
}

async function load(job: Parameters<typeof runJob>[0]) {
  const { done = 0, seconds = 0, p50 = 0, p95 = 0 } = await runJob(job);
  return { done, seconds, p50, p95 };
}

/** What is reported is of a file that was heard of before, or for the first time. */
const REPORTED = "/staging/{{n}}.hl7";
const NESTED = `hl7FilePath segmentNumber`;
const HTTP: readonly Workload[] = [
  requests("typename", SERVERS, { graphql: graphql("{ __typename }"), [HAND_WRITTEN]: plain("/typename") }),
  requests("page of 50", SERVERS, {
    graphql: graphql("{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } } }"),
    [HAND_WRITTEN]: plain("/page"),
    "PostGraphile 5": graphql(
      "{ allFileStatuses(first: 50, orderBy: [PROCESSED_AT_DESC, ROW_ID_DESC]) { nodes { id: rowId filePath type status processedAt } } }",
    ),
  }),
  requests("nested page with counts", SERVERS, {
    graphql: graphql(`{ logFiles(first: 20) { nodes { logFilePath date hl7FileCounts { staged ingested failed total }
      hl7Files(first: 5) { nodes { ${NESTED} currentStatus { status processedAt } } } } } }`),
    [HAND_WRITTEN]: plain("/nested"),
    "PostGraphile 5": graphql(`{ allLogs(first: 20, orderBy: [DATE_DESC, LOG_FILE_PATH_ASC]) { nodes { logFilePath date
      staged: hl7FilesByLogFilePath(condition: { status: "staged" }) { totalCount }
      ingested: hl7FilesByLogFilePath(condition: { status: "ingested" }) { totalCount }
      failed: hl7FilesByLogFilePath(condition: { status: "failed" }) { totalCount }
      total: hl7FilesByLogFilePath { totalCount }
      hl7FilesByLogFilePath(first: 5, orderBy: SEGMENT_NUMBER_ASC) { nodes { ${NESTED} status processedAt } } } } }`),
  }),
  requests("one report", SERVERS, {
    graphql: graphql(
      'mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: "HL7", status: "staged" }) { id processedAt } }',
      { path: REPORTED },
    ),
    Weir: graphql(
      "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: HL7, status: STAGED }) { id processedAt } }",
      { path: REPORTED },
    ),
    [HAND_WRITTEN]: plain("/report", { filePath: REPORTED, type: "HL7", status: "staged" }),
    "PostGraphile 5": graphql(
      'mutation ($path: String!) { createFileStatus(input: { fileStatus: { filePath: $path, type: "HL7", status: "staged" } }) { fileStatus { id: rowId processedAt } } }',
      { path: REPORTED },
    ),
  }),
  requests(
    "step report",
    { Weir: WEIR, ...NODE },
    {
      Weir: graphql(
        'mutation ($file: ID!, $step: String!) { updateStepStatus(input: { fileId: $file, stepName: $step, status: IN_PROGRESS, message: "reported" }) { id status startedAt } }',
        { file: "{{file}}", step: "{{step}}" },
      ),
      [HAND_WRITTEN]: plain("/step", { fileId: "{{file}}", stepName: "{{step}}", status: "in_progress" }),
    },
  ),
];

const CLAIMS: Workload = {
  name: "claim and complete, 64 drivers",
  unit: "stage",
  contenders: () => ({
    Weir: WEIR,
    ...NODE,
    "graphile-worker": async (stage) =>
      stage.peer("graphile-worker", "jobs", "graphileWorker", await stage.database("graphile", async () => {})),
    "pg-boss": async (stage) => stage.peer("pg-boss", "jobs", "pgBoss", await stage.database("boss", async () => {})),
  }),
  async run(stage, contender, { stages }) {
    const { sql } = contender.database;
    if (contender.url === "") {
      await contender.ask({ command: "add", jobs: stages });
      return measure(stage, contender, async () => {
        const start = performance.now();
        await contender.ask({ command: "work", jobs: stages });
        return { done: stages, seconds: (performance.now() - start) / 1_000 };
      });
    }
    if (isWeir(contender)) await addRuns(sql, stages / 2);
    else await addStages(sql, stages);
    return measure(stage, contender, async () => {
      const dialect = isWeir(contender) ? "weir" : "plain";
      const { done, seconds } = await load({ kind: "drive", url: contender.url, dialect, drivers: CONNECTIONS });
      if (done < stages) throw new Error(`${contender.name}: ${done} of ${stages} stages were driven`);
      return { done, seconds };
    });
  },
};

/** What one driver asks of PostgreSQL for a stage, with nobody beside it. */
const LONE_DRIVER: Workload = {
  name: "claim and complete, a lone driver",
  unit: "stage",
  isFresh: true,
  contenders: () => ({ Weir: WEIR, ...NODE }),
  async run(stage, contender) {
    if (isWeir(contender)) await addRuns(contender.database.sql, LONE_STAGES / 2);
    else await addStages(contender.database.sql, LONE_STAGES);
    const dialect = isWeir(contender) ? "weir" : "plain";
    const drive = () => load({ kind: "drive", url: contender.url, dialect, drivers: 1 });
    let perSecond = 0;
    const statements = await stage.countStatements(contender.database, async () => {
      const { done, seconds } = await drive();
      perSecond = done / seconds;
    });
    return { perSecond, statements: statements / LONE_STAGES };
  },
};
const LONE_STAGES = 50;

const WRITERS: Workload = {
  name: "direct writers, batches of 1,000",
  unit: "row",
  contenders: () => ({ Weir: WEIR, ...NODE }),
  run: (stage, contender, { rows }) =>
    measure(stage, contender, async () => {
      const table = isWeir(contender) ? "ingest.file_statuses" : "file_statuses";
      const text = `insert into ${table} (file_path, type, status) select $1 || n, 'HL7', 'staged' from generate_series(1, 1000) n`;
      const start = performance.now();
      let left = rows / 1_000;
      await Promise.all(
        Array.from({ length: 2 }, async (_, writer) => {
          while (left > 0) {
            left -= 1;
            await contender.database.sql.unsafe(text, [`/direct/${start}/${writer}/${left}/`], { prepare: true });
          }
        }),
      );
      return { done: rows, seconds: (performance.now() - start) / 1_000 };
    }),
};

const FOLLOW =
  "subscription { fileStatusRecorded { cursor isCurrent fileStatus { filePath type status processedAt } } }";
const queryOf = (contender: Contender) => (contender.name === "bare ws" ? null : FOLLOW);

function fanout(name: string, burst: number, part: number): Workload {
  return {
    name,
    isLong: burst === 1,
    unit: "delivery",
    contenders: () => PUSHERS,
    async run(stage, contender, scale) {
      const changes = Math.ceil((scale.changes * part) / burst) * burst;
      await using live = await subscribe({ url: contender.url, count: SUBSCRIBERS, query: queryOf(contender) });
      return await measure(stage, contender, async () => {
        const done = changes * SUBSCRIBERS;
        const counting = await live.expect(done);
        for (let written = 0; written < changes; written += burst) {
          await contender.database.sql.unsafe(changesOf(contender), [burst, "/fan/"], { prepare: true });
          if (burst === 1) await sleep(2);
        }
        return { done, seconds: await counting.received() };
      });
    },
  };
}

const MEMORY: Workload = {
  name: "memory of an idle subscriber",
  isLong: true,
  unit: "subscriber",
  isFresh: true,
  contenders: () => PUSHERS,
  async run(_, contender, { idle }) {
    // The first ones warm up what all of them share.
    await using _first = await subscribe({ url: contender.url, count: 100, query: queryOf(contender) });
    await sleep(500);
    const before = await residentBytes(contender.pid);
    await using _others = await subscribe({ url: contender.url, count: idle, query: queryOf(contender) });
    await sleep(1_000);
    return { kB: ((await residentBytes(contender.pid)) - before) / idle / 1_000 };
  },
};

const LATENCY: Workload = {
  name: "latency at 1,000 changes/s, 100 subscribers",
  isLong: true,
  unit: "delivery",
  contenders: () => ({ Weir: WEIR, "bare ws": PUSHERS["bare ws"] }),
  run: (stage, contender, { seconds }) =>
    measure(stage, contender, () =>
      load({
        kind: "latency",
        url: contender.url,
        count: 100,
        query: queryOf(contender),
        databaseUrl: contender.database.url,
        insert: changesOf(contender).replace("$1::int", "1").replace("$2", "$1::text"),
        seconds: Math.max(2, seconds),
      }),
    ),
};

const FILTERED = `subscription ($path: String) { fileStatusRecorded(filter: { filePath: $path }) { cursor fileStatus { filePath status } } }`;

const FILTERS: Workload = {
  name: "each subscriber a filter of its own",
  unit: "change",
  isFresh: true,
  contenders: ({ filters }) =>
    Object.fromEntries(
      filters.map((count) => {
        const name = `Weir, ${count.toLocaleString("en")} filters`;
        return [
          name,
          async (stage: Stage, { statuses }: Scale) => stage.weir(await weirDatabase(stage, statuses), name),
        ];
      }),
    ),
  async run(stage, contender, { changes }) {
    const count = Number(/\d[\d,]*/.exec(contender.name)?.[0].replaceAll(",", ""));
    const variables = { path: "/filtered/{{n}}" };
    await using live = await subscribe({ url: contender.url, count, query: FILTERED, variables, perSocket: 100 });
    return await measure(stage, contender, async () => {
      const counting = await live.expect(changes);
      for (let written = 0; written < changes; written += 10) {
        await contender.database.sql`insert into ingest.file_statuses (file_path, type, status)
          select '/filtered/' || (n % ${count}::int), 'HL7', 'staged' from generate_series(${written}::int, ${written + 9}::int) n`;
      }
      return { done: changes, seconds: await counting.received() };
    });
  },
};

const REPLAY: Workload = {
  name: "replay of missed changes",
  isLong: true,
  unit: "change",
  isFresh: true,
  contenders: () => ({ Weir: WEIR }),
  async run(stage, contender, { replayed }) {
    const response = await fetch(contender.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"query":"{ liveCursor }"}',
    });
    const { data } = (await response.json()) as { data: { liveCursor: string } };
    for (let written = 0; written < replayed; written += 1_000)
      await contender.database.sql.unsafe(WEIR_CHANGES, [1_000, `/replay/${written}/`], { prepare: true });
    await sleep(1_000);
    const before = await residentBytes(contender.pid);
    let most = before;
    const look = async () => (most = Math.max(most, await residentBytes(contender.pid)));
    const watch = setInterval(() => void look(), 50);
    // Ready to count before it subscribes: what was missed comes at once.
    const query = FOLLOW.replace("subscription", "subscription ($after: Cursor)").replace(
      "Recorded {",
      "Recorded(after: $after) {",
    );
    const sample = await measure(stage, contender, async () => {
      await using live = await subscribe({
        url: contender.url,
        count: 1,
        query,
        variables: { after: data.liveCursor },
        expected: replayed,
      });
      return { done: replayed, seconds: await live.received() };
    });
    clearInterval(watch);
    return { ...sample, MB: (most - before) / 1e6 };
  },
};

const HISTORIES: Readonly<Record<string, string>> = {
  "first page": "{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } } }",
  "first page of failures":
    "{ recentHl7FileStatuses(first: 50, filter: { status: [FAILED] }) { nodes { id filePath status } } }",
  "newest status": '{ hl7File(hl7FilePath: "/staging/77.hl7") { currentStatus { id status processedAt } } }',
  summary:
    "{ ingestSummary { hl7Files { staged ingested failed total } stuckStaged byDate { date hl7Files { total } } } }",
  overview: "{ overview { ingest { hl7Files { total } } pipelines { total overdue } recentFailures { at } } }",
};

/** The same query on a short and on a long history. */
function history(name: string, query: string): Workload {
  return {
    name: `history: ${name}`,
    isLong: true,
    unit: "request",
    contenders: ({ statuses, manyStatuses }) =>
      Object.fromEntries(
        [statuses, manyStatuses].map((size) => {
          const of = `Weir, ${size.toLocaleString("en")}`;
          return [of, async (stage: Stage) => stage.weir(await weirDatabase(stage, size), of)];
        }),
      ),
    run: async (stage, contender, { seconds }) => {
      const sample = await measure(stage, contender, () =>
        load({ kind: "repeat", url: contender.url, request: graphql(query), connections: 8, seconds }),
      );
      return { ...sample, both: (sample["cpu"] ?? 0) + (sample["postgres"] ?? 0) };
    },
  };
}

export const WORKLOADS: readonly Workload[] = [
  // First, while the histories have the sizes that they are named by.
  ...Object.entries(HISTORIES).map(([name, query]) => history(name, query)),
  ...HTTP,
  CLAIMS,
  LONE_DRIVER,
  WRITERS,
  fanout("fan-out to 1,000, bursts of 50", 50, 1),
  fanout("fan-out to 1,000, single changes", 1, 0.5),
  MEMORY,
  LATENCY,
  FILTERS,
  REPLAY,
];
