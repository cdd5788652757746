import { z } from "zod";
import { readSecretKey } from "../resolvers/pipelines/credentials.ts";
import { readDatabases } from "./databases.ts";
import { readTrustedDocuments, type TrustedDocuments } from "./trusted.ts";

/** A setting can't be used; the message is one line that says which, what it was, and what is allowed. */
export class ConfigError extends Error {}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
const ONOFF = z.enum(["on", "off"], "on or off");

function wholeNumber(least: number, most: number, preset: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, allowed)
    .transform(Number)
    .refine((value) => value >= least && value <= most, allowed)
    .default(preset);
}

const URL_ALLOWED = "a URL like postgres://user:password@host:5432/database";
const databaseUrl = z
  .string()
  .refine((value) => /^postgres(?:ql)?:$/.test(URL.parse(value)?.protocol ?? ""), URL_ALLOWED)
  .optional();
const httpUrl = (allowed: string) =>
  z.string().refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""), allowed);
const ORIGIN_ALLOWED = "origins like https://dashboard.example.org, separated by commas";

const KEY_ALLOWED = "32 random bytes in base64 or hex, as `openssl rand -base64 32` makes them";
const secretKey = z
  .string()
  .transform((text) => readSecretKey(text.trim()))
  .refine((key) => key !== undefined, KEY_ALLOWED);

