import { useState, useSyncExternalStore } from "react";
import { Link } from "wouter";
import { act } from "../act.ts";
import {
  AcknowledgeDocument,
  type AttentionQuery,
  AttentionSubjectsDocument,
  type AttentionSubjectsQuery,
  LatestRunDocument,
  RefreshReportDocument,
  RetryRunDocument,
} from "../gql/graphql.ts";
import { hrefOf } from "../places.ts";
import { useSession } from "../session.ts";
import { weir } from "../weir.ts";
import { Mark } from "./basics.tsx";
import { Since } from "./frame.tsx";

export type Item = AttentionQuery["attention"][number];
type Subject = AttentionSubjectsQuery["attention"][number]["allSubjects"]["nodes"][number];

/** Those that were marked as seen here, with their latest then: the service tells of it later. */
let seen: ReadonlyMap<string, string | null> = new Map();
const listeners = new Set<() => void>();

export function useSeen(): ReadonlyMap<string, string | null> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => seen,
  );
}

export function seenLocally(items: readonly Item[], marked: ReadonlyMap<string, string | null>): readonly Item[] {
  return items.map((item) =>
    marked.has(item.id) && marked.get(item.id) === (item.latest ?? null) ? { ...item, isAcknowledged: true } : item,
  );
}

function markSeen({ id, latest }: Item): void {
  seen = new Map(seen).set(id, latest ?? null);
  for (const listener of listeners) listener();
}

const MARKS: Readonly<Record<string, string>> = {
  PIPELINE_OVERDUE: "late",
  RUN_LONG: "long",
  REPORT_LONG: "long",
  STEP_STALLED: "long",
};

/** Where an item is looked at. */
function placeOf({ kind, subjects }: Item): string {
  const only = subjects.length === 1 ? subjects[0] : undefined;
  const key = only === undefined ? "" : encodeURIComponent(only.key);
  switch (kind) {
    case "FILES_FAILED":
      return only === undefined ? "/ingest?status=FAILED" : hrefOf(logOrFile(only), only.key);
    case "FILES_STUCK":
      return only === undefined ? "/ingest?status=STUCK" : hrefOf(logOrFile(only), only.key);
    case "PIPELINE_FAILED":
      return only === undefined ? "/pipelines?state=FAILED" : `/pipelines/${key}`;
    case "PIPELINE_OVERDUE":
      return only === undefined ? "/pipelines?state=OVERDUE" : `/pipelines/${key}`;
    case "RUN_LONG":
      return only === undefined ? "/pipelines" : `/pipelines/${encodeURIComponent(only.title)}/runs/${key}`;
    case "DOCUMENT_FAILED":
      return only === undefined ? "/documents?status=FAILED" : `/documents/${key}`;
    case "STEP_STALLED":
      return only === undefined ? "/documents?status=STALLED" : `/documents/${key}`;
    default:
      return only === undefined ? "/reports?state=FAILING" : `/reports/${key}`;
  }
}

/** A key of FILE_STATUS is the path of a log or of an HL7 file. */
function logOrFile({ key }: { readonly key: string }): string {
  return /\.log$/i.test(key) ? "FILE_STATUS" : "HL7_FILE";
}

