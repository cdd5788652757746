import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import type { WeirStatusQuery } from "../client/gql/graphql.ts";
import { graphql } from "../client/gql/index.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";
import { askService, clientOf, plain, REMOTE_OPTIONS } from "./remote.ts";

const STATUS = graphql(`
  query WeirStatus {
    overview {
      ingest {
        hl7Files {
          staged
          ingested
          failed
          total
        }
        stuckStaged
      }
      pipelines {
        total
        overdue
        runsByStatus24h {
          status
          count
        }
      }
      documents {
        status
        count
      }
      seeder {
        total
        byStatus {
          status
          count
        }
      }
    }
    attention {
      severity
      title
      message
      since
      isAcknowledged
    }
  }
`);

type Item = WeirStatusQuery["attention"][number];

/** Milliseconds between two looks with --watch. */
const PACE = 2_000;

/** Prints what flows, what is stuck, and why; with `--check` it ends with 1 while something needs a person. */
export function status(args: readonly string[]): Promise<Failure | undefined> {
  const { values, positionals } = readArguments(args, {
    ...REMOTE_OPTIONS,
    watch: { type: "boolean" },
    check: { type: "boolean" },
  });
  if (positionals.length > 0) throw new UsageError(`weir status takes no ${JSON.stringify(positionals[0])}.`);
  const client = clientOf(values);
  return askService(async () => {
    const data = await client.query(STATUS);
    if (values.json === true) process.stdout.write(`${JSON.stringify(data)}\n`);
    else if (values.watch === true && process.stdout.isTTY) await watch(data, () => client.query(STATUS));
    else process.stdout.write(`${screenOf(data, process.stdout.columns).join("\n")}\n`);
    const needing = data.attention.filter(needsYou).length;
    if (values.check !== true || needing === 0) return undefined;
    return { exitCode: 1, message: `weir: ${needing === 1 ? "1 thing needs" : `${needing} things need`} you.` };
  });
}

/** On a screen of its own, until Ctrl-C, which gives the terminal back as it was. */
async function watch(first: WeirStatusQuery, read: () => Promise<WeirStatusQuery>): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.once("SIGTERM", () => stop.abort());
  process.stdout.write("\u001b[?1049h\u001b[?25l");
  try {
    for (let data = first; ; data = await read()) {
      const lines = screenOf(data, process.stdout.columns).slice(0, process.stdout.rows - 1);
      process.stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
      await sleep(PACE, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
    }
  } finally {
    process.stdout.write("\u001b[?25h\u001b[?1049l");
  }
}

function needsYou({ severity, isAcknowledged }: Item): boolean {
  return severity === "NEEDS_YOU" && !isAcknowledged;
}

/** The overview in lines of at most so many columns. */
function screenOf({ overview, attention }: WeirStatusQuery, columns = 80): readonly string[] {
  const { ingest, pipelines, documents, seeder } = overview;
  const { staged, ingested, failed, total } = ingest.hl7Files;
  const of = (counts: readonly { readonly status: string; readonly count: number }[], word: string) =>
    counts.find(({ status: one }) => one === word)?.count ?? 0;
  const rows = [
    ["", "waiting", "in work", "done", "failed"],
    ["Ingest", Math.max(0, total - staged - ingested - failed), staged, ingested, failed],
    [
      "Pipelines, 24 h",
      of(pipelines.runsByStatus24h, "PENDING"),
      of(pipelines.runsByStatus24h, "RUNNING"),
      of(pipelines.runsByStatus24h, "SUCCESS"),
      of(pipelines.runsByStatus24h, "FAILED"),
    ],
    [
      "Documents",
      of(documents, "PENDING"),
      of(documents, "PROCESSING"),
      of(documents, "COMPLETED"),
      of(documents, "FAILED"),
    ],
    [
      "Reports",
      of(seeder.byStatus, "PENDING"),
      of(seeder.byStatus, "RUNNING"),
      of(seeder.byStatus, "SUCCESS"),
      of(seeder.byStatus, "ERROR"),
    ],
  ] as const;
  const board = rows.map(
    ([name, ...figures]) => `${name.padEnd(16)}${figures.map((figure) => String(figure).padStart(10)).join("")}`,
  );
  const needing = attention.filter(needsYou).length;
  const watched = attention.filter(({ severity }) => severity === "WATCH").length;
  const told = [
    needing > 0 ? `${needing} ${needing === 1 ? "thing needs" : "things need"} you` : "",
    watched > 0 ? `${watched} to keep an eye on` : "",
  ];
  const headline = told.filter((part) => part !== "").join(", ") || "Everything flows.";
  const cut = (line: string) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);
  return [
    styleText(needing > 0 ? "red" : "bold", headline),
    "",
    ...board.map(cut),
    "",
    ...attention.flatMap((item) => {
      const mark =
        item.severity === "WATCH" ? styleText("yellow", "!") : item.isAcknowledged ? "·" : styleText("red", "✗");
      const why = item.message == null ? [] : [cut(`    ${plain(item.message)}`)];
      return [`${mark} ${cut(plain(item.title)).slice(0, columns - 2)}`, ...why];
    }),
  ];
}
