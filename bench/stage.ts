/** What all workloads stand on: one PostgreSQL, and contenders, each in a process of its own. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import postgres, { type Sql } from "postgres";
import manifest from "../package.json" with { type: "json" };
import { startEmbeddedPostgres } from "../src/embedded/launcher.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Linux counts CPU time in hundredths of a second. */
const TICK_MICROSECONDS = 10_000;

/** Somebody who does a workload: Weir, or a peer. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Where it is served; empty for one that serves nothing. */
  readonly url: string;
  readonly database: PeerDatabase;
  /** Sends a message to a peer's process and resolves with its answer. */
  ask(message: unknown): Promise<unknown>;
}

export interface PeerDatabase {
  readonly url: string;
  readonly sql: Sql;
}

/** CPU time in µs: of a contender's process, and of all of PostgreSQL. */
export interface CpuTime {
  readonly server: number;
  readonly postgres: number;
}

export interface Stage extends AsyncDisposable {
  /** Name and version of what was measured on. */
  readonly postgresVersion: string;
  /** Makes the database on the first call with this name, by the preparation given. */
  database(name: string, prepare: (database: PeerDatabase) => Promise<void>): Promise<PeerDatabase>;
  weir(database: PeerDatabase, name?: string): Promise<Contender>;
  /** A script of `bench/peers`, told which of its peers to be. */
  peer(name: string, script: string, kind: string, database: PeerDatabase): Promise<Contender>;
  cpu(contender: Contender): Promise<CpuTime>;
  /** How many statements a database is sent for queries and mutations meanwhile, in sessions that begin then or did before. */
  countStatements(database: PeerDatabase, work: () => Promise<void>): Promise<number>;
}

export async function openStage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), "weir-bench-"));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  // mkdtemp makes it 0700, where an unprivileged PostgreSQL can't enter.
  await chmod(dataDir, 0o755);
  const server = opened.use(await startEmbeddedPostgres({ dataDir, log: { info() {}, warn() {}, error() {} } }));
  const connections: Sql[] = [];
  opened.defer(async () => void (await Promise.all(connections.map((sql) => sql.end({ timeout: 2 })))));
  const password = (await readFile(path.join(dataDir, "postgres-password"), "utf8")).trim();
  const open = (url: string): PeerDatabase => {
    const sql = postgres(url, { max: 4, onnotice() {}, connection: { jit: "off" } });
    connections.push(sql);
    return { url, sql };
  };
  const admin = open(`postgres://weir_superuser:${password}@127.0.0.1:${server.port}/postgres`);
  const [about] = await admin.sql<{ pid: number; version: string }[]>`
    select pg_backend_pid() as pid, current_setting('server_version') as version`;
  if (about === undefined) throw new Error("PostgreSQL does not answer");
  const postmaster = (await statOf(about.pid)).parent;

  const databases = new Map<string, Promise<PeerDatabase>>();
  async function make(name: string, prepare: (database: PeerDatabase) => Promise<void>): Promise<PeerDatabase> {
    await admin.sql`create database ${admin.sql(name)} owner weir`;
    const database = open(server.url.replace(/[^/]*$/, name));
    await prepare(database);
    return database;
  }

  const kept = opened.move();
  // PostgreSQL would outlive us. A rejection that nobody waits for comes as an exception, too.
  const end = () => void kept.disposeAsync().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  process.once("uncaughtException", (failure) => {
    process.stderr.write(`${failure.stack}\n`);
    end();
  });
  return {
    postgresVersion: about.version,
    database(name, prepare) {
      const made = databases.get(name) ?? make(name, prepare);
      databases.set(name, made);
      return made;
    },
    weir: (database, name = "Weir") => startWeir(database, name, dataDir),
    peer: startPeer,
    cpu: async ({ pid }) => ({
      server: (await statOf(pid)).cpu * TICK_MICROSECONDS,
      postgres: (await familyCpu(postmaster)) * TICK_MICROSECONDS,
    }),
    async countStatements({ sql }, work) {
      const [named] = await sql<{ name: string }[]>`select current_database() as name`;
      const log = async (statements: "all" | "none") => {
        await admin.sql.unsafe(`alter system set log_statement = '${statements}'`);
        await admin.sql`select pg_reload_conf()`;
        await sleep(500);
      };
      // Application and database. The feed's sessions have another name.
      await admin.sql`alter system set log_line_prefix = '%a %d '`;
      await log("all");
      await work();
      await log("none");
      const written = await readFile(path.join(dataDir, "postgres.log"), "utf8");
      const ours = new RegExp(`^(?:weir|postgres\\.js) ${named?.name} LOG: {2}(?:execute|statement)`, "gm");
      await truncate(path.join(dataDir, "postgres.log"));
      return written.match(ours)?.length ?? 0;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** As `npm start` starts it. */
async function startWeir(database: PeerDatabase, name: string, dataDir: string): Promise<Contender> {
  const flags = manifest.scripts.start.split(" ").filter((word) => word.startsWith("--"));
  const child = spawn(process.execPath, [...flags, path.join(ROOT, "bin/weir.js"), "serve"], {
    cwd: dataDir,
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: database.url,
      WEIR_PORT: "0",
      WEIR_SCHEDULER: "off",
      WEIR_SEEDER_PARALLEL: "0",
      // As under npm: it ends with whoever started it.
      npm_lifecycle_event: "start",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`weir serve ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /"url":"([^"]+)","msg":"Weir listens"/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
      else if (/"level":(?:50|60)/.test(line)) process.stderr.write(`${line}\n`);
    });
  });
  return contenderOf(name, child, url, database);
}

async function startPeer(name: string, script: string, kind: string, database: PeerDatabase): Promise<Contender> {
  const child = fork(new URL(`peers/${script}.ts`, import.meta.url), [kind, database.url], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [url] = (await Promise.race([once(child, "message"), failedStart(child, name)])) as [string];
  return contenderOf(name, child, url, database);
}

async function failedStart(child: ChildProcess, name: string): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`${name} ended with ${code}`);
}

function contenderOf(name: string, child: ChildProcess, url: string, database: PeerDatabase): Contender {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start`);
  const exited = once(child, "exit");
  return {
    name,
    pid,
    url,
    database,
    async ask(message) {
      child.send(message as object);
      const [answer] = await once(child, "message");
      return answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Bytes of memory that a process has in RAM. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

interface ProcessStat {
  readonly parent: number;
  /** Ticks of the process itself. */
  readonly cpu: number;
  /** Ticks of its children that have ended. */
  readonly ended: number;
}

async function statOf(pid: number | string): Promise<ProcessStat> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name of the program, in parentheses, may have spaces; these fields begin with the third, the state.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [parent = 0] = fields.slice(1);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11);
  return { parent, cpu: user + system, ended: endedUser + endedSystem };
}

/** Ticks of a process and its children, those that have ended among them. */
async function familyCpu(postmaster: number): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // Some end while they are looked at.
  const stats = await Promise.all(pids.map((pid) => statOf(pid).catch(() => undefined)));
  const own = await statOf(postmaster);
  return stats.reduce((sum, one) => (one?.parent === postmaster ? sum + one.cpu : sum), own.cpu + own.ended);
}
