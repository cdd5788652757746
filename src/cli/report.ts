import { graphql } from "../client/gql/index.ts";
import { readArguments, UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";
import { askService, clientOf, REMOTE_OPTIONS } from "./remote.ts";

const REPORT_FILE = graphql(`
  mutation WeirReportFile($input: FileStatusInput!, $idempotencyKey: String) {
    recordFileStatus(input: $input, idempotencyKey: $idempotencyKey) {
      id
      filePath
      status
      processedAt
    }
  }
`);
const REPORT_STEP = graphql(`
  mutation WeirReportStep($input: UpdateStepStatusInput!, $idempotencyKey: String) {
    updateStepStatus(input: $input, idempotencyKey: $idempotencyKey) {
      id
      stepName
      status
    }
  }
`);
const START_RUN = graphql(`
  mutation WeirStartReport($table: String!, $run: String) {
    startSeederRun(tableName: $table, runId: $run) {
      runId
      status
    }
  }
`);
const FINISH_RUN = graphql(`
  mutation WeirFinishReport($run: String!, $rows: SafeInt) {
    finishSeederRun(runId: $run, input: { recordsProcessed: $rows }) {
      runId
      status
    }
  }
`);
const FAIL_RUN = graphql(`
  mutation WeirFailReport($run: String!, $errors: String!) {
    failSeederRun(runId: $run, errors: $errors) {
      runId
      status
    }
  }
`);

const FILE_TYPES = ["LOG", "HL7"] as const;
const FILE_STATUSES = ["PARSED", "STAGED", "INGESTED", "FAILED"] as const;
const STEP_STATUSES = ["PENDING", "IN_PROGRESS", "SUCCESS", "FAILURE", "SKIPPED"] as const;

function wordOf<Word extends string>(what: string, said: string | undefined, words: readonly Word[]): Word {
  const word = words.find((one) => one === said?.toUpperCase().replaceAll("-", "_"));
  if (word !== undefined) return word;
  throw new UsageError(
    `weir report: ${what} is ${said === undefined ? "missing" : JSON.stringify(said)}; one of ${words.map((one) => one.toLowerCase()).join(", ")}.`,
  );
}

function given(what: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UsageError(`weir report: ${what} is missing.`);
  return value;
}

/** Reports a file's status, a document's step or a report's run, for scripts and cron. Prints what was stored. */
export function report(args: readonly string[]): Promise<Failure | undefined> {
  const { values, positionals } = readArguments(args, {
    ...REMOTE_OPTIONS,
    error: { type: "string" },
    key: { type: "string" },
    rows: { type: "string" },
  });
  const [kind, ...words] = positionals;
  const client = clientOf(values);
  const key = values.key === undefined ? {} : { idempotencyKey: values.key };
  const error = values.error === undefined ? {} : { errorMessage: values.error };
  const send = (): Promise<unknown> => {
    switch (kind) {
      case "file": {
        const [type, filePath, status] = words;
        const input = {
          type: wordOf("the type", type, FILE_TYPES),
          filePath: given("the path", filePath),
          status: wordOf("the status", status, FILE_STATUSES),
          ...error,
        };
        return client.mutate(REPORT_FILE, { input, ...key });
      }
      case "step": {
        const [fileId, stepName, status] = words;
        const input = {
          fileId: given("the document's id", fileId),
          stepName: given("the step", stepName),
          status: wordOf("the status", status, STEP_STATUSES),
          ...error,
        };
        return client.mutate(REPORT_STEP, { input, ...key });
      }
      case "start":
        return client.mutate(START_RUN, {
          table: given("the table", words[0]),
          ...(words[1] === undefined ? {} : { run: words[1] }),
        });
      case "finish":
        return client.mutate(FINISH_RUN, {
          run: given("the run's id", words[0]),
          ...(values.rows === undefined ? {} : { rows: rowsOf(values.rows) }),
        });
      case "fail":
        return client.mutate(FAIL_RUN, {
          run: given("the run's id", words[0]),
          errors: given("--error", values.error),
        });
      default:
        throw new UsageError(
          `weir report: ${kind === undefined ? "say what" : `no ${JSON.stringify(kind)}`}; one of file, step, start, finish, fail.`,
        );
    }
  };
  return askService(async () => {
    const answer = Object.values((await send()) as Record<string, Record<string, unknown>>)[0] ?? {};
    process.stdout.write(
      values.json === true ? `${JSON.stringify(answer)}\n` : `${Object.values(answer).join("  ")}\n`,
    );
    return undefined;
  });
}

function rowsOf(text: string): number {
  const rows = Number(text);
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new UsageError(`weir report: --rows is ${JSON.stringify(text)}; it is a whole number.`);
  return rows;
}
