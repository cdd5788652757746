import type { ExecutionResult } from "graphql";
import { userError } from "../../resolvers/errors.ts";
import type { Admitted } from "./gate.ts";

type Next = IteratorResult<ExecutionResult, undefined>;

/** The results of a stream for as long as its token lasts; then an error that says so, and the end. */
export function withinSession(
  results: AsyncIterableIterator<ExecutionResult>,
  asker: Admitted,
): AsyncIterableIterator<ExecutionResult> {
  /** Ends the `next` that is waited for. A race with one promise would keep something of every result. */
  let interrupt = () => {};
  let isDone = false;
  const session = asker.watch(() => interrupt());

  function finish(): Next {
    isDone = true;
    session[Symbol.dispose]();
    // Not waited for: it may wait for a `next` that has nothing to answer.
    results.return?.().catch(() => {});
    return { done: true, value: undefined };
  }

  const within: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (isDone) return finish();
      const next = await new Promise<Next | null>((resolve, reject) => {
        interrupt = () => resolve(null);
        if (session.isOver) resolve(null);
        else
          results
            .next()
            .then((result) => resolve(result.done === true ? { done: true, value: undefined } : result), reject);
      });
      if (next !== null && (next.done === true || !session.isOver)) return next.done === true ? finish() : next;
      if (isDone) return finish();
      finish();
      const error = userError(
        "UNAUTHENTICATED",
        "The token has ended, or was changed. Connect again, with the cursor.",
      );
      return { done: false, value: { errors: [error] } };
    },
    return: () => {
      const done = finish();
      interrupt();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]: () => within,
  };
  return within;
}