const settings = z.object({
  DATABASE_URL: databaseUrl,
  WEIR_HOST: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, "an address or a name of this machine, like 0.0.0.0")
    .default("127.0.0.1"),
  WEIR_PORT: wholeNumber(0, 65_535, 4000),
  WEIR_METRICS_PORT: wholeNumber(0, 65_535, 0).removeDefault().optional(),
  WEIR_METRICS_HOST: z.string().min(1, "an address").default("127.0.0.1"),
  WEIR_DATA_DIR: z.string().min(1, "a folder").default(".weir"),
  WEIR_LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(", ")}`).default("info"),
  WEIR_LOG_SLOW_MS: wholeNumber(0, 86_400_000, 1_000),
  WEIR_CORS_ORIGINS: z
    .string()
    .transform((value) =>
      value
        .split(",")
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ""),
    )
    .refine((origins) => origins.every((origin) => URL.parse(origin)?.origin === origin), ORIGIN_ALLOWED)
    .default([]),
  WEIR_DATABASE_CONNECTIONS: wholeNumber(1, 1_000, 10),
  WEIR_PREPARED: z.enum(["on", "off"], "on or off").default("on"),
  WEIR_RETENTION_DAYS: wholeNumber(1, 3_650, 7),
  WEIR_STUCK_STAGED_MINUTES: wholeNumber(1, 1_000_000, 60),
  WEIR_MAX_CLOCK_AHEAD_MINUTES: wholeNumber(1, 1_000_000, 60),
  WEIR_LONG_RUNNING_MINUTES: wholeNumber(1, 1_000_000, 20),
  WEIR_SCHEDULER: z.enum(["on", "off"], "on or off").default("on"),
  WEIR_MAX_SCHEDULED_RUNS: wholeNumber(1, 1_000_000, 100),
  WEIR_SECRET_KEY: secretKey.optional(),
  WEIR_OLD_SECRET_KEYS: z
    .string()
    .transform((text) => text.split(",").map((key) => readSecretKey(key.trim())))
    .refine((keys) => keys.every((key) => key !== undefined), `keys separated by commas, each ${KEY_ALLOWED}`)
    .default([]),
  WEIR_STEP_TIMEOUT_MINUTES: wholeNumber(1, 1_000_000, 10),
  WEIR_MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824, 4_194_304),
  WEIR_MAX_BATCH_ROWS: wholeNumber(1, 1_000_000, 10_000),
  WEIR_MAX_PAGE_SIZE: wholeNumber(1, 10_000, 500),
  WEIR_MAX_DEPTH: wholeNumber(1, 1_000, 15),
  WEIR_MAX_ALIASES: wholeNumber(0, 10_000, 50),
  WEIR_MAX_COMPLEXITY: wholeNumber(1, 1_000_000_000, 200_000),
  WEIR_MAX_DIRECTIVES: wholeNumber(0, 10_000, 50),
  WEIR_MAX_FRAGMENTS: wholeNumber(1, 10_000, 200),
  WEIR_MAX_TOKENS: wholeNumber(100, 1_000_000, 20_000),
  WEIR_INTROSPECTION: z.enum(["on", "off"], "on or off").default("on"),
  WEIR_TRUSTED_DOCUMENTS: z.string().optional(),
  WEIR_MAX_CATCH_UPS: wholeNumber(1, 10_000, 4),
  WEIR_HANDSHAKE_TIMEOUT_SECONDS: wholeNumber(1, 300, 5),
  WEIR_HEADERS_TIMEOUT_SECONDS: wholeNumber(1, 300, 15),
  WEIR_REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 3_600, 120),
  WEIR_MAX_SOCKET_OPERATIONS: wholeNumber(1, 100_000, 100),
  WEIR_SOCKET_SILENCE_SECONDS: wholeNumber(30, 86_400, 300),
  WEIR_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 86_400, 30),
  WEIR_FAILING_AFTER: wholeNumber(1, 1_000_000, 3),
  WEIR_SEEDER_PARALLEL: wholeNumber(0, 100, 2),
  WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 604_800, 600),
  WEIR_SEEDER_RUN_TIMEOUT_MINUTES: wholeNumber(1, 1_000_000, 120),
  WEIR_SEEDER_COOLING_MINUTES: wholeNumber(1, 1_000_000, 30),
  WEIR_SEEDER_ROLE: z
    .string()
    .regex(/^[^"\0]{1,63}$/, "the name of a role, up to 63 characters without quotes")
    .optional(),
  WEIR_SEEDER_DATABASE_URL: databaseUrl,
  WEIR_SEEDER_MEMORY_MB: wholeNumber(1, 1_000_000, 64),
  WEIR_SEEDER_TEMPORARY_FILES_MB: wholeNumber(1, 1_000_000, 10_240),
  WEIR_DATABASES: z.string().optional(),
  WEIR_INSECURE: ONOFF.default("off"),
  WEIR_ADMIN_TOKEN_FILE: z.string().optional(),
  WEIR_JWT_JWKS_URL: httpUrl("a URL like https://login.example.org/jwks").optional(),
  WEIR_JWT_KEY_FILE: z.string().optional(),
  WEIR_JWT_ISSUER: z.string().optional(),
  WEIR_JWT_AUDIENCE: z.string().optional(),
  WEIR_JWT_ROLE_CLAIM: z.string().default("role"),
  WEIR_JWT_AGENCIES_CLAIM: z.string().optional(),
  WEIR_JWT_LEEWAY_SECONDS: wholeNumber(0, 3_600, 30),
  WEIR_TLS_CERT: z.string().optional(),
  WEIR_TLS_KEY: z.string().optional(),
  WEIR_TRUST_PROXY: wholeNumber(0, 10, 0),
  WEIR_MAX_TOKEN_SOCKETS: wholeNumber(1, 1_000_000, 10_000),
  WEIR_MAX_ADDRESS_SOCKETS: wholeNumber(1, 1_000_000, 10_000),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl("a URL like http://127.0.0.1:4318").optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl("a URL like http://127.0.0.1:4318/v1/traces").optional(),
  OTEL_SDK_DISABLED: z.enum(["true", "false"], "true or false").default("false"),
  WEIR_MAX_MUTATIONS_PER_SECOND: wholeNumber(0, 1_000_000, 0),
});

export type Config = Omit<z.infer<typeof settings>, "WEIR_DATABASES" | "WEIR_TRUSTED_DOCUMENTS"> & {
  /** The documents that may run; undefined: any. */
  readonly WEIR_TRUSTED_DOCUMENTS: TrustedDocuments | undefined;
  /** URLs of the databases besides the service's own in which reports are made, by id. */
  readonly WEIR_DATABASES: ReadonlyMap<number, string>;
};

/** Names of all settings, for the test that holds README's table against them. */
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
