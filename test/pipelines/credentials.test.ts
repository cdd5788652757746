import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { type JsonObject, readSecretKey } from "../../src/resolvers/pipelines/credentials.ts";
import { maskSecrets, restoreSecrets } from "../../src/resolvers/pipelines/masking.ts";
import { readConfig } from "../../src/server/config.ts";
import { openKeyring } from "../../src/server/secret-key.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPipeline, setStages, triggerRun } from "../support/pipelines.ts";
import { ask, collect, connect, post, startService } from "../support/service.ts";

const newKey = () => randomBytes(32).toString("base64");
const idOf = (key: string) => readSecretKey(key)?.id ?? "";
const OFF = { WEIR_SCHEDULER: "off" };

const CREDS = {
  host: "erp.internal",
  port: 5432,
  user: "loader",
  password: "hunter2",
  options: { api_key: "hunter2", tries: 3 },
};
const MASKED = { ...CREDS, password: "********", options: { api_key: "********", tries: 3 } };
const CREATE = "mutation ($input: SourceInput!) { createSource(input: $input) { id sourceName sourceCreds } }";
const UPDATE =
  "mutation ($name: String!, $input: SourceInput!) { updateSource(sourceName: $name, input: $input) { sourceName sourceCreds } }";
const READ = "query ($name: String!) { source(sourceName: $name) { sourceCreds } }";
const source = (sourceName: string, sourceCreds: object) => ({ sourceName, sourceType: "postgres", sourceCreds });

describe("a secret value", () => {
  it.each<[JsonObject]>([
    [{ password: "LEAK", PASSWD: "LEAK", client_secret: "LEAK", credentials: { user: "LEAK" }, auth_header: "LEAK" }],
    // Names that no list of secrets has.
    [
      {
        pin: 700700,
        sas: "LEAK",
        dsn: "h LEAK",
        connectionString: "LEAK",
        ssh: { identity: "LEAK" },
        cookie: ["LEAK"],
        x: "LEAK",
      },
    ],
    [
      {
        url: "https://u:LEAK@crm.internal/",
        uri: "https://LEAK@crm.internal",
        endpoint: "https://hooks.internal/LEAK",
      },
    ],
    [{ url: "https://h/?LEAK", baseUrl: "LEAK", instance_url: "https://h/#LEAK", server: "u:LEAK@h" }],
    [{ host: "postgres://u:LEAK/10@h/db", database: "host=h password=LEAK", hosts: [{ token: 700700 }, "u:LEAK@h"] }],
    [{ user: "jdbc:mysql://u:LEAK@h/db", schema: { x: "LEAK" } }],
  ])("is not shown of %j", (creds) => {
    expect(JSON.stringify(maskSecrets(creds))).not.toMatch(/LEAK|700700/);
  });

  it("in a list is kept with the whole list alone", () => {
    const stored = {
      hosts: [
        { host: "a", password: "PA" },
        { host: "b", password: "PB" },
      ],
    };
    expect(restoreSecrets(maskSecrets(stored), stored, "creds")).toEqual(stored);
    const moved = { hosts: [{ host: "b", password: "********" }] };
    expect(() => restoreSecrets(moved, stored, "creds")).toThrow("creds.hosts[0].password is ********");
  });

  it("that is sent in the wrong form is not repeated by the error", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, OFF);
    const query =
      'mutation ($creds: JSONObject!) { createSource(input: { sourceName: "a", sourceType: "b", sourceCreds: $creds }) { id } }';
    const { errors } = await post(app.url, query, { creds: "postgres://u:LEAK@h" });
    expect(errors?.[0]?.message).toContain("A JSON object is expected, not a string.");
    expect(JSON.stringify(errors)).not.toContain("LEAK");
  });

  it("is told from what says where, as whom and how one connects", () => {
    const plain = {
      host: "https://erp.internal",
      port: 5432,
      DbName: "erp",
      "user-name": "u",
      url: "https://crm.internal:8443/",
      hosts: ["h1:1", "h2:2"],
      options: { ssl: true, connect_timeout: 5, anything: null, other: false },
    };
    expect(maskSecrets(plain)).toEqual(plain);
    expect(maskSecrets({ password: null })).toEqual({ password: null });
  });
});

