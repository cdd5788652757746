/** What came of a run: medians, spread, ratios to Weir, and whether the aims are reached. */
import { cpus, totalmem } from "node:os";
import type { Sample } from "./workloads/workload.ts";
import { HAND_WRITTEN } from "./workloads/workload.ts";

/** Samples by workload and contender, in the order of the rounds. */
export type Results = Record<string, { unit: string; samples: Record<string, Sample[]> }>;

/** Medians of a run as they are kept, for `--check`. */
export type Medians = Readonly<Record<string, Readonly<Record<string, Sample>>>>;

interface Aim {
  readonly workload: string;
  readonly metric: string;
  /** Whose number Weir's is divided by; null: Weir's own number counts. */
  readonly against: string | null;
  readonly most?: number;
  readonly least?: number;
  /** Where Weir's own number is not that of "Weir". */
  readonly of?: string;
}

const GRAPHQL_PEERS = ["Apollo Server", "Yoga", "PostGraphile 5"];
const pages = ["page of 50", "nested page with counts"];

function aims(results: Results): readonly Aim[] {
  const histories = Object.entries(results).filter(([workload]) => workload.startsWith("history: "));
  const filters = "each subscriber a filter of its own";
  const [fewest = "", , most = ""] = Object.keys(results[filters]?.samples ?? {});
  const all: Aim[] = [
    { workload: "typename", metric: "cpu", against: "Mercurius+jit", most: 1 },
    { workload: "typename", metric: "cpu", against: HAND_WRITTEN, most: 1.6 },
    ...pages.flatMap((workload) => [
      { workload, metric: "cpu", against: "Mercurius+jit", most: 1 },
      ...GRAPHQL_PEERS.map((against) => ({ workload, metric: "cpu", against, most: 0.5 })),
    ]),
    { workload: "one report", metric: "perSecond", against: HAND_WRITTEN, least: 3 },
    { workload: "claim and complete, 64 drivers", metric: "perSecond", against: null, least: 2_500 },
    { workload: "claim and complete, 64 drivers", metric: "perSecond", against: "graphile-worker", least: 1 },
    { workload: "claim and complete, 64 drivers", metric: "perSecond", against: HAND_WRITTEN, least: 0.7 },
    { workload: "claim and complete, a lone driver", metric: "statements", against: null, most: 3 },
    { workload: "step report", metric: "perSecond", against: HAND_WRITTEN, least: 1 },
    { workload: "direct writers, batches of 1,000", metric: "perSecond", against: null, least: 45_000 },
    { workload: "fan-out to 1,000, bursts of 50", metric: "cpu", against: "bare ws", most: 0.25 },
    { workload: "fan-out to 1,000, single changes", metric: "cpu", against: "bare ws", most: 0.9 },
    { workload: "memory of an idle subscriber", metric: "kB", against: null, most: 12 },
    { workload: "latency at 1,000 changes/s, 100 subscribers", metric: "p50", against: null, most: 9 },
    { workload: "latency at 1,000 changes/s, 100 subscribers", metric: "p95", against: null, most: 18 },
    { workload: filters, metric: "cpu", against: fewest, of: most, most: 1.5 },
    { workload: "waiting for work, 1,000 idle drivers", metric: "p50", against: null, most: 20 },
    { workload: "replay of missed changes", metric: "perSecond", against: null, least: 30_000 },
    ...histories.map(([workload, { samples }]) => {
      const [small = "", large = ""] = Object.keys(samples);
      return { workload, metric: "both", against: small, of: large, most: 1.3 };
    }),
  ];
  return all.filter(({ workload }) => workload in results);
}

export function mediansOf(results: Results): Medians {
  return mapValues(results, ({ samples }) => mapValues(samples, medianOf));
}

function medianOf(samples: readonly Sample[]): Sample {
  return Object.fromEntries(metricsOf(samples).map((metric) => [metric, median(numbersOf(samples, metric))]));
}

