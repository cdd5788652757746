/** Writers beside the service, and those who follow. */
import { setTimeout as sleep } from "node:timers/promises";
import { WEIR_CHANGES, weirDatabase } from "../data.ts";
import { subscribe } from "../load.ts";
import { type Contender, residentBytes, type Stage } from "../stage.ts";
import {
  changesOf,
  isWeir,
  load,
  measure,
  NODE,
  PUSHERS,
  type Scale,
  SUBSCRIBERS,
  WEIR,
  type Workload,
} from "./workload.ts";

export const WRITERS: Workload = {
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

/** Changes that are written ahead of those who follow: a server without backpressure keeps in memory what it could not send. */
const MOST_AHEAD = 200;

export function fanout(name: string, burst: number, part: number): Workload {
  return {
    name,
    isLong: burst === 1,
    unit: "delivery",
    contenders: () => PUSHERS,
    async run(stage, contender, scale) {
      const changes = Math.ceil((scale.changes * part) / burst) * burst;
      await using live = await subscribe({ url: contender.url, count: SUBSCRIBERS, query: queryOf(contender) });
      return await measure(stage, contender, async () => {
        let seconds = 0;
        for (let written = 0; written < changes; ) {
          const end = Math.min(written + MOST_AHEAD, changes);
          const counting = await live.expect((end - written) * SUBSCRIBERS);
          for (; written < end; written += burst) {
            await contender.database.sql.unsafe(changesOf(contender), [burst, "/fan/"], { prepare: true });
            if (burst === 1) await sleep(2);
          }
          seconds += await counting.received();
        }
        return { done: changes * SUBSCRIBERS, seconds };
      });
    },
  };
}

export const MEMORY: Workload = {
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

export const LATENCY: Workload = {
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

export const FILTERS: Workload = {
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

export const REPLAY: Workload = {
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
