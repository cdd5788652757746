import { useState } from "react";
import { Link } from "wouter";
import { timeOf, useNow } from "../clock.ts";
import {
  BoardDocument,
  type BoardQuery,
  InWorkDocument,
  type InWorkQuery,
  ThroughputDocument,
  type ThroughputQuery,
} from "../gql/graphql.ts";
import { useLive } from "../live.ts";
import { AttentionList, type Item } from "../parts/attention.tsx";
import { Icon, Mark, Problem, Skeleton, StatusMark } from "../parts/basics.tsx";
import { type Column, Sparkline } from "../parts/sparkline.tsx";
import { useQuery } from "../query.ts";
import { duration, figure } from "../words.ts";

function headline(items: readonly Item[]): { readonly needs: string; readonly rest: string } {
  const needing = items.filter(({ severity, isAcknowledged }) => severity === "NEEDS_YOU" && !isAcknowledged).length;
  const watched = items.filter(({ severity }) => severity === "WATCH").length;
  const eye = watched === 0 ? "" : `${watched} to keep an eye on`;
  if (needing === 0) return { needs: "", rest: eye === "" ? "Everything flows." : `${eye}. Everything else flows.` };
  const needs = needing === 1 ? "1 thing needs you" : `${needing} things need you`;
  return { needs, rest: `${eye === "" ? "" : `, ${eye}`}. Everything else flows.` };
}

function Gauge() {
  const rates = useLive("rates");
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, at) => `${(at * 216) / (rates.length - 1)},${36 - (30 * rate) / most}`);
  return (
    <figure className="gauge p2" aria-label="changes a second, last minute">
      <svg width="216" height="40" viewBox="0 0 216 40" aria-hidden="true">
        <path d={`M0,40 L${points.join(" L")} L216,40 Z`} fill="var(--moving-tint)" />
        <path
          d={`M${points.join(" L")}`}
          fill="none"
          stroke="var(--moving-fill)"
          strokeWidth="1.5"
          strokeLinejoin="round"
        />
      </svg>
      <figcaption>
        <b>{rates.at(-1) ?? 0}</b>changes/s
      </figcaption>
    </figure>
  );
}

interface Cell {
  readonly value: number;
  readonly note: string;
  readonly tone?: "watch" | "failed" | "";
}

interface Row {
  /** Columns of a minute, the last 60; null: they are not known. */
  readonly flow: readonly Column[] | null;
  /** What got through in the last whole minute, and its unit. */
  readonly rate: number;
  readonly unit: string;
  readonly href: string;
  readonly name: string;
  readonly icon: string;
  readonly of: string;
  readonly cells: readonly [Cell, Cell, Cell, Cell];
}

const COLUMNS = [
  { name: "waiting", tone: "waiting" },
  { name: "moving", tone: "moving" },
  { name: "done", tone: "done" },
  { name: "failed", tone: "failed" },
] as const;

function Board({ rows }: { rows: readonly Row[] }) {
  return (
    <section className="card board" aria-label="Systems">
      <div className="brow hd" aria-hidden="true">
        <span />
        <span>Waiting</span>
        <span>In work</span>
        <span>Done</span>
        <span>Failed</span>
        <span className="o">Last hour</span>
      </div>
      {rows.map(({ href, name, icon, of, cells, flow, rate, unit }) => (
        <Link key={name} href={href} className="brow">
          <div className="sys">
            <b>
              <Icon name={icon} />
              {name}
            </b>
            <small>{of}</small>
          </div>
          {cells.map(({ value, note, tone = "" }, at) => {
            const column = COLUMNS[at] ?? COLUMNS[0];
            const isQuiet = column.name === "failed" && tone !== "failed";
            return (
              <div key={column.name} className="cell">
                <div className={`fig ${value === 0 ? "zero" : ""}`}>
                  <Mark
                    name={isQuiet ? "seen" : column.name}
                    tone={isQuiet ? "idle" : column.tone}
                    word={column.name}
                  />
                  <span>{figure(value)}</span>
                  {at < 2 ? (
                    <i
                      className={`flow ${value > 0 && isFlowing(flow) ? "" : tone === "watch" ? "blocked" : "still"}`}
                      style={speedOf(rate)}
                    />
                  ) : null}
                </div>
                <small className={tone} title={note}>
                  {note}
                </small>
              </div>
            );
          })}
          <div className="rate o">
            {flow === null ? <span /> : <Sparkline columns={flow} unit={unit} />}
            <div className="v">
              <b>{figure(rate)}</b>
              {unit}/min
            </div>
          </div>
        </Link>
      ))}
    </section>
  );
}

