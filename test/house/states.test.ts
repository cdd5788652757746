import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { App } from "../../src/server/app.ts";
import { bearer, makeToken } from "../support/access.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { collect, connect, startService } from "../support/service.ts";
import { openSocket } from "../support/socket.ts";

let database: TestDatabase;
let app: App;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await startService(database.url, { WEIR_SCHEDULER: "off", WEIR_SEEDER_PARALLEL: "0" });
});
afterAll(async () => {
  await app.stop();
  await database[Symbol.asyncDispose]();
});

const ATTENTION =
  "subscription ($throttle: Int! = 250) { attentionChanged(throttleMs: $throttle) { title count isAcknowledged } }";
interface Told {
  readonly attentionChanged: readonly { title: string; count: number; isAcknowledged: boolean }[];
}
type Titles = readonly string[];

/** Reports in trouble, by SQL, so that nothing but the feed tells of it. */
const fail = (table: string, agency: string, failures = 5) => database.sql`
  insert into reporting.seeder_job_status (table_name, manifest_id, report_name, report_type, agency_id, agency_slug, status, consecutive_failures, last_errors)
  values (${table}, 1, ${table}, 'custom', 1, ${agency}, 'error', ${failures}, ${`${table} is broken`})`;
const mend = (table: string) => database.sql`update reporting.seeder_job_status
  set status = 'success', consecutive_failures = 0, last_errors = null where table_name = ${table}`;

function follow(query: string, variables: object = {}) {
  const { client } = connect(app.url);
  const told = collect<Told["attentionChanged"]>(client, query, { ...variables });
  return { told, stop: () => void client.dispose() };
}

describe("attentionChanged", () => {
  it("tells the state at once, and again when it differs", async () => {
    const { told, stop } = follow(ATTENTION);
    await told.until((items) => items.length === 1);
    expect(told.items[0]).toEqual([]);
    await fail("beds", "north");
    await told.until((items) => items.length === 2);
    expect(told.items[1]).toEqual([
      { title: "beds has failed 3 times in a row or more", count: 1, isAcknowledged: false },
    ]);
    await mend("beds");
    await told.until((items) => items.length === 3);
    expect(told.items[2]).toEqual([]);
    stop();
  });

  it("says nothing of changes that leave it as it was", async () => {
    const { told, stop } = follow(ATTENTION);
    await told.until((items) => items.length === 1);
    for (let round = 0; round < 3; round += 1) {
      await database.sql`insert into ingest.file_statuses (file_path, type, status) values (${`/calm/${round}`}, 'Log', 'parsed')`;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await fail("stays", "north");
    await told.until((items) => items.some((item) => item.length > 0));
    expect(told.items).toHaveLength(2);
    await mend("stays");
    stop();
  });

  it("waits between two answers for as long as was asked for; the next one has all that happened", async () => {
    const often = follow(ATTENTION);
    const seldom = follow(ATTENTION, { throttle: 60_000 });
    await seldom.told.until((items) => items.length === 1);
    for (const table of ["one", "two", "three"]) {
      await fail(table, "north", 1);
      await often.told.until((items) => items.at(-1)?.some(({ title }) => title.startsWith(`${table} `)) === true);
    }
    expect(seldom.told.items).toHaveLength(1);
    const before = often.told.items.length;
    for (let round = 0; round < 40; round += 1) await mend("one");
    await often.told.until((items) => items.length > before);
    expect(often.told.items).toHaveLength(before + 1);
    await database.sql`delete from reporting.seeder_job_status`;
    await often.told.until((items) => items.at(-1)?.length === 0);
    often.stop();
    seldom.stop();
  });

  it("is refused for a pause that is too short or too long", async () => {
    for (const throttle of [249, 60_001]) {
      const { told, stop } = follow(ATTENTION, { throttle });
      await told.ended;
      expect(told.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
      stop();
    }
  });

  it("is completed when the service stops", async () => {
    const other = await startService(database.url);
    const { client } = connect(other.url);
    const told = collect(client, ATTENTION);
    await told.until((items) => items.length === 1);
    await other.stop();
    await told.ended;
    expect(told.errors).toEqual([]);
    await client.dispose();
  });
});

describe("to viewers with limits", () => {
  it("each is told of his own agencies alone, and of what he himself has seen", async () => {
    const limits: readonly Parameters<typeof makeToken>[1][] = [
      { name: "all", role: "VIEWER" },
      { name: "all too", role: "VIEWER" },
      { name: "north", role: "VIEWER", agencySlugs: ["north"] },
      { name: "documents", role: "VIEWER", systems: ["documents"] },
    ];
    const secrets = await Promise.all(limits.map(async (limit) => (await makeToken(database, limit)).secret));
    const sockets = await Promise.all(
      secrets.map(async (token) => {
        const socket = await openSocket(app.url);
        await socket.init({ token });
        socket.subscribe("1", ATTENTION);
        const last = (): Told["attentionChanged"] | undefined =>
          (socket.frames.findLast(({ type }) => type === "next")?.payload as { data: Told } | undefined)?.data
            .attentionChanged;
        const titles = (): Titles | undefined => last()?.map(({ title }) => title.split(" ")[0] ?? "");
        return { ...socket, last, titles };
      }),
    );
    await fail("of_north", "north");
    await fail("of_south", "south");
    const until = async (at: number, wanted: Titles) => {
      const socket = sockets[at];
      await socket?.frame(() => JSON.stringify(socket.titles()?.toSorted()) === JSON.stringify(wanted));
    };
    await until(0, ["of_north", "of_south"]);
    await until(1, ["of_north", "of_south"]);
    await until(2, ["of_north"]);
    expect(sockets[3]?.titles()).toEqual([]);
    expect(JSON.stringify(sockets[2]?.frames)).not.toContain("of_south");
    const { data } = await (
      await fetch(app.url, {
        method: "POST",
        headers: { "content-type": "application/json", ...bearer(secrets[0] ?? "") },
        body: JSON.stringify({ query: "{ attention { id title } }" }),
      })
    ).json();
    await fetch(app.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(secrets[0] ?? "") },
      body: JSON.stringify({
        query: "mutation ($id: ID!) { acknowledge(id: $id) { id } }",
        variables: { id: data.attention[0].id },
      }),
    });
    await mend("of_south");
    await sockets[0]?.frame(() => sockets[0]?.titles()?.length === 1);
    await sockets[1]?.frame(() => sockets[1]?.titles()?.length === 1);
    const seen = data.attention[0].title.startsWith("of_north");
    expect(sockets[0]?.last()?.[0]?.isAcknowledged).toBe(seen);
    expect(sockets[1]?.last()?.[0]?.isAcknowledged).toBe(false);
  });

  it("over server-sent events too", async () => {
    const { secret } = await makeToken(database, { name: "stream", role: "VIEWER", agencySlugs: ["south"] });
    const stop = new AbortController();
    const response = await fetch(app.url, {
      method: "POST",
      signal: stop.signal,
      headers: { "content-type": "application/json", accept: "text/event-stream", ...bearer(secret) },
      body: JSON.stringify({ query: ATTENTION }),
    });
    let text = "";
    let isTold = false;
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const told = text.match(/^data: \{.*\}$/gm) ?? [];
      if (told.length === 1 && !isTold) {
        isTold = true;
        await fail("unseen", "north");
        // Longer than the pause between two answers, so that it would have one of its own.
        await new Promise((resolve) => setTimeout(resolve, 600));
        await fail("sent", "south");
      }
      if (text.includes("sent has failed")) break;
    }
    expect(text).not.toContain("unseen");
    expect(text.match(/^data: \{.*\}$/gm)).toHaveLength(2);
    stop.abort();
  });
});

