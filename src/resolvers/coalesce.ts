import DataLoader from "dataloader";

/** Batches under way at once; what arrives meanwhile is gathered for the next one. */
const CONCURRENCY = 2;
const MOST = 200;

/**
 * Turns writes that arrive together into one: under load a statement carries many callers' rows, and a lone caller waits
 * for nobody. Each caller gets his own answer; when a batch fails, its members are written one by one, so that only the
 * one at fault fails. `isFatal` tells errors that would hit every member alike, for which that is pointless.
 */
export function coalesceWrites<Input, Output>(
  write: (inputs: readonly Input[]) => Promise<readonly (Output | Error)[]>,
  isFatal: (error: unknown) => boolean,
): (input: Input) => Promise<Output> {
  let underWay = 0;
  const waiting: (() => void)[] = [];

  async function writeBatch(inputs: readonly Input[]): Promise<readonly (Output | Error)[]> {
    try {
      return await write(inputs);
    } catch (error) {
      if (inputs.length === 1 || isFatal(error)) return inputs.map(() => asError(error));
      const one = (input: Input) => write([input]).catch((alone: unknown) => [asError(alone)]);
      const answers: (Output | Error)[] = [];
      for (const input of inputs) answers.push(...(await one(input)));
      return answers;
    } finally {
      underWay -= 1;
      waiting.shift()?.();
    }
  }

  const loader = new DataLoader<Input, Output>(writeBatch, {
    cache: false,
    maxBatchSize: MOST,
    batchScheduleFn: (dispatch) => {
      const start = () => {
        underWay += 1;
        dispatch();
      };
      if (underWay < CONCURRENCY) setImmediate(start);
      else waiting.push(start);
    },
  });
  return (input) => loader.load(input);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
