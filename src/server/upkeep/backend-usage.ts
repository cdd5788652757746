import { readFile } from "node:fs/promises";
import type postgres from "postgres";

/** What a session's server process used; null where it can't be seen from here. */
interface Usage {
  readonly memoryUsageMb: number | null;
  readonly cpuPercentage: number | null;
}

export interface BackendUsage {
  /** Ends the watch and answers what was seen. May be called again. */
  stop(): Usage;
}

/** Milliseconds between looks. */
const INTERVAL = 250;
/** Linux counts processor time for programs in this unit, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

interface Sample {
  readonly privateMb: number;
  readonly cpuSeconds: number;
}

/**
 * Watches the server process of a session, when that runs on this machine: its private memory (RssAnon), which leaves out
 * the buffers that all sessions share, and its processor time. Parallel workers are processes of their own and not seen.
 */
export async function watchBackend(session: postgres.TransactionSql): Promise<BackendUsage> {
  const [backend] = await session<
    { pid: number; port: number | null; is_loopback: boolean | null }[]
  >`/* reports.backend */
    select pg_backend_pid() as pid, inet_client_port() as port, inet_server_addr() <<= '127.0.0.0/8' or inet_server_addr() = '::1' as is_loopback`;
  const isHere = backend?.is_loopback === true && backend.port !== null && (await isBackend(backend.pid, backend.port));
  const began = performance.now();
  const first = isHere ? await sample(backend.pid) : null;
  if (backend === undefined || first === null) return { stop: () => ({ memoryUsageMb: null, cpuPercentage: null }) };
  let memory = first.privateMb;
  let last = first;
  let lastAt = began;
  const look = async () => {
    const seen = await sample(backend.pid);
    if (seen === null) return;
    memory = Math.max(memory, seen.privateMb);
    last = seen;
    lastAt = performance.now();
  };
  const timer = setInterval(() => void look(), INTERVAL);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      const seconds = (lastAt - began) / 1_000;
      return {
        memoryUsageMb: Math.round(memory),
        // A refresh that was over before the second look was not measured.
        cpuPercentage: seconds === 0 ? null : Math.round(((last.cpuSeconds - first.cpuSeconds) / seconds) * 100),
      };
    },
  };
}

/** A loopback address may lead into a container, whose process numbers are not ours: its title names our connection. */
async function isBackend(pid: number, port: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return title.startsWith("postgres:") && title.includes(`(${port})`);
}

async function sample(pid: number): Promise<Sample | null> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return {
      privateMb: Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024,
      cpuSeconds: ticks / TICKS_PER_SECOND,
    };
  } catch {
    return null;
  }
}
