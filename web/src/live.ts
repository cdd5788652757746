import { useSyncExternalStore } from "react";
import { type ConnectionState, WeirError } from "../../src/client/index.ts";
import { ChangesDocument, type ChangesSubscription } from "./gql/graphql.ts";
import { weir } from "./weir.ts";

type Change = ChangesSubscription["changes"];

/** One line of the feed: what happened to one subject, or to several of one kind in one second. */
interface FeedLine {
  readonly id: number;
  readonly status: string | null;
  readonly title: string;
  readonly detail: string;
  readonly href: string;
  readonly at: number;
  readonly count: number;
  readonly group: string;
}

interface Live {
  readonly connection: ConnectionState;
  readonly lines: readonly FeedLine[];
  /** Changes of each of the last seconds, the newest last. */
  readonly rates: readonly number[];
  readonly missed: number;
  /** What came after the last absence of some length; null: there was none, or it is told. */
  readonly absence: { readonly seconds: number; readonly changes: number } | null;
  readonly isPaused: boolean;
  readonly problem: WeirError | null;
}

const SECONDS = 60;
const MOST_LINES = 60;
/** Changes that one frame turns into lines. */
const MOST_AT_ONCE = 300;
/** A burst: lines of one group within so many milliseconds are one. */
const BURST = 1_500;
/** Seconds of absence that are worth a line, and milliseconds that it stays. */
const TOLD_AFTER = 5;
const TOLD_FOR = 20_000;

let live: Live = {
  connection: weir.connection.current,
  lines: [],
  rates: Array.from({ length: SECONDS }, () => 0),
  missed: 0,
  absence: null,
  isPaused: false,
  problem: null,
};
const listeners = new Set<() => void>();
const watchers = new Set<(topics: ReadonlySet<string>) => void>();

function set(next: Partial<Live>): void {
  live = { ...live, ...next };
  for (const listener of listeners) listener();
}

/** A part of it: who shows the rate is not drawn anew for each line. */
export function useLive<Key extends keyof Live>(key: Key): Live[Key] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live[key],
  );
}

