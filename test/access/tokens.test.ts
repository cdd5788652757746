import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createMutationRate } from "../../src/resolvers/access/rate.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase } from "../support/database.ts";
import { ask, post, startService } from "../support/service.ts";

const CREATE = `mutation ($input: ApiTokenInput!) {
  createApiToken(input: $input) { secret token { id name role agencySlugs systems driverContainers expiresAt lastUsedAt revokedAt } }
}`;
const LIST = "{ apiTokens { id name role lastUsedAt revokedAt } }";

interface Created {
  readonly createApiToken: { readonly secret: string; readonly token: { readonly id: string } };
}

/** What others do to tokens is noticed within 5 seconds. */
async function soon(act: () => Promise<unknown>, expected: unknown): Promise<void> {
  await expect.poll(act, { timeout: 5_000, interval: 50 }).toEqual(expected);
}

describe("a service without tokens", () => {
  it("lets everyone on this machine do everything, as nobody", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    expect(await ask(app.url, "{ viewer { name } apiTokens { id } }")).toEqual({ viewer: null, apiTokens: [] });
  });

  it("asks for one as soon as the first is made, by whomever, on every instance", async () => {
    await using database = await createTestDatabase();
    await using one = await startService(database.url);
    await using other = await startService(database.url);
    const { createApiToken } = await ask<Created>(one.url, CREATE, { input: { name: "first", role: "ADMIN" } });
    for (const { url } of [one, other]) await soon(async () => (await post(url, "{ liveCursor }")).status, 401);
    const { data } = await post(other.url, "{ viewer { name role } }", {}, bearer(createApiToken.secret));
    expect(data).toEqual({ viewer: { name: "first", role: "ADMIN" } });
  });

  it("asks for one also when it was started after the last was revoked", async () => {
    await using database = await createTestDatabase();
    await makeToken(database, { name: "gone", role: "ADMIN" });
    await database.sql`update weir.api_tokens set revoked_at = now()`;
    await using app = await startService(database.url);
    expect(await post(app.url, "{ liveCursor }")).toMatchObject({
      status: 401,
      errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
    });
  });
});

