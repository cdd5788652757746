import { realpath } from "node:fs/promises";
import { type Connection, connect } from "./connection.ts";
import { errorCode } from "./error.ts";
import { isForeignProcess, readPidFile } from "./pid-file.ts";
import { databaseUser, superuser } from "./secrets.ts";
import type { Site } from "./site.ts";

export type Probe =
  | { kind: "ours"; connection: Connection; pid: number; port: number }
  /** Starting up or shutting down. */
  | { kind: "busy" }
  | { kind: "none" }
  /** Some server answers, but it does not accept our password. */
  | { kind: "refused" };

const answerWithinMs = 2_000;

/** Looks for a server that a killed service has left running. The pid is never trusted; the port only leads to it. */
export async function probeLeftServer(site: Site): Promise<Probe> {
  const file = await readPidFile(site.cluster);
  if (file?.port === undefined) return { kind: "none" };
  const found = await probePort(site, file.port);
  // A server that is starting up cannot prove who it is.
  if (found.kind === "busy" && (await isForeignProcess(file.pid, site.cluster))) return { kind: "none" };
  return found;
}

/**
 * Ours is what proves that it knows the password and serves this very folder. A running copy of a data directory has
 * the same password and system identifier, and the copied postmaster.pid leads to it.
 */
export async function probePort(site: Site, port: number): Promise<Probe> {
  const found = await probeAs(site, port, superuser);
  // In a cluster that an earlier version made, the service's user is the superuser, until this start.
  return found.kind === "refused" ? await probeAs(site, port, databaseUser) : found;
}

async function probeAs(site: Site, port: number, user: string): Promise<Probe> {
  let connection: Connection | undefined;
  try {
    connection = await connect(port, site.password, answerWithinMs, { user });
    const [row] = await connection.sql<{ folder: string; pid: number }[]>`
      /* embedded_identity */
      select current_setting('data_directory') as folder,
        split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid`;
    if (row && (await realpath(row.folder)) === site.cluster) return { kind: "ours", connection, pid: row.pid, port };
  } catch (error) {
    // 57P03 cannot_connect_now; 57P01 and 57P02: it went down while we were asking; 28P01 invalid_password.
    if (["57P03", "57P01", "57P02"].includes(errorCode(error) ?? "")) return { kind: "busy" };
    if (errorCode(error) === "28P01") return { kind: "refused" };
  }
  await connection?.end();
  return { kind: "none" };
}
