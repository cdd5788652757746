import { databaseNow } from "../resolvers/service.ts";
import type { Settings } from "../resolvers/settings.ts";
import { builder } from "./builder.ts";

const Thresholds = builder.objectRef<Settings>("ServiceThresholds").implement({
  description: "From when on something is told as being in trouble: settings of the service.",
  fields: (t) => ({
    stuckStagedMinutes: t.exposeInt("stuckStagedMinutes", {
      description: "A HL7 file that is STAGED for longer is stuck (WEIR_STUCK_STAGED_MINUTES).",
    }),
    longRunningMinutes: t.exposeInt("longRunningMinutes", {
      description: "A run that takes no longer is never long-running (WEIR_LONG_RUNNING_MINUTES).",
    }),
    stepTimeoutMinutes: t.exposeInt("stepTimeoutMinutes", {
      description: "A step that is IN_PROGRESS for longer is stalled (WEIR_STEP_TIMEOUT_MINUTES).",
    }),
    failingAfter: t.exposeInt("failingAfter", {
      description: "A report that failed so many times in a row is failing (WEIR_FAILING_AFTER).",
    }),
    coolingMinutes: t.exposeInt("coolingMinutes", {
      description: "After 5 failures in a row a report is left alone for so long (WEIR_SEEDER_COOLING_MINUTES).",
    }),
  }),
});

const Service = builder.objectRef<Settings>("Service").implement({
  description: "The service itself.",
  fields: (t) => ({
    version: t.exposeString("version", { description: "Its version." }),
    now: t.field({
      type: "DateTime",
      description: "The present by the database's clock, by which every instant goes that is answered.",
      resolve: (_settings, _args, context) => databaseNow(context),
    }),
    retentionDays: t.exposeInt("retentionDays", {
      description: "For how many days a cursor can be continued (WEIR_RETENTION_DAYS).",
    }),
    thresholds: t.field({
      type: Thresholds,
      description: "From when on something is told as being in trouble.",
      resolve: (settings) => settings,
    }),
  }),
});

builder.queryFields((t) => ({
  service: t.field({
    type: Service,
    nullable: true,
    authScopes: { role: "VIEWER", system: "all" },
    description: "The service itself; null beside an error alone. Role: VIEWER.",
    resolve: (_root, _args, { settings }) => settings,
  }),
}));
