import { timeOf, useNow } from "../clock.ts";
import type { RunPageQuery } from "../gql/graphql.ts";
import { duration, figure, lookOf } from "../words.ts";
import { StatusMark } from "./basics.tsx";

type Run = NonNullable<RunPageQuery["run"]>;
type Attempt = Pick<Run, "id" | "stages">;
type Stage = Run["stages"][number];

interface Bar {
  readonly key: string;
  readonly stageOrder: number;
  readonly from: number;
  readonly to: number;
  readonly look: string;
  readonly text: string;
  readonly title: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Milliseconds between attempts that are worth cutting out, and their share of the axis. */
const PAUSE = 5_000;
const CUT = 0.08;

function spanOf(stages: readonly Stage[], now: number): Span | null {
  const logs = stages.flatMap(({ log }) => (log == null ? [] : [log]));
  if (logs.length === 0) return null;
  return {
    from: Math.min(...logs.map(({ startedAt }) => Date.parse(startedAt))),
    to: Math.max(...logs.map(({ completedAt }) => (completedAt == null ? now : Date.parse(completedAt)))),
  };
}

function barsOf({ id, stages }: Attempt, isPast: boolean, now: number): readonly Bar[] {
  return stages.flatMap(({ stageOrder, log }): readonly Bar[] => {
    if (log == null) return [];
    const { tone, word } = lookOf(log.status);
    const from = Date.parse(log.startedAt);
    const to = log.completedAt == null ? now : Date.parse(log.completedAt);
    const look =
      tone === "failed" ? "bad" : isPast ? "past" : tone === "done" ? "ok" : tone === "moving" ? "mv" : "past";
    const told = log.errorMessage ?? duration((to - from) / 1_000);
    return [
      { key: `${id} ${stageOrder}`, stageOrder, from, to, look, text: told, title: `run ${id}: ${word} ${told}` },
    ];
  });
}

/** What is still to come, at its usual length behind what is. */
function comingOf(run: Run, now: number): readonly Bar[] {
  if (run.status !== "RUNNING" && run.status !== "PENDING") return [];
  let from = now;
  return run.stages.flatMap(({ stageOrder, usualDurationSeconds, log }): readonly Bar[] => {
    const isDone = log != null && log.status !== "RUNNING";
    if (isDone || usualDurationSeconds == null || (log == null && stageOrder <= run.currentStage)) return [];
    const spent = log == null ? 0 : (now - Date.parse(log.startedAt)) / 1_000;
    const rest = Math.max(0, usualDurationSeconds - spent) * 1_000;
    const bar = {
      key: `coming ${stageOrder}`,
      stageOrder,
      from,
      to: from + rest,
      look: "est",
      text: `usually ${duration(usualDurationSeconds)}`,
      title: `usually ${duration(usualDurationSeconds)}`,
    };
    from += rest;
    return rest === 0 ? [] : [bar];
  });
}

/** Places instants on an axis of spans whose pauses are cut to a strip. */
function axisOf(spans: readonly Span[]): (instant: number) => number {
  const total = spans.reduce((sum, { from, to }) => sum + to - from, 0) || 1;
  const scale = (1 - CUT * (spans.length - 1)) / total;
  return (instant) => {
    let at = 0;
    for (const { from, to } of spans) {
      if (instant <= to) return at + Math.max(0, instant - from) * scale;
      at += (to - from) * scale + CUT;
    }
    return 1;
  };
}

/** The spans of both attempts, as one when there is no pause worth cutting. */
function joined(past: Span | null, present: Span | null): readonly Span[] {
  if (past === null || present === null) return [past ?? present ?? { from: 0, to: 1_000 }];
  if (present.from - past.to < PAUSE) return [{ from: past.from, to: Math.max(past.to, present.to) }];
  return [past, present];
}

const percent = (share: number) => `${100 * share}%`;

/** The stages of a run, those of the attempt before it on the same axis. */
export function Gantt({ run }: { run: Run }) {
  const now = useNow();
  const isOpen = run.status === "RUNNING" || run.status === "PENDING";
  const before = run.retryOf ?? null;
  const coming = comingOf(run, now);
  const bars = [...(before === null ? [] : barsOf(before, true, now)), ...barsOf(run, false, now), ...coming];
  const own = spanOf(run.stages, now) ?? (isOpen ? { from: now, to: now } : null);
  const end = Math.max(own?.to ?? 0, ...coming.map(({ to }) => to));
  const present = own === null ? null : { from: own.from, to: Math.max(end, own.from + 1_000) };
  const past = before === null ? null : spanOf(before.stages, now);
  const spans = joined(past, present);
  const place = axisOf(spans);
  const [first, second] = spans;
  const cut = second === undefined || first === undefined ? null : { left: place(first.to), width: CUT };
  return (
    <section className="card gantt" aria-label="Stages">
      <div className="gh">Stage</div>
      <div className="gh axis">
        {first === undefined || first.from === 0 ? null : (
          <span style={{ left: "8px" }}>
            {timeOf(first.from)} · run {second === undefined ? run.id : before?.id}
          </span>
        )}
        {second === undefined || cut === null ? null : (
          <b
            style={{ left: `max(${percent(place(second.from))}, 190px)` }}
            title={`after a pause of ${duration((second.from - (first?.to ?? 0)) / 1_000)}`}
          >
            {timeOf(second.from)} · this run
          </b>
        )}
        {coming.length === 0 ? null : <span className="end">about {timeOf(end)}</span>}
      </div>
      <div className="gh">Took</div>
      <div className="gh o">Rows</div>
      {run.stages.map((stage) => {
        const earlier = before?.stages.find(({ stageOrder }) => stageOrder === stage.stageOrder)?.log ?? null;
        const log = stage.log ?? (run.currentStage >= stage.stageOrder || isOpen ? earlier : null);
        const isRepeated = stage.log == null && earlier?.status === "FAILED" && isOpen;
        return (
          <div key={stage.stageOrder} className="gr">
            <div className="nm">
              <StatusMark status={isRepeated ? null : log?.status} />
              <div className="ell">
                <b className="ell">
                  {stage.stageOrder} · {stage.stageName}
                </b>
                <small className="ell">{stage.log?.worker ?? stage.driverContainer}</small>
              </div>
            </div>
            <div className="tr">
              {cut === null ? null : (
                <i className="brk" style={{ left: percent(cut.left), width: percent(cut.width) }} />
              )}
              {bars
                .filter(({ stageOrder }) => stageOrder === stage.stageOrder)
                .map((bar) => (
                  <div
                    key={bar.key}
                    className={`gb ${bar.look}`}
                    title={bar.title}
                    style={{
                      left: percent(place(bar.from)),
                      width: `max(4px, ${percent(place(bar.to) - place(bar.from))})`,
                    }}
                  >
                    {place(bar.to) - place(bar.from) > 0.06 ? bar.text : ""}
                  </div>
                ))}
              {run.status === "RUNNING" ? <i className="nowline" style={{ left: percent(place(now)) }} /> : null}
            </div>
            <div
              className="v"
              title={stage.usualDurationSeconds == null ? "" : `usually ${duration(stage.usualDurationSeconds)}`}
            >
              {log == null || isRepeated ? (
                <span className="dim">
                  {stage.usualDurationSeconds == null ? "" : `usually ${duration(stage.usualDurationSeconds)}`}
                </span>
              ) : (
                duration(
                  ((log.completedAt == null ? now : Date.parse(log.completedAt)) - Date.parse(log.startedAt)) / 1_000,
                )
              )}
            </div>
            <div className="v o">{log?.rowsProcessed == null ? "" : figure(log.rowsProcessed)}</div>
          </div>
        );
      })}
    </section>
  );
}
