import { type Database, isUnreachable, openDatabase, SQLSTATE, sqlState } from "../../db/client.ts";
import type { Feed } from "../../feed/feed.ts";
import type { Logger } from "../log.ts";
import { repeat } from "./repeat.ts";

/** Milliseconds between two looks. */
const LOOK = 500;
/** Seconds within which a database that runs lets somebody in. */
const PATIENCE = 3;

/**
 * Watches for a database that is silent: it closes nothing, and answers nothing. Where the feed has not heard from it for some
 * seconds, and it lets nobody in either, whatever waits for it ends, and what comes is refused at once, until it answers again.
 * Statements that take long are not touched, since such a database lets others in.
 */
export function watchForSilence(options: {
  readonly url: string;
  readonly feed: Feed;
  /** The pools that are cut off. */
  readonly pools: readonly Pick<Database, "suspend" | "resume">[];
  readonly log: Logger;
}): AsyncDisposable {
  const { url, feed, pools, log } = options;
  let isSilent = false;

  async function look(): Promise<void> {
    if (!isSilent && feed.isLive) return;
    const wasSilent = isSilent;
    isSilent = !(await letsIn(url));
    if (isSilent === wasSilent) return;
    if (isSilent) log.error({}, "the database does not answer: operations are refused until it does");
    else log.info({}, "the database answers again");
    for (const pool of pools) {
      if (isSilent) pool.suspend();
      else pool.resume();
    }
  }

  const stop = new AbortController();
  const looking = repeat(look, { interval: LOOK, what: "the look for silence", signal: stop.signal, log });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await looking.ended;
    },
  };
}

/** Whether the database answers somebody new; a refusal that is its own is an answer. */
async function letsIn(url: string): Promise<boolean> {
  const { sql } = openDatabase(url, {
    max: 1,
    name: "weir probe",
    isPrepared: false,
    connectTimeout: PATIENCE,
    statementTimeout: PATIENCE * 1_000,
  });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    return !isUnreachable(error) || sqlState(error) === SQLSTATE.tooManyConnections;
  } finally {
    await sql.end({ timeout: 0 });
  }
}
