import type { Argv } from "yargs";
import { TOPIC_NAMES } from "../../feed/topics.ts";
import { lower, run, whole, word } from "../arguments.ts";
import { REMOTE_OPTIONS } from "./remote.ts";
import type { Report } from "./report.ts";
import { FILE_STATUSES, FILE_TYPES, STEP_STATUSES } from "./words.ts";

/** Commands that ask a service by its URL, never its database. Each is loaded when it is called. */
export function askingCommands(all: Argv): Argv {
  return reportCommands(all)
    .command(
      "status",
      "what flows, what is stuck, and why",
      (command) =>
        command.options({
          ...REMOTE_OPTIONS,
          watch: { type: "boolean", default: false, describe: "look again every 2 seconds, until Ctrl-C" },
          check: { type: "boolean", default: false, describe: "end with 1 while something needs a person" },
        }),
      async (options) => run((await import("./status.ts")).status(options)),
    )
    .command(
      "tail",
      "print changes as they are committed; comes back by itself, and misses none",
      (command) =>
        command
          .options({
            ...REMOTE_OPTIONS,
            topic: {
              type: "string",
              array: true,
              coerce: (said: string[]) => said.map(word),
              choices: lower(TOPIC_NAMES),
              describe: "only of this one; may be given several times",
            },
            filter: { type: "string", describe: "only those whose line this regular expression finds" },
            since: { type: "string", describe: "what was written since, first: 30s, 15m, 1h, 7d, or an instant" },
            after: { type: "string", describe: "what comes behind this cursor, first" },
            count: { type: "string", coerce: whole("count", 1, 1e12), describe: "end after so many" },
          })
          .conflicts("since", "after"),
      async (options) => run((await import("./tail.ts")).tail(options)),
    )
    .command(
      "export <what>",
      "print a list as lines of JSON, newest first",
      (command) =>
        command
          .options(REMOTE_OPTIONS)
          .positional("what", { type: "string", demandOption: true, coerce: word, choices: EXPORTS })
          .options({ limit: { type: "string", coerce: whole("limit", 1, 1e12), describe: "end after so many" } }),
      async (options) => run((await import("./export.ts")).exportList(options)),
    );
}

/** Lists that can be exported. */
const EXPORTS = [
  "file-statuses",
  "logs",
  "hl7-files",
  "pipelines",
  "runs",
  "documents",
  "reports",
  "report-runs",
] as const;

const ERROR = { error: { type: "string", describe: "what went wrong" } } as const;
const KEY = {
  key: { type: "string", describe: "the report is stored once under it, however often it is sent" },
} as const;

/** For scripts and cron. */
function reportCommands(all: Argv): Argv {
  const send = async (report: Report) => run((await import("./report.ts")).report(report));
  return all.command("report", "report from a script: a file, a document's step, a report's run", (command) =>
    command
      .options(REMOTE_OPTIONS)
      .command(
        "file <type> <path> <status>",
        "a file's status",
        (file) =>
          file
            .positional("type", { type: "string", demandOption: true, coerce: word, choices: lower(FILE_TYPES) })
            .positional("path", { type: "string", demandOption: true })
            .positional("status", { type: "string", demandOption: true, coerce: word, choices: lower(FILE_STATUSES) })
            .options({ ...ERROR, ...KEY }),
        (options) => send({ ...options, kind: "file" }),
      )
      .command(
        "step <document> <step> <status>",
        "a step of a document, which is named by its id",
        (step) =>
          step
            .positional("document", { type: "string", demandOption: true })
            .positional("step", { type: "string", demandOption: true })
            .positional("status", { type: "string", demandOption: true, coerce: word, choices: lower(STEP_STATUSES) })
            .options({ ...ERROR, ...KEY }),
        (options) => send({ ...options, kind: "step" }),
      )
      .command(
        "start <table> [run]",
        "that a report's table begins to be refreshed; prints the run's id",
        (start) =>
          start
            .positional("table", { type: "string", demandOption: true })
            .positional("run", { type: "string", describe: "an id of yours; the service makes one otherwise" }),
        (options) => send({ ...options, kind: "start" }),
      )
      .command(
        "finish <run>",
        "that the refresh has succeeded",
        (finish) =>
          finish.positional("run", { type: "string", demandOption: true }).options({
            rows: {
              type: "string",
              coerce: whole("rows", 0, Number.MAX_SAFE_INTEGER),
              describe: "rows that were made",
            },
          }),
        (options) => send({ ...options, kind: "finish" }),
      )
      .command(
        "fail <run>",
        "that the refresh has failed",
        (failed) =>
          failed
            .positional("run", { type: "string", demandOption: true })
            .options({ error: { ...ERROR.error, demandOption: true } }),
        (options) => send({ ...options, kind: "fail" }),
      )
      .demandCommand(1, "Say what: file, step, start, finish, fail."),
  );
}
