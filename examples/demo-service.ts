import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export interface DemoService {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  /** Resolves when it has ended, by itself or because of stop, with its exit code. */
  readonly ended: Promise<number>;
  stop(): Promise<number>;
}

const listens = z.object({ msg: z.literal("Weir listens"), url: z.url() });

/** Starts the service as its own process, and waits until it is ready. Answers its exit code when it does not start. */
export async function startDemoService(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DemoService | number> {
  const weir = fileURLToPath(new URL("../bin/weir.js", import.meta.url));
  const service = spawn(process.execPath, [...process.execArgv, weir, "serve"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    // Ctrl-C reaches a terminal's whole process group: the service has to outlive the extractor.
    detached: true,
  });
  const ended = once(service, "exit").then(([code]) => (typeof code === "number" ? code : 1));
  const stop = () => {
    service.kill("SIGTERM");
    return ended;
  };
  const url = await Promise.race([readyAddress(service), ended, aborted(signal)]);
  if (typeof url === "number") return url;
  if (url === undefined) return stop().then(() => 0);
  return { url, ended, stop };
}

async function readyAddress(service: ChildProcess): Promise<string> {
  const url = await listening(service);
  while (service.exitCode === null && !(await isReady(url))) await setTimeout(100);
  return url;
}

/** The address that the service says; what it says besides is shown when it is a warning or worse. */
async function listening(service: ChildProcess): Promise<string> {
  const address = Promise.withResolvers<string>();
  if (service.stdout === null) throw new Error("the service has no output");
  createInterface(service.stdout).on("line", (line) => {
    const record = parseJson(line);
    const found = listens.safeParse(record);
    if (found.success) address.resolve(found.data.url);
    const { level = 50 } = z.object({ level: z.number() }).partial().catch({}).parse(record);
    if (level >= 40) process.stderr.write(`${line}\n`);
  });
  return address.promise;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(new URL("/ready", url)).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, "abort");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
