import { z } from "zod";
import type { Known } from "../../db/columns.ts";
import { STEP_STATUSES, type StepStatusWord } from "../../db/documents/tables.ts";
import { badInput, userError } from "../errors.ts";
import { checked, numberedId, reportedWord } from "../input.ts";

const MOST_NAME_CHARACTERS = 255;
const MOST_DESTINATION_CHARACTERS = 100;
const MOST_HASH_CHARACTERS = 512;
const MOST_FILENAME_CHARACTERS = 4_096;
const MOST_TEXT_CHARACTERS = 262_144;
const MOST_STEPS = 1_000;

type Maybe<T> = T | null | undefined;

const bounded = (most: number) => z.string().max(most, `is longer than ${most} characters`);
const filled = (most: number) => bounded(most).regex(/\S/, "is empty");

const names = z
  .array(filled(MOST_NAME_CHARACTERS))
  .min(1, "is empty; leave it out for the main steps")
  .max(MOST_STEPS, `has more than ${MOST_STEPS} entries`);

const destinations = z
  .array(
    bounded(MOST_DESTINATION_CHARACTERS).regex(
      /^[\p{L}\p{N}][\p{L}\p{N}_.-]*$/u,
      "is no name of a destination: it begins with a letter or digit and has letters, digits, _ . - alone",
    ),
  )
  .min(1, "is empty; name at least one destination")
  .max(MOST_STEPS, `has more than ${MOST_STEPS} entries`);

const newFile = z
  .object({
    filehash: filled(MOST_HASH_CHARACTERS),
    originalFilename: bounded(MOST_FILENAME_CHARACTERS).nullish(),
    fileSize: z.number().min(0, "is negative").nullish(),
    mimeType: bounded(MOST_NAME_CHARACTERS).nullish(),
    initializeSteps: z.boolean(),
    steps: names.nullish(),
  })
  .refine(({ initializeSteps, steps }) => initializeSteps || steps == null, {
    path: ["steps"],
    message: "is given though initializeSteps is false; leave one of them out",
  });

const END_STATUSES: readonly StepStatusWord[] = ["success", "failure", "skipped"];

const stepUpdate = z
  .object({
    fileId: z.string(),
    stepName: filled(MOST_NAME_CHARACTERS),
    status: reportedWord(STEP_STATUSES),
    errorMessage: bounded(MOST_TEXT_CHARACTERS).nullish(),
    startedAt: z.string().nullish(),
    completedAt: z.string().nullish(),
    message: bounded(MOST_TEXT_CHARACTERS).nullish(),
    detail: bounded(MOST_TEXT_CHARACTERS).nullish(),
    taskId: bounded(MOST_NAME_CHARACTERS).nullish(),
  })
  .superRefine(({ status, startedAt, completedAt }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (completedAt != null && !END_STATUSES.includes(status)) {
      refuse("completedAt", `goes with SUCCESS, FAILURE and SKIPPED; status is ${status.toUpperCase()}`);
    }
    if (startedAt != null && status === "pending")
      refuse("startedAt", "goes with a step that has begun; status is PENDING");
    // Instants have one form, whose text compares as the time does.
    if (startedAt != null && completedAt != null && completedAt < startedAt) {
      refuse("completedAt", `(${completedAt}) is before startedAt (${startedAt})`);
    }
  });

const newLog = z.object({
  fileId: z.string().nullish(),
  taskId: bounded(MOST_NAME_CHARACTERS).nullish(),
  stepName: filled(MOST_NAME_CHARACTERS).nullish(),
  status: bounded(MOST_NAME_CHARACTERS).nullish(),
  message: bounded(MOST_TEXT_CHARACTERS).nullish(),
  detail: bounded(MOST_TEXT_CHARACTERS).nullish(),
  timestamp: z.string().nullish(),
});

export type NewFile = z.infer<typeof newFile>;
export type StepUpdate = z.infer<typeof stepUpdate>;
/** A report as it comes. */
export type StepUpdateInput = Omit<StepUpdate, "status"> & { readonly status: Known<StepStatusWord> };
export type NewLog = z.infer<typeof newLog>;

export function checkNewFile(input: NewFile): NewFile {
  return checked(newFile, input, ["input"]);
}

export function checkStepUpdate(input: StepUpdateInput, place: readonly (string | number)[] = ["input"]): StepUpdate {
  return checked(stepUpdate, input, place);
}

export function checkNewLog(input: NewLog): NewLog {
  return checked(newLog, input, ["input"]);
}

/** Names once each, in their order. Null: the caller wants the usual ones. */
export function checkStepNames(steps: Maybe<readonly string[]>): readonly string[] | null {
  return steps == null ? null : [...new Set(checked(names, steps, ["steps"]))];
}

export function checkDestinations(given: readonly string[]): readonly string[] {
  return [...new Set(checked(destinations, given, ["destinations"]))];
}

/** Files of one batch of a migration. */
export function checkBatchSize(batchSize: number): number {
  if (batchSize < 1 || batchSize > 10_000) throw badInput(`batchSize is ${batchSize}; a batch has 1 to 10000 files.`);
  return batchSize;
}

/** Throws NOT_FOUND for what can't be an id. */
export function fileIdOf(id: string): number {
  const number = numberedId(id);
  if (number === undefined) throw noSuchFile(id);
  return number;
}

export function noSuchFile(id: string | number): Error {
  return userError("NOT_FOUND", `There is no file ${id}. Create it first, by createFile.`);
}
