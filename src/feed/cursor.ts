/**
 * A place in the feed.
 *
 * Neither a sequence number nor a timestamp is one: transactions commit out of order. A PostgreSQL snapshot is exact; it
 * says which transactions it sees.
 */

/** What one look at the log saw. */
export interface Mark {
  /** `pg_snapshot` as text: `xmin:xmax:xip,xip…`; see {@link capSnapshot}. */
  readonly snapshot: string;
  /** The greatest number drawn by then: no change that the snapshot sees has a greater seq. */
  readonly ceiling: number;
  /**
   * `weir.fingerprint`: what tells of the newest change that it sees, `seq.microseconds.digest`; '' when it sees none. An older
   * copy of the database, restored, does not have that change, or another one under its number.
   */
  readonly newest: string;
}

/**
 * Everything that `seen` sees was delivered, and of what `partial.to` sees besides, everything up to `partial.seq`.
 *
 * Within a snapshot (`state`) that holds for the rows up to the primary key `upTo` alone, in the order of keys; null: for
 * none yet.
 */
export interface Position {
  readonly seen: Mark;
  readonly partial?: { readonly to: Mark; readonly seq: number };
  readonly state?: { readonly upTo: string | null };
}

/** A cursor can't be continued: it is malformed, of another database, or older than what the feed keeps. */
export class CursorError extends Error {
  readonly reason: "malformed" | "expired";
  constructor(reason: "malformed" | "expired", message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface Snapshot {
  readonly xmin: string;
  /** The first transaction id not yet given out: it and all later ones are unseen. */
  readonly xmax: string;
  /** Transactions that were under way, hence unseen. */
  readonly xip: readonly string[];
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin = "", xmax = "", xip = ""] = text.split(":");
  return { xmin, xmax, xip: xip === "" ? [] : xip.split(",") };
}

/**
 * The same snapshot for all changes up to `newest`, the greatest transaction id among those that it sees, and blind to any
 * later id. A crash of PostgreSQL gives ids out again that were never made durable: those of transactions that failed, or
 * that wrote nothing. The commit of `newest` is durable, and with it every id before.
 */
export function capSnapshot(text: string, newest: string): string {
  const { xmin, xip } = parseSnapshot(text);
  const end = BigInt(newest) + 1n;
  const underWay = xip.filter((xid) => BigInt(xid) < end);
  return `${BigInt(xmin) < end ? xmin : end}:${end}:${underWay.join(",")}`;
}

/** Cursors of version 1 had no fingerprints. */
const VERSION = "2";
const SNAPSHOT_TEXT = /^[1-9]\d{0,18}:[1-9]\d{0,18}:(?:[1-9]\d{0,18}(?:,[1-9]\d{0,18})*)?$/;
/** Stands before how far a snapshot has come. */
const STATE = "state";
const NUMBER_TEXT = /^\d{1,15}$/;
const FINGERPRINT_TEXT = /^(?:\d{1,15}\.\d{1,16}\.[0-9a-f]{12})?$/;

/** Writes a position as the opaque text that clients keep. */
export function encodeCursor(feedId: string, { seen, partial, state }: Position): string {
  const parts = [VERSION, feedId, ...markParts(seen)];
  if (partial !== undefined) parts.push(...markParts(partial.to), partial.seq);
  if (state !== undefined) parts.push(STATE, state.upTo === null ? "" : `=${encodeURIComponent(state.upTo)}`);
  return Buffer.from(parts.join(" ")).toString("base64url");
}

function markParts({ snapshot, ceiling, newest }: Mark): (string | number)[] {
  return [snapshot, ceiling, newest];
}

/** Reads a cursor. Throws {@link CursorError} for text that is no cursor and for a cursor of another feed. */
export function decodeCursor(feedId: string, cursor: string): Position {
  const parts = Buffer.from(cursor, "base64url").toString().split(" ");
  const stateAt = parts.indexOf(STATE);
  const [version, feed, ...rest] = stateAt === -1 ? parts : parts.slice(0, stateAt);
  const malformed = new CursorError(
    "malformed",
    "This is not a cursor of Weir. Use one that a query or a change answered.",
  );
  if (version === "1") {
    throw new CursorError("expired", "This cursor is of an older version. Read the current state and a new cursor.");
  }
  if (version !== VERSION || feed === undefined || (rest.length !== 3 && rest.length !== 7)) throw malformed;
  if (feed !== feedId) {
    throw new CursorError(
      "expired",
      "This cursor belongs to another database. Read the current state and a new cursor.",
    );
  }
  const mark = (at: number): Mark => {
    const [snapshot = "", ceiling = "", newest = ""] = rest.slice(at, at + 3);
    if (!isSnapshot(snapshot) || !NUMBER_TEXT.test(ceiling) || !FINGERPRINT_TEXT.test(newest)) throw malformed;
    return { snapshot, ceiling: Number(ceiling), newest };
  };
  const seen = mark(0);
  const state = stateAt === -1 ? undefined : readState(parts.slice(stateAt + 1));
  if (state === null) throw malformed;
  const within = state === undefined ? {} : { state };
  if (rest.length === 3) return { seen, ...within };
  const seq = rest[6] ?? "";
  if (!NUMBER_TEXT.test(seq)) throw malformed;
  return { seen, partial: { to: mark(3), seq: Number(seq) }, ...within };
}

/** Null when it is malformed. */
function readState(parts: readonly string[]): { readonly upTo: string | null } | null {
  const [upTo = "", ...more] = parts;
  if (more.length > 0) return null;
  if (upTo === "") return { upTo: null };
  try {
    const text = decodeURIComponent(upTo.slice(1));
    return upTo.startsWith("=") && !text.includes("\0") ? { upTo: text } : null;
  } catch {
    return null;
  }
}

/** Whether PostgreSQL would take the text as a `pg_snapshot`: xmin <= xip < xmax, ascending. */
function isSnapshot(text: string): boolean {
  if (!SNAPSHOT_TEXT.test(text)) return false;
  const { xmin, xmax, xip } = parseSnapshot(text);
  const ids = [xmin, ...xip, xmax].map(BigInt);
  return ids.every((id, at) => {
    const before = ids[at - 1];
    if (before === undefined) return true;
    // The first transaction under way may be xmin itself, and without any xmin may be xmax.
    return at === 1 ? id >= before : id > before;
  });
}
