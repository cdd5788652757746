import DataLoader from "dataloader";
import { createLRUCache } from "graphql-yoga";
import type { ApiTokenRow } from "../../db/access/tables.ts";
import type { Db } from "../../db/client.ts";
import { hashOfSecret, isTokenSecret, noteUses, tokensByHash } from "../../resolvers/access/tokens.ts";
import { userError } from "../../resolvers/errors.ts";
import type { Viewer } from "../../resolvers/viewer.ts";
import type { JwtVerifier } from "./jwt.ts";

/** Who has a token, and until when it lasts: milliseconds since 1970, Infinity without an end. */
export interface Holder {
  readonly viewer: Viewer;
  readonly expiresAt: number;
}

/** The holders of tokens, of all kinds. */
export interface Holders {
  /** At once where it is known. Throws, or rejects with, UNAUTHENTICATED, FORBIDDEN for a JWT without a role. */
  find(token: string): Holder | Promise<Holder>;
  /** Writes down which tokens were used, off the path of requests. */
  storeUses(): Promise<void>;
}

/** Milliseconds that is believed what was read: with a look in every second, what changed is noticed within five. */
const TOKEN_LIFE = 2_500;
/** A signature is not checked again for so long; its expiry is. */
const JWT_LIFE = 30_000;
const MOST_TOKENS = 10_000;
/** Unknown tokens do not push out those that are known. */
const MOST_UNKNOWN = 1_000;
/** Milliseconds between two notes of a token's use. */
const USE_INTERVAL = 60_000;

/** Who has the token of WEIR_ADMIN_TOKEN_FILE. */
const FILE_ADMIN: Holder = { viewer: { name: "file:admin", role: "ADMIN" }, expiresAt: Number.POSITIVE_INFINITY };

export interface HoldersOptions {
  readonly db: Db;
  /** Null: no JWTs are taken. */
  readonly jwt: JwtVerifier | null;
  /** Hash of the token in WEIR_ADMIN_TOKEN_FILE, which may become another; null: none. */
  readonly adminHash: () => string | null;
}

export function createHolders({ db, jwt, adminHash }: HoldersOptions): Holders {
  const known = createLRUCache<{ holder: Holder; readAt: number }>({ max: MOST_TOKENS });
  const unknown = createLRUCache<{ readAt: number }>({ max: MOST_UNKNOWN });
  // Those that are asked for together are one statement.
  const rows = new DataLoader<string, ApiTokenRow | null>((hashes) => tokensByHash(db, hashes), { cache: false });
  const uses = createUses(db);

  async function read(token: string, hash: string): Promise<Holder> {
    const readAt = performance.now();
    const holder = isTokenSecret(token) ? holderOf(await rows.load(hash)) : ((await jwt?.(token)) ?? null);
    if (holder === null) {
      known.delete(hash);
      unknown.set(hash, { readAt });
      throw notKnown();
    }
    known.set(hash, { holder, readAt });
    return holder;
  }

  function holderOf(row: ApiTokenRow | null): Holder | null {
    if (row === null) return null;
    uses.note(row.id);
    const { name, role, agencySlugs, systems, driverContainers, expiresAt } = row;
    return {
      viewer: { name, role, agencySlugs, systems, driverContainers },
      expiresAt: expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt),
    };
  }

  return {
    find(token) {
      const hash = hashOfSecret(token);
      if (hash === adminHash()) return FILE_ADMIN;
      const now = performance.now();
      const cached = known.get(hash);
      const life = isTokenSecret(token) ? TOKEN_LIFE : JWT_LIFE;
      if (cached !== undefined && now - cached.readAt < life) return cached.holder;
      const refused = unknown.get(hash);
      if (refused !== undefined && now - refused.readAt < TOKEN_LIFE) throw notKnown();
      return read(token, hash);
    },
    storeUses: uses.store,
  };
}

function createUses(db: Db) {
  const noted = new Map<number, number>();
  let pending = new Set<number>();
  return {
    note: (id: number): void => {
      const now = performance.now();
      if (now - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < USE_INTERVAL) return;
      if (noted.size >= MOST_TOKENS) noted.clear();
      noted.set(id, now);
      pending.add(id);
    },
    store: async (): Promise<void> => {
      if (pending.size === 0) return;
      const ids = [...pending];
      pending = new Set();
      await noteUses(db, ids);
    },
  };
}

function notKnown() {
  return userError("UNAUTHENTICATED", "The token is not known, or was revoked.");
}
