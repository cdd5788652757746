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
  readonly isPaused: boolean;
  readonly problem: WeirError | null;
}

const SECONDS = 60;
const MOST_LINES = 60;

let live: Live = {
  connection: weir.connection.current,
  lines: [],
  rates: Array.from({ length: SECONDS }, () => 0),
  missed: 0,
  isPaused: false,
  problem: null,
};
const listeners = new Set<() => void>();
const watchers = new Set<(topics: ReadonlySet<string>) => void>();

function set(next: Partial<Live>): void {
  live = { ...live, ...next };
  for (const listener of listeners) listener();
}

export function useLive(): Live {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live,
  );
}

/** Calls back with the topics that changed, at most once a frame. Answers what ends it. */
export function watchTopics(watcher: (topics: ReadonlySet<string>) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function pause(isPaused: boolean): void {
  set({ isPaused });
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
  waiting = [];
  const replayed = wasAway ? changes.filter(({ isReplay }) => isReplay).length : 0;
  const lines = live.isPaused ? live.lines : withLines(live.lines, changes);
  set({ lines, missed: live.missed + replayed });
  const topics = new Set<string>(changes.map(({ topic }) => topic));
  for (const watcher of watchers) watcher(topics);
}

function withLines(lines: readonly FeedLine[], changes: readonly Change[]): readonly FeedLine[] {
  const next = [...lines];
  for (const change of changes.slice(-500)) {
    // What was missed is told as a number, or the feed would run for a while.
    if (change.isReplay && wasAway) continue;
    const line = lineOf(change);
    if (line === null) continue;
    const [newest] = next;
    // A burst is one line.
    if (newest !== undefined && newest.group === line.group && line.at - newest.at < 1_500) {
      next[0] = { ...line, id: newest.id, count: newest.count + 1 };
    } else next.unshift(line);
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
      const href = type === "LOG" ? `/ingest/log?path=${encodeURIComponent(filePath)}` : "/ingest";
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
  weir.connection.subscribe((connection) => {
    if (connection.status === "offline") wasAway = true;
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
      for (const watcher of watchers) watcher(new Set(["*"]));
      if (problem.code !== "CURSOR_EXPIRED") return;
    }
  }
}
