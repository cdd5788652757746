import os from "node:os";
import { type ApiTokenRow, ROLES, SYSTEMS, type System } from "../db/access/tables.ts";
import type { Database } from "../db/client.ts";
import { createApiToken, listApiTokens, revokeApiToken } from "../resolvers/access/tokens.ts";
import { explain } from "../resolvers/errors.ts";
import type { JsonObject } from "../resolvers/pipelines/credentials.ts";
import type { WriteContext } from "../resolvers/transactions.ts";
import type { Config } from "../server/config.ts";
import { spelled, UsageError } from "./arguments.ts";
import { withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

const MILLISECONDS_OF_DAY = 86_400_000;

export interface NewToken {
  readonly name: string;
  readonly role: string;
  readonly agency: string[] | undefined;
  readonly system: readonly string[] | undefined;
  readonly driver: string[] | undefined;
  /** Until it expires. */
  readonly days: number | undefined;
  readonly json: boolean;
}

// Beside a running service or without one: with the service's own PostgreSQL, that is started for as long as it takes.

export function createToken(config: Config, said: NewToken): Promise<Failure | undefined> {
  const input = {
    name: said.name,
    role: spelled(said.role, ROLES),
    agencySlugs: said.agency ?? null,
    systems: said.system?.map(systemOf) ?? null,
    driverContainers: said.driver ?? null,
    expiresAt: said.days === undefined ? null : new Date(Date.now() + said.days * MILLISECONDS_OF_DAY).toISOString(),
  };
  return withDatabase(config, (database) =>
    explained(async () => {
      const { token, secret } = await createApiToken(byHand(database, "createApiToken", { input }), input);
      // The secret alone, so that it can be piped.
      process.stdout.write(said.json ? `${JSON.stringify({ ...shown(token), secret })}\n` : `${secret}\n`);
      process.stderr.write(
        `This is the only time that it is shown. Send it as "Authorization: Bearer ${secret.slice(0, 9)}…". From now on every request needs a token.\n`,
      );
    }),
  );
}

export function listTokens(config: Config, { json }: { readonly json: boolean }): Promise<Failure | undefined> {
  return withDatabase(config, async (database) => {
    const rows = await listApiTokens({ database });
    for (const row of rows) process.stdout.write(`${json ? JSON.stringify(shown(row)) : lineOf(row)}\n`);
    return undefined;
  });
}

export function revokeToken(config: Config, { token: name }: { readonly token: string }): Promise<Failure | undefined> {
  return withDatabase(config, (database) =>
    explained(async () => {
      const tokens = await listApiTokens({ database });
      const found = tokens.find((row) => row.name === name && row.revokedAt === null);
      const id = String(found?.id ?? name);
      await revokeApiToken(byHand(database, "revokeApiToken", { id }), id);
      process.stderr.write(`The token ${name} is revoked; its sockets end within 5 seconds.\n`);
    }),
  );
}

/** In the audit under the name of whoever is at this machine. */
function byHand(database: Database, action: string, args: JsonObject): WriteContext {
  return {
    database,
    viewer: { name: `cli:${os.userInfo().username}`, role: "ADMIN" },
    audit: { action, arguments: args, isWritten: false },
    written() {},
  };
}

async function explained(work: () => Promise<void>): Promise<Failure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const meant = explain(error);
    if (meant === undefined) throw error;
    return { exitCode: 1, message: meant.message };
  }
}

function systemOf(text: string): System {
  const system = SYSTEMS.find((known) => known === text.toLowerCase());
  if (system === undefined) throw new UsageError(`--system is "${text}"; it can be ${SYSTEMS.join(", ")}.`);
  return system;
}

/** Without the hash of its secret. */
function shown({
  id,
  name,
  role,
  agencySlugs,
  systems,
  driverContainers,
  expiresAt,
  revokedAt,
  lastUsedAt,
}: ApiTokenRow) {
  return { id, name, role, agencySlugs, systems, driverContainers, expiresAt, revokedAt, lastUsedAt };
}

function lineOf({ id, name, role, agencySlugs, systems, driverContainers, ...when }: ApiTokenRow): string {
  const limits = [
    ...(agencySlugs === null ? [] : [`agencies ${agencySlugs.join(",")}`]),
    ...(systems === null ? [] : [`systems ${systems.join(",")}`]),
    ...(driverContainers === null ? [] : [`drivers ${driverContainers.join(",")}`]),
    when.revokedAt === null ? `expires ${when.expiresAt ?? "never"}` : `revoked ${when.revokedAt}`,
    `used ${when.lastUsedAt ?? "never"}`,
  ];
  return [id, name, role, ...limits].join("\t");
}
