import type { ApiTokenRow } from "../../db/access/tables.ts";
import { type CreatedApiToken, createApiToken, listApiTokens, revokeApiToken } from "../../resolvers/access/tokens.ts";
import type { Role, Viewer } from "../../resolvers/viewer.ts";
import { builder } from "../builder.ts";
import { Node } from "../node.ts";
import { GaugedSystem } from "../systems.ts";

const RoleRef = builder.enumType("Role", {
  description: "What a token may do; each role includes the ones before it.",
  values: {
    VIEWER: { description: "Query and subscribe." },
    WORKER: { description: "Report as well." },
    ADMIN: { description: "Configure as well: pipelines, reports with their SQL, tokens." },
  } satisfies Record<Role, object>,
});

const limits = {
  agencySlugs: "Agencies whose reports it sees; null: all.",
  systems: "Systems that are open to it, for reading as for writing; null: all.",
  driverContainers: "Driver containers whose stages it works on, and on nothing else of pipelines; null: all.",
} as const;

const ViewerRef = builder.objectRef<Viewer>("Viewer").implement({
  description: "Who is asking.",
  fields: (t) => ({
    name: t.string({ description: "Name of the token.", resolve: ({ name }) => name ?? "" }),
    role: t.expose("role", { type: RoleRef, description: "What he may do." }),
    agencySlugs: t.stringList({
      nullable: true,
      description: limits.agencySlugs,
      resolve: ({ agencySlugs }) => copied(agencySlugs),
    }),
    systems: t.field({
      type: [GaugedSystem],
      nullable: true,
      description: limits.systems,
      resolve: ({ systems }) => copied(systems),
    }),
    driverContainers: t.stringList({
      nullable: true,
      description: limits.driverContainers,
      resolve: ({ driverContainers }) => copied(driverContainers),
    }),
  }),
});

export const ApiTokenRef = builder.objectRef<ApiTokenRow>("ApiToken").implement({
  description: "A token, by which a program or a person is known. Its secret is kept nowhere.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Unique among tokens." }),
    name: t.exposeString("name", { description: "Who it was given to; the actor of what it reports." }),
    role: t.expose("role", { type: RoleRef, description: "What it may do." }),
    agencySlugs: t.stringList({
      nullable: true,
      description: limits.agencySlugs,
      resolve: ({ agencySlugs }) => copied(agencySlugs),
    }),
    systems: t.field({
      type: [GaugedSystem],
      nullable: true,
      description: limits.systems,
      resolve: ({ systems }) => copied(systems),
    }),
    driverContainers: t.stringList({
      nullable: true,
      description: limits.driverContainers,
      resolve: ({ driverContainers }) => copied(driverContainers),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it stops working; null: never by itself.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last used, to the minute; null: never.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was revoked; null: it was not.",
    }),
  }),
});

const CreatedApiTokenRef = builder.objectRef<CreatedApiToken>("CreatedApiToken").implement({
  description: "A new token with its secret.",
  fields: (t) => ({
    token: t.field({ type: ApiTokenRef, description: "The token.", resolve: ({ token }) => token }),
    secret: t.exposeString("secret", {
      description: "What its holder sends as Authorization: Bearer. It is in this answer and nowhere else.",
    }),
  }),
});

const ApiTokenInput = builder.inputType("ApiTokenInput", {
  description: "A new token. An ADMIN token has no limits.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: "Who it is for, 1 to 100 characters; no other token that is not revoked has it.",
    }),
    role: t.field({ type: RoleRef, required: true, description: "What it may do." }),
    agencySlugs: t.stringList({ description: limits.agencySlugs }),
    systems: t.field({ type: [GaugedSystem], description: limits.systems }),
    driverContainers: t.stringList({ description: limits.driverContainers }),
    expiresAt: t.field({ type: "DateTime", description: "When it stops working; null: never by itself." }),
  }),
});

function copied<Item>(list: readonly Item[] | null | undefined): Item[] | null {
  return list == null ? null : [...list];
}

builder.queryFields((t) => ({
  viewer: t.field({
    type: ViewerRef,
    nullable: true,
    authScopes: { role: "VIEWER", system: "all" },
    description: "Who is asking. Null when the service runs without authentication. Role: VIEWER.",
    resolve: (_root, _args, { viewer }) => (viewer.name === null ? null : viewer),
  }),
  apiTokens: t.field({
    type: [ApiTokenRef],
    authScopes: { role: "ADMIN", system: "all" },
    description: "All tokens, revoked ones too, in the order in which they were made. Role: ADMIN.",
    resolve: (_root, _args, context) => listApiTokens(context),
  }),
}));

builder.mutationFields((t) => ({
  createApiToken: t.field({
    type: CreatedApiTokenRef,
    authScopes: { role: "ADMIN", system: "all" },
    args: { input: t.arg({ type: ApiTokenInput, required: true, description: "The token." }) },
    description:
      "Makes a token. The secret is in the answer of this call and nowhere else. From the first token on, every request needs one. Role: ADMIN. Errors: BAD_USER_INPUT, CONFLICT for a name that another token has.",
    resolve: (_root, { input }, context) => createApiToken(context, input),
  }),
  revokeApiToken: t.boolean({
    authScopes: { role: "ADMIN", system: "all" },
    args: { id: t.arg.id({ required: true, description: "The token." }) },
    description:
      "Ends a token, and within 5 seconds its sockets and streams. Always true. Role: ADMIN. Errors: NOT_FOUND.",
    resolve: (_root, { id }, context) => revokeApiToken(context, id),
  }),
}));