const metricsOf = (samples: readonly Sample[]) => Object.keys(samples[0] ?? {});
const numbersOf = (samples: readonly Sample[], metric: string) => samples.map((sample) => sample[metric] ?? Number.NaN);

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function mapValues<From, To>(of: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]));
}

const HEADINGS: Readonly<Record<string, string>> = {
  perSecond: "per s",
  cpu: "server µs",
  postgres: "PostgreSQL µs",
  both: "both µs",
  p50: "p50 ms",
  p95: "p95 ms",
};

export interface Conditions {
  readonly mode: string;
  readonly rounds: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** The results as Markdown: the aims first, then a table for each workload. */
export function describe(results: Results, { mode, rounds, versions }: Conditions): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    "# Results\n",
    "Written by `npm run bench`. Each number is the median of the rounds, in which the contenders take turns; ± is half of the distance",
    "between the least and the greatest. µs are CPU time for each unit of work. Ratios are Weir's number divided by the other's.\n",
    `${new Date().toISOString().slice(0, 10)}, ${mode}, ${rounds} rounds, ${machine}. ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.\n`,
    "## Aims\n",
    "| work | number | aim | is | |\n|---|---|---|---|---|",
    ...aims(results).map((aim) => describeAim(aim, mediansOf(results))),
    ...Object.entries(results).map(([name, { unit, samples }]) => describeWorkload(name, unit, samples)),
  ].join("\n");
}

function describeAim({ workload, metric, against, most, least, of = "Weir" }: Aim, medians: Medians): string {
  const own = medians[workload]?.[of]?.[metric] ?? Number.NaN;
  const is = against === null ? own : own / (medians[workload]?.[against]?.[metric] ?? Number.NaN);
  const isReached = most === undefined ? is >= (least ?? 0) : is <= most;
  const number = `${HEADINGS[metric] ?? metric}${against === null ? "" : ` ÷ ${against}`}`;
  const aim = most === undefined ? `≥ ${least?.toLocaleString("en")}` : `≤ ${most}`;
  return `| ${workload} | ${number} | ${aim} | ${short(is)} | ${isReached ? "reached" : "**not reached**"} |`;
}

function describeWorkload(name: string, unit: string, samples: Readonly<Record<string, Sample[]>>): string {
  const metrics = metricsOf(Object.values(samples)[0] ?? []);
  const weir = samples["Weir"];
  const rows = Object.entries(samples).map(([contender, of]) => {
    const cells = metrics.map((metric) => {
      const numbers = numbersOf(of, metric);
      const spread = (Math.max(...numbers) - Math.min(...numbers)) / 2;
      const ratio =
        weir === undefined || contender === "Weir"
          ? ""
          : ` (${(median(numbersOf(weir, metric)) / median(numbers)).toFixed(2)})`;
      return `${short(median(numbers))} ± ${short(spread)}${ratio}`;
    });
    return `| ${contender} | ${cells.join(" | ")} |`;
  });
  const head = [`for each ${unit}`, ...metrics.map((metric) => HEADINGS[metric] ?? metric)];
  return [`\n## ${name}\n`, `| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...rows].join("\n");
}

function short(number: number): string {
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString("en");
  return number.toFixed(Math.abs(number) >= 10 ? 1 : 2);
}

/** How much of the earlier ratio to the hand-written peer has to be left. */
const LEAST_PART = 0.5;

/** What became worse than half of what it was, against the hand-written peer. */
export function regressions(before: Medians, now: Medians): readonly string[] {
  const advantage = (of: Medians, workload: string) => {
    const number = (contender: string) => of[workload]?.[contender]?.["cpu"] ?? Number.NaN;
    return number(HAND_WRITTEN) / number("Weir");
  };
  return Object.keys(now).flatMap((workload) => {
    const [was, is] = [advantage(before, workload), advantage(now, workload)];
    if (!(is < was * LEAST_PART)) return [];
    return [`${workload}: ${short(is)} × the hand-written peer's efficiency in CPU, ${short(was)} before`];
  });
}
