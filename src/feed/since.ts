import { sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { CursorError, type Position } from "./cursor.ts";
import { readMark } from "./log.ts";

/** A change's number and its time are drawn one after the other: of two sessions, the greater number may have the earlier time by this. */
const MARGIN = "1 second";

/**
 * The position behind which every change comes that was written at `at` or later, and hardly any from before. A look back over what is
 * to be delivered, not over the log. Throws {@link CursorError} when the feed no longer holds all of it.
 */
export async function readPositionSince(db: Db, at: string): Promise<Position> {
  // First: what is committed meanwhile is behind the mark.
  const to = await readMark(db);
  const [found] = await db.execute<{ seq: string | null; first: string | null; forgotten: string }>(sql`/* feed.since */
    select (select c.seq from weir.change c where c.at < ${at}::timestamptz - ${MARGIN}::interval order by c.seq desc limit 1) as seq,
           (select c.seq from weir.change c order by c.seq limit 1) as first, f.forgotten_xid::text as forgotten
    from weir.feed f`);
  if (found === undefined) throw new Error("weir.feed has no row");
  if (found.seq === null && found.forgotten !== "0") {
    throw new CursorError(
      "expired",
      `The feed no longer holds what was written at ${at}. Read the current state, or ask for a later time.`,
    );
  }
  // Blind to everything that is kept; the number says where to begin.
  const next = BigInt(found.forgotten) + 1n;
  const seq = found.seq === null ? Number(found.first ?? to.ceiling + 1) - 1 : Number(found.seq);
  return { seen: { snapshot: `${next}:${next}:`, ceiling: 0, newest: "" }, partial: { to, seq } };
}
