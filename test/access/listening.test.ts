import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase } from "../support/database.ts";
import { runWeir, spawnService } from "../support/process.ts";
import { post, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

const run = promisify(execFile);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-listening-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("an address of the network", () => {
  const PUBLIC = { WEIR_HOST: "0.0.0.0" };

  it("is refused while nobody is asked for a token, with exit code 2 and a line that says what to do", async () => {
    await using database = await createTestDatabase();
    const { code, err } = await runWeir(["serve"], { DATABASE_URL: database.url, WEIR_PORT: "0", ...PUBLIC });
    expect(code).toBe(2);
    expect(err).toMatch(/^WEIR_HOST is 0\.0\.0\.0, and no token is asked for.*weir token create.*--insecure[^\n]*\n$/m);
  });

  it("is listened to as soon as there is a token, over HTTP and WebSocket, for whoever has it", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "a", role: "ADMIN" });
    await using service = await spawnService({ DATABASE_URL: database.url, ...PUBLIC });
    expect(service.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+\/graphql$/);
    const addresses = Object.values(os.networkInterfaces())
      .flat()
      .filter((found) => found?.family === "IPv4")
      .map((found) => found?.address ?? "");
    expect(addresses).toContain("127.0.0.1");
    for (const address of addresses) {
      const url = service.url.replace("0.0.0.0", address);
      const { status, data } = await post(url, "{ viewer { name } }", {}, bearer(secret));
      expect([status, data], address).toEqual([200, { viewer: { name: "a" } }]);
      expect((await post(url, "{ viewer { name } }")).status).toBe(401);
      const socket = await openSocket(url);
      socket.send({ type: "connection_init", payload: { token: secret } });
      await socket.frame(({ type }) => type === "connection_ack");
    }
  });

  it("is listened to without tokens when --insecure says so, which the log says aloud", async () => {
    await using database = await createTestDatabase();
    // Of this machine alone, in a form that what decides does not take for that.
    const mapped = { DATABASE_URL: database.url, WEIR_HOST: "::ffff:127.0.0.1" };
    await expect(spawnService(mapped)).rejects.toThrow("ended with 2");
    await using service = await spawnService({ ...mapped, WEIR_INSECURE: "on" });
    expect((await post(service.url, "{ apiTokens { name } }")).data).toEqual({ apiTokens: [] });
    expect(service.lines.some((line) => line.includes("INSECURE"))).toBe(true);
  });
});

describe("WEIR_ADMIN_TOKEN_FILE", () => {
  it("lets in whoever has its token as ADMIN, and nobody else", async () => {
    await using database = await createTestDatabase();
    const file = path.join(folder, "token");
    const secret = "t".repeat(40);
    await writeFile(file, `${secret}\n`);
    await using app = await startService(database.url, { WEIR_ADMIN_TOKEN_FILE: file });
    const { data } = await post(app.url, "{ viewer { name role } }", {}, bearer(secret));
    expect(data).toEqual({ viewer: { name: "file:admin", role: "ADMIN" } });
    expect((await post(app.url, "{ viewer { name } }")).status).toBe(401);
  });

  it("is read anew on SIGHUP; what can't be used leaves the old token", async () => {
    await using database = await createTestDatabase();
    const file = path.join(folder, "rotated");
    const [first, second] = ["f".repeat(40), "s".repeat(40)];
    await writeFile(file, first);
    await using service = await spawnService({ DATABASE_URL: database.url, WEIR_ADMIN_TOKEN_FILE: file });
    const statusOf = async (secret: string) =>
      (await post(service.url, "{ viewer { role } }", {}, bearer(secret))).status;
    expect(await statusOf(first)).toBe(200);
    const opened = await openSocket(service.url);
    opened.send({ type: "connection_init", payload: { token: first } });
    await opened.frame(({ type }) => type === "connection_ack");

    await writeFile(file, second);
    expect(await statusOf(second)).toBe(401);
    service.child.kill("SIGHUP");
    await expect.poll(() => statusOf(second), { timeout: 10_000 }).toBe(200);
    expect(await statusOf(first)).toBe(401);
    expect(await opened.closed).toBe(4403);

    await writeFile(file, "short");
    service.child.kill("SIGHUP");
    await expect
      .poll(() => service.lines.some((line) => line.includes("the old one stays")), { timeout: 10_000 })
      .toBe(true);
    expect(await statusOf(second)).toBe(200);
    for (const secret of [first, second]) expect(service.lines.join("\n")).not.toContain(secret);
  });

  it.each([["short"], ["two words that are long enough to be a token"]])("refuses a file with %j", async (text) => {
    await using database = await createTestDatabase();
    const file = path.join(folder, "bad");
    await writeFile(file, text);
    await expect(startService(database.url, { WEIR_ADMIN_TOKEN_FILE: file })).rejects.toThrow(
      "WEIR_ADMIN_TOKEN_FILE names",
    );
  });
});

