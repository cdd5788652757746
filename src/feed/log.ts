import { type Column, getColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { instantFromPostgres } from "../db/columns.ts";
import { conditionsToSql, type Filter } from "./conditions.ts";
import { type Mark, type Position, parseSnapshot } from "./cursor.ts";
import { type ChangeOperation, TOPICS, type Topic } from "./topics.ts";

/** One row of the log as it was read. Its JSON is parsed when somebody wants it, once. */
export interface LoggedChange {
  readonly seq: number;
  readonly at: string;
  readonly topic: Topic;
  readonly key: string;
  readonly operation: ChangeOperation;
  readonly actor: string | null;
  readonly isCurrent: boolean | null;
  /** False: `row()` holds the primary key only, and the whole row is read when the change is delivered. */
  readonly isCarried: boolean;
  /** Bytes of the JSON text, about. */
  readonly size: number;
  row(): Readonly<Record<string, unknown>>;
}

/** Changes that `from` does not see and `to` sees, in the order of seq; `isLast` when no more of them follow. */
export interface Piece {
  readonly from: Mark;
  readonly to: Mark;
  readonly changes: readonly LoggedChange[];
  /** Every wanted change between the marks up to this seq is in this piece or an earlier one. */
  readonly upTo: number;
  readonly isLast: boolean;
}

/** What a look at the present of the log answers: a piece, and whether anything was waiting. */
interface LogRow extends Record<string, unknown> {
  seq: string;
  at: string;
  topic: Topic;
  key: string;
  operation: ChangeOperation;
  actor: string | null;
  is_current: boolean | null;
  is_carried: boolean;
  row: string;
}

const COLUMNS = sql.raw(
  `c.seq, c.at, c.topic, c.key, c.operation, c.actor, c.is_current, c.is_carried, c."row"::text as "row"`,
);

/** Rows of the log that one statement looks at, wanted or not: what a reader with a narrow filter costs at most. */
const WINDOW = 20_000;

/**
 * Reads the mark of the present: everything committed by now is seen by it.
 *
 * The floor is read by a statement of its own beforehand: a transaction that begins after the snapshot draws its numbers
 * later than that.
 */
export async function readMark(db: Db): Promise<Mark> {
  const [before] = await db.execute<{ seq: string }>(
    sql`/* feed.floor */ select last_value as seq from weir.change_seq`,
  );
  const [now] = await db.execute<{ snapshot: string; seq: string }>(
    sql`/* feed.mark */ select pg_current_snapshot()::text as snapshot, (select last_value from weir.change_seq) as seq`,
  );
  if (before === undefined || now === undefined) throw new Error("weir.change_seq gave no row");
  return { snapshot: now.snapshot, floor: Number(before.seq), ceiling: Number(now.seq) };
}

/**
 * Reads the next changes that `from` does not see and `to` sees, behind `afterSeq`, at most `limit` of them.
 *
 * Only transactions that were under way at `from` can have numbers at or below its floor; those are found by their ids,
 * everything else by seq.
 */
export async function readPiece(
  db: Db,
  { from, to, afterSeq, limit, filter }: { from: Mark; to: Mark; afterSeq: number; limit: number; filter?: Filter },
): Promise<Piece> {
  const { xmax, xip } = parseSnapshot(from.snapshot);
  const wanted = filter === undefined ? sql`true` : conditionsToSql(filter);
  const underWay = xidArray(xip);
  const seen = sql`pg_visible_in_snapshot(c.xid, ${to.snapshot}::pg_snapshot)`;

  if (afterSeq < from.floor && xip.length > 0) {
    const rows = await db.execute<LogRow>(sql`/* feed.stragglers */
      select ${COLUMNS} from unnest(${underWay}) as x(xid)
      cross join lateral (
        select * from weir.change c
        where c.xid = x.xid and c.seq > ${afterSeq} and c.seq <= ${from.floor} and ${seen} and ${wanted}
        order by c.seq limit ${limit}
      ) c order by c.seq limit ${limit}`);
    const changes = rows.map(toChange);
    const last = changes.at(-1);
    if (last !== undefined && changes.length === limit) return { from, to, changes, upTo: last.seq, isLast: false };
    if (changes.length > 0) return { from, to, changes, upTo: from.floor, isLast: from.floor >= to.ceiling };
  }

  const start = Math.max(afterSeq, from.floor);
  const end = Math.min(start + WINDOW, to.ceiling);
  if (start >= end) return { from, to, changes: [], upTo: start, isLast: true };
  const rows = await db.execute<LogRow>(sql`/* feed.piece */
    select ${COLUMNS} from weir.change c
    where c.seq > ${start} and c.seq <= ${end} and (c.xid >= ${xmax}::xid8 or c.xid = any(${underWay})) and ${seen} and ${wanted}
    order by c.seq limit ${limit}`);
  const changes = rows.map(toChange);
  const last = changes.at(-1);
  if (last !== undefined && changes.length === limit) return { from, to, changes, upTo: last.seq, isLast: false };
  return { from, to, changes, upTo: end, isLast: end >= to.ceiling };
}

/** The position behind a piece, or behind one change of it. */
export function positionAfter(piece: Piece, seq: number = piece.upTo): Position {
  if (seq === piece.upTo && piece.isLast) return { seen: piece.to };
  return { seen: piece.from, partial: { to: piece.to, seq } };
}

function xidArray(xids: readonly string[]): SQL {
  return sql`${`{${xids.join(",")}}`}::xid8[]`;
}

function toChange(logged: LogRow): LoggedChange {
  let row: Readonly<Record<string, unknown>> | undefined;
  return {
    seq: Number(logged.seq),
    at: instantFromPostgres(logged.at),
    topic: logged.topic,
    key: logged.key,
    operation: logged.operation,
    actor: logged.actor,
    isCurrent: logged.is_current,
    isCarried: logged.is_carried,
    size: logged.row.length,
    row: () => {
      row ??= rowFromJson(logged.topic, JSON.parse(logged.row));
      return row;
    },
  };
}

/** Turns `to_jsonb(row)` into what a select of the same row answers: drizzle's names, instants in their one form. */
export function rowFromJson(topic: Topic, json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const columns: Readonly<Record<string, Column>> = getColumns(TOPICS[topic].table);
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => {
      const value = json[column.name] ?? null;
      return [
        name,
        typeof value === "string" && column.getSQLType() === "timestamp with time zone"
          ? instantFromPostgres(value)
          : value,
      ];
    }),
  );
}
