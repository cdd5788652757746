import type { ExecutionResult } from "graphql";
import { userError } from "../../resolvers/errors.ts";
import type { Admitted } from "./gate.ts";

/** The results of a stream for as long as its token lasts; then an error that says so, and the end. */
export function withinSession(
  results: AsyncIterableIterator<ExecutionResult>,
  asker: Admitted,
): AsyncIterableIterator<ExecutionResult> {
  let isDone = false;
  // Its pending `next` resolves then.
  const session = asker.watch(() => void results.return?.());
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    isDone = true;
    session[Symbol.dispose]();
    await results.return?.();
    return { done: true, value: undefined };
  };
  const within: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (isDone) return { done: true, value: undefined };
      const next = await results.next();
      if (isDone || !session.isOver) return next.done === true ? finish() : next;
      await finish();
      const error = userError(
        "UNAUTHENTICATED",
        "The token has ended, or was changed. Connect again, with the cursor.",
      );
      return { done: false, value: { errors: [error] } };
    },
    return: finish,
    [Symbol.asyncIterator]: () => within,
  };
  return within;
}