/** Whether something got through in the last two minutes. */
function isFlowing(flow: readonly Column[] | null): boolean {
  return flow?.slice(-2).some(({ done, failed }) => done + failed > 0) === true;
}

/** Dashes travel faster with more throughput, up to three times. */
function speedOf(rate: number): Record<string, number> {
  const speed = Math.min(3, 0.6 + Math.log10(1 + rate));
  return { "--v": speed, "--flow": Math.min(1, speed / 2) };
}

function Feed() {
  const lines = useLive("lines");
  const missed = useLive("missed");
  const isPaused = useLive("isPaused");
  const now = useNow();
  // What is pointed at does not move away.
  const [held, setHeld] = useState<typeof lines | null>(null);
  const shown = held ?? lines;
  return (
    <section
      className="card feed"
      aria-label="Live"
      onPointerEnter={() => setHeld(lines)}
      onPointerLeave={() => setHeld(null)}
    >
      <div className="h">
        <h2>Live</h2>
        <span className="dim">
          {isPaused ? "paused" : held === null ? "bursts in one line" : "held under the pointer"}
        </span>
      </div>
      <ol>
        {shown.length === 0 ? (
          <li>
            <p className="dim">Nothing has changed since the page was opened.</p>
          </li>
        ) : null}
        {shown.slice(0, 22).map((line) => (
          <li key={line.id} className="new">
            <StatusMark status={line.status} />
            <p className="ell">
              <b className="ell">
                <Link href={line.href}>{line.count > 1 ? `${figure(line.count)} × ${line.group}` : line.title}</Link>
              </b>
              {line.count > 1 ? line.title : line.detail}
            </p>
            <time title={timeOf(line.at)}>
              {now - line.at < 2_000 ? "now" : duration(Math.round((now - line.at) / 1_000))}
            </time>
          </li>
        ))}
      </ol>
      <div className="foot">
        <span>0 missed</span>
        <span>{missed === 0 ? "" : `${figure(missed)} came after an absence`}</span>
      </div>
    </section>
  );
}

const ALL = ["FILE_STATUS", "HL7_FILE", "PIPELINE", "RUN", "FILE", "FILE_STEP", "SEEDER_JOB"];
const HOUR = 3_600_000;
const MINUTE = 60_000;

export function Overview({ items, isKnown }: { items: readonly Item[]; isKnown: boolean }) {
  const board = useQuery(BoardDocument, {}, ALL);
  const work = useQuery(InWorkDocument, {}, ["RUN"]);
  const now = useNow();
  // Whole minutes: the query is asked anew when the window moves on, and the last column is read again by the clock.
  const from = new Date(Math.floor(now / MINUTE) * MINUTE - HOUR + MINUTE).toISOString();
  const throughput = useQuery(ThroughputDocument, { from }, []);
  const { needs, rest } = headline(items);
  const news = (system: Item["system"]) =>
    items.filter((item) => item.system === system && item.severity === "NEEDS_YOU" && !item.isAcknowledged).length;
  const overview = board.data?.overview;
  return (
    <>
      <div className="headline">
        <h1>
          <em className="failed">{needs}</em>
          {isKnown ? rest : " "}
        </h1>
        <Gauge />
      </div>
      <div className="over">
        <div>
          {board.error === null ? null : <Problem error={board.error} retry={board.reload} />}
          {overview === undefined ? (
            board.error === null ? (
              <Skeleton />
            ) : null
          ) : (
            <Board rows={rowsOf(overview, work.data, throughput.data, news)} />
          )}
          {isKnown && items.length === 0 && overview !== undefined && isEmpty(overview) ? <Quiet /> : null}
          <AttentionList items={items} />
        </div>
        <Feed />
      </div>
    </>
  );
}

function Quiet() {
  return (
    <section className="card pad col">
      <b>Nothing was reported yet. The first report appears here by itself:</b>
      <code className="code">{`curl ${location.origin}/graphql -H 'content-type: application/json' -d '{"query":"mutation { recordFileStatus(input: { filePath: \\"/logs/first.log\\", type: LOG, status: PARSED }) { id } }"}'`}</code>
    </section>
  );
}

type BoardData = BoardQuery["overview"];

function isEmpty(overview: BoardData): boolean {
  return (
    overview.ingest.hl7Files.total === 0 &&
    overview.pipelines.total === 0 &&
    overview.documents.every(({ count }) => count === 0) &&
    overview.seeder.total === 0
  );
}

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

function rowsOf(
  { ingest, pipelines, documents, seeder }: BoardData,
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
