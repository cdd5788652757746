import { spawn } from "node:child_process";
import { chown, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { type Account } from "./account.ts";
import { program } from "./binaries.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { syncFolder, temporarySibling } from "./folders.ts";
import type { Log } from "./log.ts";
import { serverEnvironment } from "./postmaster.ts";
import { superuser, writePasswordFor } from "./secrets.ts";

/**
 * Makes the cluster beside its place and renames it when it is whole: whoever is killed half-way leaves nothing that
 * looks like a database, and of two first starts the second finds the first one's and drops its own.
 */
export async function initCluster(
  cluster: string,
  native: string,
  account: Account,
  password: string,
  log: Log,
): Promise<void> {
  const temporary = temporarySibling(cluster);
  const made = path.join(temporary, "cluster");
  const passwordFile = path.join(temporary, "password");
  await mkdir(temporary, 0o700);
  try {
    if (account) await chown(temporary, account.uid, account.gid);
    await writePasswordFor(account, passwordFile, password);
    await runInitdb(program(native, "initdb"), made, passwordFile, account);
    try {
      await rename(made, cluster);
      // initdb has synced the files; without this a power failure could give them their temporary name back, which
      // the next start would take for a leftover.
      await syncFolder(path.dirname(cluster));
    } catch (error) {
      const takenByAnother = ["ENOTEMPTY", "EEXIST", "ENOTDIR", "EPERM"].includes(errorCode(error) ?? "");
      if (!takenByAnother) throw error;
      log.info({ cluster }, "another start made the database at the same time; using that one");
    }
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runInitdb(file: string, target: string, passwordFile: string, account: Account): Promise<void> {
  const args = [
    `--pgdata=${target}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // Sorts the same on every system and after every upgrade of one: libc's and ICU's orders change, and with them
    // indexes break.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--set=timezone=UTC",
    "--set=log_timezone=UTC",
    "--set=lc_messages=C",
    "--set=max_connections=100",
    // Small answers by index are what the service asks for; parallel workers would need more shared memory than
    // containers have by default (64 MB).
    "--set=max_parallel_workers_per_gather=0",
    "--set=jit=off",
  ];
  let output = "";
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    const child = spawn(file, args, {
      ...account,
      cwd: path.parse(file).root,
      env: serverEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (...result) => resolve(result));
  }).catch((error: unknown) => {
    throw new EmbeddedPostgresError(
      "NO_BINARIES",
      `the PostgreSQL in ${path.dirname(file)} does not run on this system (${errorCode(error) ?? "unknown error"}): set DATABASE_URL to use a PostgreSQL of your own`,
      { cause: error },
    );
  });
  if (code === 0) return;
  const reason = output.split("\n").find((line) => /error|fatal/i.test(line));
  throw new EmbeddedPostgresError(
    "INITDB_FAILED",
    `could not make the database in ${path.dirname(path.dirname(target))}: ${reason?.trim() ?? `initdb ended with ${code ?? signal}`}`,
  );
}
