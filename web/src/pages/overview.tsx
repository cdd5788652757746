import { useState } from "react";
import { Link } from "wouter";
import { timeOf, useNow } from "../clock.ts";
import { BoardDocument, type BoardQuery, InWorkDocument, ThroughputDocument } from "../gql/graphql.ts";
import { useLive } from "../live.ts";
import { AttentionList, type Item } from "../parts/attention.tsx";
import { Problem, Skeleton, StatusMark } from "../parts/basics.tsx";
import { Board } from "../parts/board.tsx";
import { useQuery } from "../query.ts";
import { duration, figure } from "../words.ts";
import { rowsOf } from "./overview-rows.ts";

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
