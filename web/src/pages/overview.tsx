import { Link } from "wouter";
import { type AttentionQuery, BoardDocument } from "../gql/graphql.ts";
import { pause, useLive } from "../live.ts";
import { AttentionList } from "../parts/attention.tsx";
import { Icon, Mark, Problem, Skeleton, StatusMark, useNow } from "../parts/basics.tsx";
import { useQuery } from "../query.ts";
import { duration, figure } from "../words.ts";

type Item = AttentionQuery["attention"][number];

function headline(items: readonly Item[]): { readonly needs: string; readonly rest: string } {
  const needing = items.filter(({ severity, isAcknowledged }) => severity === "NEEDS_YOU" && !isAcknowledged).length;
  const watched = items.filter(({ severity }) => severity === "WATCH").length;
  const eye = watched === 0 ? "" : `${watched} to keep an eye on`;
  if (needing === 0) return { needs: "", rest: eye === "" ? "Everything flows." : `${eye}. Everything else flows.` };
  const needs = needing === 1 ? "1 thing needs you" : `${needing} things need you`;
  return { needs, rest: `${eye === "" ? "" : `, ${eye}`}. Everything else flows.` };
}

function Gauge() {
  const { rates } = useLive();
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

function Board({ rows, isMoving }: { rows: readonly Row[]; isMoving: boolean }) {
  return (
    <section className="card board" aria-label="Systems">
      <div className="brow hd" aria-hidden="true">
        <span />
        <span>Waiting</span>
        <span>In work</span>
        <span>Done</span>
        <span>Failed</span>
      </div>
      {rows.map(({ href, name, icon, of, cells }) => (
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
                  {at < 2 ? <i className={`flow ${isMoving && value > 0 ? "" : "still"}`} /> : null}
                </div>
                <small className={tone} title={note}>
                  {note}
                </small>
              </div>
            );
          })}
        </Link>
      ))}
    </section>
  );
}

function Feed() {
  const { lines, missed, isPaused } = useLive();
  const now = useNow();
  return (
    <section className="card feed" aria-label="Live" onMouseEnter={() => pause(true)} onMouseLeave={() => pause(false)}>
      <div className="h">
        <h2>Live</h2>
        <span className="dim">{isPaused ? "paused under the pointer" : "bursts in one line"}</span>
      </div>
      <ol>
        {lines.length === 0 ? (
          <li>
            <p className="dim">Nothing has changed since the page was opened.</p>
          </li>
        ) : null}
        {lines.slice(0, 22).map((line) => (
          <li key={line.id} className="new">
            <StatusMark status={line.status} />
            <p className="ell">
              <b className="ell">
                <Link href={line.href}>{line.count > 1 ? `${line.count} × ${line.group}` : line.title}</Link>
              </b>
              {line.count > 1 ? line.title : line.detail}
            </p>
            <time>{now - line.at < 2_000 ? "now" : duration((now - line.at) / 1_000)}</time>
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

export function Overview({ items, mayAct, isKnown }: { items: readonly Item[]; mayAct: boolean; isKnown: boolean }) {
  const board = useQuery(BoardDocument, {}, [
    "FILE_STATUS",
    "HL7_FILE",
    "PIPELINE",
    "RUN",
    "FILE",
    "FILE_STEP",
    "SEEDER_JOB",
  ]);
  const { rates } = useLive();
  const { needs, rest } = headline(items);
  const news = (system: Item["system"]) =>
    items.filter((item) => item.system === system && item.severity === "NEEDS_YOU" && !item.isAcknowledged).length;
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
          {board.data === null ? (
            board.error === null ? (
              <Skeleton />
            ) : null
          ) : (
            <Board rows={rowsOf(board.data, news)} isMoving={rates.slice(-5).some((rate) => rate > 0)} />
          )}
          {isKnown && items.length === 0 ? <Quiet isEmpty={board.data !== null && isEmpty(board.data)} /> : null}
          <AttentionList items={items} mayAct={mayAct} />
        </div>
        <Feed />
      </div>
    </>
  );
}

function Quiet({ isEmpty: isNew }: { isEmpty: boolean }) {
  if (!isNew) return null;
  return (
    <section className="card pad col">
      <b>Nothing was reported yet. The first report appears here by itself:</b>
      <code className="code">{`curl ${location.origin}/graphql -H 'content-type: application/json' -d '{"query":"mutation { recordFileStatus(input: { filePath: \\"/logs/first.log\\", type: LOG, status: PARSED }) { id } }"}'`}</code>
    </section>
  );
}

type BoardData = NonNullable<
  ReturnType<typeof useQuery<import("../gql/graphql.ts").BoardQuery, Record<string, never>>>["data"]
>;

function isEmpty({ overview }: BoardData): boolean {
  return (
    overview.ingest.hl7Files.total === 0 &&
    overview.pipelines.total === 0 &&
    overview.documents.every(({ count }) => count === 0) &&
    overview.seeder.total === 0
  );
}

function rowsOf(data: BoardData, news: (system: Item["system"]) => number): readonly Row[] {
  const { ingest, pipelines, documents, seeder } = data.overview;
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
      icon: "pipe",
      of: `${figure(pipelines.total)} tables`,
      cells: [
        {
          value: data.pending.totalCount ?? 10_000,
          ...watch(pipelines.overdue, "1 is overdue", `${pipelines.overdue} are overdue`, "runs"),
        },
        { value: data.running.totalCount ?? 10_000, note: "runs" },
        { value: runs("SUCCESS"), note: "runs in 24 h" },
        { value: runs("FAILED"), ...told("PIPELINES", "in 24 h") },
      ],
    },
    {
      href: "/documents",
      name: "Documents",
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
