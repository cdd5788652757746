import { once } from "node:events";
import type { Sql } from "../../src/db/client.ts";

/** Rows of `file_statuses` as a program writes them by binary COPY: path, type, status. */
export async function binaryCopy(sql: Sql, rows: readonly (readonly [string, string, string])[]): Promise<void> {
  const copy = await sql`copy ingest.file_statuses (file_path, type, status) from stdin (format binary)`.writable();
  copy.write(Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1"));
  for (const row of rows) {
    const count = Buffer.alloc(2);
    count.writeInt16BE(row.length);
    copy.write(count);
    for (const value of row) {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeInt32BE(bytes.length);
      copy.write(Buffer.concat([length, bytes]));
    }
  }
  copy.end(Buffer.from([0xff, 0xff]));
  await once(copy, "finish");
}

/** Where so many wait for each other. */
export function barrier(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting === count) all.resolve();
    return all.promise;
  };
}
