import type { WeirClient } from "./client.ts";
import { WeirError } from "./error.ts";

/** As `FileStatusInput` has it. */
export interface FileStatusReport {
  readonly filePath: string;
  readonly type: "HL7" | "LOG";
  readonly status: "STAGED" | "INGESTED" | "FAILED" | "PARSED";
  readonly errorMessage?: string | null;
  readonly workflowId?: string | null;
  readonly activityId?: string | null;
  readonly processedAt?: string | null;
}

export interface ReporterOptions {
  /** Reports of one request at most. Default 500. */
  readonly most?: number;
  /** Milliseconds that a report waits for others at most. Default 200. */
  readonly longestWait?: number;
}

export interface Reporter extends AsyncDisposable {
  /** Resolves when it is stored. Rejects when it was refused: it alone, whatever came with it. */
  report(status: FileStatusReport): Promise<void>;
  /** Sends what waits, and resolves when everything that was reported is answered. */
  flush(): Promise<void>;
}

/** Characters of one request at most; the service takes 1 MiB of bytes. */
const MOST_CHARACTERS = 256 * 1024;

const RECORD = `mutation ($input: [FileStatusInput!]!, $idempotencyKey: String) {
  recordFileStatuses(input: $input, idempotencyKey: $idempotencyKey) { id } }`;

interface Waiting {
  readonly status: FileStatusReport;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reports statuses of files in batches, which are sent when they are full, when the first report has waited long enough, and at
 * the end of `await using`. One batch is under way at a time: a file's statuses are stored in the order in which they came.
 */
export function createReporter(client: WeirClient, { most = 500, longestWait = 200 }: ReporterOptions = {}): Reporter {
  let waiting: Waiting[] = [];
  let characters = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<void> = Promise.resolve();

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = [];
    characters = 0;
    if (batch.length > 0) sending = sending.then(() => record(batch));
  }

  async function record(batch: readonly Waiting[]): Promise<void> {
    try {
      await client.mutate(RECORD, { input: batch.map(({ status }) => status) });
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // One of them is at fault: each alone, so that the others are stored.
      if (batch.length > 1 && error instanceof WeirError && !error.isPassing)
        for (const one of batch) await record([one]);
      else for (const { reject } of batch) reject(error);
    }
  }

  async function flush(): Promise<void> {
    send();
    await sending;
  }

  return {
    report(status) {
      const stored = new Promise<void>((resolve, reject) => waiting.push({ status, resolve, reject }));
      characters += JSON.stringify(status).length;
      if (waiting.length >= most || characters >= MOST_CHARACTERS) send();
      else timer ??= setTimeout(send, longestWait);
      return stored;
    },
    flush,
    [Symbol.asyncDispose]: flush,
  };
}
