import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, readConfig, SETTING_NAMES } from "../../src/server/config.ts";
import { createTestDatabase, serverUrl } from "../support/database.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-config-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command line until it ends, in a folder of its own, with nothing in its environment but this. */
async function weir(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [path.resolve("bin/weir.js"), ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { out, err, code: code as number | null };
}

/** The one line of a start that was refused. */
async function refusal(settings: Readonly<Record<string, string>>, exitCode = 2): Promise<string> {
  const { out, err, code } = await weir(["serve"], settings);
  expect({
    code,
    out: out
      .split("\n")
      .filter((line) => !line.includes('"level":30'))
      .join(""),
  }).toEqual({ code: exitCode, out: "" });
  expect(err).toMatch(/^[^\n]+\n$/);
  return err;
}

const COUNT = /allowed: a whole number from \d+ to \d+\.$/m;
function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** For each setting a value that can't be used, and what the line says is allowed. */
const WRONG: Readonly<Record<string, readonly [value: string, allowed: RegExp]>> = {
  WEIR_HOST: ["a host", /allowed: an address or a name of this machine/],
  WEIR_LOG_SLOW_MS: ["never", COUNT],
  WEIR_MAX_DIRECTIVES: ["10001", COUNT],
  WEIR_MAX_FRAGMENTS: ["0", COUNT],
  WEIR_MAX_TOKENS: ["99", COUNT],
  WEIR_MAX_CATCH_UPS: ["0", COUNT],
  WEIR_HANDSHAKE_TIMEOUT_SECONDS: ["0", COUNT],
  WEIR_HEADERS_TIMEOUT_SECONDS: ["301", COUNT],
  WEIR_REQUEST_TIMEOUT_SECONDS: ["0", COUNT],
  WEIR_INTROSPECTION: ["maybe", /allowed: on or off\.$/m],
  WEIR_PORT: ["65536", /allowed: a whole number from 0 to 65535\.$/m],
  WEIR_METRICS_PORT: ["65536", /allowed: a whole number from 0 to 65535\.$/m],
  WEIR_LOG_LEVEL: ["verbose", /allowed: one of trace, debug, info, warn, error, fatal, silent\.$/m],
  WEIR_CORS_ORIGINS: ["https://example.org/path", /allowed: origins like https:\/\/dashboard\.example\.org/],
  WEIR_DATABASE_CONNECTIONS: ["0", COUNT],
  WEIR_PREPARED: ["no", /allowed: on or off\.$/m],
  WEIR_RETENTION_DAYS: ["1.5", COUNT],
  WEIR_STUCK_STAGED_MINUTES: ["-1", COUNT],
  WEIR_MAX_CLOCK_AHEAD_MINUTES: ["0", COUNT],
  WEIR_LONG_RUNNING_MINUTES: ["0", COUNT],
  WEIR_SCHEDULER: ["no", /allowed: on or off\.$/m],
  WEIR_MAX_SCHEDULED_RUNS: ["0", COUNT],
  WEIR_STEP_TIMEOUT_MINUTES: ["0", COUNT],
  WEIR_MAX_BODY_BYTES: ["1MB", COUNT],
  WEIR_MAX_BATCH_ROWS: ["1e3", COUNT],
  WEIR_MAX_PAGE_SIZE: ["ten", COUNT],
  WEIR_MAX_DEPTH: ["0", COUNT],
  WEIR_MAX_ALIASES: ["99999999999999999999", COUNT],
  WEIR_MAX_COMPLEXITY: ["Infinity", COUNT],
  WEIR_MAX_SOCKET_OPERATIONS: ["0x10", COUNT],
  WEIR_SOCKET_SILENCE_SECONDS: ["29", COUNT],
  WEIR_STATEMENT_TIMEOUT_SECONDS: ["30s", COUNT],
  WEIR_FAILING_AFTER: ["0", COUNT],
  WEIR_SEEDER_PARALLEL: ["101", COUNT],
  WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: ["0", COUNT],
  WEIR_SEEDER_RUN_TIMEOUT_MINUTES: ["2h", COUNT],
  WEIR_SEEDER_COOLING_MINUTES: ["-", COUNT],
  WEIR_SEEDER_ROLE: ['"', /allowed: the name of a role, up to 63 characters without quotes\.$/m],
  WEIR_SEEDER_MEMORY_MB: ["64MB", COUNT],
  WEIR_SEEDER_TEMPORARY_FILES_MB: ["0", COUNT],
  WEIR_INSECURE: ["yes", /allowed: on or off\.$/m],
  WEIR_JWT_JWKS_URL: ["login.example.org", /allowed: a URL like https:/],
  WEIR_JWT_LEEWAY_SECONDS: ["-1", COUNT],
  WEIR_TRUST_PROXY: ["on", COUNT],
  WEIR_MAX_TOKEN_SOCKETS: ["0", COUNT],
  WEIR_MAX_ADDRESS_SOCKETS: ["0", COUNT],
  WEIR_MAX_MUTATIONS_PER_SECOND: ["1.5", COUNT],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["collector:4318", /allowed: a URL like http:/],
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ["collector", /allowed: a URL like http:/],
  OTEL_SDK_DISABLED: ["1", /allowed: true or false\.$/m],
};
/** Settings that take any text, or whose value is not shown. */
const APART = [
  "DATABASE_URL",
  "WEIR_SEEDER_DATABASE_URL",
  "WEIR_DATA_DIR",
  "WEIR_METRICS_HOST",
  "WEIR_DATABASES",
  "WEIR_TRUSTED_DOCUMENTS",
  "WEIR_SECRET_KEY",
  "WEIR_OLD_SECRET_KEYS",
  "WEIR_ADMIN_TOKEN_FILE",
  "WEIR_JWT_KEY_FILE",
  "WEIR_JWT_ISSUER",
  "WEIR_JWT_AUDIENCE",
  "WEIR_JWT_ROLE_CLAIM",
  "WEIR_JWT_AGENCIES_CLAIM",
  "WEIR_TLS_CERT",
  "WEIR_TLS_KEY",
];

function expectNamed(line: string, name: string): void {
  const [value, allowed] = WRONG[name] ?? ["", /nothing/];
  expect(line.startsWith(`${name} is ${JSON.stringify(value)}; `)).toBe(true);
  expect(line).toMatch(allowed);
}

describe("weir serve ends with 2 and one line that names variable, value and what is allowed", () => {
  // A process each would take a second each; the line is the error's message.
  it.each(["WEIR_HOST", "WEIR_MAX_PAGE_SIZE"])("for a wrong %s", async (name) => {
    expectNamed(await refusal({ [name]: WRONG[name]?.[0] ?? "" }), name);
  });

  it.each(Object.keys(WRONG))("whose text is right for %s", (name) => {
    const message = messageOf(() => readConfig({ [name]: WRONG[name]?.[0] }));
    expect(message).not.toContain("\n");
    expectNamed(message, name);
  });

  it("and there is such a case for every setting", () => {
    expect([...Object.keys(WRONG), ...APART].toSorted()).toEqual(SETTING_NAMES.toSorted());
  });

  it("for a DATABASE_URL that is none, of which it shows nothing: it may hold a password", async () => {
    const lines = [
      await refusal({ DATABASE_URL: "mysql://weir:hunter2@db/weir" }),
      messageOf(() => readConfig({ DATABASE_URL: "weir:hunter2@db" })),
    ];
    for (const line of lines) {
      expect(line).toMatch(/^DATABASE_URL is not such a URL; allowed: a URL like postgres:/);
      expect(line).not.toContain("hunter2");
    }
  });
});

describe("a wrong secret key", () => {
  it.each([
    ["WEIR_SECRET_KEY", "hunter2"],
    ["WEIR_SECRET_KEY", Buffer.alloc(31).toString("base64")],
    ["WEIR_OLD_SECRET_KEYS", `${Buffer.alloc(32, 1).toString("base64")},hunter2`],
  ])("in %s is not shown", (name, value) => {
    const message = messageOf(() => readConfig({ [name]: value }));
    expect(message).toMatch(
      new RegExp(`^${name} is no (key|list of keys); allowed: .*32 random bytes in base64 or hex`),
    );
    expect(message).not.toContain("hunter2");
  });
});

describe("weir serve ends with one line", () => {
  it("when the port is in use", async () => {
    await using database = await createTestDatabase();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const line = await refusal({ WEIR_PORT: String(port), DATABASE_URL: database.url });
    expect(line).toMatch(new RegExp(`^Port ${port} is in use .*WEIR_PORT`));
    taken.close();
  });

  it("when the database does not exist, refuses the user, or can't be reached; no line shows the password", async () => {
    const wrong = new URL(serverUrl());
    wrong.password = "hunter2";
    const gone = new URL(serverUrl());
    gone.host = "127.0.0.1:1";
    gone.password = "hunter2";
    const lines = await Promise.all([
      refusal({ DATABASE_URL: serverUrlOf("no_such_database") }),
      refusal({ DATABASE_URL: wrong.href }),
      refusal({ DATABASE_URL: gone.href }, 1),
    ]);
    expect(lines[0]).toContain("does not exist");
    expect(lines[1]).toContain("refused the user or password");
    expect(lines[2]).toContain("can't be reached");
    const secret = decodeURIComponent(new URL(serverUrl()).password);
    for (const line of lines) for (const word of ["hunter2", secret]) expect(line).not.toContain(word);
  });

  it("when the data directory is a file", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    expect(await refusal({ WEIR_DATA_DIR: file }, 1)).toContain(file);
  });

  function serverUrlOf(database: string): string {
    const url = new URL(serverUrl());
    url.pathname = `/${database}`;
    return url.href;
  }
});

