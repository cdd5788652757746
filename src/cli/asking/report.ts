import { graphql } from "../../client/gql/index.ts";
import type { WeirClient } from "../../client/index.ts";
import { spelled } from "../arguments.ts";
import type { Failure } from "../failure.ts";
import { askService, clientOf, type Remote } from "./remote.ts";
import { FILE_STATUSES, FILE_TYPES, STEP_STATUSES } from "./words.ts";

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

/** What somebody reports, as it was typed. */
export type Report = Remote & { readonly json: boolean } & (
    | ({ readonly kind: "file"; readonly type: string; readonly path: string; readonly status: string } & Said)
    | ({ readonly kind: "step"; readonly document: string; readonly step: string; readonly status: string } & Said)
    | { readonly kind: "start"; readonly table: string; readonly run: string | undefined }
    | { readonly kind: "finish"; readonly run: string; readonly rows: number | undefined }
    | { readonly kind: "fail"; readonly run: string; readonly error: string }
  );
interface Said {
  readonly error: string | undefined;
  readonly key: string | undefined;
}

/** Reports a file's status, a document's step or a report's run, for scripts and cron. Prints what was stored. */
export function report(reported: Report): Promise<Failure | undefined> {
  const client = clientOf(reported);
  return askService(async () => {
    const answer = Object.values({ ...(await send(client, reported)) })[0] ?? {};
    process.stdout.write(reported.json ? `${JSON.stringify(answer)}\n` : `${Object.values(answer).join("  ")}\n`);
    return undefined;
  });
}

function send(client: WeirClient, reported: Report): Promise<object> {
  switch (reported.kind) {
    case "file": {
      const input = {
        type: spelled(reported.type, FILE_TYPES),
        filePath: reported.path,
        status: spelled(reported.status, FILE_STATUSES),
        ...errorOf(reported),
      };
      return client.mutate(REPORT_FILE, { input, ...keyOf(reported) });
    }
    case "step": {
      const input = {
        fileId: reported.document,
        stepName: reported.step,
        status: spelled(reported.status, STEP_STATUSES),
        ...errorOf(reported),
      };
      return client.mutate(REPORT_STEP, { input, ...keyOf(reported) });
    }
    case "start":
      return client.mutate(START_RUN, {
        table: reported.table,
        ...(reported.run === undefined ? {} : { run: reported.run }),
      });
    case "finish":
      return client.mutate(FINISH_RUN, {
        run: reported.run,
        ...(reported.rows === undefined ? {} : { rows: reported.rows }),
      });
    // "fail".
    default:
      return client.mutate(FAIL_RUN, { run: reported.run, errors: reported.error });
  }
}

const errorOf = ({ error }: Said) => (error === undefined ? {} : { errorMessage: error });
const keyOf = ({ key }: Said) => (key === undefined ? {} : { idempotencyKey: key });
