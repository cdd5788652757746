import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { WeirClient } from "../../src/client/index.ts";
import { Skipped } from "../../src/client/worker.ts";
import { mimeTypeOf, readText } from "./content.ts";
import { deriveMetadata, embedMetadata } from "./metadata.ts";
import { ADD_UPLOAD_STEPS, CREATE_FILE, FILES_OF_HASH } from "./operations.ts";
import { createSteps, type Steps } from "./steps.ts";

export interface Workplace {
  readonly client: WeirClient;
  /** Gets the finished documents. */
  readonly storage: string;
  /** Folders that stand for remote places, by the name of the destination. */
  readonly destinations: Readonly<Record<string, string>>;
}

/** Steps after the record of a file; a duplicate needs none of them. */
const CONTENT_STEPS = [
  "check_text",
  "extract_text",
  "extract_metadata_with_gpt",
  "embed_metadata_into_pdf",
  "finalize_document_storage",
  "send_to_all_destinations",
];
const FINISHED = new Set(["SUCCESS", "SKIPPED"]);

/** Takes one document all the way, or on from where an earlier run stopped. Answers what became of it, in a few words. */
export async function processDocument(path: string, workplace: Workplace): Promise<string> {
  const { client } = workplace;
  const content = await readFile(path);
  const name = basename(path);
  const filehash = createHash("sha256").update(content).digest("hex");
  const { nodes } = (await client.request(FILES_OF_HASH, { filehash })).files;
  const known = nodes.find((file) => file.originalFilename === name);
  if (known?.overallStatus.status === "COMPLETED") return "done already";
  // The first of its content is the original, also while it is not done.
  const original = nodes.findLast((file) => file.originalFilename !== name);

  const id = known?.id ?? (await createRecord(client, { filehash, name, content }));
  const done = new Set(known?.steps.filter(({ status }) => FINISHED.has(status)).map(({ stepName }) => stepName));
  const steps = createSteps(client, id, done);
  await steps.run("hash_file", async () => filehash);
  await steps.run("create_file_record", async () => id);
  if (known === undefined && original !== undefined) {
    for (const step of CONTENT_STEPS) await steps.skip(step, `duplicate of file ${original.id}`);
    return `duplicate of ${original.originalFilename ?? `file ${original.id}`}`;
  }
  await processContent({ id, name, content, filehash }, steps, workplace);
  return "done";
}

async function createRecord(
  client: WeirClient,
  { filehash, name, content }: { filehash: string; name: string; content: Uint8Array },
): Promise<string> {
  const input = { filehash, originalFilename: name, fileSize: content.length, mimeType: mimeTypeOf(name, content) };
  // Of one content and name there is one record, however often its answer is lost.
  const idempotencyKey = `document-worker:${filehash}:${createHash("sha256").update(name).digest("hex")}`;
  return (await client.request(CREATE_FILE, { input: { ...input, initializeSteps: true }, idempotencyKey })).createFile
    .id;
}

interface Document {
  readonly id: string;
  readonly name: string;
  readonly content: Uint8Array;
  readonly filehash: string;
}

async function processContent(
  { id, name, content, filehash }: Document,
  steps: Steps,
  workplace: Workplace,
): Promise<void> {
  const { client, storage, destinations } = workplace;
  const type = mimeTypeOf(name, content);
  await steps.run("check_text", () => readText(type, content));
  const text = (await steps.run("extract_text", () => readText(type, content))) ?? "";
  await steps.skip("extract_metadata_with_gpt", "no model is configured; metadata is derived by rule");
  const metadata = deriveMetadata(text);
  const enriched = await steps.run("embed_metadata_into_pdf", async () => {
    if (type !== "application/pdf") throw new Skipped("not a PDF");
    return embedMetadata(content, metadata);
  });
  const stored = join(storage, `${filehash}${extname(name).toLowerCase()}`);
  await steps.run("finalize_document_storage", async () => {
    await writeWhole(stored, enriched ?? content);
    await writeWhole(`${stored}.json`, JSON.stringify({ filehash, name, type, ...metadata }, null, 2));
  });
  const names = Object.keys(destinations);
  if (names.length === 0) return steps.skip("send_to_all_destinations", "no destination is configured");
  await client.request(ADD_UPLOAD_STEPS, { fileId: id, destinations: names }, { isRepeatable: true });
  await steps.run("send_to_all_destinations", async () => {
    for (const [destination, folder] of Object.entries(destinations)) {
      await steps.run(`queue_${destination}`, async () => {});
      await steps.run(`upload_to_${destination}`, () =>
        writeWhole(join(folder, `${filehash.slice(0, 12)}-${name}`), enriched ?? content),
      );
    }
  });
}

/** Readers see the old file or the new one, whole. */
async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const unfinished = `${path}.${process.pid}.unfinished`;
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
