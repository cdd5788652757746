import type { Argv } from "yargs";
import { ROLES, SYSTEMS } from "../db/access/tables.ts";
import { readConfig } from "../server/config.ts";
import { lower, run, whole, word } from "./arguments.ts";

const JSON_LINES = { json: { type: "boolean", default: false, describe: "JSON, for programs" } } as const;
const DRY_RUN = { "dry-run": { type: "boolean", default: false, describe: "only say what would be written" } } as const;
const MOST_DAYS = 36_500;
const MOST_BATCH = 10_000;

/** Commands that work on the service's database themselves, beside a running service or without one. Each is loaded when it is called. */
export function databaseCommands(all: Argv): Argv {
  return importCommands(tokenCommands(all))
    .command(
      "backfill",
      "rebuild the steps of documents from their logs; run again, it goes on",
      (command) =>
        command.options({
          ...DRY_RUN,
          ...JSON_LINES,
          "batch-size": {
            type: "string",
            default: "500",
            coerce: whole("batch-size", 1, MOST_BATCH),
            describe: "files of one transaction",
          },
        }),
      async ({ dryRun, batchSize = 500, json }) => {
        const config = readConfig(process.env);
        await run((await import("./backfill.ts")).backfill(config, { dryRun, batchSize, json }));
      },
    )
    .command(
      "verify",
      "compare the steps of documents with what their logs imply; ends with 1 where they differ",
      (command) => command.options(JSON_LINES),
      async (options) => {
        const config = readConfig(process.env);
        await run((await import("./verify.ts")).verify(config, options));
      },
    );
}

function tokenCommands(all: Argv): Argv {
  return all.command(
    "token",
    "make, list and end tokens; the first one closes the service to whoever has none",
    (command) =>
      command
        .command(
          "create <name>",
          "make a token and print its secret, this once",
          (create) =>
            create.positional("name", { type: "string", demandOption: true }).options({
              role: {
                type: "string",
                default: "viewer",
                coerce: word,
                choices: lower(ROLES),
                describe: "what it may do",
              },
              agency: { type: "string", array: true, describe: "only reports of this one; may be given several times" },
              system: {
                type: "string",
                array: true,
                coerce: (said: string[]) => said.map(word),
                choices: SYSTEMS,
                describe: "only this one; may be given several times",
              },
              driver: {
                type: "string",
                array: true,
                describe: "only stages of this driver container; may be given several times",
              },
              days: {
                type: "string",
                coerce: whole("days", 1, MOST_DAYS),
                describe: "until it expires; otherwise it does not",
              },
              ...JSON_LINES,
            }),
          async (options) => {
            const config = readConfig(process.env);
            await run((await import("./token.ts")).createToken(config, options));
          },
        )
        .command(
          "list",
          "all tokens, without their secrets",
          (list) => list.options(JSON_LINES),
          async (options) => {
            const config = readConfig(process.env);
            await run((await import("./token.ts")).listTokens(config, options));
          },
        )
        .command(
          "revoke <token>",
          "end a token, by its id or name, and its sockets within 5 seconds",
          (revoke) => revoke.positional("token", { type: "string", demandOption: true }),
          async (options) => {
            const config = readConfig(process.env);
            await run((await import("./token.ts")).revokeToken(config, options));
          },
        )
        .demandCommand(1, "weir token takes one of create, list, revoke."),
  );
}

function importCommands(all: Argv): Argv {
  return all.command("import", "take over what another program has kept; run again, it adds nothing twice", (command) =>
    command
      .command(
        "config-db <file>",
        "a SQLite config.db of pipelines, with its history",
        (configDb) =>
          configDb.positional("file", { type: "string", demandOption: true }).options({
            ...DRY_RUN,
            ...JSON_LINES,
            paused: { type: "boolean", default: false, describe: "new pipelines wait until they are set active" },
            "keep-unfinished": {
              type: "boolean",
              default: false,
              describe: "runs that were not finished go on, instead of being failed",
            },
          }),
        async ({ file, dryRun: isDryRun, paused: isPaused, keepUnfinished: keepsUnfinished, json: isJson }) => {
          const config = readConfig(process.env);
          const { importConfigDb } = await import("./config-db/import.ts");
          await run(importConfigDb(config, file, { isDryRun, keepsUnfinished, isPaused, isJson }));
        },
      )
      .command(
        "processing-logs <file>",
        "a CSV of a history of documents, all of it or nothing",
        (logs) => logs.positional("file", { type: "string", demandOption: true }).options(JSON_LINES),
        async ({ file, json }) => {
          const config = readConfig(process.env);
          await run((await import("./import-processing-logs.ts")).importProcessingLogs(config, file, { json }));
        },
      )
      .demandCommand(1, "weir import takes one of config-db, processing-logs, and a file."),
  );
}