describe("with tokens", () => {
  it("the service answers under any name, and a page of another site is refused as before", async () => {
    await using database = await createTestDatabase();
    const { secret } = await makeToken(database, { name: "a", role: "ADMIN" });
    await using app = await startService(database.url);
    const { stdout } = await run("curl", [
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      app.url,
      "-H",
      "Host: weir.example.org",
      "-H",
      "Content-Type: application/json",
      "-H",
      `Authorization: Bearer ${secret}`,
      "-d",
      '{"query":"{ __typename }"}',
    ]);
    expect(stdout).toBe("200");
    const foreign = await run("curl", [
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      app.url,
      "-H",
      "Origin: https://evil.example.com",
      "-H",
      "Content-Type: application/json",
      "-H",
      `Authorization: Bearer ${secret}`,
      "-d",
      '{"query":"{ __typename }"}',
    ]);
    expect(foreign.stdout).toBe("403");
  });

  it("a preflight permits authorization to a page of WEIR_CORS_ORIGINS", async () => {
    await using database = await createTestDatabase();
    await using app = await startService(database.url, { WEIR_CORS_ORIGINS: "https://d.example.org" });
    const { stdout } = await run("curl", [
      "-s",
      "-i",
      "-X",
      "OPTIONS",
      app.url,
      "-H",
      "Origin: https://d.example.org",
      "-H",
      "Access-Control-Request-Method: POST",
      "-H",
      "Access-Control-Request-Headers: authorization",
    ]);
    expect(stdout.toLowerCase()).toMatch(/access-control-allow-headers:.*authorization/);
  });
});

describe("TLS", () => {
  async function makeCertificate(name: string): Promise<void> {
    await run("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "1",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      path.join(folder, "key.pem"),
      "-out",
      path.join(folder, "cert.pem"),
    ]);
  }
  async function certificateName(url: string): Promise<string> {
    const { hostname, port } = new URL(url);
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  }

  it("is spoken with WEIR_TLS_CERT and WEIR_TLS_KEY, which SIGHUP reads anew; what can't be used leaves the old ones", async () => {
    await using database = await createTestDatabase();
    await makeCertificate("first");
    await using service = await spawnService({
      DATABASE_URL: database.url,
      WEIR_TLS_CERT: path.join(folder, "cert.pem"),
      WEIR_TLS_KEY: path.join(folder, "key.pem"),
    });
    expect(service.url).toMatch(/^https:/);
    expect(await certificateName(service.url)).toBe("first");
    const { stdout } = await run("curl", [
      "-sk",
      service.url,
      "-H",
      "Content-Type: application/json",
      "-d",
      '{"query":"{ __typename }"}',
    ]);
    expect(JSON.parse(stdout)).toEqual({ data: { __typename: "Query" } });
    await makeCertificate("second");
    service.child.kill("SIGHUP");
    await expect.poll(() => certificateName(service.url), { timeout: 10_000 }).toBe("second");
    await writeFile(path.join(folder, "cert.pem"), "nothing");
    service.child.kill("SIGHUP");
    await expect
      .poll(() => service.lines.some((line) => line.includes("the old one stays")), { timeout: 10_000 })
      .toBe(true);
    expect(await certificateName(service.url)).toBe("second");
  });
});

describe("weir token", () => {
  it("makes, lists and revokes tokens beside a running service, with entries in the audit", async () => {
    await using database = await createTestDatabase();
    const settings = { DATABASE_URL: database.url };
    await using app = await startService(database.url);
    const made = await runWeir(["token", "create", "--role", "admin", "me"], settings);
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^weir_[\w-]{43}\n$/) });
    const secret = made.out.trim();
    expect(made.err).not.toContain(secret);
    await expect.poll(async () => (await post(app.url, "{ liveCursor }")).status, { timeout: 5_000 }).toBe(401);
    const { data } = await post<{ auditLog: unknown }>(
      app.url,
      "{ viewer { name role } auditLog { nodes { actor action address } } }",
      {},
      bearer(secret),
    );
    expect(data).toMatchObject({
      viewer: { name: "me", role: "ADMIN" },
      auditLog: { nodes: [{ actor: expect.stringMatching(/^cli:/), action: "createApiToken", address: null }] },
    });
    const limited = [
      "token",
      "create",
      "--role",
      "worker",
      "--system",
      "ingest",
      "--agency",
      "north",
      "--days",
      "2",
      "loader",
    ];
    expect((await runWeir(limited, settings)).code).toBe(0);
    expect((await runWeir(["token", "list"], settings)).out).toMatch(
      /1\tme\tADMIN\texpires never\t.*\n2\tloader\tWORKER\tagencies north\tsystems ingest\texpires 20/,
    );
    expect((await runWeir(["token", "revoke", "me"], settings)).code).toBe(0);
    await expect
      .poll(async () => (await post(app.url, "{ liveCursor }", {}, bearer(secret))).status, { timeout: 5_000 })
      .toBe(401);
  });

  it("makes one where no service has ever run, which the service then asks for", async () => {
    const dataDir = path.join(folder, "data");
    const made = await runWeir(["token", "create", "--role", "admin", "me"], { WEIR_DATA_DIR: dataDir });
    expect(made).toMatchObject({ code: 0 });
    await using service = await spawnService({ WEIR_DATA_DIR: dataDir });
    expect((await post(service.url, "{ liveCursor }")).status).toBe(401);
    expect((await post(service.url, "{ liveCursor }", {}, bearer(made.out.trim()))).status).toBe(200);
    expect(await readFile(path.join(dataDir, "database-url"), "utf8")).toContain("postgres://");
  });

  it.each([
    [["token"], /create, list, revoke/],
    [["token", "create"], /got 0, need at least 1/],
    [["token", "create", "--role", "boss", "x"], /role, Given: "boss", Choices: "viewer", "worker", "admin"/],
    [
      ["token", "create", "--system", "mail", "x"],
      /system, Given: "mail", Choices: "ingest", "pipelines", "documents", "reports"/,
    ],
    [["token", "create", "--days", "0", "x"], /whole number/],
    [["token", "revoke"], /got 0, need at least 1/],
  ])("called as %j ends with 2 and says how", async (args, words) => {
    const { code, err } = await runWeir(args, { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    expect(code).toBe(2);
    expect(err).toMatch(words);
  });
});
