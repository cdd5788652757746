import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedPostgresError } from "./error.ts";

/** Whom PostgreSQL runs as; undefined means the service's own user. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** PostgreSQL refuses to run as root: `postgres` where the system has that user, else `nobody`. */
export async function unprivilegedAccount(): Promise<Account> {
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all([idOf("-u", name), idOf("-g", name)]);
      if (uid > 0) return { uid, gid };
    } catch {
      // No such user: the next name.
    }
  }
  throw new EmbeddedPostgresError(
    "NO_ACCOUNT",
    "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`: start the service as another user, or set DATABASE_URL",
  );
}

async function idOf(flag: string, name: string): Promise<number> {
  const { stdout } = await promisify(execFile)("id", [flag, name]);
  const id = Number.parseInt(stdout, 10);
  if (!Number.isInteger(id)) throw new Error(`id ${flag} ${name} printed no number`);
  return id;
}

/** Whether the account can run a program. Asked by doing, since mode bits know nothing of ACLs or mounts. */
export async function canRun(account: Account, file: string, args: readonly string[]): Promise<boolean> {
  return await new Promise((resolve) => {
    const child = spawn(file, args, { ...account, stdio: "ignore", cwd: "/", env: {} });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}

/** Whether the account can reach what is in a folder. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  return await canRun(account, "/bin/sh", ["-c", 'test -x "$1"', "sh", folder]);
}
