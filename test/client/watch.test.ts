import { expect, it } from "vitest";
import { createWeirClient } from "../../src/client/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";

const WATCH = "subscription { overviewChanged(throttleMs: 250) { ingest { logFiles { total } } } }";
interface Watched {
  readonly overviewChanged: { readonly ingest: { readonly logFiles: { readonly total: number } } };
}

it("a state that the service tells is followed, also when the service was away, and told no more than once alike", async () => {
  await using database = await createTestDatabase();
  const insert = (name: string) =>
    database.sql`insert into ingest.file_statuses (file_path, type, status) values (${name}, 'Log', 'parsed')`;
  const first = await startService(database.url);
  const { port } = new URL(first.url);
  const client = createWeirClient({ url: first.url });
  const states = client.watch<Watched>(WATCH);
  const next = async () => {
    const { value } = await states.next();
    return value?.overviewChanged.ingest.logFiles.total;
  };
  const until = async (total: number) => {
    const seen: unknown[] = [];
    while (seen.at(-1) !== total) seen.push(await next());
    return seen;
  };
  expect(await until(0)).toEqual([0]);
  await insert("/a");
  expect(await until(1)).toEqual([1]);
  await first.stop();
  await insert("/b");
  await using _second = await startService(database.url, { WEIR_PORT: port });
  // The state of after the absence; the one before is not told again as if it were news.
  expect(await until(2)).toContain(2);
  // Of many states the newest, for whoever reads slowly.
  for (const name of ["/c", "/d", "/e"]) {
    await insert(name);
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  expect(await next()).toBe(5);
  await states.return?.();
  expect((await states.next()).done).toBe(true);
  expect(() => client.subscribe(WATCH)).toThrow("is for watch");
});
