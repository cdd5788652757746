import { type Logger, pino } from "pino";

export type { Logger };

/** Logs JSON lines to standard output. */
export function createLog(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
