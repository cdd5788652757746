import type { Logger } from "pino";
import { hasAnyToken } from "../../resolvers/access/tokens.ts";
import { explain, userError } from "../../resolvers/errors.ts";
import type { Viewer } from "../../resolvers/viewer.ts";
import { repeat } from "../upkeep/repeat.ts";
import { createHolders, type Holder, type HoldersOptions } from "./holders.ts";

/** What a socket or stream holds while it is open. */
export interface Session extends Disposable {
  readonly viewer: Viewer;
  /** Whether its token has ended, or is another one by now: nothing more is delivered. */
  readonly isOver: boolean;
}

/** Lets in whoever may: one for all transports. */
export interface Gate extends AsyncDisposable {
  /** Whether a token is needed at all. */
  readonly isClosed: boolean;
  /**
   * Opens the session of who has this token; null: none was sent. At once where he is known. Throws, or rejects with,
   * UNAUTHENTICATED, FORBIDDEN for a JWT without a role, or an error of a database that can't be asked.
   */
  admit(token: string | null, address: string): Admitted | Promise<Admitted>;
}

/** Somebody who was let in. */
export interface Admitted {
  readonly viewer: Viewer;
  /** Watches over a socket or stream of his: `end` is called once, within 5 seconds after the token ended or changed. */
  watch(end: () => void): Session;
}

/** Milliseconds between two looks at the tokens of what is open. */
const LOOK = 1_000;

const LOCAL_ADMIN: Holder = { viewer: { name: null, role: "ADMIN" }, expiresAt: Number.POSITIVE_INFINITY };

interface Watched extends Session {
  end(): void;
}

export async function openGate(options: HoldersOptions & { readonly log: Logger }): Promise<Gate> {
  const { db, jwt, adminHash, log } = options;
  let isClosed = jwt !== null || adminHash() !== null || (await hasAnyToken(db));
  const holders = createHolders(options);
  const watched = new Map<string | null, Set<Watched>>();

  function holderOf(token: string | null): Holder | Promise<Holder> {
    if (token !== null) return holders.find(token);
    if (isClosed) throw userError("UNAUTHENTICATED", "A token is needed: send it as Authorization: Bearer <token>.");
    return LOCAL_ADMIN;
  }

  async function look(): Promise<void> {
    isClosed ||= await hasAnyToken(db);
    await Promise.all(
      [...watched].map(async ([token, sessions]) => {
        const viewer = await viewerNow(() => holderOf(token));
        if (viewer === undefined) return;
        for (const session of sessions) if (viewer === null || !isSame(viewer, session.viewer)) session.end();
      }),
    );
    await holders.storeUses();
  }

  function admitted(token: string | null, holder: Holder, address: string): Admitted {
    assertLasting(holder);
    const viewer: Viewer = { ...holder.viewer, address };
    return {
      viewer,
      watch(end) {
        const sessions = watched.get(token) ?? new Set();
        watched.set(token, sessions);
        const session = openSession({ ...holder, viewer }, end, () => {
          sessions.delete(session);
          if (sessions.size === 0 && watched.get(token) === sessions) watched.delete(token);
        });
        sessions.add(session);
        return session;
      },
    };
  }

  const stop = new AbortController();
  const looking = repeat(look, { interval: LOOK, what: "the look at tokens", signal: stop.signal, log });
  return {
    get isClosed() {
      return isClosed;
    },
    admit(token, address) {
      const holder = holderOf(token);
      return holder instanceof Promise
        ? holder.then((found) => admitted(token, found, address))
        : admitted(token, holder, address);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await looking.ended;
    },
  };
}

/** Null: he is let in no longer; undefined: nobody can tell at present. */
async function viewerNow(find: () => Holder | Promise<Holder>): Promise<Viewer | null | undefined> {
  try {
    const holder = await find();
    assertLasting(holder);
    return holder.viewer;
  } catch (error) {
    const code = explain(error)?.extensions["code"];
    return code === "UNAUTHENTICATED" || code === "FORBIDDEN" ? null : undefined;
  }
}

function assertLasting({ expiresAt }: Holder): void {
  if (Date.now() >= expiresAt) throw userError("UNAUTHENTICATED", "The token has expired. Get a new one.");
}

function openSession({ viewer, expiresAt }: Holder, onEnd: () => void, forget: () => void): Watched {
  let isEnded = false;
  return {
    viewer,
    get isOver() {
      return isEnded || Date.now() >= expiresAt;
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      forget();
      onEnd();
    },
    [Symbol.dispose]: forget,
  };
}

function isSame(one: Viewer, other: Viewer): boolean {
  const rightsOf = ({ name, role, agencySlugs, systems, driverContainers }: Viewer) =>
    JSON.stringify([name, role, agencySlugs ?? null, systems ?? null, driverContainers ?? null]);
  return rightsOf(one) === rightsOf(other);
}
