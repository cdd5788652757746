import type { AuditChangeRow, AuditRow } from "../../db/access/tables.ts";
import { listAudit } from "../../resolvers/access/audit-log.ts";
import { connect } from "../../resolvers/lists.ts";
import type { JsonObject } from "../../resolvers/pipelines/credentials.ts";
import { builder } from "../builder.ts";
import { connectionOf, pageArgs } from "../connections.ts";
import { Node } from "../node.ts";

const RowOperation = builder.enumType("AuditOperation", {
  description: "What happened to a row.",
  values: {
    INSERT: { description: "It was added." },
    UPDATE: { description: "It was changed." },
    DELETE: { description: "It was removed." },
  },
});

const AuditChange = builder.objectRef<AuditChangeRow>("AuditChange").implement({
  description: "A row of the configuration that a mutation changed. Credentials and hashes are shown as ********.",
  fields: (t) => ({
    table: t.exposeString("table", { description: "Its table, with its schema." }),
    operation: t.expose("operation", { type: RowOperation, description: "What happened to it." }),
    before: t.field({
      type: "JSONObject",
      nullable: true,
      description: "The row as it was; null when it was added.",
      resolve: ({ before }) => before as JsonObject | null,
    }),
    after: t.field({
      type: "JSONObject",
      nullable: true,
      description: "The row as it became; null when it was removed.",
      resolve: ({ after }) => after as JsonObject | null,
    }),
  }),
});

export const AuditEntry = builder.objectRef<AuditRow>("AuditEntry").implement({
  description: "An administrative mutation that was done. Entries are only ever added.",
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID("id", { description: "Grows with each entry." }),
    at: t.expose("at", { type: "DateTime", description: "When, by the database's clock." }),
    actor: t.string({
      nullable: true,
      description: "Name of the token; cli:<user> for the command line; null without authentication.",
      resolve: ({ actor }) => actor || null,
    }),
    address: t.exposeString("address", {
      nullable: true,
      description: "Address that the request came from; null for the command line.",
    }),
    action: t.exposeString("action", { description: "The mutation's name." }),
    arguments: t.field({
      type: "JSONObject",
      description: "Its arguments, secrets shown as ********.",
      resolve: (entry) => entry.arguments as JsonObject,
    }),
    changes: t.field({
      type: [AuditChange],
      description:
        "The rows of the configuration that it changed, in that order; none for what changed no configuration.",
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.access.auditChanges.load(id))],
    }),
  }),
});

const AuditEntryConnection = connectionOf("AuditEntry", AuditEntry);

const AuditFilter = builder.inputType("AuditFilter", {
  description: "Which entries of the audit to list. What is null asks nothing.",
  fields: (t) => ({
    actor: t.string({ description: "By this actor." }),
    action: t.string({ description: "Of this mutation." }),
    after: t.field({ type: "DateTime", description: "Later than this." }),
    before: t.field({ type: "DateTime", description: "Earlier than this." }),
  }),
});

builder.queryFields((t) => ({
  auditLog: t.field({
    type: AuditEntryConnection,
    authScopes: { role: "ADMIN", system: "all" },
    args: { filter: t.arg({ type: AuditFilter, description: "Only those that meet it." }), ...pageArgs },
    description: "What administrators did, newest first. Role: ADMIN.",
    resolve: async (_root, args, { database, settings }) =>
      connect(await listAudit(database.db, args, settings.maxPageSize), (row) => row),
  }),
}));
