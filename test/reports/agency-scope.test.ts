import { expect, it } from "vitest";
import { changes } from "../../src/resolvers/changes.ts";
import { createContext } from "../../src/resolvers/context.ts";
import type { Viewer } from "../../src/resolvers/viewer.ts";
import { sharingKey } from "../../src/server/subscriptions/sharing.ts";
import { createTestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";
import { countStatements } from "../support/statements.ts";

const NORTH: Viewer = { name: "north", role: "VIEWER", agencySlugs: ["north"] };

it("shows in the feed of all topics only the reports of the viewer's agencies, and everything else", async () => {
  await using database = await createTestDatabase();
  await using app = await startService(database.url);
  const { signal } = new AbortController();
  const feed = app.services.feed;
  const source = changes(createContext(app.services, NORTH), { after: await feed.now() });
  for (const slug of ["south", "north"]) {
    await database.sql`insert into reporting.seeder_run_history
      (run_id, manifest_id, table_name, report_name, agency_id, agency_slug, report_type, status)
      values (${slug}, 1, ${slug}, ${slug}, 1, ${slug}, 'custom', 'running')`;
  }
  await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/end', 'HL7', 'staged')`;
  const seen: string[] = [];
  while (!seen.includes("FILE_STATUS /end")) {
    for (const { change } of await source.follower.next(signal)) seen.push(`${change.topic} ${change.key}`);
  }
  expect(seen.toSorted()).toEqual(["FILE_STATUS /end", "SEEDER_JOB north", "SEEDER_RUN north"]);
});

it("lets no two viewers of different agencies share a subscription", async () => {
  await using database = await createTestDatabase();
  await using counted = await countStatements(database.url);
  const operation = counted.prepare("subscription { changes { key } }");
  const keyOf = (agencySlugs: readonly string[] | null) =>
    sharingKey(operation, { name: "token", role: "VIEWER", agencySlugs });
  expect(new Set([keyOf(null), keyOf([]), keyOf(["north"]), keyOf(["south"]), keyOf(["north", "south"])]).size).toBe(5);
  expect(keyOf(["north", "south"])).toBe(keyOf(["south", "north"]));
});
