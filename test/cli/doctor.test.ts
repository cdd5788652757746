import { expect, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { runWeir } from "../support/process.ts";
import { startService } from "../support/service.ts";

it("finds nothing to mend where a service runs, and says what it looked at", async () => {
  await using database = await createTestDatabase();
  await using _service = await startService(database.url);
  const { out, err, code } = await runWeir(["doctor"], { DATABASE_URL: database.url });
  expect({ err, code }).toEqual({ err: "", code: 0 });
  for (const what of [
    "Weir 0",
    "PostgreSQL",
    "clocks",
    "connections",
    "login of reports",
    "settled",
    "3 days ahead",
    "overdue",
  ])
    expect(out).toContain(what);
  expect(out).not.toMatch(/FAIL/);
  const { username, password } = new URL(database.url);
  expect(password.length).toBeGreaterThan(10);
  expect(out).not.toContain(password);
  expect(out).not.toContain(`${username}:`);
});

it("ends with 1 where the feed's partitions are missing, and names what else is wrong", async () => {
  await using database = await createTestDatabase();
  await (await startService(database.url)).stop();
  for (const { name } of await database.sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'weir.change'::regclass and c.relname ~ '^change_[0-9]{8}$'`)
    await database.sql.unsafe(`drop table ${name}`);
  const { out, err, code } = await runWeir(["doctor"], { DATABASE_URL: database.url, WEIR_PROT: "4000" });
  expect({ err, code }).toEqual({ err: "1 to be mended.\n", code: 1 });
  expect(out).toMatch(/^FAIL {2}The feed has partitions for 0 days ahead/m);
  expect(out).toMatch(/^warn {2}WEIR_PROT is no setting; WEIR_PORT is$/m);
});

it("leaves an older schema as it is, and refuses a newer one", async () => {
  await using database = await createTestDatabase();
  await (await startService(database.url)).stop();
  const [last] = await database.sql<{ name: string }[]>`
    delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations) returning name`;
  const older = await runWeir(["doctor"], { DATABASE_URL: database.url });
  expect(older.out).toMatch(/^warn {2}1 migrations are to come/m);
  expect(await database.sql`select 1 from drizzle.__drizzle_migrations where name = ${last?.name ?? ""}`).toEqual([]);
  await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at, name) values ('later', 9e15, '2999_later')`;
  const newer = await runWeir(["doctor"], { DATABASE_URL: database.url });
  expect(newer.code).toBe(1);
  expect(newer.out).toMatch(/^FAIL {2}The schema is of a newer version \(2999_later\)/m);
});

it("ends with 1 where there is no database of Weir, and shows no password", async () => {
  await using database = await createTestDatabase({ isEmpty: true });
  const { out, code } = await runWeir(["doctor"], { DATABASE_URL: database.url });
  expect(code).toBe(1);
  expect(out).toMatch(/^FAIL {2}There are no tables of Weir/m);
  expect(out).not.toContain(`:${new URL(database.url).password}@`);
});
