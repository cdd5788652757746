import { sql } from "drizzle-orm";
import type { Transaction } from "../../db/client.ts";
import { documentFiles, processingLogs } from "../../db/documents/tables.ts";
import { textArray } from "../batches.ts";
import type { Context } from "../context.ts";
import { writeInTransaction } from "../transactions.ts";
import { type NewFile, type NewLog, noSuchFile } from "./input.ts";

type Key = string | null | undefined;

/** Writes a file and its steps, both or neither. Answers its id. */
export function insertFile(
  context: Context,
  input: NewFile,
  steps: readonly string[],
  idempotencyKey: Key,
): Promise<number> {
  const { filehash, originalFilename = null, fileSize = null, mimeType = null } = input;
  const claimed = [filehash, originalFilename, fileSize, mimeType, steps];
  return writeInTransaction(context, { operation: "createFile", idempotencyKey, input: claimed }, async (tx) => {
    const [row] = await tx
      .insert(documentFiles)
      .values({ filehash, originalFilename, fileSize, mimeType })
      .returning({ id: documentFiles.id })
      .comment("documents.create_file");
    if (row === undefined) throw new Error("a file that was inserted has no id");
    await insertSteps(tx, row.id, steps);
    return row.id;
  });
}

/** Adds the steps that the file does not have yet, as pending. Throws NOT_FOUND. */
export function addSteps(context: Context, fileId: number, names: readonly string[]): Promise<number> {
  return writeInTransaction(context, null, async (tx) => {
    await assertFile(tx, fileId);
    await insertSteps(tx, fileId, names);
    return fileId;
  });
}

async function insertSteps(tx: Transaction, fileId: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.execute(sql`/* documents.add_steps */
    insert into documents.file_processing_steps (file_id, step_name, status)
    select ${fileId}::bigint, n.name, 'pending' from unnest(${textArray(names)}) with ordinality as n(name, at) order by n.at
    on conflict (file_id, step_name) do nothing`);
}

/** Appends to the history. Answers the entry's id. Throws NOT_FOUND for a file that is not there. */
export function insertLog(context: Context, fileId: number | null, log: NewLog, idempotencyKey: Key): Promise<number> {
  const { taskId = null, stepName = null, status = null, message = null, detail = null, timestamp = null } = log;
  const input = [fileId, taskId, stepName, status, message, detail, timestamp];
  return writeInTransaction(context, { operation: "logProcessingEvent", idempotencyKey, input }, async (tx) => {
    if (fileId !== null) await assertFile(tx, fileId);
    const [row] = await tx
      .insert(processingLogs)
      .values({ fileId, taskId, stepName, status, message, detail, ...(timestamp === null ? {} : { timestamp }) })
      .returning({ id: processingLogs.id })
      .comment("documents.log_event");
    if (row === undefined) throw new Error("a log entry that was inserted has no id");
    return row.id;
  });
}

/** Keeps the file from being removed until the transaction ends. */
async function assertFile(tx: Transaction, id: number): Promise<void> {
  const rows = await tx.execute(
    sql`/* documents.file_exists */ select 1 from ${documentFiles} where id = ${id} for key share`,
  );
  if (rows.length === 0) throw noSuchFile(id);
}
