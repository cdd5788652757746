import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { z } from "zod";

/** Rows of one file. */
const ROWS_PER_FILE = 10_000;
const MANIFEST = "manifest.json";

/** A column of the source, with its type as PostgreSQL writes it. */
const column = z.object({ name: z.string(), type: z.string() });
export type Column = z.infer<typeof column>;

const manifest = z.object({
  columns: z.array(column),
  primaryKey: z.array(z.string()),
  /** Whether the files have all rows of the table, or those beyond a watermark. */
  isWhole: z.boolean(),
  files: z.array(z.object({ name: z.string(), rows: z.int(), sha256: z.string() })),
});
/** What an extraction wrote: enough to verify it, and to make the table elsewhere. */
export type Manifest = z.infer<typeof manifest>;

/**
 * Writes rows as gzipped NDJSON, a file for every 10,000, and a manifest with their counts and checksums. The folder is there
 * whole or not at all. Answers the paths, the manifest's first, and how many rows there were.
 */
export async function writeFiles(
  folder: string,
  lines: AsyncIterable<readonly string[]>,
  table: Pick<Manifest, "columns" | "primaryKey" | "isWhole">,
): Promise<{ rows: number; filePaths: readonly string[] }> {
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const files: Manifest["files"] = [];
  let open: Awaited<ReturnType<typeof openFile>> | undefined;
  for await (const batch of lines) {
    for (const line of batch) {
      open ??= await openFile(unfinished, `part-${files.length}.ndjson.gz`);
      await open.write(line);
      if (open.rows < ROWS_PER_FILE) continue;
      files.push(await open.close());
      open = undefined;
    }
  }
  if (open !== undefined) files.push(await open.close());
  await writeFile(path.join(unfinished, MANIFEST), `${JSON.stringify({ ...table, files }, null, 2)}\n`);
  // An earlier attempt of the same stage may have left its own.
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return {
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    filePaths: [MANIFEST, ...files.map(({ name }) => name)].map((name) => path.join(folder, name)),
  };
}

async function openFile(folder: string, name: string) {
  const gzip = createGzip();
  const hash = createHash("sha256");
  const target = createWriteStream(path.join(folder, name));
  gzip.on("data", (chunk: Buffer) => hash.update(chunk));
  const written = pipeline(gzip, target);
  const file = {
    rows: 0,
    async write(line: string) {
      file.rows += 1;
      if (!gzip.write(`${line}\n`)) await once(gzip, "drain");
    },
    async close() {
      gzip.end();
      await written;
      return { name, rows: file.rows, sha256: hash.digest("hex") };
    },
  };
  return file;
}

export async function readManifest(filePaths: readonly string[]): Promise<Manifest & { folder: string }> {
  const file = filePaths.find((candidate) => path.basename(candidate) === MANIFEST);
  if (file === undefined) throw new Error("the extraction reported no manifest");
  return { ...manifest.parse(JSON.parse(await readFile(file, "utf8"))), folder: path.dirname(file) };
}

/** Reads every file again, and throws when a count or a checksum is not what the manifest says. Answers the rows. */
export async function verifyFiles(filePaths: readonly string[]): Promise<number> {
  const { folder, files } = await readManifest(filePaths);
  let total = 0;
  for (const { name, rows, sha256 } of files) {
    const hash = createHash("sha256");
    const source = createReadStream(path.join(folder, name));
    source.on("data", (chunk) => hash.update(chunk));
    let found = 0;
    for await (const _ of linesOf(source)) found += 1;
    const digest = hash.digest("hex");
    if (digest !== sha256) throw new Error(`${name} has the checksum ${digest}, and was written with ${sha256}`);
    if (found !== rows) throw new Error(`${name} has ${found} rows, and was written with ${rows}`);
    total += found;
  }
  return total;
}

/** The rows of all files, as JSON texts. */
export async function* readLines(filePaths: readonly string[]): AsyncIterable<string> {
  const { folder, files } = await readManifest(filePaths);
  for (const { name } of files) yield* linesOf(createReadStream(path.join(folder, name)));
}

async function* linesOf(source: NodeJS.ReadableStream): AsyncIterable<string> {
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  const lines = createInterface({ input: source.pipe(gunzip), crlfDelay: Number.POSITIVE_INFINITY });
  const failed = new Promise<never>((_, reject) => gunzip.on("error", reject));
  failed.catch(() => {});
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([iterator.next(), failed]);
    if (next.done === true) return;
    yield next.value;
  }
}
