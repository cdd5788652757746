import { z } from "zod";
import { readSecretKey } from "../resolvers/pipelines/credentials.ts";

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

/** The environment variables that are read, in the order and with the words of docs/settings.md, which is made of this. */
export const settings = z.object({
  DATABASE_URL: databaseUrl.describe(
    "PostgreSQL 15 to 18, `postgres://user:password@host:5432/database`. Without it the service starts its own in `WEIR_DATA_DIR`. Several instances may share one",
  ),
  WEIR_HOST: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, "an address or a name of this machine, like 0.0.0.0")
    .default("127.0.0.1")
    .describe(
      "Address to listen on. One of a network is refused until tokens or JWTs are configured: [access.md](access.md)",
    ),
  WEIR_PORT: wholeNumber(0, 65_535, 4000).describe("Port; `0` picks a free one"),
  WEIR_METRICS_PORT: wholeNumber(0, 65_535, 0)
    .removeDefault()
    .optional()
    .describe("Port of the metrics for Prometheus, at `/metrics`; `0` picks a free one. Absent: there are none"),
  WEIR_METRICS_HOST: z
    .string()
    .min(1, "an address")
    .default("127.0.0.1")
    .describe("Address of the metrics. They need no token: let nobody but Prometheus reach them"),
  WEIR_DATA_DIR: z.string().min(1, "a folder").default(".weir").describe("Folder of the service's own PostgreSQL"),
  WEIR_LOG_LEVEL: z
    .enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .describe(
      "What is logged: JSON lines, or lines for people where standard output is a terminal. `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`",
    ),
  WEIR_LOG_SLOW_MS: wholeNumber(0, 86_400_000, 1_000).describe(
    "Milliseconds from which on an operation has a line in the log at `info`; a quicker one has it at `debug`",
  ),
  WEIR_CORS_ORIGINS: z
    .string()
    .transform((value) =>
      value
        .split(",")
        .map((origin) => origin.trim())
        .filter((origin) => origin !== ""),
    )
    .refine((origins) => origins.every((origin) => URL.parse(origin)?.origin === origin), ORIGIN_ALLOWED)
    .default([])
    .describe("Origins of pages, besides the service's own, that may call it from a browser, separated by commas"),
  WEIR_DATABASE_CONNECTIONS: wholeNumber(1, 1_000, 10).describe(
    "Connections for queries and mutations; the feed has 2 of its own, and `WEIR_MAX_CATCH_UPS`",
  ),
  WEIR_PREPARED: z
    .enum(["on", "off"], "on or off")
    .default("on")
    .describe(
      "`off`: no statement is prepared, for a pooler that gives each transaction another session and does not know prepared statements (PgBouncer before 1.21 in transaction mode)",
    ),
  WEIR_RETENTION_DAYS: wholeNumber(1, 3_650, 7).describe(
    "Days that the feed and idempotency keys are kept. Histories are never deleted",
  ),
  WEIR_STUCK_STAGED_MINUTES: wholeNumber(1, 1_000_000, 60).describe(
    "A HL7 file that is staged for longer counts as stuck",
  ),
  WEIR_MAX_CLOCK_AHEAD_MINUTES: wholeNumber(1, 1_000_000, 60).describe(
    "A `processedAt` further ahead of the service's clock is refused: it would stay the latest status",
  ),
  WEIR_LONG_RUNNING_MINUTES: wholeNumber(1, 1_000_000, 20).describe(
    "A run of a pipeline or a report counts as long-running beyond this, and beyond twice the median of its last 20 successes",
  ),
  WEIR_SCHEDULER: z
    .enum(["on", "off"], "on or off")
    .default("on")
    .describe("`off`: this instance starts no due pipelines"),
  WEIR_MAX_SCHEDULED_RUNS: wholeNumber(1, 1_000_000, 100).describe(
    "Runs that the scheduler may have under way; what is due beyond waits, the oldest first. What is late by more than a minute or never ran, as after a long stop or an import, is started two a second",
  ),
  WEIR_SECRET_KEY: secretKey
    .optional()
    .describe(
      "Encrypts credentials: 32 random bytes in base64 or hex. Absent: the service makes one in its data directory when it has its own PostgreSQL, else it stores no credentials",
    ),
  WEIR_OLD_SECRET_KEYS: z
    .string()
    .transform((text) => text.split(",").map((key) => readSecretKey(key.trim())))
    .refine((keys) => keys.every((key) => key !== undefined), `keys separated by commas, each ${KEY_ALLOWED}`)
    .default([])
    .describe("Keys that were used before, separated by commas: what they encrypted stays readable"),
  WEIR_STEP_TIMEOUT_MINUTES: wholeNumber(1, 1_000_000, 10).describe(
    "A step of a document that is in progress for longer counts as stalled",
  ),
  WEIR_MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824, 4_194_304).describe("Longest request or WebSocket message"),
  WEIR_MAX_BATCH_ROWS: wholeNumber(1, 1_000_000, 10_000).describe("Rows of one batch mutation"),
  WEIR_MAX_PAGE_SIZE: wholeNumber(1, 10_000, 500).describe("Entries of one page"),
  WEIR_MAX_DEPTH: wholeNumber(1, 1_000, 15).describe("Levels of fields of an operation"),
  WEIR_MAX_ALIASES: wholeNumber(0, 10_000, 50).describe("Aliases of an operation"),
  WEIR_MAX_COMPLEXITY: wholeNumber(1, 1_000_000_000, 200_000).describe(
    "Fields that an operation may answer, each counted once for every entry of the pages around it",
  ),
  WEIR_MAX_DIRECTIVES: wholeNumber(0, 10_000, 50).describe("Directives of an operation"),
  WEIR_MAX_FRAGMENTS: wholeNumber(1, 10_000, 200).describe("Fragments of a document"),
  WEIR_MAX_TOKENS: wholeNumber(100, 1_000_000, 20_000).describe("Tokens of a document"),
  WEIR_INTROSPECTION: z
    .enum(["on", "off"], "on or off")
    .default("on")
    .describe("`off`: nobody can ask for the schema, and no error suggests a name of it"),
  WEIR_TRUSTED_DOCUMENTS: z
    .string()
    .optional()
    .describe(
      'JSON file `{"<id>": "query …"}` as a client\'s build writes it, like graphql-codegen\'s persisted documents. These documents alone run, by their text, by `documentId`, or by SHA-256 as Apollo\'s persisted queries send it',
    ),
  WEIR_MAX_CATCH_UPS: wholeNumber(1, 10_000, 4).describe(
    "Subscriptions that read missed changes at a time; the others wait their turn",
  ),
  WEIR_HANDSHAKE_TIMEOUT_SECONDS: wholeNumber(1, 300, 5).describe(
    "A WebSocket that has not sent `connection_init` by then is closed with 4408; one that does not answer a close by then is cut",
  ),
  WEIR_HEADERS_TIMEOUT_SECONDS: wholeNumber(1, 300, 15).describe(
    "A request whose headers are not there by then gets 408",
  ),
  WEIR_REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 3_600, 120).describe("The same for a whole request, its body included"),
  WEIR_MAX_SOCKET_OPERATIONS: wholeNumber(1, 100_000, 100).describe("Operations of one WebSocket at a time"),
  WEIR_SOCKET_SILENCE_SECONDS: wholeNumber(30, 86_400, 300).describe(
    "A WebSocket client that answers no ping for this long is cut off; it can resume",
  ),
  WEIR_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 86_400, 30).describe(
    "A statement that takes longer is cancelled; the caller gets `UNAVAILABLE`",
  ),
  WEIR_FAILING_AFTER: wholeNumber(1, 1_000_000, 3).describe("A report that failed so many times in a row is failing"),
  WEIR_SEEDER_PARALLEL: wholeNumber(0, 100, 2).describe(
    "Reports that this instance refreshes at once; `0`: it refreshes none",
  ),
  WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: wholeNumber(1, 604_800, 600).describe(
    "A refresh whose statement takes longer is cancelled, and an error",
  ),
  WEIR_SEEDER_RUN_TIMEOUT_MINUTES: wholeNumber(1, 1_000_000, 120).describe(
    "A run of a worker that reports no end within this time is ended as an error",
  ),
  WEIR_SEEDER_COOLING_MINUTES: wholeNumber(1, 1_000_000, 30).describe(
    "A report that failed five times in a row is left alone for this long",
  ),
  WEIR_SEEDER_ROLE: z
    .string()
    .regex(/^[^"\0]{1,63}$/, "the name of a role, up to 63 characters without quotes")
    .optional()
    .describe(
      "Name of the login that the service makes for reports; absent: the database's name with `_reports`. A role that somebody else has made is not taken",
    ),
  WEIR_SEEDER_DATABASE_URL: databaseUrl.describe(
    "URL of the service's database for a login that you have made for reports; then the service makes none. It gets the rights that [reports.md](reports.md) tells of",
  ),
  WEIR_SEEDER_MEMORY_MB: wholeNumber(1, 1_000_000, 64).describe(
    "Memory of one sort or hash of a report, beyond which it uses temporary files",
  ),
  WEIR_SEEDER_TEMPORARY_FILES_MB: wholeNumber(1, 1_000_000, 10_240).describe(
    "Most temporary files of one report; holds where the service's user may set `temp_file_limit`",
  ),
  WEIR_DATABASES: z
    .string()
    .optional()
    .describe(
      'JSON file of the databases, besides the service\'s own (1), in which reports are made: `{"2": {"url": "postgres://user@host:5432/database", "passwordEnv": "NAME"}}`; `passwordEnv` names the variable that holds the password. Their users need `CREATE` on the schema `reporting`, or on the database',
    ),
  WEIR_INSECURE: ONOFF.default("off").describe(
    "`on`, or `weir serve --insecure`: listens to a network without asking for tokens, and says so",
  ),
  WEIR_ADMIN_TOKEN_FILE: z
    .string()
    .optional()
    .describe(
      "File with a token of one line, 32 characters or more, whose holder is ADMIN. Read anew on SIGHUP: what was opened with the old one ends",
    ),
  WEIR_JWT_JWKS_URL: httpUrl("a URL like https://login.example.org/jwks")
    .optional()
    .describe(
      "Where an identity provider has its keys: JWTs that it signed are taken. They need an expiry and a subject",
    ),
  WEIR_JWT_KEY_FILE: z
    .string()
    .optional()
    .describe("Instead: a file with its public key (PEM), or with a shared secret of 32 bytes or more"),
  WEIR_JWT_ISSUER: z.string().optional().describe("The issuer that JWTs have to name"),
  WEIR_JWT_AUDIENCE: z.string().optional().describe("The audience that JWTs have to name"),
  WEIR_JWT_ROLE_CLAIM: z
    .string()
    .default("role")
    .describe("The claim with the role, by its name or by its path with dots; of several roles the highest"),
  WEIR_JWT_AGENCIES_CLAIM: z
    .string()
    .optional()
    .describe("The claim with the agencies; `*` in it: all; a JWT without the claim sees none. Unset: all"),
  WEIR_JWT_LEEWAY_SECONDS: wholeNumber(0, 3_600, 30).describe("Seconds by which clocks may differ"),
  WEIR_TLS_CERT: z
    .string()
    .optional()
    .describe("File with the certificate and its chain (PEM): the service speaks TLS. Read anew on SIGHUP"),
  WEIR_TLS_KEY: z.string().optional().describe("File with the certificate's key (PEM)"),
  WEIR_TRUST_PROXY: wholeNumber(0, 10, 0).describe("Proxies in front, whose `X-Forwarded-For` is believed"),
  WEIR_MAX_TOKEN_SOCKETS: wholeNumber(1, 1_000_000, 10_000).describe(
    "WebSockets that one token may have open with an instance",
  ),
  WEIR_MAX_ADDRESS_SOCKETS: wholeNumber(1, 1_000_000, 10_000).describe(
    "WebSockets that one address may have open with an instance",
  ),
  WEIR_MAX_MUTATIONS_PER_SECOND: wholeNumber(0, 1_000_000, 0).describe(
    "Mutations a second of one token with an instance, beyond which it gets `UNAVAILABLE`; `0`: without limit",
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl("a URL like http://127.0.0.1:4318")
    .optional()
    .describe(
      "Where traces go, by OTLP over HTTP (JSON): spans of operations, of their root fields, of statements and of deliveries, below the `traceparent` that was sent. OpenTelemetry's other variables count: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY`…",
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl("a URL like http://127.0.0.1:4318/v1/traces")
    .optional()
    .describe("The same, for traces alone: the whole URL"),
  OTEL_SDK_DISABLED: z
    .enum(["true", "false"], "true or false")
    .default("false")
    .describe("`true`: no traces, whatever else is set"),
});