describe("the command line", () => {
  it("tells its commands by help and by --help", async () => {
    const runs = await Promise.all([weir(["help"]), weir(["serve", "--help"])]);
    for (const { out, err, code } of runs) {
      expect({ err, code }).toEqual({ err: "", code: 0 });
      expect(out).toContain("weir serve");
    }
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8"));
    for (const word of ["version", "--version"])
      expect(await weir([word])).toEqual({ out: `${version}\n`, err: "", code: 0 });
  });

  it("refuses an unknown command or flag with 2 and one line that leads to help", async () => {
    const runs = await Promise.all([weir(["server"]), weir(["--port=1"])]);
    for (const { out, err, code } of runs) {
      expect({ out, code }).toEqual({ out: "", code: 2 });
      expect(err).toMatch(/^[^\n]+Try: weir help\n$/);
    }
    expect(runs[0]?.err).toContain("server");
    expect(runs[1]?.err).toContain("--port");
  });
});

describe("the settings", () => {
  it("have these defaults; an empty variable counts as absent", () => {
    const defaults = {
      WEIR_LOG_SLOW_MS: 1_000,
      WEIR_MAX_DIRECTIVES: 50,
      WEIR_MAX_FRAGMENTS: 200,
      WEIR_MAX_TOKENS: 20_000,
      WEIR_MAX_CATCH_UPS: 4,
      WEIR_HANDSHAKE_TIMEOUT_SECONDS: 5,
      WEIR_HEADERS_TIMEOUT_SECONDS: 15,
      WEIR_REQUEST_TIMEOUT_SECONDS: 120,
      WEIR_INTROSPECTION: "on",
      WEIR_TRUSTED_DOCUMENTS: undefined,
      WEIR_HOST: "127.0.0.1",
      WEIR_PORT: 4000,
      WEIR_DATA_DIR: ".weir",
      WEIR_METRICS_HOST: "127.0.0.1",
      WEIR_LOG_LEVEL: "info",
      WEIR_CORS_ORIGINS: [],
      WEIR_DATABASE_CONNECTIONS: 10,
      WEIR_PREPARED: "on",
      WEIR_RETENTION_DAYS: 7,
      WEIR_STUCK_STAGED_MINUTES: 60,
      WEIR_MAX_CLOCK_AHEAD_MINUTES: 60,
      WEIR_LONG_RUNNING_MINUTES: 20,
      WEIR_SCHEDULER: "on",
      WEIR_MAX_SCHEDULED_RUNS: 100,
      WEIR_OLD_SECRET_KEYS: [],
      WEIR_STEP_TIMEOUT_MINUTES: 10,
      WEIR_MAX_BODY_BYTES: 4_194_304,
      WEIR_MAX_BATCH_ROWS: 10_000,
      WEIR_MAX_PAGE_SIZE: 500,
      WEIR_MAX_DEPTH: 15,
      WEIR_MAX_ALIASES: 50,
      WEIR_MAX_COMPLEXITY: 200_000,
      WEIR_MAX_SOCKET_OPERATIONS: 100,
      WEIR_SOCKET_SILENCE_SECONDS: 300,
      WEIR_STATEMENT_TIMEOUT_SECONDS: 30,
      WEIR_FAILING_AFTER: 3,
      WEIR_SEEDER_PARALLEL: 2,
      WEIR_SEEDER_STATEMENT_TIMEOUT_SECONDS: 600,
      WEIR_SEEDER_RUN_TIMEOUT_MINUTES: 120,
      WEIR_SEEDER_COOLING_MINUTES: 30,
      WEIR_SEEDER_MEMORY_MB: 64,
      WEIR_SEEDER_TEMPORARY_FILES_MB: 10_240,
      WEIR_DATABASES: new Map(),
      WEIR_INSECURE: "off",
      WEIR_JWT_ROLE_CLAIM: "role",
      WEIR_JWT_LEEWAY_SECONDS: 30,
      WEIR_TRUST_PROXY: 0,
      WEIR_MAX_TOKEN_SOCKETS: 10_000,
      WEIR_MAX_ADDRESS_SOCKETS: 10_000,
      WEIR_MAX_MUTATIONS_PER_SECOND: 0,
      OTEL_SDK_DISABLED: "false",
    };
    expect(readConfig({})).toEqual(defaults);
    expect(readConfig(Object.fromEntries(SETTING_NAMES.map((name) => [name, ""])))).toEqual(defaults);
  });

  it.each([
    ["DATABASE_URL", "postgresql://db.example.org/weir", "postgresql://db.example.org/weir"],
    ["WEIR_HOST", "::1", "::1"],
    ["WEIR_PORT", "0", 0],
    [
      "WEIR_CORS_ORIGINS",
      " https://a.example.org , http://localhost:5173,",
      ["https://a.example.org", "http://localhost:5173"],
    ],
    ["WEIR_MAX_ALIASES", "0", 0],
  ])("take for %s the value %j", (name, value, read) => {
    expect(readConfig({ [name]: value })).toMatchObject({ [name]: read });
  });

  it.each([
    ["WEIR_PORT", " 4000"],
    ["WEIR_PORT", "+1"],
    ["WEIR_PORT", "٤"],
    ["WEIR_HOST", "0.0.0.0/0"],
    ["WEIR_LOG_LEVEL", "INFO"],
    ["WEIR_CORS_ORIGINS", "*"],
    ["WEIR_CORS_ORIGINS", "null"],
    ["WEIR_CORS_ORIGINS", "https://a.example.org,example.org"],
    ["DATABASE_URL", "postgres"],
  ])("refuse for %s the value %j", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
  });

  it("stand in docs/settings.md, each with its default and what it means, and nothing else stands there", async () => {
    const page = await readFile("docs/settings.md", "utf8");
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.+) \|$/gm)];
    expect(rows.map(([, name]) => name)).toEqual(SETTING_NAMES);
    const config: Readonly<Record<string, unknown>> = readConfig({});
    for (const [, name = "", preset] of rows) {
      const value = config[name];
      // A list or a map without entries is as good as none.
      const expected = typeof value === "string" || typeof value === "number" ? `\`${value}\`` : "none";
      expect({ name, preset }).toEqual({ name, preset: expected });
    }
  });
});
