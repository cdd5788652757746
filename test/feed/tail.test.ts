import { sql } from "drizzle-orm";
import { expect, it } from "vitest";
import type { Db } from "../../src/db/client.ts";
import { startTail } from "../../src/feed/tail.ts";
import { createTestDatabase } from "../support/database.ts";

/** The same database, of which some statements fail as they do when a connection is lost. */
function failing(db: Db, isToFail: (text: string) => boolean): Db {
  const dialect = db._.session["dialect"];
  return new Proxy(db, {
    get(target, name) {
      if (name !== "execute") return Reflect.get(target, name);
      return (query: ReturnType<typeof sql>) => {
        const { sql: text } = dialect.sqlToQuery(query);
        return isToFail(text) ? Promise.reject(new Error("the connection was lost")) : target.execute(query);
      };
    },
  });
}

it("answers who asked after a failed look began by a look of his own", async () => {
  await using database = await createTestDatabase();
  let pieces = 0;
  const failed = Promise.withResolvers<void>();
  // More changes than the first statement of a batch reads: the second one fails, and leaves a rest.
  const db = failing(database.db, (text) => {
    if (!text.includes("feed.piece")) return false;
    pieces += 1;
    if (pieces === 2) failed.resolve();
    return pieces === 2;
  });
  const silent = { info() {}, warn() {}, error() {} };
  await using tail = await startTail({ db, log: silent, onRewind: () => Promise.reject(new Error("no rewind")) });
  const keys: string[] = [];
  tail.hub.onPiece(({ changes }) => keys.push(...changes.map(({ key }) => key)));
  await database.sql`insert into ingest.file_statuses (file_path, type, status)
    select '/f/' || i, 'HL7', 'staged' from generate_series(1, 40) i`;
  tail.wake();
  await failed.promise;
  await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/late', 'HL7', 'staged')`;
  await tail.look();
  expect(keys).toContain("/late");
  expect(keys).toHaveLength(41);
});
