import { createPublicKey, type KeyObject } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { userError } from "../../resolvers/errors.ts";
import { isLimited, ROLES, type Role, type Viewer } from "../../resolvers/viewer.ts";
import type { Config } from "../config.ts";
import { readSecretFile } from "./files.ts";

/** Who a JWT is, and until when. */
interface JwtHolder {
  readonly viewer: Viewer;
  /** Milliseconds since 1970, leeway included. */
  readonly expiresAt: number;
}

/** Rejects with UNAUTHENTICATED, or FORBIDDEN for one that gives no role. */
export type JwtVerifier = (token: string) => Promise<JwtHolder>;

const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const SYMMETRIC = ["HS256", "HS384", "HS512"];
/** Bytes. */
const SHORTEST_SECRET = 32;
/** Milliseconds that keys of a provider are kept: one that it withdrew is taken no longer. */
const KEYS_LIFE = 60_000;
/** Milliseconds between two looks for a key that is not known. */
const KEYS_COOLDOWN = 2_000;

/** Null when no JWTs are configured. Throws AccessError for a key that can't be used. */
export function createJwtVerifier(config: Config): JwtVerifier | null {
  const {
    WEIR_JWT_JWKS_URL: url,
    WEIR_JWT_KEY_FILE: file,
    WEIR_JWT_ISSUER: issuer,
    WEIR_JWT_AUDIENCE: audience,
  } = config;
  if (issuer === undefined || audience === undefined) return null;
  const leeway = config.WEIR_JWT_LEEWAY_SECONDS;
  const check = { issuer, audience, clockTolerance: leeway, requiredClaims: ["exp"] };
  const verify = verifierOf(url, file, check);
  if (verify === null) return null;
  return async (token) => {
    try {
      const { payload } = await verify(token);
      return { viewer: viewerOf(payload, config), expiresAt: ((payload.exp ?? 0) + leeway) * 1_000 };
    } catch (error) {
      throw explained(error);
    }
  };
}

type Check = Pick<
  Parameters<typeof jwtVerify>[2] & object,
  "issuer" | "audience" | "clockTolerance" | "requiredClaims"
>;

function verifierOf(url: string | undefined, file: string | undefined, check: Check) {
  if (url !== undefined) {
    const keys = createRemoteJWKSet(new URL(url), { cacheMaxAge: KEYS_LIFE, cooldownDuration: KEYS_COOLDOWN });
    return (token: string) => jwtVerify(token, keys, { ...check, algorithms: ASYMMETRIC });
  }
  if (file === undefined) return null;
  const { key, algorithms } = readKey(file);
  return (token: string) => jwtVerify(token, key, { ...check, algorithms });
}

/** A public key is never taken for a secret: whoever knows it could sign. */
function readKey(file: string): { key: KeyObject | Uint8Array; algorithms: string[] } {
  return readSecretFile("WEIR_JWT_KEY_FILE", file, (text) => {
    if (text.includes("PRIVATE KEY")) return "holds a private key: give the public one";
    if (text.includes("-----BEGIN")) {
      const key = createPublicKey(text);
      const algorithms = ASYMMETRIC.filter((name) => isFor(name, key.asymmetricKeyType));
      return algorithms.length === 0 ? "holds a key of a kind that is not known" : { key, algorithms };
    }
    const key = Buffer.from(text);
    if (key.length < SHORTEST_SECRET) return `holds a secret of less than ${SHORTEST_SECRET} bytes`;
    return { key, algorithms: SYMMETRIC };
  });
}

function isFor(algorithm: string, type: string | undefined): boolean {
  if (type === "rsa") return /^[RP]S/.test(algorithm);
  if (type === "ec") return algorithm.startsWith("ES");
  return type === "ed25519" && algorithm.startsWith("Ed");
}

function viewerOf(payload: JWTPayload, config: Config): Viewer {
  const { sub } = payload;
  if (sub === undefined || sub === "") throw userError("UNAUTHENTICATED", "The JWT has no subject (sub).");
  const { WEIR_JWT_ROLE_CLAIM: roleClaim, WEIR_JWT_AGENCIES_CLAIM: agenciesClaim } = config;
  const words = new Set(wordsOf(claimOf(payload, roleClaim)).map((word) => word.toUpperCase()));
  const role = ROLES.findLast((known) => words.has(known));
  if (role === undefined) {
    throw userError("FORBIDDEN", `The JWT gives no role: its claim ${roleClaim} has none of ${ROLES.join(", ")}.`);
  }
  // Whoever has no such claim sees no agency: to see all, it says *.
  const agencies = agenciesClaim === undefined ? ["*"] : wordsOf(claimOf(payload, agenciesClaim));
  const agencySlugs = agencies.includes("*") ? null : agencies;
  return { name: `jwt:${sub}`, role: mostOf(role, isLimited({ agencySlugs })), agencySlugs };
}

/** Whoever is limited does not configure: that is for all. */
function mostOf(role: Role, isLimitedToSome: boolean): Role {
  return isLimitedToSome && role === "ADMIN" ? "WORKER" : role;
}

/** By its name, which may have dots in it, or by its path. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let at: unknown = payload;
  for (const part of name.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = Reflect.get(at, part);
  }
  return at;
}

/** A list of words, or one text with spaces or commas between them. */
function wordsOf(claim: unknown): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((word) => typeof word === "string");
  return typeof claim === "string" ? claim.split(/[\s,]+/).filter((word) => word !== "") : [];
}

function explained(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return userError("UNAUTHENTICATED", "The JWT has expired. Get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed)
    return userError("UNAUTHENTICATED", `The JWT's claim ${error.claim} is not as it has to be.`);
  const isToken =
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys;
  if (isToken)
    return userError("UNAUTHENTICATED", "The JWT is not one that the service takes: its signature or form is wrong.");
  if (error instanceof errors.JOSEError || error instanceof TypeError)
    return userError("UNAVAILABLE", "The keys of the identity provider can't be read at present. Try again.");
  return error;
}
