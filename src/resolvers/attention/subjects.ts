import { sql } from "drizzle-orm";
import type { Db } from "../../db/client.ts";
import { instantFromPostgres } from "../../db/columns.ts";
import type { Topic } from "../../feed/topics.ts";
import { groupByPlace, textArray } from "../batches.ts";
import { type NestedList, nestedList } from "../nested.ts";
import type { Order, PageArgs, PageRequest } from "../paging.ts";
import { agencyScope } from "../reports/agency-scope.ts";
import type { Settings } from "../settings.ts";
import type { Viewer } from "../viewer.ts";

/** Subjects of one kind that are looked at; beyond, a cause is told without the number of all. */
export const MOST_LOOKED_AT = 1_000;

/** A cause, and of what kind: the other kinds are not looked for. */
interface Cause {
  readonly id: string;
  readonly kind: string;
}

/** A thing in trouble; `at`: since when, null where that is not known. */
export interface AttentionSubject extends SubjectRow {
  readonly topic: Topic;
}

interface SubjectRow {
  readonly key: string;
  readonly title: string;
  readonly at: string | null;
}

/** Newest first; one whose time is not known comes last. */
export const SUBJECT_ORDER: Order<SubjectRow> = {
  name: "attention",
  columns: [
    { expression: sql`coalesce(t.at, '-infinity')`, direction: "desc", type: "timestamptz" },
    { expression: sql`(t.key collate "C")`, direction: "asc", type: "text" },
  ],
  keyOf: ({ at, key }) => [at ?? "-infinity", key],
};

export interface AttentionLoaders {
  /** Subjects below causes. */
  readonly subjects: NestedList<Cause, SubjectRow, PageArgs>;
}

export function createAttentionLoaders(db: Db, settings: Settings, viewer: Viewer): AttentionLoaders {
  return {
    subjects: nestedList({
      order: SUBJECT_ORDER,
      maxSize: settings.maxPageSize,
      load: (causes, _args, request) => loadSubjects(db, settings, viewer, causes, request),
      nameOf: ({ id }) => id,
    }),
  };
}

async function loadSubjects(
  db: Db,
  settings: Settings,
  viewer: Viewer,
  causes: readonly Cause[],
  { condition, orderBy, limit }: PageRequest,
): Promise<readonly (readonly SubjectRow[])[]> {
  const scope = agencyScope({ viewer });
  const { stuckStagedMinutes, longRunningMinutes, stepTimeoutMinutes, failingAfter } = settings;
  const kinds = [...new Set(causes.map(({ kind }) => kind))];
  const rows = await db.execute<{
    at: string;
    key: string;
    title: string;
    time: string | null;
  }>(sql`/* weir.subjects_of_causes */
    with trouble as materialized (
      select * from weir.trouble(${stuckStagedMinutes}, ${longRunningMinutes}, ${stepTimeoutMinutes}, ${failingAfter},
        ${scope === null ? null : textArray(scope)}, ${MOST_LOOKED_AT}, ${textArray(kinds)}))
    select k.at, page.key, page.title, page.at as time
    from unnest(${textArray(causes.map(({ id }) => id))}) with ordinality as k(id, at)
    cross join lateral (
      select t.key, t.title, t.at from trouble t where t.id = k.id and ${condition ?? sql`true`}
      order by ${orderBy} limit ${limit}) page`);
  return groupByPlace(
    causes.length,
    rows.map(({ at, key, title, time }) => ({
      at: Number(at),
      row: { key, title, at: time === null ? null : instantFromPostgres(time) },
    })),
  ).map((group) => group.map(({ row }) => row));
}