describe("overviewChanged", () => {
  const OVERVIEW = `subscription ($throttle: Int! = 250) { overviewChanged(throttleMs: $throttle) {
    ingest { logFiles { parsed } } documents { status count } seeder { total } } }`;
  const COUNTS = "{ overview { ingest { logFiles { parsed } } documents { status count } seeder { total } } }";

  it("tells what the overview answers, whenever that differs, to all that are alike", async () => {
    const { secret } = await makeToken(database, { name: "board", role: "VIEWER" });
    const overview = async () =>
      (
        (await (
          await fetch(app.url, {
            method: "POST",
            headers: { "content-type": "application/json", ...bearer(secret) },
            body: JSON.stringify({ query: COUNTS }),
          })
        ).json()) as { data: { overview: object } }
      ).data.overview;
    const sockets = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = await openSocket(app.url);
        await socket.init({ token: secret });
        socket.subscribe("1", OVERVIEW);
        await socket.frame(({ type }) => type === "next");
        return socket;
      }),
    );
    await database.sql`insert into ingest.file_statuses (file_path, type, status) values ('/board.log', 'Log', 'parsed')`;
    await database.sql`insert into documents.files (filehash) values ('board')`;
    const wanted = await overview();
    for (const socket of sockets) {
      const told = () =>
        socket.frames
          .filter(({ type }) => type === "next")
          .map(({ payload }) => payload as { data: { overviewChanged: object } });
      await socket.frame(() => JSON.stringify(told().at(-1)?.data.overviewChanged) === JSON.stringify(wanted));
      expect(told().at(-1)?.data.overviewChanged).toEqual(wanted);
    }
  });

  it("keeps agencies apart", async () => {
    const { secret } = await makeToken(database, { name: "of nobody", role: "VIEWER", agencySlugs: ["nobody"] });
    const socket = await openSocket(app.url);
    await socket.init({ token: secret });
    socket.subscribe("1", OVERVIEW);
    const first = await socket.frame(({ type }) => type === "next");
    expect(first.payload).toMatchObject({ data: { overviewChanged: { seeder: { total: 0 } } } });
  });
});

it("service tells its version, the database's time and its thresholds", async () => {
  const other = await startService(database.url, { WEIR_STUCK_STAGED_MINUTES: "90", WEIR_RETENTION_DAYS: "3" });
  const { secret } = await makeToken(database, { name: "asks", role: "VIEWER" });
  const { data } = (await (
    await fetch(other.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(secret) },
      body: JSON.stringify({
        query:
          "{ service { version now retentionDays thresholds { stuckStagedMinutes longRunningMinutes stepTimeoutMinutes failingAfter coolingMinutes } } }",
      }),
    })
  ).json()) as { data: { service: { now: string } } };
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  expect(data.service).toEqual({
    version,
    now: expect.stringMatching(/Z$/),
    retentionDays: 3,
    thresholds: {
      stuckStagedMinutes: 90,
      longRunningMinutes: 20,
      stepTimeoutMinutes: 10,
      failingAfter: 3,
      coolingMinutes: 30,
    },
  });
  const [{ gap }] =
    (await database.sql`select abs(extract(epoch from now() - ${data.service.now}::timestamptz))::float8 as gap`) as unknown as [
      { gap: number },
    ];
  expect(gap).toBeLessThan(60);
  await other.stop();
});
