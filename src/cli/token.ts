import os from "node:os";
import { type ApiTokenRow, ROLES, type Role, SYSTEMS, type System } from "../db/access/tables.ts";
import type { Database } from "../db/client.ts";
import { createApiToken, listApiTokens, revokeApiToken } from "../resolvers/access/tokens.ts";
import { explain } from "../resolvers/errors.ts";
import type { JsonObject } from "../resolvers/pipelines/credentials.ts";
import type { WriteContext } from "../resolvers/transactions.ts";
import type { Config } from "../server/config.ts";
import { readArguments, UsageError } from "./arguments.ts";
import { withDatabase } from "./database.ts";
import type { Failure } from "./failure.ts";

const OPTIONS = {
  role: { type: "string" },
  agency: { type: "string", multiple: true },
  system: { type: "string", multiple: true },
  driver: { type: "string", multiple: true },
  days: { type: "string" },
} as const;

const MILLISECONDS_OF_DAY = 86_400_000;
const MOST_DAYS = 36_500;

/**
 * `weir token create|list|revoke`. Beside a running service or without one: with the service's own PostgreSQL, that is started for as
 * long as it takes.
 */
export async function token(config: Config, args: readonly string[]): Promise<Failure | undefined> {
  const { positionals, values } = readArguments(args, OPTIONS);
  const [action = "", name, ...rest] = positionals;
  const hasOptions = Object.keys(values).length > 0;
  if (rest.length > 0) throw new UsageError(`weir token ${action} takes no "${rest[0]}".`);
  switch (action) {
    case "create": {
      if (name === undefined) throw new UsageError("weir token create takes a name.");
      const input = {
        name,
        role: roleOf(values.role ?? "VIEWER"),
        agencySlugs: values.agency ?? null,
        systems: values.system?.map(systemOf) ?? null,
        driverContainers: values.driver ?? null,
        expiresAt: values.days === undefined ? null : inDays(values.days),
      };
      return withDatabase(config, (database) =>
        explained(async () => {
          const { secret } = await createApiToken(byHand(database, "createApiToken", { input }), input);
          // The secret alone, so that it can be piped.
          process.stdout.write(`${secret}\n`);
          process.stderr.write(
            `This is the only time that it is shown. Send it as "Authorization: Bearer ${secret.slice(0, 9)}…". From now on every request needs a token.\n`,
          );
        }),
      );
    }
    case "list":
      if (name !== undefined || hasOptions) throw new UsageError("weir token list takes nothing.");
      return withDatabase(config, async (database) => {
        for (const row of await listApiTokens({ database })) process.stdout.write(`${lineOf(row)}\n`);
        return undefined;
      });
    case "revoke":
      if (name === undefined || hasOptions) throw new UsageError("weir token revoke takes a token's id or name.");
      return withDatabase(config, (database) =>
        explained(async () => {
          const tokens = await listApiTokens({ database });
          const found = tokens.find((row) => row.name === name && row.revokedAt === null);
          const id = String(found?.id ?? name);
          await revokeApiToken(byHand(database, "revokeApiToken", { id }), id);
          process.stderr.write(`The token ${name} is revoked; its sockets end within 5 seconds.\n`);
        }),
      );
    default:
      throw new UsageError("weir token takes one of create, list, revoke.");
  }
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

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text.toUpperCase());
  if (role === undefined) throw new UsageError(`--role is "${text}"; it can be ${ROLES.join(", ")}.`);
  return role;
}

function systemOf(text: string): System {
  const system = SYSTEMS.find((known) => known === text.toLowerCase());
  if (system === undefined) throw new UsageError(`--system is "${text}"; it can be ${SYSTEMS.join(", ")}.`);
  return system;
}

function inDays(text: string): string {
  const days = Number(text);
  if (!/^\d{1,5}$/.test(text) || days < 1 || days > MOST_DAYS)
    throw new UsageError(`--days is "${text}"; it can be a whole number from 1 to ${MOST_DAYS}.`);
  return new Date(Date.now() + days * MILLISECONDS_OF_DAY).toISOString();
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
