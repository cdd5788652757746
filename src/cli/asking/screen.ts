import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import type { WeirStatusQuery } from "../../client/gql/graphql.ts";
import { graphql } from "../../client/gql/index.ts";
import { type WeirClient, WeirError } from "../../client/index.ts";
import { plain } from "./remote.ts";

/** What a screen shows. */
export const STATUS = graphql(`
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

/** Somebody has to do something about it, and nobody has said that he will. */
export function needsYou({ severity, isAcknowledged }: Item): boolean {
  return severity === "NEEDS_YOU" && !isAcknowledged;
}

/** The overview in lines of at most so many columns. */
export function screenOf({ overview, attention }: WeirStatusQuery, columns = 80): readonly string[] {
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

/** Paints a screen of its own every so many milliseconds until the signal, and gives the terminal back as it was. */
export async function repaint(
  read: () => Promise<readonly string[]>,
  { pace, signal }: { readonly pace: number; readonly signal: AbortSignal },
): Promise<void> {
  process.stdout.write("\u001b[?1049h\u001b[?25l");
  try {
    while (!signal.aborted) {
      const lines = (await read()).slice(0, process.stdout.rows - 1);
      if (signal.aborted) return;
      process.stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
      await sleep(pace, undefined, { signal }).catch(() => {});
    }
  } finally {
    process.stdout.write("\u001b[?25h\u001b[?1049l");
  }
}

/** Reads the screen again and again; while there is no service to ask, the last one stays, and says so. */
export function screenReader(client: WeirClient): () => Promise<readonly string[]> {
  let last: readonly string[] = [];
  return async () => {
    try {
      last = screenOf(await client.query(STATUS), process.stdout.columns);
      return last;
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      return [styleText("red", plain(error.message)), "", ...last.slice(2)];
    }
  };
}
