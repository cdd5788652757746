import { randomUUID } from "node:crypto";
import { type WeirClient, WeirError } from "../../src/client/index.ts";
import { Skipped, withStep } from "../../src/client/worker.ts";
import { UPDATE_STEP_STATUS } from "./operations.ts";

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

/** Reports the steps of one file. What was done in an earlier run is done again, since later steps need it, and not reported again. */
export function createSteps(client: WeirClient, fileId: string, done: ReadonlySet<string>): Steps {
  const taskId = randomUUID();
  return {
    async run(stepName, work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          // Nothing new is said of what was done.
          if (done.has(stepName) && attempt === 1) return await work();
          return await withStep(client, { fileId, stepName, taskId, message: `Attempt ${attempt}` }, work);
        } catch (error) {
          if (error instanceof Skipped) return undefined;
          if (error instanceof WeirError || error instanceof StepFailed) throw error;
          if (attempt === MOST_ATTEMPTS)
            throw new StepFailed(`${stepName} failed: ${error instanceof Error ? error.message : String(error)}`, {
              cause: error,
            });
        }
      }
    },
    async skip(stepName, reason) {
      if (done.has(stepName)) return;
      const input = { fileId, taskId, stepName, status: "SKIPPED", errorMessage: reason } as const;
      // A report whose answer was lost is sent again, under the same key: it is stored once.
      await client.request(UPDATE_STEP_STATUS, { input, idempotencyKey: `${taskId}:${stepName}` });
    },
  };
}
