import { defaultFieldResolver, type GraphQLField, type GraphQLSchema } from "graphql";
import { type AuditEntry, auditLater, maskedArguments } from "../resolvers/access/audit.ts";
import { auditedContext, type Context } from "../resolvers/context.ts";
import { assertDrivers } from "../resolvers/runs/drivers.ts";
import { ROLES, type Role, type System } from "../resolvers/viewer.ts";

/** Who may ask for a root field: those with the role, unless they are limited to other systems. */
interface Rule {
  readonly role: Role;
  /** The system that it belongs to; `all`: to none, what it answers goes by what the viewer sees. */
  readonly system: System | "all";
}

/** The `authScopes` of a field, as its rule; null when it has none. */
export function ruleOf(field: GraphQLField<unknown, unknown>): Rule | null {
  const options: unknown = field.extensions["pothosOptions"];
  if (!isRecord(options) || !isRecord(options["authScopes"])) return null;
  const { role, system } = options["authScopes"];
  const isRule = ROLES.some((known) => known === role) && typeof system === "string";
  return isRule ? (options["authScopes"] as unknown as Rule) : null;
}

/**
 * Holds for every root field what none may forget: a rule; for every mutation the rate and the limit to drivers; for those of
 * administrators the audit. Throws for a field without a rule: such a schema is not served.
 */
export function withRules(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const rule = ruleOf(field);
      if (rule === null)
        throw new Error(`${type?.name}.${field.name} has no rule: give it authScopes { role, system }`);
      if (type === schema.getMutationType()) field.resolve = ruled(field, rule);
    }
  }
  return schema;
}

function ruled(field: GraphQLField<unknown, unknown>, rule: Rule): NonNullable<typeof field.resolve> {
  const resolve = field.resolve ?? defaultFieldResolver;
  return async (root, args: Readonly<Record<string, unknown>>, given, info) => {
    // The one context that operations are run with.
    const context = given as Context;
    context.mutationRate.take(context.viewer);
    if (rule.system === "pipelines") await assertDrivers(context, args);
    if (rule.role !== "ADMIN") return resolve(root, args, context, info);
    const entry: AuditEntry = { action: field.name, arguments: maskedArguments(args), isWritten: false };
    const answer: unknown = await resolve(root, args, auditedContext(context, entry), info);
    // It wrote nothing in a transaction of ours, or answered as it stands.
    if (!entry.isWritten) await auditLater(context, entry);
    return answer;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