describe("a token", () => {
  it("is random, told once, and kept as a hash alone", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { createApiToken } = await ask<Created>(app.url, CREATE, { input: { name: "a", role: "ADMIN" } });
    expect(createApiToken.secret).toMatch(/^weir_[\w-]{43}$/);
    const [row] = await database.sql`select t::text as "text" from weir.api_tokens t`;
    expect(row?.["text"]).not.toContain(createApiToken.secret.slice(5));
    const { data } = await post(app.url, LIST, {}, bearer(createApiToken.secret));
    expect(JSON.stringify(data)).not.toContain(createApiToken.secret);
  });

  it.each([
    ["has no name", { name: "" }],
    ["has a name with a colon, as JWTs have", { name: "jwt:me" }],
    ["is an ADMIN with a limit", { role: "ADMIN", agencySlugs: ["north"] }],
    ["has expired already", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["is for no system", { systems: [] }],
  ])("is refused when it %s", async (_what, wrong) => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const { errors } = await post(app.url, CREATE, { input: { name: "a", role: "VIEWER", ...wrong } });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    expect(await database.sql`select 1 from weir.api_tokens`).toHaveLength(0);
  });

  it("has a name that no other has, until it is revoked", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url);
    const first = await ask<Created>(app.url, CREATE, { input: { name: "a", role: "ADMIN" } });
    const admin = bearer(first.createApiToken.secret);
    const b = await post<Created>(app.url, CREATE, { input: { name: "b", role: "VIEWER" } }, admin);
    const again = () => post(app.url, CREATE, { input: { name: "b", role: "VIEWER" } }, admin);
    expect((await again()).errors).toMatchObject([{ extensions: { code: "CONFLICT" } }]);
    const revoke = (id: string) => post(app.url, "mutation ($id: ID!) { revokeApiToken(id: $id) }", { id }, admin);
    const { id } = b.data?.createApiToken.token ?? { id: "" };
    expect((await revoke(id)).data).toEqual({ revokeApiToken: true });
    expect((await revoke(id)).data).toEqual({ revokeApiToken: true });
    expect((await revoke("99")).errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
    expect((await again()).errors).toBeUndefined();
  });

  it("stops working within 5 seconds of its revocation, at another instance as well, and when it expires", async () => {
    await using database = await createTestDatabase();
    const { secret, id } = await makeToken(database, { name: "a", role: "ADMIN" });
    const short = await makeToken(database, {
      name: "short",
      role: "VIEWER",
      expiresAt: new Date(Date.now() + 2_500).toISOString(),
    });
    await using one = await startService(database.url);
    await using other = await startService(database.url);
    const statusOf = async (url: string, token: string) =>
      (await post(url, "{ liveCursor }", {}, bearer(token))).status;
    for (const { url } of [one, other]) expect(await statusOf(url, secret)).toBe(200);
    expect(await statusOf(one.url, short.secret)).toBe(200);
    await post(one.url, "mutation ($id: ID!) { revokeApiToken(id: $id) }", { id }, bearer(secret));
    for (const { url } of [one, other]) await soon(() => statusOf(url, secret), 401);
    await soon(() => statusOf(one.url, short.secret), 401);
  });

  it("is refused in words that say what to do, with WWW-Authenticate, where it is unknown, malformed or missing", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "a", role: "ADMIN" });
    await using app = await startService(database.url);
    for (const headers of [{}, bearer(`weir_${"x".repeat(43)}`), bearer("weir_short"), bearer("a.b.c")]) {
      const response = await fetch(app.url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query: "{ __typename }" }),
      });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
    }
    expect((await post(app.url, "{ __typename }", {}, { authorization: "Basic eDp5" })).status).toBe(400);
    // A token in an address is none: addresses are logged.
    const inAddress = `query={__typename}&token=${secret}&authorization=Bearer%20${secret}`;
    expect((await fetch(`${app.url}?${inAddress}`)).status).toBe(401);
    for (const path of ["/health", "/ready"]) expect((await fetch(new URL(path, app.url))).status).toBe(200);
    expect((await fetch(app.url, { headers: { accept: "text/html" } })).status).toBe(200);
  });

  it("is the actor of what it reports, and its use is noted", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "extractor", role: "WORKER" });
    await using app = await startService(database.url);
    const report = 'mutation { recordFileStatus(input: { filePath: "/a", type: LOG, status: PARSED }) { id } }';
    expect((await post(app.url, report, {}, bearer(secret))).errors).toBeUndefined();
    const [change] = await database.sql`select actor from weir.change where topic = 'FILE_STATUS'`;
    expect(change?.["actor"]).toBe("extractor");
    const used = () => database.sql`select name from weir.api_tokens where last_used_at is not null`;
    await soon(async () => (await used()).map((row) => String(row["name"])), ["extractor"]);
  });

  it("costs no statement for each request", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "a", role: "VIEWER" });
    await using app = await startService(database.url);
    const request = () => post(app.url, "{ __typename }", {}, bearer(secret));
    await request();
    const reads = async () => {
      // The server tells of scans a second late.
      await sleep(1_500);
      const [row] = await database.sql`select sum(seq_scan + coalesce(idx_scan, 0))::int as scans
        from pg_stat_user_tables where relname = 'api_tokens'`;
      return Number(row?.["scans"]);
    };
    const before = await reads();
    for (let count = 0; count < 200; count += 1) await request();
    expect((await reads()) - before).toBeLessThan(30);
  });
});

describe("a limit to systems", () => {
  it("leaves the other systems' fields FORBIDDEN, in the overview too", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "ingest", role: "WORKER", systems: ["ingest"] });
    await using app = await startService(database.url);
    const codes = async (query: string) =>
      (await post(app.url, query, {}, bearer(secret))).errors?.map(({ extensions }) => extensions.code);
    expect(await codes("{ logFiles { totalCount } }")).toBeUndefined();
    expect(await codes("{ overview { ingest { stuckStaged } recentFailures { key } } }")).toBeUndefined();
    for (const query of [
      "{ pipelines { totalCount } }",
      "{ runs { totalCount } }",
      "{ files { totalCount } }",
      "{ seederJobs { totalCount } }",
      "{ overview { seeder { total } } }",
      "{ overview { documents { count } } }",
      'mutation { createFile(input: { filehash: "x" }) { id } }',
    ])
      expect(await codes(query), query).toEqual(["FORBIDDEN"]);
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/failed', 'HL7', 'failed')`;
    await database.sql`with f as (insert into documents.files (filehash) values ('x') returning id)
      insert into documents.file_processing_steps (file_id, step_name, status) select id, 's', 'failure' from f`;
    const { data } = await post(app.url, "{ attention { system } }", {}, bearer(secret));
    expect(data).toEqual({ attention: [{ system: "INGEST" }] });
  });
});

