import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { KEY_BYTES, type Keyring, readSecretKey, type SecretKey } from "../resolvers/pipelines/credentials.ts";
import type { Config } from "./config.ts";

const FILE = "secret.key";

/** The file in the data directory is not a key, or can't be read: an operator has to look. */
export class SecretKeyError extends Error {}

/**
 * The keys that credentials are encrypted under: those of the settings, and without any, with the embedded database, one
 * of the service's own beside it.
 */
export async function openKeyring(config: Config): Promise<Keyring> {
  const old = config.WEIR_OLD_SECRET_KEYS;
  const current =
    config.WEIR_SECRET_KEY ??
    (config.DATABASE_URL === undefined ? await ownKey(path.resolve(config.WEIR_DATA_DIR)) : null);
  return { current, all: current === null ? old : [current, ...old] };
}

async function ownKey(dataDir: string): Promise<SecretKey> {
  const file = path.join(dataDir, FILE);
  await mkdir(dataDir, { recursive: true });
  try {
    // Exclusive: of two that start at once, the second reads what the first one made.
    await using made = await open(file, "wx", 0o600);
    await made.writeFile(`${randomBytes(KEY_BYTES).toString("base64")}\n`);
    await made.sync();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  await chmod(file, 0o600);
  const key = readSecretKey((await readFile(file, "utf8")).trim());
  if (key === undefined) {
    throw new SecretKeyError(
      `${file} is no key (${KEY_BYTES} bytes in base64). Put the right one there: credentials are encrypted under it.`,
    );
  }
  return key;
}
