import { createWeirClient, type WeirClient, WeirError } from "../client/index.ts";
import { UsageError } from "./arguments.ts";
import type { Failure } from "./failure.ts";

/** What every command that asks a service takes. */
export const REMOTE_OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  json: { type: "boolean" },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The service to ask: `--url` and `--token`, else WEIR_URL and WEIR_TOKEN, else the one on this machine. Throws {@link UsageError}. */
export function clientOf(
  { url, token }: { readonly url?: string | undefined; readonly token?: string | undefined },
  environment: Environment = process.env,
): WeirClient {
  const where = url ?? environment["WEIR_URL"] ?? `http://127.0.0.1:${environment["WEIR_PORT"] ?? "4000"}`;
  if (!/^https?:$/.test(URL.parse(where)?.protocol ?? ""))
    throw new UsageError(`weir: ${JSON.stringify(where)} is no URL like http://127.0.0.1:4000.`);
  const secret = token ?? environment["WEIR_TOKEN"];
  return createWeirClient({ url: where, retry: { attempts: 2 }, ...(secret === undefined ? {} : { token: secret }) });
}

/** Runs a command against a service: what the service refuses is a line, not a stack. */
export async function askService(work: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
  // Whoever reads may have had enough, as `head` does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
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