/** Calls back with the topics that changed, at most once a frame. Answers what ends it. */
export function watchTopics(watcher: (topics: ReadonlySet<string>) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Topics of changes that came while nothing was to move. */
const held = new Set<string>();

export function isPausedNow(): boolean {
  return live.isPaused;
}

/** Holds everything on the page still; nothing is lost: what came meanwhile is drawn afterwards. */
export function pause(isPaused: boolean): void {
  set({ isPaused });
  if (isPaused) return;
  const topics = new Set(held);
  held.clear();
  drain();
  tell(topics);
}

function tell(topics: ReadonlySet<string>): void {
  if (topics.size === 0) return;
  for (const watcher of watchers) watcher(topics);
}

let waiting: Change[] = [];
let received = 0;
let ids = 0;
let isScheduled = false;
/** Whether the connection was ever lost: changes that come late then were missed. */
let wasAway = false;

function take(change: Change): void {
  waiting.push(change);
  received += 1;
  if (isScheduled) return;
  isScheduled = true;
  // A tab that nobody sees draws nothing: a timer takes the place of frames.
  if (document.hidden) setTimeout(drain, 1_000);
  else requestAnimationFrame(drain);
}

function drain(): void {
  isScheduled = false;
  const changes = waiting;
  if (live.isPaused) {
    for (const { topic } of changes) held.add(topic);
    // The feed shows the last of them.
    waiting = changes.slice(-MOST_AT_ONCE);
    return;
  }
  waiting = [];
  if (changes.length === 0) return;
  const replayed = wasAway ? changes.filter(({ isReplay }) => isReplay).length : 0;
  set({ lines: withLines(live.lines, changes), missed: live.missed + replayed });
  if (replayed > 0 && live.absence !== null) {
    set({ absence: { ...live.absence, changes: live.absence.changes + replayed } });
  }
  tell(new Set<string>(changes.map(({ topic }) => topic)));
}

function withLines(lines: readonly FeedLine[], changes: readonly Change[]): readonly FeedLine[] {
  const next = [...lines];
  for (const change of changes.slice(-MOST_AT_ONCE)) {
    // What was missed is told as a number, or the feed would run for a while.
    if (change.isReplay && wasAway) continue;
    const line = lineOf(change);
    if (line === null) continue;
    // A burst is one line, also when others come in between.
    const at = next.findIndex(({ group, at: before }) => group === line.group && line.at - before < BURST);
    const same = next[at];
    if (same === undefined) next.unshift(line);
    else next[at] = { ...line, id: same.id, count: same.count + 1 };
  }
  return next.slice(0, MOST_LINES);
}

function lineOf(change: Change): FeedLine | null {
  const base = { id: (ids += 1), at: Date.now(), count: 1, detail: "" };
  switch (change.type) {
    case "FileStatusChange": {
      if (!change.isCurrent) return null;
      const { filePath, type, status, errorMessage } = change.fileStatus;
      const title = filePath.slice(Math.max(filePath.lastIndexOf("/"), filePath.lastIndexOf("\\")) + 1);
      const href =
        type === "LOG"
          ? `/ingest/log?path=${encodeURIComponent(filePath)}`
          : `/ingest/file?path=${encodeURIComponent(filePath)}`;
      const detail = errorMessage ?? status.toLowerCase();
      return {
        ...base,
        status,
        title,
        detail,
        href,
        group: `${type === "LOG" ? "log files" : "HL7 files"}, ${status.toLowerCase()}`,
      };
    }
    case "RunChange": {
      const { id, sourceTablename, status, currentStage, totalStages } = change.run;
      const detail = status === "RUNNING" ? `stage ${currentStage} of ${totalStages}` : status.toLowerCase();
      return {
        ...base,
        status,
        title: `${sourceTablename}, run ${id}`,
        detail,
        href: `/pipelines/${encodeURIComponent(sourceTablename)}/runs/${id}`,
        group: `run ${id}`,
      };
    }
    case "FileStepChange": {
      const { stepName, status, errorMessage } = change.step;
      return {
        ...base,
        status,
        title: stepName,
        detail: errorMessage ?? status.toLowerCase().replace("_", " "),
        href: `/documents/${change.key}`,
        group: `document ${change.key}`,
      };
    }
    case "SeederJobChange": {
      const { reportName, status, lastErrors } = change.job;
      return {
        ...base,
        status,
        title: reportName,
        detail: status === "ERROR" ? (lastErrors ?? "failed") : status.toLowerCase(),
        href: `/reports/${encodeURIComponent(change.key)}`,
        group: `report ${change.key}`,
      };
    }
    default:
      return null;
  }
}

/** Follows all changes from now on, for as long as the page is open. */
export function startLive(): void {
  let leftAt: number | null = null;
  weir.connection.subscribe((connection) => {
    if (connection.status === "offline") {
      wasAway = true;
      leftAt ??= connection.since.getTime();
    } else if (connection.status === "live" && leftAt !== null) {
      const seconds = (Date.now() - leftAt) / 1_000;
      leftAt = null;
      if (seconds > TOLD_AFTER) {
        set({ absence: { seconds, changes: 0 } });
        setTimeout(() => set({ absence: null }), TOLD_FOR);
      }
    }
    set({ connection });
  });
  setInterval(() => {
    set({ rates: [...live.rates.slice(1), received] });
    received = 0;
  }, 1_000);
  void follow();
}

async function follow(): Promise<void> {
  for (;;) {
    try {
      for await (const { changes } of weir.subscribe(ChangesDocument, {}, { firstAttempts: Infinity })) {
        if (live.problem !== null) set({ problem: null });
        take(changes);
      }
      return;
    } catch (error) {
      const problem = error instanceof WeirError ? error : new WeirError("BAD_RESPONSE", String(error));
      set({ problem });
      // The pages read anew: their state, or that they are not allowed to any more.
      tell(new Set(["*"]));
      if (problem.code !== "CURSOR_EXPIRED") return;
    }
  }
}
