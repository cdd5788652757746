/** Lets the contenders of each workload take turns. */
import { readFile } from "node:fs/promises";
import type { Results } from "./report.ts";
import { type Contender, openStage, type Stage } from "./stage.ts";
import type { Sample, Scale, Workload } from "./workloads/workload.ts";
import { WORKLOADS } from "./workloads.ts";

interface Mode {
  /** Whether long workloads are among all of them. */
  readonly isWhole: boolean;
  readonly rounds: number;
  readonly scale: Scale;
  /** What runs before the rounds, so that code is compiled, plans are made and pages are in memory. */
  readonly warmUp: Partial<Scale>;
}

export const FULL: Mode = {
  isWhole: true,
  rounds: 3,
  scale: {
    seconds: 3,
    statuses: 20_000,
    manyStatuses: 1_000_000,
    stages: 4_000,
    rows: 200_000,
    changes: 1_000,
    idle: 5_000,
    replayed: 100_000,
    filters: [10, 1_000, 10_000],
  },
  warmUp: { seconds: 2, stages: 1_000, rows: 50_000, changes: 500 },
};

export const QUICK: Mode = {
  isWhole: false,
  rounds: 2,
  scale: {
    seconds: 0.4,
    statuses: 20_000,
    manyStatuses: 40_000,
    stages: 300,
    rows: 30_000,
    changes: 50,
    idle: 1_000,
    replayed: 20_000,
    filters: [10, 1_000, 2_000],
  },
  warmUp: { seconds: 0.3, stages: 100, rows: 5_000, changes: 50 },
};

/** Runs the workloads whose names contain one of the words, all of them without any. */
export async function compete(
  mode: Mode,
  words: readonly string[],
): Promise<{ results: Results; versions: Record<string, string> }> {
  const chosen = WORKLOADS.filter(({ name, isLong }) =>
    words.length === 0 ? mode.isWhole || isLong !== true : words.some((word) => name.includes(word)),
  );
  await using stage = await openStage();
  const results: Results = {};
  const running = new Map<string, Contender>();
  await using _running = { [Symbol.asyncDispose]: () => stop([...running.values()]) };
  for (const workload of chosen) {
    const began = performance.now();
    const wanted = workload.isFresh === true ? {} : workload.contenders(mode.scale);
    await stop([...running].filter(([name]) => !(name in wanted)).map(([, contender]) => contender));
    for (const name of running.keys()) if (!(name in wanted)) running.delete(name);
    for (const [name, start] of Object.entries(wanted)) {
      if (!running.has(name)) running.set(name, await start(stage, mode.scale));
    }
    results[workload.name] = { unit: workload.unit, samples: await takeTurns(stage, workload, running, mode) };
    process.stderr.write(`${workload.name}: ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
  }
  return { results, versions: await versionsOf(stage) };
}

async function stop(contenders: readonly Contender[]): Promise<void> {
  await Promise.all(contenders.map((contender) => contender[Symbol.asyncDispose]()));
}

/** A contender that is not running is started for each of its turns. */
async function takeTurns(
  stage: Stage,
  workload: Workload,
  running: ReadonlyMap<string, Contender>,
  { rounds, scale, warmUp }: Mode,
): Promise<Record<string, Sample[]>> {
  const contenders = Object.entries(workload.contenders(scale));
  const samples: Record<string, Sample[]> = Object.fromEntries(contenders.map(([name]) => [name, []]));
  for (const contender of running.values()) await workload.run(stage, contender, { ...scale, ...warmUp });
  for (let round = 0; round < rounds; round += 1) {
    // Each begins a round once: what the one before leaves to PostgreSQL falls to another one then.
    const order = contenders.map((_, at) => contenders[(at + round) % contenders.length]);
    for (const contestant of order) {
      if (contestant === undefined) continue;
      const [name, start] = contestant;
      await using own = running.has(name) ? undefined : await start(stage, scale);
      const contender = running.get(name) ?? own;
      if (contender !== undefined) samples[name]?.push(await workload.run(stage, contender, scale));
    }
  }
  return samples;
}

async function versionsOf(stage: Stage): Promise<Record<string, string>> {
  const manifest = JSON.parse(await readFile(new URL("package.json", import.meta.url), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return { Node: process.versions.node, PostgreSQL: stage.postgresVersion, ...manifest.dependencies };
}
