import { createHash } from "node:crypto";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from "jose";
import { userError } from "../errors.ts";

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface SecretKey {
  /** Names the key in what it has encrypted, and tells nothing of it. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The key that encrypts, and every key that decrypts. */
export interface Keyring {
  /** Null: credentials can't be stored. */
  readonly current: SecretKey | null;
  readonly all: readonly SecretKey[];
}

export const KEY_BYTES = 32;

/** Reads a key: 32 bytes as base64 or hex. Undefined for anything else. */
export function readSecretKey(text: string): SecretKey | undefined {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "base64");
  if (bytes.length !== KEY_BYTES || !/^[\w+/=-]{43,64}$/.test(text)) return undefined;
  return { id: createHash("sha256").update(bytes).digest("hex").slice(0, 12), bytes };
}

/** Encrypts credentials as they are stored. Throws CONFLICT when the service has no key. */
export async function encryptCreds({ current }: Keyring, creds: JsonObject): Promise<string> {
  if (current === null) {
    throw userError(
      "CONFLICT",
      "The service has no key to encrypt credentials with. Set WEIR_SECRET_KEY to 32 random bytes in base64, and start it again.",
    );
  }
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(creds)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: current.id })
    .encrypt(current.bytes);
}

/**
 * Reads stored credentials: a JWE, or plain JSON as a direct writer left it. `owner` names them in errors. Throws CONFLICT
 * when their key is not among the service's, or they are neither.
 */
export async function decryptCreds(keyring: Keyring, stored: string | null, owner: string): Promise<JsonObject> {
  if (stored === null) return {};
  const plain = parseObject(stored);
  if (plain !== undefined) return plain;
  const id = keyIdOf(stored);
  if (id === undefined) {
    throw userError("CONFLICT", `The credentials of ${owner} are neither JSON nor encrypted by Weir. Write them anew.`);
  }
  const key = keyring.all.find((candidate) => candidate.id === id);
  if (key === undefined) throw wrongKey(owner, id, "which the service doesn't have");
  try {
    const { plaintext } = await compactDecrypt(stored, key.bytes);
    const creds = parseObject(new TextDecoder().decode(plaintext));
    if (creds !== undefined) return creds;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw wrongKey(owner, id, "and were changed since");
}

function wrongKey(owner: string, id: string, what: string) {
  return userError(
    "CONFLICT",
    `The credentials of ${owner} are encrypted under the key ${id}, ${what}. Put that key into WEIR_OLD_SECRET_KEYS; nothing was changed.`,
  );
}

/** Id of the key that a JWE is encrypted under; undefined for what is none. */
function keyIdOf(stored: string): string | undefined {
  try {
    return decodeProtectedHeader(stored).kid;
  } catch {
    return undefined;
  }
}

/** Whether anything can be made of stored credentials, with the right key. */
export function isReadable(stored: string | null): boolean {
  return stored === null || parseObject(stored) !== undefined || keyIdOf(stored) !== undefined;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
