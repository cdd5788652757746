import { expect, it } from "vitest";
import { schema } from "../../src/schema/index.ts";
import { createDocuments } from "../../src/server/documents.ts";
import { createTestDatabase } from "../support/database.ts";
import { connect, startService } from "../support/service.ts";

it("of many unknown documents that come at once one is read in a round of the event loop, and a known one at once", async () => {
  const documents = createDocuments(schema, { tokens: 20_000, fragments: 200, hasIntrospection: true });
  documents.read("{ known: __typename }");
  const order: string[] = [];
  const rounds = new AbortController();
  const count = () => {
    order.push("round");
    if (!rounds.signal.aborted) setImmediate(count);
  };
  const unknown = ["{ a: __typename }", "{ b: __typename }", "{ c: __typename }"].map(async (text) => {
    await documents.turn(text);
    order.push(text);
  });
  setImmediate(count);
  expect(documents.turn("{ known: __typename }")).toBe(undefined);
  await Promise.all(unknown);
  rounds.abort();
  expect(order.slice(0, 5)).toEqual(["{ a: __typename }", "round", "{ b: __typename }", "round", "{ c: __typename }"]);
});

it("what one socket sends is taken in its order, known or not", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const { client } = connect(app.url);
  const known =
    "mutation ($path: String!) { recordFileStatus(input: { filePath: $path, type: LOG, status: PARSED }) { id } }";
  const send = (query: string, path: string) =>
    new Promise<void>((resolve, reject) =>
      client.subscribe({ query, variables: { path } }, { next() {}, error: reject, complete: resolve }),
    );
  await send(known, "/first");
  for (let round = 0; round < 20; round += 1)
    await Promise.all([
      send(known.replace("id", `a${round}: id`), `/order/${round}/a`),
      send(known, `/order/${round}/b`),
    ]);
  const rows =
    await database.sql`select file_path from ingest.file_statuses where file_path like '/order/%' order by id`;
  expect(rows.map(({ file_path }) => file_path)).toEqual(
    Array.from({ length: 20 }, (_, round) => [`/order/${round}/a`, `/order/${round}/b`]).flat(),
  );
  await client.dispose();
});
