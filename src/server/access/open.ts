import { type Database, openDatabase } from "../../db/client.ts";
import { hashOfSecret } from "../../resolvers/access/tokens.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import { AccessError, readSecretFile } from "./files.ts";
import { type Gate, openGate } from "./gate.ts";
import { createJwtVerifier } from "./jwt.ts";

const SHORTEST_TOKEN = 32;
/** Milliseconds. */
const STATEMENT_TIMEOUT = 5_000;

/** A gate on connections of its own. */
interface OpenedGate extends Gate, Pick<Database, "suspend" | "resume"> {
  /** Reads WEIR_ADMIN_TOKEN_FILE anew; one that can't be used is logged, and the old token stays. Null: there is none. */
  readonly reload: (() => void) | null;
}

/** The gate as the settings say, on a connection of its own: what waits for one of the others holds up no revocation. */
export async function openGateOf(config: Config, databaseUrl: string, log: Logger): Promise<OpenedGate> {
  const jwt = createJwtVerifier(config);
  let adminHash = readAdminHash(config);
  await using opened = new AsyncDisposableStack();
  const database = opened.use(
    openDatabase(databaseUrl, {
      max: 1,
      name: "weir access",
      isPrepared: config.WEIR_PREPARED === "on",
      statementTimeout: STATEMENT_TIMEOUT,
    }),
  );
  const gate = await openGate({ db: database.db, jwt, adminHash: () => adminHash, log });
  const running = opened.move();
  return {
    get isClosed() {
      return gate.isClosed;
    },
    admit: (token, address) => gate.admit(token, address),
    suspend: () => database.suspend(),
    resume: () => database.resume(),
    reload:
      config.WEIR_ADMIN_TOKEN_FILE === undefined
        ? null
        : () => {
            try {
              adminHash = readAdminHash(config);
              log.info({ file: config.WEIR_ADMIN_TOKEN_FILE }, "the token of ADMIN was read anew");
            } catch (error) {
              const reason = error instanceof AccessError ? error.message : "it can't be read";
              log.error({ reason }, "the token of ADMIN can't be used; the old one stays");
            }
          },
    async [Symbol.asyncDispose]() {
      // Together, and at once: a look that is under way ends with its connection.
      await Promise.all([gate[Symbol.asyncDispose](), database.sql.end({ timeout: 0 })]);
      await running.disposeAsync();
    },
  };
}

function readAdminHash({ WEIR_ADMIN_TOKEN_FILE: file }: Config): string | null {
  if (file === undefined) return null;
  return readSecretFile("WEIR_ADMIN_TOKEN_FILE", file, (text) =>
    text.length < SHORTEST_TOKEN || /\s/.test(text)
      ? `holds no token: one line of at least ${SHORTEST_TOKEN} characters without spaces`
      : { hash: hashOfSecret(text) },
  ).hash;
}
