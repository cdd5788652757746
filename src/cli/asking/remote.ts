import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { createWeirClient, type WeirClient, WeirError } from "../../client/index.ts";
import { UsageError } from "../arguments.ts";
import type { Failure } from "../failure.ts";

/** What every command that asks a service takes. */
export const REMOTE_OPTIONS = {
  url: { type: "string", describe: "of the service, over WEIR_URL and the file's" },
  token: { type: "string", describe: "over WEIR_TOKEN and the file's; others can see it in the list of processes" },
  config: {
    type: "string",
    describe: 'file with {"url", "token"}, over WEIR_CONFIG and weir/config.json in the folder of settings',
  },
  json: { type: "boolean", default: false, describe: "JSON, for programs" },
} as const;

/** Where a service is, and who asks it. */
export interface Remote {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly config: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The service to ask: as the options say, else the environment, else a file, else the one on this machine. Throws {@link UsageError}. */
export function clientOf(remote: Remote, environment: Environment = process.env): WeirClient {
  const kept = readRemoteFile(remote.config ?? environment["WEIR_CONFIG"], environment);
  const port = environment["WEIR_PORT"] ?? "4000";
  const url = remote.url ?? environment["WEIR_URL"] ?? kept.url ?? `http://127.0.0.1:${port}`;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new UsageError(`weir: ${JSON.stringify(url)} is no URL like http://127.0.0.1:4000.`);
  const token = remote.token ?? environment["WEIR_TOKEN"] ?? kept.token;
  return createWeirClient({ url, retry: { attempts: 2 }, ...(token === undefined ? {} : { token }) });
}

const remoteFile = z.strictObject({ url: z.string().optional(), token: z.string().optional() });

/** Whoever is given a file's name expects it to be there; the one in the folder of settings may be missing. */
function readRemoteFile(named: string | undefined, environment: Environment): z.infer<typeof remoteFile> {
  const settings = environment["XDG_CONFIG_HOME"] ?? path.join(os.homedir(), ".config");
  const file = named ?? path.join(settings, "weir", "config.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (named === undefined && code === "ENOENT") return {};
    throw new UsageError(`weir: ${file} can't be read (${String(code)}).`);
  }
  try {
    return remoteFile.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`weir: ${file} is not like {"url": "http://127.0.0.1:4000", "token": "weir_…"}.`);
  }
}

/** Runs a command against a service: what the service refuses is a line, not a stack. */
export async function askService(work: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const advice =
      error.code === "UNREACHABLE"
        ? " Start it by `weir serve`, or say where it is by --url or WEIR_URL."
        : error.code === "UNAUTHENTICATED"
          ? " Give a token by WEIR_TOKEN."
          : "";
    return { exitCode: 1, message: `weir: ${error.message}${advice}` };
  }
}

/** Without control characters: what a program reported must not write on somebody's terminal. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
