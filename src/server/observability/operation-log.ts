import type { Logger } from "../log.ts";
import type { Caller, Operations } from "../operation.ts";
import { outcomeOf } from "../present.ts";

/** Characters of an operation's name that are logged; the client chooses it. */
const LONGEST_NAME = 100;

/**
 * The same operations, with a line in the log for each: at `info` from `slow` milliseconds on, else at `debug`. Of a
 * subscription, the time until it was accepted. What was sent is never in it: no document, no variable, no message.
 */
export function logOperations(operations: Operations, log: Logger, slow: number): Operations {
  if (!log.isLevelEnabled("info")) return operations;
  const hasAll = log.isLevelEnabled("debug");

  function tell(kind: string, name: string | undefined, caller: Caller | undefined, took: number, result: object) {
    const isSlow = took >= slow;
    if (!isSlow && !hasAll) return;
    const line = {
      requestId: caller?.requestId ?? null,
      token: caller?.token ?? null,
      operation: name?.slice(0, LONGEST_NAME) ?? null,
      kind,
      milliseconds: Math.round(took * 10) / 10,
      code: outcomeOf(result),
    };
    if (isSlow) log.info(line, "a slow operation");
    else log.debug(line, "an operation");
  }

  async function timed<Result extends object>(
    kind: string,
    name: string | undefined,
    caller: Caller | undefined,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const start = performance.now();
    const result = await run();
    tell(kind, name, caller, performance.now() - start, result);
    return result;
  }

  return {
    turn: (params) => operations.turn(params),
    presentError: (error) => operations.presentError(error),
    formsOf: (result) => operations.formsOf(result),
    prepare(params) {
      const start = performance.now();
      const operation = operations.prepare(params);
      // Its name is not known to be one: nothing was read of it.
      if ("errors" in operation) tell("refused", undefined, params.caller, performance.now() - start, operation);
      return operation;
    },
    execute: (operation, viewer) =>
      timed(operation.node.operation, operation.node.name?.value, operation.caller, () =>
        operations.execute(operation, viewer),
      ),
    subscribe: (operation, viewer) =>
      timed("subscription", operation.node.name?.value, operation.caller, () =>
        operations.subscribe(operation, viewer),
      ),
  };
}