describe("credentials", () => {
  it("are encrypted at rest, and masked in every answer, change and log line", async () => {
    await using database = await createTestDatabase();
    const lines: string[] = [];
    const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
    await using app = await startService(database.url, { ...OFF, WEIR_SECRET_KEY: newKey() }, log);
    const { client } = connect(app.url);
    const { liveCursor } = await ask<{ liveCursor: string }>(app.url, "{ liveCursor }");
    const changes = collect(
      client,
      "subscription ($after: Cursor) { changes(after: $after) { ... on PipelineChange { pipeline { source { sourceCreds } } } } }",
      { after: liveCursor },
    );
    const { createSource } = await ask(app.url, CREATE, { input: source("erp", CREDS) });
    expect(createSource).toMatchObject({
      sourceCreds: MASKED,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
    });
    expect(await ask(app.url, "{ sources { sourceName sourceCreds } }")).toEqual({
      sources: [{ sourceName: "erp", sourceCreds: MASKED }],
    });
    await createPipeline(app.url, "t", { sourceName: "erp" });
    await changes.until((items) => items.length === 1);
    expect(changes.items).toEqual([{ pipeline: { source: { sourceCreds: MASKED } } }]);
    const errors = [
      await post(app.url, CREATE, { input: source("erp", CREDS) }),
      await post(app.url, UPDATE, { name: "gone", input: source("gone", CREDS) }),
      await post(app.url, CREATE, { input: { ...source("x", CREDS), sourceType: " " } }),
    ];
    expect(errors.map((answer) => answer.errors?.[0]?.extensions.code)).toEqual([
      "CONFLICT",
      "NOT_FOUND",
      "BAD_USER_INPUT",
    ]);
    const stored =
      await database.sql`select source_creds, (select string_agg(c."row"::text, '') from weir.change c) as changes from pipeline.sources_config`;
    for (const text of [JSON.stringify(stored), JSON.stringify(errors), ...lines])
      expect(text).not.toContain("hunter2");
    await client.dispose();
  });

  it("keep what is sent back as ********, replace what is not, and refuse ******** for what is not stored", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { ...OFF, WEIR_SECRET_KEY: newKey() });
    await setStages(app.url);
    await ask(app.url, CREATE, { input: source("erp", CREDS) });
    await createPipeline(app.url, "t", { sourceName: "erp" });
    await ask(app.url, UPDATE, {
      name: "erp",
      input: source("erp 2", { ...MASKED, host: "new", options: { api_key: "new", tries: 4 } }),
    });
    await triggerRun(app.url, "t");
    const { claimStage } = await ask(
      app.url,
      'mutation { claimStage(driverContainer: "source_driver", worker: "w") { sourceCreds destinationCreds } }',
    );
    // A heartbeat tells nothing: the worker's name is no secret.
    const beat = 'mutation { heartbeatStage(runId: 1, stageOrder: 1, worker: "w") { sourceCreds } }';
    expect(await ask(app.url, beat)).toEqual({ heartbeatStage: { sourceCreds: null } });
    // In clear to the lease holder: the pipeline found its source under the new name.
    expect(claimStage).toEqual({
      sourceCreds: { ...CREDS, host: "new", options: { api_key: "new", tries: 4 } },
      destinationCreds: null,
    });
    const wrong = await post(app.url, UPDATE, {
      name: "erp 2",
      input: source("erp 2", { ...MASKED, token: "********" }),
    });
    expect(wrong.errors?.[0]).toMatchObject({
      extensions: { code: "BAD_USER_INPUT" },
      message: expect.stringContaining("input.sourceCreds.token"),
    });
    const made = await post(app.url, CREATE, { input: source("other", MASKED) });
    expect(made.errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
  });

  it("stay readable when the key is rotated; a wrong key gives an error with its id and overwrites nothing", async () => {
    await using database = await createTestDatabase();
    const [first, second, third] = [newKey(), newKey(), newKey()];
    {
      await using app = await startService(database.url, { ...OFF, WEIR_SECRET_KEY: first });
      await ask(app.url, CREATE, { input: source("a", CREDS) });
      await ask(app.url, CREATE, { input: source("b", CREDS) });
    }
    {
      await using app = await startService(database.url, {
        ...OFF,
        WEIR_SECRET_KEY: second,
        WEIR_OLD_SECRET_KEYS: first,
      });
      expect(await ask(app.url, READ, { name: "a" })).toEqual({ source: { sourceCreds: MASKED } });
      await ask(app.url, UPDATE, { name: "b", input: source("b", MASKED) });
    }
    {
      await using app = await startService(database.url, { ...OFF, WEIR_SECRET_KEY: second });
      expect(await ask(app.url, READ, { name: "b" })).toEqual({ source: { sourceCreds: MASKED } });
      const before = await database.sql`select * from pipeline.sources_config order by source_name`;
      const { sources } = await ask<{ sources: { sourceCreds: { unreadable?: string } }[] }>(
        app.url,
        "{ sources { sourceCreds } }",
      );
      expect(sources).toEqual([
        { sourceCreds: { unreadable: expect.stringMatching(`key ${idOf(first)}.*WEIR_OLD_SECRET_KEYS`) } },
        { sourceCreds: MASKED },
      ]);
      const answers = [
        await post(app.url, UPDATE, { name: "a", input: source("a", MASKED) }),
        await post(app.url, UPDATE, { name: "a", input: source("a", { host: "x" }) }),
      ];
      for (const { errors } of answers) {
        expect(errors?.[0]).toMatchObject({
          extensions: { code: "CONFLICT" },
          message: expect.stringContaining(`key ${idOf(first)}`),
        });
        expect(errors?.[0]?.message).toContain("WEIR_OLD_SECRET_KEYS");
      }
      expect(await database.sql`select * from pipeline.sources_config order by source_name`).toEqual(before);
    }
    await using app = await startService(database.url, {
      ...OFF,
      WEIR_SECRET_KEY: third,
      WEIR_OLD_SECRET_KEYS: `${second}, ${first}`,
    });
    expect(await ask(app.url, "{ sources { sourceCreds } }")).toEqual({
      sources: [{ sourceCreds: MASKED }, { sourceCreds: MASKED }],
    });
  });

  it("that a direct writer stored as plain JSON are read, masked, and encrypted by the next write", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { ...OFF, WEIR_SECRET_KEY: newKey() });
    await database.sql`insert into pipeline.sources_config (id, source_name, source_type, source_creds)
      values ('1', 'plain', 'postgres', ${JSON.stringify(CREDS)}), ('2', 'none', 'postgres', null), ('3', 'rubbish', 'postgres', 'host=x password=hunter2')`;
    expect(await ask(app.url, READ, { name: "plain" })).toEqual({ source: { sourceCreds: MASKED } });
    expect(await ask(app.url, READ, { name: "none" })).toEqual({ source: { sourceCreds: {} } });
    const rubbish = await ask(app.url, "{ sources { sourceName sourceCreds } }");
    const why = {
      unreadable: "The credentials of the source rubbish are neither JSON nor encrypted by Weir. Write them anew.",
    };
    expect(rubbish).toEqual({
      sources: [
        { sourceName: "none", sourceCreds: {} },
        { sourceName: "plain", sourceCreds: MASKED },
        { sourceName: "rubbish", sourceCreds: why },
      ],
    });
    // What is shown instead of them is not stored as if it were them.
    const back = await post(app.url, UPDATE, { name: "rubbish", input: source("rubbish", why) });
    expect(back.errors?.[0]).toMatchObject({
      extensions: { code: "BAD_USER_INPUT" },
      message: expect.stringContaining("input.sourceCreds.unreadable"),
    });
    // As the program that the table comes from encrypts them.
    await database.sql`update pipeline.sources_config set source_creds = 'gAAAAABlpQ0AAAAAAAAAAAAAAAAAAAAAAAAAAA==' where id = '3'`;
    expect(await ask(app.url, READ, { name: "rubbish" })).toEqual({ source: { sourceCreds: why } });
    await ask(app.url, UPDATE, { name: "plain", input: source("plain", MASKED) });
    const [row] = await database.sql`select source_creds from pipeline.sources_config where id = '1'`;
    expect(row?.["source_creds"]).toMatch(/^eyJ/);
    expect(await ask(app.url, READ, { name: "plain" })).toEqual({ source: { sourceCreds: MASKED } });
  });

  it("are not stored by a service without a key", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, OFF);
    const { errors } = await post(app.url, CREATE, { input: source("a", CREDS) });
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "CONFLICT" },
      message: expect.stringContaining("WEIR_SECRET_KEY"),
    });
    expect(await ask(app.url, "{ sources { id } }")).toEqual({ sources: [] });
  });
});

describe("the key of a service with its own PostgreSQL", () => {
  it("is made once in its data directory, for its owner's eyes", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "weir-key-"));
    await chmod(folder, 0o755);
    const config = readConfig({ WEIR_DATA_DIR: path.join(folder, "data") });
    const [one, other] = await Promise.all([openKeyring(config), openKeyring(config)]);
    expect(one.current?.id).toBe(other.current?.id);
    const file = path.join(folder, "data/secret.key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(idOf((await readFile(file, "utf8")).trim())).toBe(one.current?.id);
    await writeFile(file, "rubbish");
    await expect(openKeyring(config)).rejects.toThrow(/secret\.key is no key/);
    await rm(folder, { recursive: true });
  });
});
