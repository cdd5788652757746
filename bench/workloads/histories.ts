/** The same query on a short and on a long history. */
import { weirDatabase } from "../data.ts";
import type { Stage } from "../stage.ts";
import { graphql, load, measure, type Workload } from "./workload.ts";

export const HISTORIES: Readonly<Record<string, string>> = {
  "first page": "{ fileStatuses(first: 50) { nodes { id filePath type status processedAt } } }",
  "first page of failures":
    "{ recentHl7FileStatuses(first: 50, filter: { status: [FAILED] }) { nodes { id filePath status } } }",
  "newest status": '{ hl7File(hl7FilePath: "/staging/77.hl7") { currentStatus { id status processedAt } } }',
  summary:
    "{ ingestSummary { hl7Files { staged ingested failed total } stuckStaged byDate { date hl7Files { total } } } }",
  overview: "{ overview { ingest { hl7Files { total } } pipelines { total overdue } recentFailures { at } } }",
};

/** The same query on a short and on a long history. */
export function history(name: string, query: string): Workload {
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
