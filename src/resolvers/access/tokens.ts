import { createHash, randomBytes } from "node:crypto";
import { and, asc, eq, inArray, isNull, sql } from "drizzle-orm";
import { z } from "zod";
import { type ApiTokenRow, apiTokens, ROLES, SYSTEMS } from "../../db/access/tables.ts";
import { type Db, SQLSTATE, sqlState } from "../../db/client.ts";
import { bigintArray, textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { badInput, userError } from "../errors.ts";
import { checked, numberedId } from "../input.ts";
import { type WriteContext, writeInTransaction } from "../transactions.ts";
import { isLimited } from "../viewer.ts";

const PREFIX = "weir_";
const SECRET_BYTES = 32;
const SECRET = /^weir_[\w-]{43}$/;

/** Whether a text has the form of our tokens: only such a text is looked up. */
export function isTokenSecret(text: string): boolean {
  return SECRET.test(text);
}

/** What is kept of a secret. */
export function hashOfSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** No colon: names with one are those of JWTs and of the command line. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@/-]{0,99}$/u;
const slugs = z
  .array(z.string().regex(/\S/, "is empty").max(512, "is longer than 512 characters"))
  .max(1_000, "has more than 1000 entries")
  .nullish();

const tokenInput = z.object({
  name: z.string().regex(NAME, "has 1 to 100 characters: letters, digits, spaces and . _ @ / -, not a mark first"),
  role: z.enum(ROLES),
  agencySlugs: slugs,
  systems: z.array(z.enum(SYSTEMS)).min(1, "is empty: name a system, or leave it out for all").nullish(),
  driverContainers: slugs,
  expiresAt: z
    .string()
    .refine((text) => Date.parse(text) > Date.now(), "is not ahead of now: the token would never work")
    .nullish(),
});
export type ApiTokenInput = z.input<typeof tokenInput>;

/** A token with its secret, which is told this once. */
export interface CreatedApiToken {
  readonly token: ApiTokenRow;
  readonly secret: string;
}

/** Throws BAD_USER_INPUT, and CONFLICT for a name that another token has. */
export async function createApiToken(context: WriteContext, input: ApiTokenInput): Promise<CreatedApiToken> {
  const { name, role, agencySlugs, systems, driverContainers, expiresAt } = checked(tokenInput, input, ["input"]);
  if (role === "ADMIN" && isLimited({ agencySlugs, systems, driverContainers })) {
    throw badInput("input.role ADMIN goes with no limit: who configures, configures for all. Make it a WORKER.");
  }
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
  const values = {
    name,
    hash: hashOfSecret(secret),
    role,
    agencySlugs: agencySlugs ?? null,
    systems: systems ?? null,
    driverContainers: driverContainers ?? null,
    createdAt: sql`now()`,
    expiresAt: expiresAt ?? null,
  };
  try {
    const id = await writeInTransaction(context, null, async (tx) => {
      const [row] = await tx.insert(apiTokens).values(values).returning({ id: apiTokens.id });
      return row?.id ?? 0;
    });
    const [token] = await context.database.db.select().from(apiTokens).where(eq(apiTokens.id, id));
    if (token === undefined) throw new Error("a token that was written is not there");
    return { token, secret };
  } catch (error) {
    if (sqlState(error) !== SQLSTATE.uniqueViolation) throw error;
    throw userError("CONFLICT", `There is a token ${name} already. Revoke it, or choose another name.`);
  }
}

/** One that was revoked before stays as it is. Throws NOT_FOUND. */
export async function revokeApiToken(context: WriteContext, id: string): Promise<boolean> {
  const number = numberedId(id) ?? 0;
  await writeInTransaction(context, null, async (tx) => {
    const [known] = await tx.select({ id: apiTokens.id }).from(apiTokens).where(eq(apiTokens.id, number)).for("update");
    if (known === undefined) throw userError("NOT_FOUND", `There is no token ${id}. apiTokens lists them.`);
    await tx
      .update(apiTokens)
      .set({ revokedAt: sql`now()` })
      .where(and(eq(apiTokens.id, number), isNull(apiTokens.revokedAt)));
    return number;
  });
  return true;
}

/** All of them, revoked ones too, in the order in which they were made. */
export function listApiTokens({ database: { db } }: Pick<Context, "database">): Promise<ApiTokenRow[]> {
  return db.select().from(apiTokens).orderBy(asc(apiTokens.id)).comment("access.tokens");
}

/** The tokens of these hashes that are not revoked; null for the others. */
export async function tokensByHash(db: Db, hashes: readonly string[]): Promise<readonly (ApiTokenRow | null)[]> {
  const rows = await db
    .select()
    .from(apiTokens)
    .where(and(inArray(apiTokens.hash, sql`(select unnest(${textArray(hashes)}))`), isNull(apiTokens.revokedAt)))
    .comment("access.tokens_by_hash");
  const byHash = new Map(rows.map((row) => [row.hash, row]));
  return hashes.map((hash) => byHash.get(hash) ?? null);
}

/** Whether a token was ever made: from then on nobody is let in without one. */
export async function hasAnyToken(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ has_any: boolean }>(
    sql`/* access.any_token */ select exists (select from ${apiTokens}) as has_any`,
  );
  return row?.has_any === true;
}

/** Notes that tokens were used. */
export async function noteUses(db: Db, ids: readonly number[]): Promise<void> {
  await db.execute(sql`/* access.used */ update ${apiTokens} set last_used_at = now()
    where id = any(${bigintArray(ids)}) and (last_used_at is null or last_used_at < now() - interval '1 minute')`);
}
