import type { z } from "zod";
import { readDatabases } from "./databases.ts";
import { settings } from "./settings.ts";
import { readTrustedDocuments, type TrustedDocuments } from "./trusted.ts";

/** A setting can't be used; the message is one line that says which, what it was, and what is allowed. */
export class ConfigError extends Error {}

export type Config = Omit<z.infer<typeof settings>, "WEIR_DATABASES" | "WEIR_TRUSTED_DOCUMENTS"> & {
  /** The documents that may run; undefined: any. */
  readonly WEIR_TRUSTED_DOCUMENTS: TrustedDocuments | undefined;
  /** URLs of the databases besides the service's own in which reports are made, by id. */
  readonly WEIR_DATABASES: ReadonlyMap<number, string>;
};

/** Names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(settings.shape);

/** What an error says of the settings whose value it must not show. */
const SECRET_SETTINGS: Readonly<Record<string, string>> = {
  DATABASE_URL: "not such a URL",
  WEIR_SEEDER_DATABASE_URL: "not such a URL",
  WEIR_SECRET_KEY: "no key",
  WEIR_OLD_SECRET_KEYS: "no list of keys",
};

/** Reads the settings from the environment. An empty variable counts as absent. Throws {@link ConfigError}. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
  const result = settings.safeParse(given);
  if (result.success) {
    const incomplete = incompleteAccess(result.data);
    if (incomplete !== undefined) throw new ConfigError(incomplete);
    const { WEIR_DATABASES: file, WEIR_TRUSTED_DOCUMENTS: list, ...others } = result.data;
    const trusted = list === undefined ? undefined : readTrustedDocuments(list);
    if (typeof trusted === "string") {
      throw new ConfigError(
        `WEIR_TRUSTED_DOCUMENTS is ${JSON.stringify(list)}: ${trusted}; allowed: a file like {"<id>": "query …"}.`,
      );
    }
    const databases = file === undefined ? new Map<number, string>() : readDatabases(file, environment);
    if (typeof databases !== "string") {
      return { ...others, WEIR_DATABASES: databases, WEIR_TRUSTED_DOCUMENTS: trusted };
    }
    throw new ConfigError(
      `WEIR_DATABASES is ${JSON.stringify(file)}: ${databases}; allowed: a file like {"2": {"url": "postgres://user@host:5432/database", "passwordEnv": "NAME"}}.`,
    );
  }
  const [issue] = result.error.issues;
  const name = String(issue?.path[0]);
  // A connection URL may hold a password.
  const was = SECRET_SETTINGS[name] ?? JSON.stringify(given[name]);
  throw new ConfigError(`${name} is ${was}; allowed: ${issue?.message}.`);
}

/** Settings of access that need others; undefined when all are there. */
function incompleteAccess(given: z.infer<typeof settings>): string | undefined {
  if (given.WEIR_JWT_JWKS_URL !== undefined && given.WEIR_JWT_KEY_FILE !== undefined)
    return "WEIR_JWT_JWKS_URL and WEIR_JWT_KEY_FILE are both set; allowed: one of them.";
  const hasJwt = given.WEIR_JWT_JWKS_URL !== undefined || given.WEIR_JWT_KEY_FILE !== undefined;
  // Without them, whatever the provider signed for anyone else would be let in.
  for (const name of ["WEIR_JWT_ISSUER", "WEIR_JWT_AUDIENCE"] as const) {
    if (hasJwt && given[name] === undefined)
      return `${name} is not set; allowed: the value that JWTs for this service carry.`;
  }
  if ((given.WEIR_TLS_CERT === undefined) !== (given.WEIR_TLS_KEY === undefined))
    return "WEIR_TLS_CERT and WEIR_TLS_KEY are not both set; allowed: both, or neither.";
  return undefined;
}
