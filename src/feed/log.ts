import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { instantFromPostgres } from "../db/columns.ts";
import { type JsonRow, rowReader } from "../db/rows.ts";
import { type Filter, filterToSql } from "./conditions.ts";
import { CursorError, capSnapshot, type Mark, type Position, parseSnapshot } from "./cursor.ts";
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

/** Numbers that one statement looks at, wanted or not: what a reader with a narrow filter costs at most. */
const WINDOW = 20_000;

/** Changes that one statement answers at most, and the bytes it aims at. */
const PIECE_ROWS = 1_000;
const PIECE_BYTES = 512 * 1024;

/** Reads the mark of the present: everything committed by now is seen by it. */
export async function readMark(db: Db): Promise<Mark> {
  const { mark } = await readMarkSince(db, null);
  return mark;
}

/** Reads the mark of the present, and the least number at or below the ceiling of `from` that `from` does not see. */
export async function readMarkSince(db: Db, from: Mark | null): Promise<{ mark: Mark; straggler: number | null }> {
  const [now] = await db.execute<{
    snapshot: string;
    ceiling: string;
    newest: string;
    straggler: string | null;
    fingerprint: string | null;
  }>(sql`/* feed.look */
    select s.*, case when ${from === null ? sql`true` : sql`s.ceiling <> ${from.ceiling} or s.straggler is not null`}
                then weir.fingerprint(s.snapshot::pg_snapshot, s.ceiling) end as fingerprint
    from (select pg_current_snapshot()::text as snapshot, (select last_value from weir.change_seq) as ceiling,
           (select greatest(f.forgotten_xid, (
              select max(c.xid) from weir.change c where c.xid < pg_snapshot_xmax(pg_current_snapshot())
            )) from weir.feed f)::text as newest,
           ${from === null ? sql`null::bigint` : firstStraggler(from, 0)} as straggler) s`);
  if (now === undefined) throw new Error("weir.change_seq gave no row");
  const straggler = now.straggler === null ? null : Number(now.straggler);
  const ceiling = Number(now.ceiling);
  // Nothing was numbered since, and nothing from before has come.
  const isSame = from !== null && ceiling === from.ceiling && straggler === null;
  const newest = isSame ? from.newest : (now.fingerprint ?? "");
  return { mark: { snapshot: capSnapshot(now.snapshot, now.newest), ceiling, newest }, straggler };
}

/**
 * The least number in (afterSeq, ceiling of `from`] that `from` does not see: of a transaction that drew it before that
 * look and committed since. Such are not only those in the snapshot's list: its xmax is the first id after the newest
 * *completed* transaction, so that younger ones may be under way, too.
 */
function firstStraggler(from: Mark, afterSeq: number): SQL {
  const { xmax, xip } = parseSnapshot(from.snapshot);
  // "+ 0" leaves only the index by xid: by seq, the whole log below the ceiling would have to be looked at.
  const inRange = sql`c.seq + 0 > ${afterSeq} and c.seq + 0 <= ${from.ceiling}`;
  return sql`least(
    (select min(c.seq + 0) from weir.change c where c.xid >= ${xmax}::xid8 and ${inRange}),
    (select min(c.seq + 0) from weir.change c where c.xid = any(${`{${xip.join(",")}}`}::xid8[]) and ${inRange}))`;
}

/**
 * Reads the next changes that `from` does not see and `to` sees, behind `afterSeq`, at most `limit` of them, in the order of
 * seq, looking at a bounded part of the log. `afterSeq` 0 is the beginning.
 */
export async function readPiece(
  db: Db,
  options: { from: Mark; to: Mark; afterSeq: number; limit: number; filter?: Filter },
): Promise<Piece> {
  const { from, to, limit } = options;
  const start = options.afterSeq > 0 ? options.afterSeq : await batchStart(db, from);
  // `to` sees nothing numbered above its ceiling, which may be below that of `from`: a crash gives numbers out again.
  if (start >= to.ceiling) return { from, to, changes: [], upTo: start, isLast: true };
  const end = Math.min(start + WINDOW, to.ceiling);
  const changes = await readWindow(db, options, start, end);
  const last = changes.at(-1);
  if (last !== undefined && changes.length === limit) return { from, to, changes, upTo: last.seq, isLast: false };
  if (changes.length > 0 || end >= from.ceiling) {
    return { from, to, changes, upTo: end, isLast: end >= to.ceiling };
  }
  // Nothing here, and what was under way at `from` is sparse: on to the next of it.
  const next = await readFirstStraggler(db, from, end);
  return {
    from,
    to,
    changes,
    upTo: next === null ? from.ceiling : next - 1,
    isLast: next === null && from.ceiling >= to.ceiling,
  };
}

/** The number behind which the changes that `from` does not see begin. */
async function batchStart(db: Db, from: Mark): Promise<number> {
  const straggler = await readFirstStraggler(db, from, 0);
  return straggler === null ? from.ceiling : straggler - 1;
}

async function readFirstStraggler(db: Db, from: Mark, afterSeq: number): Promise<number | null> {
  const [row] = await db.execute<{ seq: string | null }>(
    sql`/* feed.straggler */ select ${firstStraggler(from, afterSeq)} as seq`,
  );
  return row?.seq == null ? null : Number(row.seq);
}

