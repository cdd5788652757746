import { z } from "zod";
import { TRIGGERS } from "../../db/pipelines/tables.ts";
import { badInput } from "../errors.ts";
import { checked, reportedWord } from "../input.ts";

/** The sum over a run's stages, 100 at most, still is a safe integer. */
const MOST_ROWS = 90_000_000_000_000;
const MOST_PATHS = 10_000;
const MOST_PATH = 4_096;
const MOST_MESSAGE = 262_144;
const MOST_NAME = 512;
/** A day. */
const MOST_LEASE = 86_400;

const complete = z.object({
  rowsProcessed: z.int().min(0, "is negative").max(MOST_ROWS, `is more than ${MOST_ROWS}`).nullish(),
  filePaths: z
    .array(
      z
        .string()
        .regex(/\S/, "is empty")
        .max(MOST_PATH, `is longer than ${MOST_PATH} characters`)
        .refine((path) => !path.includes(","), "has a comma, by which paths are separated when they are stored"),
    )
    .max(MOST_PATHS, `has more than ${MOST_PATHS} paths`)
    .nullish(),
  incrementalValue: z
    .string()
    .regex(/\S/, "is empty")
    .max(MOST_NAME, `is longer than ${MOST_NAME} characters`)
    .nullish(),
});

export interface CompleteStage {
  readonly rowsProcessed?: number | null | undefined;
  readonly filePaths?: readonly string[] | null | undefined;
  readonly incrementalValue?: string | null | undefined;
}

export function checkComplete(input: CompleteStage): CompleteStage {
  return checked(complete, input, ["input"]);
}

export function checkMessage(name: string, message: string): void {
  if (message.trim() === "") throw badInput(`${name} is empty. Say what happened.`);
  if (message.length > MOST_MESSAGE) throw badInput(`${name} is longer than ${MOST_MESSAGE} characters.`);
}

const trigger = reportedWord(TRIGGERS);

export function checkTrigger(triggeredBy: string): void {
  checked(trigger, triggeredBy, ["triggeredBy"]);
}

export function checkLease(worker: string, leaseSeconds: number): void {
  if (worker.trim() === "" || worker.length > MOST_NAME) throw badInput(`worker has 1 to ${MOST_NAME} characters.`);
  if (leaseSeconds < 1 || leaseSeconds > MOST_LEASE) {
    throw badInput(`leaseSeconds is ${leaseSeconds}; a lease lasts 1 to ${MOST_LEASE} seconds.`);
  }
}
