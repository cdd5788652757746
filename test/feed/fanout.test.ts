import { expect, it } from "vitest";
import { changesOf } from "../../src/feed/conditions.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { createLog } from "../../src/server/log.ts";
import { createFanout } from "../../src/server/subscriptions/fanout.ts";
import { createTestDatabase } from "../support/database.ts";

it("sends nothing of a subscription that ended while its change was executed", async () => {
  await using database = await createTestDatabase();
  await using feed = await openFeed({ url: database.url, log: createLog("silent") });
  const fanout = createFanout(feed);
  const filter = changesOf("FILE_STATUS", []);
  const after = feed.position(await feed.now());
  await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/a', 'HL7', 'staged')`;
  const begun = Promise.withResolvers<void>();
  const executed = Promise.withResolvers<Buffer>();
  const sent: string[] = [];
  const stop = fanout.subscribe({
    key: "one",
    filter,
    // With a cursor it reads by itself.
    follower: feed.follow(filter, after),
    execute: () => {
      begun.resolve();
      return executed.promise;
    },
    sink: { send: (payload) => sent.push(String(payload)), isCongested: false, drained: () => Promise.resolve() },
    onError: (error) => sent.push(String(error)),
  });
  await begun.promise;
  // The client completes it, and may give its id to another operation.
  stop();
  executed.resolve(Buffer.from("late"));
  await executed.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([]);
});
