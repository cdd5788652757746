import type { ExecutionResult } from "graphql";

/** Leaves out what is the same as the result before it. */
export function differing(results: AsyncGenerator<ExecutionResult, void, void>): ResultIterator {
  let last: string | undefined;
  return {
    async next() {
      for (;;) {
        const result = await results.next();
        const text = JSON.stringify(result.value);
        if (result.done !== true && text === last) continue;
        last = text;
        return result;
      }
    },
    return: () => results.return(),
  };
}

type ResultIterator = Pick<AsyncGenerator<ExecutionResult, void, void>, "next"> & {
  readonly return: () => Promise<IteratorResult<ExecutionResult, void>>;
};

/** Not a generator: `return` of one waits for its pending `next`. */
export function presentedUntilFailure(
  results: ResultIterator,
  failed: (error: unknown) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  let hasFailed = false;
  const presented: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      if (hasFailed) return { done: true, value: undefined };
      try {
        return await results.next();
      } catch (error) {
        hasFailed = true;
        return { done: false, value: failed(error) };
      }
    },
    return: () => results.return(),
    [Symbol.asyncIterator]: () => presented,
  };
  return presented;
}
