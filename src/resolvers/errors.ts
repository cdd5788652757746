import { GraphQLError } from "graphql";
import { isUnreachable, SQLSTATE, sqlState } from "../db/client.ts";
import { LockHeldError } from "../db/locks.ts";
import { CursorError } from "../feed/cursor.ts";

/** Every code that a caller may find in `extensions.code` of an error that a resolver meant for him. */
const ERROR_CODES = [
  /** The input is wrong; the message says what and how to mend it. Trying again does not help. */
  "BAD_USER_INPUT",
  /** What the operation names does not exist. */
  "NOT_FOUND",
  /** The input contradicts what is stored, or an idempotency key was used for another input. */
  "CONFLICT",
  /** The state machine does not allow this move from the present state. */
  "INVALID_TRANSITION",
  /** No valid token. */
  "UNAUTHENTICATED",
  /** The token's role does not allow this. */
  "FORBIDDEN",
  /** The cursor can't be continued: read the current state and take a new one. */
  "CURSOR_EXPIRED",
  /** The operation asks for more than the limits allow. */
  "TOO_COMPLEX",
  /** The database can't be reached or is too slow: try again. */
  "UNAVAILABLE",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What the database can't do for anyone at present, by its SQLSTATE. */
const UNWRITABLE: ReadonlyMap<string, string> = new Map([
  [SQLSTATE.diskFull, "The database's disk is full: nothing can be stored. Make room, then try again."],
  [SQLSTATE.outOfMemory, "The database has no memory left for this. Ask for less at a time, or try again."],
  [SQLSTATE.readOnlyTransaction, "The database takes no writes: it is read-only, a standby perhaps. Try again later."],
]);

const meant = new WeakSet<GraphQLError>();

/** An error that is meant for the caller: its message is shown. */
export function userError(code: ErrorCode, message: string): GraphQLError {
  const error = new GraphQLError(message, { extensions: { code } });
  meant.add(error);
  return error;
}

export function badInput(message: string): GraphQLError {
  return userError("BAD_USER_INPUT", message);
}

/** Whether {@link userError} made it. Anything else that a resolver throws is masked. */
export function isMeantForCaller(error: unknown): error is GraphQLError {
  return error instanceof GraphQLError && meant.has(error);
}

/** Finds the meaning that some errors from below have for a caller; undefined for all others. */
export function explain(error: unknown): GraphQLError | undefined {
  if (isMeantForCaller(error)) return error;
  if (error instanceof CursorError) {
    return userError(error.reason === "expired" ? "CURSOR_EXPIRED" : "BAD_USER_INPUT", error.message);
  }
  if (error instanceof LockHeldError) return userError("UNAVAILABLE", error.message);
  const unwritable = UNWRITABLE.get(sqlState(error) ?? "");
  if (unwritable !== undefined) return userError("UNAVAILABLE", unwritable);
  if (isUnreachable(error)) {
    return userError("UNAVAILABLE", "The database can't be reached. Try again in a moment.");
  }
  if (sqlState(error) === SQLSTATE.queryCanceled) {
    return userError("UNAVAILABLE", "This took longer than the service allows. Ask for less at a time, or try again.");
  }
  return undefined;
}