/** Does the same to each subject: one that is refused keeps nobody from the others. */
async function toEach(
  { subjects }: Item,
  work: (key: string) => Promise<boolean>,
  done: string,
): Promise<{ text: string; href?: string }> {
  let count = 0;
  const refusals: string[] = [];
  for (const { key } of subjects) {
    try {
      if (await work(key)) count += 1;
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (count === 0 && refusals[0] !== undefined) throw new Error(refusals[0]);
  const refused = refusals.length === 0 ? "" : ` ${refusals.length} refused: ${refusals[0]}`;
  return { text: `${count} ${done}.${refused}` };
}

const retryAll = (item: Item) =>
  toEach(
    item,
    async (table) => {
      const { pipeline } = await weir.query(LatestRunDocument, { table });
      if (pipeline?.latestRun?.status !== "FAILED") return false;
      await weir.mutate(RetryRunDocument, { id: pipeline.latestRun.id });
      return true;
    },
    "retried",
  );

const refreshAll = (item: Item) =>
  toEach(
    item,
    async (table) => {
      await weir.mutate(RefreshReportDocument, { table });
      return true;
    },
    "queued",
  );

function Line({ item }: { item: Item }) {
  const { mayAct } = useSession();
  const isUrgent = item.severity === "NEEDS_YOU" && !item.isAcknowledged;
  const tone = item.severity === "WATCH" ? "watch" : item.isAcknowledged ? "idle" : "failed";
  const mark = item.severity === "WATCH" ? (MARKS[item.kind] ?? "watch") : item.isAcknowledged ? "seen" : "failed";
  const many = item.subjects.length;
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <Mark name={mark} tone={tone} word={item.severity === "WATCH" ? "keep an eye on" : "needs you"} size={16} />
      <div className="ell">
        <div className="t">
          <Link href={placeOf(item)} data-row data-needs={isUrgent ? "" : undefined} className="l b ell">
            {item.title}
          </Link>
          <span className="tag">{item.system.toLowerCase()}</span>
        </div>
        {item.message === null || item.message === undefined ? null : (
          <div className="why ell" title={item.message}>
            <code>{item.message}</code>
          </div>
        )}
      </div>
      <div className="since">
        <Since at={item.since} />
        {many > 1 ? "the oldest" : null}
      </div>
      <div className="act">
        {mayAct && item.actions.includes("RETRY") ? (
          <button
            type="button"
            className="btn"
            onClick={() => void act(() => retryAll(item))}
            title={`Makes a new run of ${many === 1 ? "the table" : "each table"} that goes on at the stage that failed`}
          >
            Retry {many === 1 ? "" : `${many} runs`}
          </button>
        ) : null}
        {mayAct && item.actions.includes("REFRESH") ? (
          <button type="button" className="btn" onClick={() => void act(() => refreshAll(item))}>
            Refresh
          </button>
        ) : null}
        {isUrgent ? (
          <button
            type="button"
            className="btn"
            title="Shows it without red until something of it is newer"
            onClick={() =>
              void act(async () => {
                await weir.mutate(AcknowledgeDocument, { id: item.id });
                markSeen(item);
                return { text: "Seen." };
              })
            }
          >
            Seen
          </button>
        ) : null}
        {many > 1 ? (
          <button type="button" className="btn q" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? "Fold" : `Show ${many < 50 ? many : "all"}`}
          </button>
        ) : (
          <Link href={placeOf(item)} className="btn q">
            Open
          </Link>
        )}
      </div>
      {isOpen ? <Subjects item={item} /> : null}
    </li>
  );
}

/** Everything that an item is about, read when it is asked for. */
function Subjects({ item }: { item: Item }) {
  const [rows, setRows] = useState<readonly Subject[]>(item.subjects);
  const [after, setAfter] = useState<string | null>(null);
  const [isAll, setAll] = useState(item.subjects.length < 50);
  const more = () =>
    void act(async () => {
      const { attention } = await weir.query(AttentionSubjectsDocument, { after });
      const page = attention.find(({ id }) => id === item.id)?.allSubjects;
      setRows((before) => (after === null ? (page?.nodes ?? before) : [...before, ...(page?.nodes ?? [])]));
      setAfter(page?.pageInfo.endCursor ?? null);
      setAll(page?.pageInfo.hasNextPage !== true);
      return { text: `${page?.totalCount ?? "More than 10,000"} in all.` };
    });
  return (
    <ul className="subjects">
      {rows.map((subject) => (
        <li key={`${subject.topic} ${subject.key}`}>
          <Link
            className="l ell"
            href={hrefOf(
              subject.topic === "FILE_STATUS" ? logOrFile(subject) : subject.topic,
              subject.key,
              item.kind === "RUN_LONG" ? subject.title : "",
            )}
          >
            {subject.title}
          </Link>
          <Since at={subject.at} />
        </li>
      ))}
      {isAll ? null : (
        <li>
          <button type="button" className="btn q" onClick={more}>
            More
          </button>
        </li>
      )}
    </ul>
  );
}

/** Lines that are shown before the rest is asked for. */
const FIRST = 7;

function Group({ name, mark, tone, of }: { name: string; mark: string; tone: string; of: readonly Item[] }) {
  const [isOpen, setOpen] = useState(false);
  if (of.length === 0) return null;
  const shown = isOpen ? of : of.slice(0, FIRST);
  return (
    <div>
      <h2>
        <Mark name={mark} tone={tone} word="" /> {name} · {of.length}
      </h2>
      <ul>
        {shown.map((item) => (
          <Line key={item.id} item={item} />
        ))}
      </ul>
      {shown.length === of.length ? null : (
        <button type="button" className="btn q" onClick={() => setOpen(true)}>
          and {of.length - shown.length} more
        </button>
      )}
    </div>
  );
}

/** What needs a person, then what to keep an eye on. */
export function AttentionList({ items }: { items: readonly Item[] }) {
  if (items.length === 0) return null;
  const of = (severity: Item["severity"]) => items.filter((item) => item.severity === severity);
  return (
    <section className="card att" aria-label="What needs attention">
      <Group name="Needs you" mark="failed" tone="failed" of={of("NEEDS_YOU")} />
      <Group name="Keep an eye on" mark="watch" tone="watch" of={of("WATCH")} />
    </section>
  );
}
