import type { FileStatusInput, Hl7FileInput } from "../../src/client/gql/graphql.ts";
import type { WeirClient } from "../../src/client/index.ts";
import { RECORD_FILE_STATUSES, RECORD_HL7_FILES } from "./documents.ts";

export interface Reporter {
  /** Says which file came from which segment; a message that was not staged has its placeholder path. */
  hl7File(file: Hl7FileInput): Promise<void>;
  status(status: FileStatusInput): Promise<void>;
  /** Sends what was not sent yet. What this has done is stored. */
  flush(): Promise<void>;
}

const MOST_ROWS = 500;
/** UTF-8 bytes of rows; the service takes 1 MiB with the operation around them. */
const MOST_BYTES = 512 * 1024;
const LONGEST_MESSAGE = 2_000;

/**
 * Reports to Weir in batches. A batch that gets no answer is sent again by the client, up to its number of attempts.
 * Statuses are a history: that the same batch is not stored twice, its idempotency key sees to, made of the workflow's id
 * and the batch's number. Mappings are upserts and need none.
 */
export function createReporter(client: WeirClient, workflowId: string): Reporter {
  let files: Hl7FileInput[] = [];
  let statuses: FileStatusInput[] = [];
  let bytes = 0;
  let batches = 0;

  async function added(row: object): Promise<void> {
    bytes += Buffer.byteLength(JSON.stringify(row));
    if (files.length >= MOST_ROWS || statuses.length >= MOST_ROWS || bytes >= MOST_BYTES) await flush();
  }

  async function flush(): Promise<void> {
    const batch = { files, statuses };
    files = [];
    statuses = [];
    bytes = 0;
    // Mappings first: who hears of a status finds the file's log.
    if (batch.files.length > 0) await client.request(RECORD_HL7_FILES, { input: batch.files }, { isRepeatable: true });
    if (batch.statuses.length === 0) return;
    batches += 1;
    await client.request(RECORD_FILE_STATUSES, { input: batch.statuses, idempotencyKey: `${workflowId}:${batches}` });
  }

  return {
    hl7File(file) {
      files.push(file);
      return added(file);
    },
    status(status) {
      const { errorMessage } = status;
      const row = { ...status, workflowId, errorMessage: errorMessage?.slice(0, LONGEST_MESSAGE).toWellFormed() };
      statuses.push(row);
      return added(row);
    },
    flush,
  };
}
