import type { BoardQuery, InWorkQuery, ThroughputQuery } from "../gql/graphql.ts";
import type { Item } from "../parts/attention.tsx";
import type { Cell, Row } from "../parts/board.tsx";
import type { Column } from "../parts/sparkline.tsx";
import { figure } from "../words.ts";

/** The last whole minute of columns. */
function lastMinute(columns: readonly Column[] | null | undefined): number {
  const { done = 0, failed = 0 } = columns?.at(-2) ?? {};
  return done + failed;
}

function flowsOf(throughput: ThroughputQuery | null) {
  const runs = throughput?.pipelines.buckets ?? null;
  return {
    ingest: throughput?.ingest ?? null,
    documents: throughput?.documents ?? null,
    reports: throughput?.reports ?? null,
    pipelines: runs?.map(({ start, success, failed }) => ({ start, done: success, failed })) ?? null,
  };
}

/** What the board shows of each system. */
export function rowsOf(
  { ingest, pipelines, documents, seeder }: BoardQuery["overview"],
  work: InWorkQuery | null,
  throughput: ThroughputQuery | null,
  news: (system: Item["system"]) => number,
): readonly Row[] {
  const flows = flowsOf(throughput);
  const { staged, ingested, failed, total } = ingest.hl7Files;
  const runs = (status: string) => pipelines.runsByStatus24h.find((entry) => entry.status === status)?.count ?? 0;
  const files = (status: string) => documents.find((entry) => entry.status === status)?.count ?? 0;
  const reports = (status: string) => seeder.byStatus.find((entry) => entry.status === status)?.count ?? 0;
  const told = (system: Item["system"], none: string): Pick<Cell, "note" | "tone"> => {
    const count = news(system);
    return count === 0
      ? { note: none }
      : { note: count === 1 ? "for 1 reason" : `for ${count} reasons`, tone: "failed" };
  };
  const watch = (count: number, one: string, many: string, none: string): Pick<Cell, "note" | "tone"> =>
    count === 0 ? { note: none } : { note: count === 1 ? one : many, tone: "watch" };
  return [
    {
      href: "/ingest",
      name: "Ingest",
      flow: flows.ingest,
      rate: lastMinute(flows.ingest),
      unit: "files",
      icon: "ing",
      of: "HL7 files",
      cells: [
        { value: Math.max(0, total - staged - ingested - failed), note: "no status yet" },
        {
          value: staged,
          ...watch(ingest.stuckStaged, "1 is stuck", `${figure(ingest.stuckStaged)} are stuck`, "staged"),
        },
        { value: ingested, note: "ingested" },
        { value: failed, ...told("INGEST", "none new") },
      ],
    },
    {
      href: "/pipelines",
      name: "Pipelines",
      flow: flows.pipelines,
      rate: lastMinute(flows.pipelines),
      unit: "runs",
      icon: "pipe",
      of: `${figure(pipelines.total)} tables`,
      cells: [
        {
          value: work === null ? runs("PENDING") : (work.pending.totalCount ?? 10_000),
          ...watch(pipelines.overdue, "1 is overdue", `${pipelines.overdue} are overdue`, "runs"),
        },
        { value: work === null ? runs("RUNNING") : (work.running.totalCount ?? 10_000), note: "runs" },
        { value: runs("SUCCESS"), note: "runs in 24 h" },
        { value: runs("FAILED"), ...told("PIPELINES", "in 24 h") },
      ],
    },
    {
      href: "/documents",
      name: "Documents",
      flow: flows.documents,
      rate: lastMinute(flows.documents),
      unit: "steps",
      icon: "doc",
      of: `${figure(documents.reduce((sum, { count }) => sum + count, 0))} files`,
      cells: [
        { value: files("PENDING"), note: "not begun" },
        { value: files("PROCESSING"), note: "in steps" },
        { value: files("COMPLETED"), note: "all steps done" },
        { value: files("FAILED"), ...told("DOCUMENTS", "none new") },
      ],
    },
    {
      href: "/reports",
      name: "Reports",
      flow: flows.reports,
      rate: lastMinute(flows.reports),
      unit: "views",
      icon: "rep",
      of: `${figure(seeder.total)} views`,
      cells: [
        { value: reports("PENDING"), note: "in the queue" },
        {
          value: reports("RUNNING"),
          ...watch(seeder.longRunning.length, "1 takes long", `${seeder.longRunning.length} take long`, "refreshing"),
        },
        { value: reports("SUCCESS"), note: "fresh" },
        { value: reports("ERROR"), ...told("REPORTS", "failed last time") },
      ],
    },
  ];
}
