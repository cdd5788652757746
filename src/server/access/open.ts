import { type Database, openDatabase } from "../../db/client.ts";
import { hashOfSecret } from "../../resolvers/access/tokens.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import { readSecretFile } from "./files.ts";
import { type Gate, openGate } from "./gate.ts";
import { createJwtVerifier } from "./jwt.ts";

const SHORTEST_TOKEN = 32;
/** Milliseconds. */
const STATEMENT_TIMEOUT = 5_000;

/** The gate as the settings say, on a connection of its own: what waits for one of the others holds up no revocation. */
export async function openGateOf(
  config: Config,
  databaseUrl: string,
  log: Logger,
): Promise<Gate & Pick<Database, "suspend" | "resume">> {
  const [jwt, adminHash] = [createJwtVerifier(config), readAdminHash(config)];
  await using opened = new AsyncDisposableStack();
  const database = opened.use(
    openDatabase(databaseUrl, {
      max: 1,
      name: "weir access",
      isPrepared: config.WEIR_PREPARED === "on",
      statementTimeout: STATEMENT_TIMEOUT,
    }),
  );
  const gate = await openGate({ db: database.db, jwt, adminHash, log });
  const running = opened.move();
  return {
    get isClosed() {
      return gate.isClosed;
    },
    admit: (token, address) => gate.admit(token, address),
    suspend: () => database.suspend(),
    resume: () => database.resume(),
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
