import { randomUUID } from "node:crypto";
import type { UpdateStepStatusInput } from "../../src/client/gql/graphql.ts";
import { type WeirClient, WeirError } from "../../src/client/index.ts";
import { UPDATE_STEP_STATUS } from "./operations.ts";

/** Thrown by a step that is not needed here; the message is the reason. */
export class Skip extends Error {}

/** A step has failed for good; it was reported. */
class StepFailed extends Error {}

export interface Steps {
  /** Runs a step, again when it fails, and reports each attempt. Throws {@link StepFailed}, and {@link WeirError} when nothing can be reported. */
  run<Result>(step: string, work: () => Promise<Result>): Promise<Result | undefined>;
  /** Reports a step that is not needed here. */
  skip(step: string, reason: string): Promise<void>;
}

/** Attempts at a step within one run; running the worker again begins anew. */
const MOST_ATTEMPTS = 2;
const LONGEST_MESSAGE = 2_000;

/** Reports the steps of one file. What was done in an earlier run is done again, since later steps need it, and not reported again. */
export function createSteps(client: WeirClient, fileId: string, done: ReadonlySet<string>): Steps {
  const taskId = randomUUID();
  let reports = 0;

  async function report(input: Omit<UpdateStepStatusInput, "fileId" | "taskId">): Promise<void> {
    reports += 1;
    // A report whose answer was lost is sent again, under the same key: it is stored once.
    const idempotencyKey = `${taskId}:${reports}`;
    await client.request(UPDATE_STEP_STATUS, { input: { fileId, taskId, ...input }, idempotencyKey });
  }

  return {
    async run(stepName, work) {
      for (let attempt = 1; ; attempt += 1) {
        if (!done.has(stepName)) await report({ stepName, status: "IN_PROGRESS", message: `Attempt ${attempt}` });
        try {
          const result = await work();
          if (!done.has(stepName)) await report({ stepName, status: "SUCCESS" });
          return result;
        } catch (error) {
          if (error instanceof WeirError || error instanceof StepFailed) throw error;
          const errorMessage = messageOf(error);
          if (error instanceof Skip) {
            if (!done.has(stepName)) await report({ stepName, status: "SKIPPED", errorMessage });
            return undefined;
          }
          await report({ stepName, status: "FAILURE", errorMessage });
          if (attempt === MOST_ATTEMPTS) throw new StepFailed(`${stepName} failed: ${errorMessage}`, { cause: error });
        }
      }
    },
    async skip(stepName, reason) {
      if (!done.has(stepName)) await report({ stepName, status: "SKIPPED", errorMessage: reason });
    },
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_MESSAGE).toWellFormed();
}