describe("a limit to driver containers", () => {
  it("lets a token work on their stages, and on nothing else of pipelines", async () => {
    await using database = await createTestDatabase();
    const admin = await makeToken(database, { name: "admin", role: "ADMIN" });
    const driver = await makeToken(database, { name: "loader", role: "WORKER", driverContainers: ["loader"] });
    await using app = await startService(database.url);
    const setUp = await post<{ triggerRun: { id: string } }>(
      app.url,
      `mutation {
        setPipelineStages(stages: [
          { stageOrder: 1, stageName: "E", stageType: "e", driverContainer: "extractor" }
          { stageOrder: 2, stageName: "L", stageType: "l", driverContainer: "loader" }
        ]) { stageOrder }
        createPipeline(input: { sourceTablename: "t" }) { sourceTablename }
        triggerRun(sourceTablename: "t") { id }
      }`,
      {},
      bearer(admin.secret),
    );
    const run = setUp.data?.triggerRun.id;
    const code = async (query: string, secret = driver.secret) =>
      (await post(app.url, query, {}, bearer(secret))).errors?.[0]?.extensions.code;
    for (const mutation of [
      `claimStage(driverContainer: "extractor", worker: "w") { runId }`,
      `startStage(runId: "${run}", stageOrder: 1) { id }`,
      `completeStage(runId: "${run}", stageOrder: 1) { id }`,
      `failStage(runId: "${run}", stageOrder: 1, errorMessage: "x") { id }`,
      `heartbeatStage(runId: "${run}", stageOrder: 1, worker: "w") { runId }`,
      `cancelRun(id: "${run}") { id }`,
      `retryRun(id: "${run}") { id }`,
      `triggerRun(sourceTablename: "t") { id }`,
    ])
      expect(await code(`mutation { ${mutation} }`), mutation).toBe("FORBIDDEN");
    const first = `mutation { startStage(runId: "${run}", stageOrder: 1) { id } completeStage(runId: "${run}", stageOrder: 1) { id } }`;
    expect(await code(first, admin.secret)).toBeUndefined();
    const own = `mutation {
      claimStage(driverContainer: "loader", worker: "w") { runId }
      heartbeatStage(runId: "${run}", stageOrder: 2, worker: "w") { runId }
      completeStage(runId: "${run}", stageOrder: 2, worker: "w") { id }
    }`;
    expect(await code(own)).toBeUndefined();
    const [state] = await database.sql`select status from pipeline.pipeline_runs_master`;
    expect(state?.["status"]).toBe("success");
  });
});

describe("the rate of mutations", () => {
  it("is that of each token: what is beyond gets UNAVAILABLE and the setting's name, and others go on", async () => {
    await using database = await createTestDatabase();
    const one = await makeToken(database, { name: "one", role: "WORKER" });
    const other = await makeToken(database, { name: "other", role: "WORKER" });
    await using app = await startService(database.url, { WEIR_MAX_MUTATIONS_PER_SECOND: "3" });
    const report = (path: string) =>
      `recordFileStatus(input: { filePath: "${path}", type: LOG, status: PARSED }) { id }`;
    const many = `mutation { ${[1, 2, 3, 4].map((at) => `m${at}: ${report(`/${at}`)}`).join(" ")} }`;
    const { errors } = await post(app.url, many, {}, bearer(one.secret));
    expect(errors).toMatchObject([
      { message: expect.stringContaining("WEIR_MAX_MUTATIONS_PER_SECOND"), extensions: { code: "UNAVAILABLE" } },
    ]);
    expect((await post(app.url, `mutation { ${report("/other")} }`, {}, bearer(other.secret))).errors).toBeUndefined();
  });

  it("fills again as time goes by", () => {
    let now = 0;
    const rate = createMutationRate(2, () => now);
    const take = () => rate.take({ name: "t", role: "WORKER" });
    take();
    take();
    expect(take).toThrow(/2 mutations a second/);
    now = 500;
    take();
    expect(take).toThrow("2 mutations a second");
    now = 10_000;
    take();
    take();
    expect(take).toThrow("2 mutations a second");
  });
});