async function readWindow(
  db: Db,
  { from, to, limit, filter }: { from: Mark; to: Mark; limit: number; filter?: Filter },
  start: number,
  end: number,
): Promise<readonly LoggedChange[]> {
  const wanted = filter === undefined ? sql`true` : filterToSql(filter);
  // The text is made outside, of the rows that are answered alone.
  const rows = await db.execute<LogRow>(sql`/* feed.piece */
    select c.seq, c.at, c.topic, c.key, c.operation, c.actor, c.is_current, c.is_carried, c."row"::text as "row" from (
      select * from weir.change c
      where c.seq > ${start} and c.seq <= ${end} and not pg_visible_in_snapshot(c.xid, ${from.snapshot}::pg_snapshot)
        and pg_visible_in_snapshot(c.xid, ${to.snapshot}::pg_snapshot) and ${wanted}
      order by c.seq limit ${limit}
    ) c order by c.seq`);
  return rows.map(toChange);
}

/** How many changes to ask for next, so that a piece stays near {@link PIECE_BYTES} whatever the size of a change. */
export function nextLimit(sizes: readonly number[]): number {
  if (sizes.length === 0) return PIECE_ROWS;
  const average = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  return Math.max(16, Math.min(PIECE_ROWS, Math.floor(PIECE_BYTES / Math.max(average, 1))));
}

/** The position behind a piece, or behind one change of it. */
export function positionAfter(piece: Piece, seq: number = piece.upTo): Position {
  if (seq === piece.upTo && piece.isLast) return { seen: piece.to };
  return { seen: piece.from, partial: { to: piece.to, seq } };
}

const READERS: Readonly<Record<Topic, (json: JsonRow) => Readonly<Record<string, unknown>>>> = {
  FILE_STATUS: rowReader(TOPICS.FILE_STATUS.table),
  HL7_FILE: rowReader(TOPICS.HL7_FILE.table),
  PIPELINE: rowReader(TOPICS.PIPELINE.table),
  RUN: rowReader(TOPICS.RUN.table),
  RUN_STAGE: rowReader(TOPICS.RUN_STAGE.table),
  FILE: rowReader(TOPICS.FILE.table),
  FILE_STEP: rowReader(TOPICS.FILE_STEP.table),
  PROCESSING_LOG: rowReader(TOPICS.PROCESSING_LOG.table),
  SEEDER_JOB: rowReader(TOPICS.SEEDER_JOB.table),
  SEEDER_RUN: rowReader(TOPICS.SEEDER_RUN.table),
};

function toChange(logged: LogRow): LoggedChange {
  const { topic } = logged;
  // The text until somebody wants the row, then the row: never both, the hub remembers many of them.
  let text = logged.row;
  let row: Readonly<Record<string, unknown>> | undefined;
  return {
    seq: Number(logged.seq),
    at: instantFromPostgres(logged.at),
    topic,
    key: logged.key,
    operation: logged.operation,
    actor: logged.actor,
    isCurrent: logged.is_current,
    isCarried: logged.is_carried,
    size: text.length,
    row: () => {
      row ??= READERS[topic](JSON.parse(text));
      text = "";
      return row;
    },
  };
}

/**
 * Throws {@link CursorError} when this database is not the one that a position comes from, but an older copy of it, restored:
 * then the newest change that was seen is not there, or another one is in its place.
 */
export async function assertSameHistory(db: Db, { seen, partial }: Position): Promise<void> {
  const { snapshot, ceiling, newest } = partial?.to ?? seen;
  if (newest === "") return;
  const [found] = await db.execute<{ newest: string | null; forgotten: string | null }>(sql`/* feed.same_history */
    select weir.fingerprint(${snapshot}::pg_snapshot, ${ceiling}::bigint) as newest, forgotten_newest as forgotten from weir.feed`);
  const isKept = found?.newest != null;
  const isSame = isKept ? found.newest === newest : newest.slice(0, newest.lastIndexOf(".")) === found?.forgotten;
  if (isSame) return;
  throw new CursorError(
    "expired",
    "This cursor is from before the database was restored, or older than the feed's retention. Read the current state and a new cursor.",
  );
}

/** Throws {@link CursorError} when what comes behind a position is not kept any more. */
export async function assertKept(db: Db, { seen }: Position): Promise<void> {
  const [kept] = await db.execute<{ known: boolean; complete: boolean }>(sql`/* feed.kept */
    select pg_snapshot_xmax(${seen.snapshot}::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as known,
           forgotten_xid = '0' or pg_visible_in_snapshot(forgotten_xid, ${seen.snapshot}::pg_snapshot) as complete
    from weir.feed`);
  if (kept?.known !== true) {
    throw new CursorError(
      "expired",
      "This cursor is newer than the database. Read the current state and a new cursor.",
    );
  }
  if (!kept.complete) {
    throw new CursorError(
      "expired",
      "This cursor is older than the feed's retention. Read the current state and a new cursor.",
    );
  }
}
