import { type ReactNode, useEffect, useState } from "react";
import type { WeirError } from "../../../src/client/index.ts";
import { ago, bothTimes, lookOf } from "../words.ts";

export function Mark({
  name,
  tone,
  word,
  size = 14,
}: {
  name: string;
  tone: string;
  word: string;
  size?: 12 | 14 | 16;
}) {
  const className = `m ${tone} ${size === 16 ? "m16" : ""}`;
  if (word === "") {
    return (
      <svg className={className} aria-hidden="true">
        <use href={`/marks.svg#m-${name}`} />
      </svg>
    );
  }
  return (
    <svg className={className} role="img" aria-label={word}>
      <title>{word}</title>
      <use href={`/marks.svg#m-${name}`} />
    </svg>
  );
}

export function StatusMark({ status, size }: { status: string | null | undefined; size?: 12 | 14 | 16 }) {
  const { mark, tone, word } = lookOf(status);
  return <Mark name={mark} tone={tone} word={word} {...(size === undefined ? {} : { size })} />;
}

export function Icon({ name }: { name: string }) {
  return (
    <svg aria-hidden="true">
      <use href={`/marks.svg#i-${name}`} />
    </svg>
  );
}

/** The present, once a second, for what is told by the clock. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function When({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (at == null) return <span className="dim">–</span>;
  return (
    <time dateTime={at} title={bothTimes(at)}>
      {ago(at, now)}
    </time>
  );
}

/** An error in the place of what could not be read. */
export function Problem({ error, retry }: { error: WeirError; retry: () => void }) {
  return (
    <div className="because" role="alert">
      <Mark name="failed" tone="failed" word="error" size={16} />
      <div>
        <b>{error.message}</b>
        <p>
          {error.code}{" "}
          <button type="button" className="btn q" onClick={retry}>
            Try again
          </button>
        </p>
      </div>
    </div>
  );
}

export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div className="pad" aria-busy="true" aria-label="loading">
      {Array.from({ length: lines }, (_, at) => (
        // They have no identity but their place.
        // biome-ignore lint/suspicious/noArrayIndexKey: no list that changes
        <div key={at} className="sk">
          <i style={{ width: `${30 + ((at * 37) % 50)}%` }} />
        </div>
      ))}
    </div>
  );
}

export function Chip({ isOn, onPick, children }: { isOn: boolean; onPick: () => void; children: ReactNode }) {
  return (
    <button type="button" className="chip" aria-pressed={isOn} onClick={onPick}>
      {children}
    </button>
  );
}

/** Says that there is nothing, and what would change that. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="pad col">
      <b>{title}</b>
      {children}
    </div>
  );
}

interface StripRun {
  readonly id: string;
  readonly status: string;
  readonly durationSeconds?: number | null | undefined;
  readonly title: string;
}

/** The last runs, the newest at the right: height is duration, colour and glyph the end. */
export function RunStrip({ runs }: { runs: readonly StripRun[] }) {
  const longest = Math.max(1, ...runs.map(({ durationSeconds }) => durationSeconds ?? 0));
  const STEP = 10;
  const width = Math.max(12, runs.length) * STEP;
  return (
    <svg
      width={width}
      height="20"
      role="img"
      aria-label={`the last ${runs.length} runs, ${runs.filter(({ status }) => lookOf(status).tone === "failed").length} failed`}
    >
      {runs.toReversed().map((run, at) => {
        const height = 5 + (13 * (run.durationSeconds ?? 0)) / longest;
        const { tone } = lookOf(run.status);
        const x = at * STEP;
        return (
          <g key={run.id}>
            <title>{run.title}</title>
            <rect className={`f-${tone}`} x={x} y={20 - height} width="8" height={height} rx="1.5" />
            {tone === "failed" ? <path className="glyph" d={`m${x + 2} ${20 - height / 2 - 2} 4 4m0-4-4 4`} /> : null}
          </g>
        );
      })}
    </svg>
  );
}
