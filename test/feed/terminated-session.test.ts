import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { openDatabase, SQLSTATE } from "../../src/db/client.ts";
import { createTestDatabase } from "../support/database.ts";
import { spawnService } from "../support/process.ts";
import { ask, post } from "../support/service.ts";

it("a session that the server ends amid a transaction fails that request alone", async () => {
  await using database = await createTestDatabase();
  await using service = await spawnService({ DATABASE_URL: database.url, WEIR_SCHEDULER: "off" });
  const { createFile } = await ask<{ createFile: { id: string } }>(
    service.url,
    'mutation { createFile(input: { filehash: "h", initializeSteps: false }) { id } }',
  );
  const { sql } = database;
  for (let round = 0; round < 3; round += 1) {
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holder = sql.begin(async (tx) => {
      await tx`select from documents.files where id = ${createFile.id} for update`;
      held.resolve();
      await release.promise;
    });
    await held.promise;
    const waiting = post(service.url, "mutation ($id: ID!) { initializeFileSteps(fileId: $id) { id } }", createFile);
    const ended = async () =>
      (
        await sql`select pg_terminate_backend(pid) as ended from pg_stat_activity
          where datname = current_database() and application_name = 'weir' and wait_event_type = 'Lock'`
      ).length;
    await expect.poll(ended, { timeout: 20_000 }).toBeGreaterThan(0);
    expect((await waiting).errors?.[0]?.extensions.code).toBe("UNAVAILABLE");
    release.resolve();
    await holder;
  }
  // It goes on, by itself as well.
  await ask(service.url, "mutation ($id: ID!) { initializeFileSteps(fileId: $id) { id } }", createFile);
  expect(
    await ask(service.url, "query ($id: ID!) { file(id: $id) { overallStatus { totalSteps } } }", createFile),
  ).toEqual({
    file: { overallStatus: { totalSteps: 8 } },
  });
  expect(service.child.exitCode).toBeNull();
});

it("a transaction that goes on after its session was ended is told so, also where no command started the program", async () => {
  await using database = await createTestDatabase();
  const { sql } = database;
  const later = Promise.withResolvers<unknown>();
  const transaction = sql.begin(async (tx) => {
    const [{ pid } = { pid: 0 }] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await sql`select pg_terminate_backend(${pid})`;
    // Nobody waits for an answer of this session: its end is seen by the socket alone.
    await expect
      .poll(async () => (await sql`select from pg_stat_activity where pid = ${pid}`).length, { timeout: 20_000 })
      .toBe(0);
    await setTimeout(50);
    await tx`select 1`.then(later.resolve, later.reject);
  });
  await expect(transaction).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  await expect(later.promise).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});

it("a session that ended amid a statement leaves nothing to the next one, which may be refused", async () => {
  const database = await createTestDatabase();
  const { sql, url } = database;
  await using own = openDatabase(url, { max: 1, name: "left" });
  const ended = Promise.allSettled([own.sql`select pg_sleep(60)`]);
  const isRunning = async () =>
    (await sql`select from pg_stat_activity where application_name = 'left' and query like '%pg_sleep%'`).length;
  await expect.poll(isRunning, { timeout: 20_000 }).toBe(1);
  await database[Symbol.asyncDispose]();
  expect(await ended).toMatchObject([{ reason: { code: "CONNECTION_CLOSED" } }]);
  for (let tries = 0; tries < 3; tries += 1) {
    await expect(own.sql`select 1`).rejects.toMatchObject({ code: SQLSTATE.invalidCatalogName });
  }
});

it("a session that ended amid its rows leaves none of them to the next answer", async () => {
  await using database = await createTestDatabase();
  await using own = openDatabase(database.url, { max: 1 });
  const amid = own.sql`select g, case g when 500 then pg_terminate_backend(pg_backend_pid()) end from generate_series(1, 1000) g`;
  await expect(amid).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  expect([...(await own.sql`select 1 as one`)]).toEqual([{ one: 1 }]);
});
