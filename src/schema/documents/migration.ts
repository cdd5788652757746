import * as migration from "../../resolvers/documents/migration.ts";
import { builder } from "../builder.ts";

const dryRunOf = "Whether nothing was written.";
const created = "Steps that were missing.";
const updated = "Steps whose status, start or end differed.";
const skipped = "Steps that were as their logs imply.";

const MigrationResult = builder.objectRef<migration.MigrationResult>("MigrationResult").implement({
  description: "What the migration did with one file; a dry run: what it would do.",
  fields: (t) => ({
    fileId: t.exposeID("fileId", { description: "The file." }),
    dryRun: t.exposeBoolean("dryRun", { description: dryRunOf }),
    stepsCreated: t.exposeInt("stepsCreated", { description: created }),
    stepsUpdated: t.exposeInt("stepsUpdated", { description: updated }),
    stepsSkipped: t.exposeInt("stepsSkipped", { description: skipped }),
    errors: t.stringList({
      description: "Why nothing was done; empty when the file was rebuilt.",
      resolve: ({ errors }) => [...errors],
    }),
  }),
});

const MigrationSummary = builder.objectRef<migration.MigrationSummary>("MigrationSummary").implement({
  description: "What the migration did with all files; a dry run: what it would do.",
  fields: (t) => ({
    dryRun: t.exposeBoolean("dryRun", { description: dryRunOf }),
    totalFiles: t.exposeInt("totalFiles", { description: "Files that have logs and lacked a step that these imply." }),
    filesMigrated: t.exposeInt("filesMigrated", { description: "Files that were rebuilt." }),
    filesFailed: t.exposeInt("filesFailed", { description: "Files that could not be rebuilt." }),
    filesMissing: t.exposeInt("filesMissing", {
      description: "Files that logs tell of and that are not there: deleted, or yet to come. Nothing is done for them.",
    }),
    stepsCreated: t.exposeInt("stepsCreated", { description: created }),
    stepsUpdated: t.exposeInt("stepsUpdated", { description: updated }),
    stepsSkipped: t.exposeInt("stepsSkipped", { description: skipped }),
    errors: t.stringList({
      description: "Why files could not be rebuilt: the first 100 reasons.",
      resolve: ({ errors }) => [...errors],
    }),
  }),
});

const MigrationVerification = builder.objectRef<migration.MigrationVerification>("MigrationVerification").implement({
  description: "The steps of one file beside those that its logs imply.",
  fields: (t) => ({
    fileId: t.exposeID("fileId", { description: "The file." }),
    isValid: t.exposeBoolean("isValid", {
      description: "Whether the file has logs, and every step that they imply is there with that status.",
    }),
    logSteps: t.stringList({ description: "Steps that the logs imply.", resolve: ({ logSteps }) => [...logSteps] }),
    tableSteps: t.stringList({
      description: "Steps that the table has.",
      resolve: ({ tableSteps }) => [...tableSteps],
    }),
    discrepancies: t.stringList({
      description: "What differs. A step without logs is named, and does no harm.",
      resolve: ({ discrepancies }) => [...discrepancies],
    }),
  }),
});

builder.queryFields((t) => ({
  verifyMigration: t.field({
    type: MigrationVerification,
    authScopes: { role: "VIEWER", system: "documents" },
    args: { fileId: t.arg.id({ required: true, description: "The file." }) },
    description:
      "Compares the steps table with the state that the logs of one file imply. Role: VIEWER. Errors: NOT_FOUND.",
    resolve: (_root, { fileId }, context) => migration.verifyMigration(context, fileId),
  }),
}));

builder.mutationFields((t) => ({
  migrateLogsToSteps: t.field({
    type: MigrationResult,
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      fileId: t.arg.id({ required: true, description: "The file." }),
      dryRun: t.arg.boolean({ required: true, defaultValue: false, description: "Write nothing, and tell the same." }),
    },
    description: "Sets the steps of one file to what its logs imply. Role: WORKER. Errors: NOT_FOUND.",
    resolve: (_root, { fileId, dryRun }, context) => migration.migrateLogsToSteps(context, fileId, dryRun),
  }),
  migrateAllFiles: t.field({
    type: MigrationSummary,
    authScopes: { role: "WORKER", system: "documents" },
    args: {
      batchSize: t.arg.int({
        required: true,
        defaultValue: 100,
        description: "Files of one transaction, 1 to 10000.",
      }),
      dryRun: t.arg.boolean({ required: true, defaultValue: false, description: "Write nothing, and tell the same." }),
    },
    description:
      "Sets the steps of every file that has logs and lacks a step that these imply. Calling again after an interruption goes on; for many files use `weir backfill`. Role: WORKER. Errors: BAD_USER_INPUT.",
    resolve: (_root, args, context) => migration.migrateAllFiles(context, { ...args, signal: context.closing }),
  }),
}));
