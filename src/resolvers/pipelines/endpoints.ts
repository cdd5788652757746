import { eq } from "drizzle-orm";
import { v7 } from "uuid";
import type { Transaction } from "../../db/client.ts";
import { destinationsConfig, type EndpointRow, pipelineConfig, sourcesConfig } from "../../db/pipelines/tables.ts";
import type { Context } from "../context.ts";
import { isMeantForCaller, userError } from "../errors.ts";
import { writeInTransaction } from "../transactions.ts";
import { decryptCreds, encryptCreds, isReadable, type JsonObject } from "./credentials.ts";
import { checkEndpoint } from "./input.ts";
import { maskSecrets, restoreSecrets, unreadable } from "./masking.ts";

/** Sources and destinations are the same thing at the two ends of a pipeline. */
export type EndpointKind = "source" | "destination";

const TABLES = {
  source: { table: sourcesConfig, reference: pipelineConfig.sourceName, creds: "input.sourceCreds" },
  destination: {
    table: destinationsConfig,
    reference: pipelineConfig.destinationName,
    creds: "input.destinationCreds",
  },
} as const;

export interface EndpointInput {
  readonly name: string;
  readonly type: string;
  readonly creds: JsonObject;
}

/** All of them, by name. */
export function endpoints({ database: { db } }: Context, kind: EndpointKind): Promise<readonly EndpointRow[]> {
  const { table } = TABLES[kind];
  return db.select().from(table).orderBy(table.name).comment(`pipelines.${kind}s`);
}

/** Null when there is none of that name. */
export function endpoint(context: Context, kind: EndpointKind, name: string): Promise<EndpointRow | null> {
  return context.loaders.pipelines[kind].load(name);
}

/** Connection details as anyone may see them; what can't be read is answered as why, and harms nothing around it. */
export async function maskedCreds(context: Context, kind: EndpointKind, row: EndpointRow): Promise<JsonObject> {
  try {
    return maskSecrets(await openCreds(context, kind, row));
  } catch (error) {
    if (isMeantForCaller(error)) return unreadable(error.message);
    throw error;
  }
}

/** Connection details in clear: for the lease holder alone. Throws CONFLICT when they can't be read. */
export function openCreds({ keyring }: Context, kind: EndpointKind, row: EndpointRow): Promise<JsonObject> {
  return decryptCreds(keyring, row.creds, `the ${kind} ${row.name}`);
}

export async function createEndpoint(context: Context, kind: EndpointKind, input: EndpointInput): Promise<EndpointRow> {
  checkEndpoint(input);
  const { table, creds: field } = TABLES[kind];
  const creds = await encryptCreds(context.keyring, restoreSecrets(input.creds, {}, field));
  await writeInTransaction(context, null, async (tx) => {
    const made = await tx
      .insert(table)
      .values({ id: v7(), name: input.name, type: input.type, creds })
      .onConflictDoNothing()
      .returning({ id: table.id });
    if (made.length === 0) throw userError("CONFLICT", `There is a ${kind} ${input.name} already. Update it.`);
    return input.name;
  });
  return existing(context, kind, input.name);
}

/** A new name is one under which the pipelines find it as well. */
export async function updateEndpoint(
  context: Context,
  kind: EndpointKind,
  name: string,
  input: EndpointInput,
): Promise<EndpointRow> {
  checkEndpoint(input);
  const { table, creds: field } = TABLES[kind];
  await writeInTransaction(context, null, async (tx) => {
    const [present] = await tx.select().from(table).where(eq(table.name, name)).for("update");
    if (present === undefined) throw unknown(kind, name);
    // Read also when nothing of it is kept: what can't be read is not overwritten by a service with the wrong key.
    const stored = isReadable(present.creds) ? await openCreds(context, kind, present) : {};
    const creds = await encryptCreds(context.keyring, restoreSecrets(input.creds, stored, field));
    if (input.name !== name) await rename(tx, kind, name, input.name);
    await tx.update(table).set({ name: input.name, type: input.type, creds }).where(eq(table.id, present.id));
    return name;
  });
  return existing(context, kind, input.name);
}

/** Throws CONFLICT while a pipeline uses it. */
export async function deleteEndpoint(context: Context, kind: EndpointKind, name: string): Promise<boolean> {
  const { table, reference } = TABLES[kind];
  await writeInTransaction(context, null, async (tx) => {
    const gone = await tx.delete(table).where(eq(table.name, name)).returning({ id: table.id });
    if (gone.length === 0) throw unknown(kind, name);
    const [user] = await tx
      .select({ name: pipelineConfig.sourceTablename })
      .from(pipelineConfig)
      .where(eq(reference, name))
      .limit(1);
    if (user !== undefined)
      throw userError("CONFLICT", `The pipeline ${user.name} uses the ${kind} ${name}. Give it another one first.`);
    return name;
  });
  return true;
}

async function rename(tx: Transaction, kind: EndpointKind, from: string, to: string): Promise<void> {
  const { table } = TABLES[kind];
  const taken = await tx.select({ id: table.id }).from(table).where(eq(table.name, to));
  if (taken.length > 0) throw userError("CONFLICT", `There is a ${kind} ${to} already. Choose another name.`);
  const { sourceName, destinationName } = pipelineConfig;
  if (kind === "source") await tx.update(pipelineConfig).set({ sourceName: to }).where(eq(sourceName, from));
  else await tx.update(pipelineConfig).set({ destinationName: to }).where(eq(destinationName, from));
}

function unknown(kind: EndpointKind, name: string) {
  return userError("NOT_FOUND", `There is no ${kind} ${name}.`);
}

async function existing(context: Context, kind: EndpointKind, name: string): Promise<EndpointRow> {
  // As it is now: the same request may have read it before.
  const row = await context.loaders.pipelines[kind].clear(name).load(name);
  if (row === null) throw unknown(kind, name);
  return row;
}
