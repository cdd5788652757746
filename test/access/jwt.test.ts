import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { post, startService } from "../support/service.ts";

const ISSUER = "https://login.example.org";
const AUDIENCE = "weir";
const SETTINGS = { WEIR_JWT_ISSUER: ISSUER, WEIR_JWT_AUDIENCE: AUDIENCE, WEIR_JWT_LEEWAY_SECONDS: "60" };

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(kid: string, alg = "RS256"): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

const now = () => Math.floor(Date.now() / 1_000);

function sign(key: Key | Uint8Array, claims: Readonly<Record<string, unknown>> = {}, alg = "RS256"): Promise<string> {
  const payload = { iss: ISSUER, aud: AUDIENCE, sub: "alice", role: "viewer", exp: now() + 600, ...claims };
  const header = key instanceof Uint8Array ? { alg } : { alg, kid: key.kid };
  return new SignJWT(payload).setProtectedHeader(header).sign(key instanceof Uint8Array ? key : key.privateKey);
}

const VIEWER = "{ viewer { name role agencySlugs } }";
async function outcome(app: App, token: string): Promise<unknown> {
  const { data, errors } = await post(app.url, VIEWER, {}, bearer(token));
  return errors?.[0]?.extensions.code ?? data?.["viewer"];
}

describe("a JWT of an identity provider", () => {
  let database: TestDatabase;
  let app: App;
  let provider: Server;
  let keys: Key[];
  beforeAll(async () => {
    keys = [await makeKey("one")];
    provider = createServer((_request, response) => {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
    }).listen(0, "127.0.0.1");
    await once(provider, "listening");
    const { port } = provider.address() as AddressInfo;
    database = await createTestDatabase();
    app = await startService(database.url, {
      ...SETTINGS,
      WEIR_JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks`,
      WEIR_JWT_ROLE_CLAIM: "realm_access.roles",
      WEIR_JWT_AGENCIES_CLAIM: "https://weir.example.org/agencies",
    });
  });
  afterAll(async () => {
    await app.stop();
    provider.closeAllConnections();
    provider.close();
    await database[Symbol.asyncDispose]();
  });
  const roles = (...list: string[]) => ({ realm_access: { roles: list }, "https://weir.example.org/agencies": "*" });
  const key = () => keys[0] as Key;

  it("is let in with the highest of its roles, under its subject", async () => {
    expect(await outcome(app, await sign(key(), roles("offline", "viewer", "Worker")))).toEqual({
      name: "jwt:alice",
      role: "WORKER",
      agencySlugs: null,
    });
    expect(await outcome(app, await sign(key(), roles("ADMIN")))).toMatchObject({ role: "ADMIN" });
  });

  it("is limited to its agencies, sees none without the claim, and is no ADMIN then", async () => {
    const agencies = (value: unknown) => ({ ...roles("admin"), "https://weir.example.org/agencies": value });
    const limited = { role: "WORKER", agencySlugs: ["north", "south"] };
    expect(await outcome(app, await sign(key(), agencies(["north", "south"])))).toMatchObject(limited);
    expect(await outcome(app, await sign(key(), agencies("north,south")))).toMatchObject(limited);
    expect(await outcome(app, await sign(key(), agencies(undefined)))).toMatchObject({ agencySlugs: [] });
  });

  it.each<[string, (key: Key) => Promise<string>, string]>([
    ["of another issuer", (k) => sign(k, { ...roles("admin"), iss: "https://evil.example.org" }), "UNAUTHENTICATED"],
    ["for another audience", (k) => sign(k, { ...roles("admin"), aud: "other" }), "UNAUTHENTICATED"],
    ["that has expired", (k) => sign(k, { ...roles("admin"), exp: now() - 120 }), "UNAUTHENTICATED"],
    ["that is not valid yet", (k) => sign(k, { ...roles("admin"), nbf: now() + 120 }), "UNAUTHENTICATED"],
    ["without an expiry", (k) => sign(k, { ...roles("admin"), exp: undefined }), "UNAUTHENTICATED"],
    ["without a subject", (k) => sign(k, { ...roles("admin"), sub: undefined }), "UNAUTHENTICATED"],
    ["without a role", (k) => sign(k, roles("owner")), "FORBIDDEN"],
    ["of a key that is not the provider's", async () => sign(await makeKey("one"), roles("admin")), "UNAUTHENTICATED"],
    [
      "without a signature",
      (k) =>
        sign(k, roles("admin")).then(
          (jwt) => `${Buffer.from('{"alg":"none"}').toString("base64url")}.${jwt.split(".")[1] ?? ""}.`,
        ),
      "UNAUTHENTICATED",
    ],
    [
      "signed with the public key as if it were a secret",
      async (k) => sign(new TextEncoder().encode(await exportSPKI(k.publicKey)), roles("admin"), "HS256"),
      "UNAUTHENTICATED",
    ],
  ])("%s is refused", async (_what, make, code) => {
    expect(await outcome(app, await make(key()))).toBe(code);
  });

  it("may differ from the service's clock by the leeway", async () => {
    expect(await outcome(app, await sign(key(), { ...roles("viewer"), exp: now() - 30 }))).toMatchObject({
      role: "VIEWER",
    });
    expect(await outcome(app, await sign(key(), { ...roles("viewer"), nbf: now() + 30 }))).toMatchObject({
      role: "VIEWER",
    });
  });

  it("of a new key is taken once the provider has it, without a restart", async () => {
    const next = await makeKey("two");
    const token = await sign(next, roles("viewer"));
    expect(await outcome(app, token)).toBe("UNAUTHENTICATED");
    keys = [...keys, next];
    await expect.poll(() => outcome(app, token), { timeout: 10_000, interval: 200 }).toMatchObject({ role: "VIEWER" });
  });
});

describe("a JWT key in a file", () => {
  let folder: string;
  let database: TestDatabase;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "weir-jwt-"));
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await database[Symbol.asyncDispose]();
  });
  async function serviceWith(text: string): Promise<App> {
    const file = path.join(folder, "key");
    await writeFile(file, text);
    return startService(database.url, { ...SETTINGS, WEIR_JWT_KEY_FILE: file });
  }

  it("may be public: what is signed with its text as a secret is refused", async () => {
    const key = await makeKey("es", "ES256");
    const pem = await exportSPKI(key.publicKey);
    await using app = await serviceWith(pem);
    expect(await outcome(app, await sign(key, {}, "ES256"))).toMatchObject({ role: "VIEWER" });
    expect(await outcome(app, await sign(new TextEncoder().encode(pem.trim()), { role: "admin" }, "HS256"))).toBe(
      "UNAUTHENTICATED",
    );
  });

  it("may be a shared secret of 32 bytes or more", async () => {
    const secret = "s".repeat(32);
    await using app = await serviceWith(secret);
    expect(await outcome(app, await sign(new TextEncoder().encode(secret), {}, "HS256"))).toMatchObject({
      role: "VIEWER",
    });
    await expect(serviceWith("short")).rejects.toThrow("WEIR_JWT_KEY_FILE names");
  });
});
