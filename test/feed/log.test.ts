import { expect, it } from "vitest";
import type { Mark } from "../../src/feed/cursor.ts";
import { nextLimit, readMark, readPiece } from "../../src/feed/log.ts";
import { createTestDatabase } from "../support/database.ts";

/** A crash gives numbers out again: a mark from before it may have a ceiling above that of a mark from after it. */
it("comes to an end between two marks of which the earlier one has the greater ceiling", async () => {
  await using database = await createTestDatabase();
  const { db, sql } = database;
  await sql`insert into ingest.file_statuses (file_path, type, status) values ('/a', 'HL7', 'staged')`;
  const before = await readMark(db);
  // In flight at `before`, hence not seen by it; numbered below its ceiling.
  await sql`insert into ingest.file_statuses (file_path, type, status) values ('/b', 'HL7', 'staged')`;
  const after = await readMark(db);
  const from: Mark = { snapshot: before.snapshot, ceiling: after.ceiling + 50, newest: before.newest };
  for (const ceiling of [after.ceiling, after.ceiling - 1, before.ceiling]) {
    const to: Mark = { snapshot: after.snapshot, ceiling, newest: after.newest };
    const keys: string[] = [];
    let afterSeq = 0;
    let isLast = false;
    for (let pieces = 0; !isLast; pieces += 1) {
      expect(pieces, `pieces up to ${ceiling}`).toBeLessThan(10);
      const piece = await readPiece(db, { from, to, afterSeq, limit: nextLimit([]) });
      keys.push(...piece.changes.map(({ key }) => key));
      afterSeq = piece.upTo;
      isLast = piece.isLast;
    }
    expect(keys).toEqual(ceiling === after.ceiling ? ["/b"] : []);
  }
});
