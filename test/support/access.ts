import { createApiToken } from "../../src/resolvers/access/tokens.ts";
import { SERVICE } from "../../src/resolvers/viewer.ts";
import type { TestDatabase } from "./database.ts";

/** Makes a token as `weir token create` does, and answers its secret. */
export async function makeToken(
  database: TestDatabase,
  input: Parameters<typeof createApiToken>[1],
): Promise<{ readonly secret: string; readonly id: string }> {
  const { token, secret } = await createApiToken({ database, viewer: SERVICE, written() {} }, input);
  return { secret, id: String(token.id) };
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
