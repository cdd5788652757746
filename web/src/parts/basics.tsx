import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { WeirError } from "../../../src/client/index.ts";
import { useNow } from "../clock.ts";
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
    <div className="pad" role="status" aria-busy="true" aria-label="loading">
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
  /** Where a click goes. */
  readonly href?: string;
}

const STEP = 10;

/** The last runs, the newest at the right: height is duration, colour and glyph the end. One tab stop: arrows move. */
export function RunStrip({ runs, height = 20 }: { runs: readonly StripRun[]; height?: number }) {
  const [, go] = useLocation();
  const [at, setAt] = useState<number | null>(null);
  const longest = Math.max(1, ...runs.map(({ durationSeconds }) => durationSeconds ?? 0));
  const shown = runs.toReversed();
  const failed = runs.filter(({ status }) => lookOf(status).tone === "failed").length;
  const chosen = at === null ? undefined : shown[at];
  const isLinked = shown.some(({ href }) => href !== undefined);
  const bars = shown.map((run, place) => {
    const tall = 5 + ((height - 7) * (run.durationSeconds ?? 0)) / longest;
    const { tone } = lookOf(run.status);
    const x = place * STEP;
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the strip that holds it is moved through by arrows
      <g key={run.id} onClick={() => (run.href === undefined ? undefined : go(run.href))}>
        <title>{run.title}</title>
        <rect x={x} width={STEP} height={height} fill="transparent" />
        <rect className={`f-${tone}`} x={x} y={height - tall} width="8" height={tall} rx="1.5" />
        {tone === "failed" ? <path className="glyph" d={`m${x + 2} ${height - tall / 2 - 2} 4 4m0-4-4 4`} /> : null}
        {place === at ? <rect className="chosen" x={x - 1} width={STEP} height={height} rx="2" /> : null}
      </g>
    );
  });
  const label = `the last ${runs.length} runs, ${failed} failed`;
  const size = { width: Math.max(12, runs.length) * STEP, height };
  if (!isLinked) {
    return (
      <svg {...size} role="img" aria-label={label}>
        {bars}
      </svg>
    );
  }
  return (
    <div
      className="strip"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={1}
      aria-valuemax={Math.max(1, shown.length)}
      aria-valuenow={(at ?? shown.length - 1) + 1}
      aria-valuetext={chosen?.title ?? shown.at(-1)?.title ?? ""}
      onBlur={() => setAt(null)}
      onKeyDown={(event) => {
        const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
        if (by !== 0) {
          event.preventDefault();
          setAt(Math.min(shown.length - 1, Math.max(0, (at ?? shown.length) + by)));
        } else if (event.key === "Enter" && chosen?.href !== undefined) go(chosen.href);
      }}
    >
      <svg {...size} aria-hidden="true">
        {bars}
      </svg>
    </div>
  );
}
