import { type Column, getColumns, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { type Filter, meets } from "./conditions.ts";
import { encodeCursor, type Position } from "./cursor.ts";
import { type LoggedChange, type Piece, positionAfter } from "./log.ts";
import { TOPICS } from "./topics.ts";

/** A change on its way to one subscription. */
export interface Delivery {
  readonly change: LoggedChange;
  /** The row as of the change; one too large to be carried, as it is now. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Where to continue after this change. */
  readonly position: Position;
  /** The same as text for a client. */
  readonly cursor: string;
  readonly isReplay: boolean;
}

/** Where a subscription stands: in the hub's ring, or at a position of the log. */
export interface Place {
  /** Index of the next piece to read from the hub; null while catching up from the log. */
  index: number | null;
  position: Position;
}

/** Picks what a filter wants from a piece, reading the rows that were too large to be carried. */
export async function selectDeliveries(
  db: Db,
  feedId: string,
  filter: Filter,
  piece: Piece,
  isReplay: boolean,
): Promise<readonly Delivery[]> {
  const wanted: Delivery[] = [];
  for (const change of piece.changes) {
    const asked = filter.find(({ topic }) => topic === change.topic);
    if (asked === undefined) continue;
    const row = change.isCarried ? change.row() : await readLargeRow(db, change);
    if (row === null || !meets(row, asked.conditions)) continue;
    wanted.push(delivery(feedId, piece, change, row, isReplay));
  }
  return wanted;
}

function delivery(
  feedId: string,
  piece: Piece,
  change: LoggedChange,
  row: Readonly<Record<string, unknown>>,
  isReplay: boolean,
): Delivery {
  const position = positionAfter(piece, change.seq);
  let cursor: string | undefined;
  return {
    change,
    row,
    isReplay,
    position,
    get cursor() {
      cursor ??= encodeCursor(feedId, position);
      return cursor;
    },
  };
}

/** Reads a row that its change carried by primary key only, as it is now; null when it was deleted since. */
async function readLargeRow(db: Db, change: LoggedChange): Promise<Readonly<Record<string, unknown>> | null> {
  const { table, primaryKey } = TOPICS[change.topic];
  const key = change.row();
  const columns: Readonly<Record<string, Column>> = getColumns(table);
  const [row] = await db
    .select()
    .from(table)
    .where(
      sql.join(
        primaryKey.map((name) => sql`${columns[name]} = ${key[name]}`),
        sql` and `,
      ),
    );
  return row ?? null;
}
