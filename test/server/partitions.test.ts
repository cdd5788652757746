import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { startService } from "../support/service.ts";

async function ready(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL("/ready", url));
  return { status: response.status, body: await response.json() };
}

it("/ready warns a day before the feed's partitions end, and the service stays ready", async () => {
  await using database = await createTestDatabase();
  await using well = await startService(database.url);
  expect(await ready(well.url)).toEqual({ status: 200, body: { status: "ready" } });
  // Nobody made partitions for days, and what is in the default partition keeps them from being made.
  for (const { name } of await database.sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'weir.change'::regclass and c.relname ~ '^change_[0-9]{8}$' and substr(c.relname, 8)::date > (now() at time zone 'UTC')::date`)
    await database.sql.unsafe(`drop table ${name}`);
  await database.sql`insert into weir.change (topic, key, operation, row, is_carried, at)
    select 'FILE_STATUS', 'ahead', 'INSERT', '{}', true, now() + make_interval(days => n) from generate_series(1, 3) n`;
  await using ill = await startService(database.url);
  expect(await ready(ill.url)).toMatchObject({
    status: 200,
    body: { status: "ready", warnings: [expect.stringContaining("within a day")] },
  });
});
