import { type Logger, pino } from "pino";

export type { Logger };

/** Logs JSON lines to standard output. */
export function createLog(level: string): Logger {
  return pino(optionsOf(level));
}

/** Logs for people where standard output is a terminal, else JSON lines. */
export async function openLog(level: string): Promise<Logger> {
  if (!process.stdout.isTTY) return createLog(level);
  const { default: pretty } = await import("pino-pretty");
  const stream = pretty({ sync: true, singleLine: true, translateTime: "SYS:HH:MM:ss.l" });
  return pino(optionsOf(level), stream);
}

function optionsOf(level: string) {
  return { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
}
