import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { instantFromPostgres } from "../../db/columns.ts";
import type { Topic } from "../../feed/topics.ts";
import { textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { type Connection, type PageArgs, toConnection } from "../paging.ts";
import { agencyScope } from "../reports/agency-scope.ts";
import type { Settings } from "../settings.ts";
import { writeInTransaction } from "../transactions.ts";
import { type System, sees, type Viewer } from "../viewer.ts";
import { type AttentionSubject, MOST_LOOKED_AT, SUBJECT_ORDER } from "./subjects.ts";

/** Subjects that an item tells. */
const MOST_SUBJECTS = 200;

/** What may be done about an item; SHOW always. */
export type AttentionAction = "RETRY" | "REFRESH" | "SHOW";

interface Kind {
  readonly severity: "NEEDS_YOU" | "WATCH";
  readonly system: System;
  /** What the keys of its subjects are. */
  readonly topic: Topic;
  readonly actions: readonly AttentionAction[];
  /** A sentence of one or several subjects, as in "2 documents fail at extract_text". */
  readonly say: (who: string, isOne: boolean, place: string, settings: Settings) => string;
  readonly one: string;
  readonly many: string;
}

/** The kinds that `weir.attention` tells. */
const KINDS = {
  FILES_FAILED: {
    severity: "NEEDS_YOU",
    system: "ingest",
    topic: "FILE_STATUS",
    actions: ["SHOW"],
    one: "file",
    many: "files",
    say: (who) => `${who} failed`,
  },
  PIPELINE_FAILED: {
    severity: "NEEDS_YOU",
    system: "pipelines",
    topic: "PIPELINE",
    actions: ["RETRY", "SHOW"],
    one: "table",
    many: "tables",
    say: (who, isOne, place) => `${who} ${isOne ? "stops" : "stop"} at ${place}`,
  },
  DOCUMENT_FAILED: {
    severity: "NEEDS_YOU",
    system: "documents",
    topic: "FILE",
    actions: ["SHOW"],
    one: "document",
    many: "documents",
    say: (who, isOne, place) => `${who} ${isOne ? "fails" : "fail"} at ${place}`,
  },
  REPORT_FAILING: {
    severity: "NEEDS_YOU",
    system: "reports",
    topic: "SEEDER_JOB",
    actions: ["REFRESH", "SHOW"],
    one: "report",
    many: "reports",
    say: (who, isOne, _place, { failingAfter }) =>
      `${who} ${isOne ? "has" : "have"} failed ${failingAfter} times in a row or more`,
  },
  FILES_STUCK: {
    severity: "WATCH",
    system: "ingest",
    topic: "FILE_STATUS",
    actions: ["SHOW"],
    one: "HL7 file",
    many: "HL7 files",
    say: (who, isOne, _place, { stuckStagedMinutes }) =>
      `${who} ${isOne ? "is" : "are"} staged for more than ${stuckStagedMinutes} min`,
  },
  PIPELINE_OVERDUE: {
    severity: "WATCH",
    system: "pipelines",
    topic: "PIPELINE",
    actions: ["SHOW"],
    one: "table",
    many: "tables",
    say: (who, isOne) => `${who} ${isOne ? "is" : "are"} overdue`,
  },
  RUN_LONG: {
    severity: "WATCH",
    system: "pipelines",
    topic: "RUN",
    actions: ["SHOW"],
    one: "run",
    many: "runs",
    say: (who, isOne) => `${who} ${isOne ? "takes" : "take"} longer than usual`,
  },
  STEP_STALLED: {
    severity: "WATCH",
    system: "documents",
    topic: "FILE",
    actions: ["SHOW"],
    one: "document",
    many: "documents",
    say: (who, isOne, place, { stepTimeoutMinutes }) =>
      `${who} ${isOne ? "is" : "are"} in ${place} for more than ${stepTimeoutMinutes} min`,
  },
  REPORT_STREAK: {
    severity: "WATCH",
    system: "reports",
    topic: "SEEDER_JOB",
    actions: ["REFRESH", "SHOW"],
    one: "report",
    many: "reports",
    say: (who) => `${who} failed last time`,
  },
  REPORT_LONG: {
    severity: "WATCH",
    system: "reports",
    topic: "SEEDER_JOB",
    actions: ["SHOW"],
    one: "report",
    many: "reports",
    say: (who, isOne) => `${who} ${isOne ? "takes" : "take"} long`,
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type AttentionKind = keyof typeof KINDS;

/** The kinds of what a viewer sees, each with what the keys of its subjects are. */
export function kindsFor(viewer: Viewer): ReadonlyMap<string, Topic> {
  const kinds: readonly (readonly [string, Kind])[] = Object.entries(KINDS);
  return new Map(kinds.filter(([, { system }]) => sees(viewer, system)).map(([kind, { topic }]) => [kind, topic]));
}

export interface AttentionItem {
  readonly id: string;
  readonly kind: AttentionKind;
  readonly severity: Kind["severity"];
  readonly system: Kind["system"];
  /** What the keys of its subjects are. */
  readonly topic: Topic;
  readonly actions: readonly AttentionAction[];
  readonly title: string;
  /** The newest error's own words. */
  readonly message: string | null;
  readonly since: string | null;
  readonly latest: string | null;
  /** Null: more than are looked at. */
  readonly count: number | null;
  readonly subjects: readonly AttentionSubject[];
  readonly isAcknowledged: boolean;
}

interface ItemJson extends Record<string, unknown> {
  readonly id: string;
  readonly kind: AttentionKind;
  readonly place: string;
  readonly message: string | null;
  readonly subject_count: number;
  readonly is_complete: boolean;
  readonly since: string | null;
  readonly latest: string | null;
  readonly subjects: readonly { readonly key: string; readonly title: string; readonly at: string | null }[];
  readonly is_acknowledged: boolean;
}

/** What needs a person, then what to keep an eye on; of each the oldest first. */
export async function attention(context: Context): Promise<readonly AttentionItem[]> {
  const { database, settings, viewer } = context;
  const scope = agencyScope(context);
  const rows = await database.db.execute<ItemJson>(sql`/* weir.attention */
    select a.*, coalesce(k.up_to >= a.latest, false) as is_acknowledged
    from weir.attention(${settings.stuckStagedMinutes}, ${settings.longRunningMinutes}, ${settings.stepTimeoutMinutes},
      ${settings.failingAfter}, ${scope === null ? null : textArray(scope)}, ${MOST_LOOKED_AT}) a
    left join weir.acknowledgement k on k.viewer = ${viewer.name ?? ""} and k.id = a.id
    order by a.since nulls last, a.id`);
  const items = rows.map((row) => toItem(row, settings)).filter(({ system }) => sees(viewer, system));
  return [
    ...items.filter(({ severity }) => severity === "NEEDS_YOU"),
    ...items.filter(({ severity }) => severity === "WATCH"),
  ];
}

/** Forgets what was acknowledged a year ago or longer: hardly any of it stands still. */
export async function forgetAcknowledgements(db: Db): Promise<void> {
  await db.execute(
    sql`/* weir.forget_acknowledgements */ delete from weir.acknowledgement where at < now() - interval '1 year'`,
  );
}

/**
 * Remembers that the viewer has seen an item, until something of its cause is newer. Throws NOT_FOUND for one that is not there
 * any more.
 */
export async function acknowledge(context: Context, id: string): Promise<AttentionItem> {
  const item = (await attention(context)).find((candidate) => candidate.id === id);
  if (item === undefined)
    throw userError("NOT_FOUND", `Nothing that needs attention has the id ${id}. It may be mended.`);
  await writeInTransaction(context, null, async (tx) => {
    await tx.execute(sql`/* weir.acknowledge */ insert into weir.acknowledgement as a (viewer, id, up_to)
      values (${context.viewer.name ?? ""}, ${id}, coalesce(${item.latest}::timestamptz, now()))
      on conflict (viewer, id) do update set up_to = greatest(a.up_to, excluded.up_to), at = now()`);
    return id;
  });
  return { ...item, isAcknowledged: true };
}

/** The newest of an item's subjects. Throws BAD_USER_INPUT. */
export function subjectsOf({ subjects }: AttentionItem, first: number): readonly AttentionSubject[] {
  if (first < 1 || first > MOST_SUBJECTS) throw badInput(`first is ${first}; it can be 1 to ${MOST_SUBJECTS}.`);
  return subjects.slice(0, first);
}

/** The subjects of an item, newest first: of as many as are looked at. */
export async function allSubjectsOf(
  { loaders }: Context,
  { id, kind, topic, count }: AttentionItem,
  args: PageArgs,
): Promise<Connection<AttentionSubject>> {
  const page = await loaders.attention.subjects.page({ id, kind }, args);
  return toConnection(
    SUBJECT_ORDER,
    page,
    () => Promise.resolve(count),
    (row) => ({ topic, ...row }),
  );
}

function toItem(row: ItemJson, settings: Settings): AttentionItem {
  const { id, kind, place, message, subject_count: count, is_complete: isComplete, since, latest } = row;
  const { severity, system, actions, topic, say, one, many }: Kind = KINDS[kind];
  const isOne = count === 1;
  const [noun, nouns] =
    kind === "FILES_FAILED"
      ? [`${place === "Log" ? "log" : "HL7"} file`, `${place === "Log" ? "log" : "HL7"} files`]
      : [one, many];
  const who = isOne ? (row.subjects[0]?.title ?? `1 ${noun}`) : `${isComplete ? count : `More than ${count}`} ${nouns}`;
  return {
    id,
    kind,
    severity,
    system,
    topic,
    actions,
    message,
    title: say(who, isOne, place, settings),
    since: since === null ? null : instantFromPostgres(since),
    latest: latest === null ? null : instantFromPostgres(latest),
    count: isComplete ? count : null,
    subjects: row.subjects.map(({ key, title, at }) => ({
      topic,
      key,
      title,
      at: at === null ? null : instantFromPostgres(at),
    })),
    isAcknowledged: row.is_acknowledged,
  };
}
