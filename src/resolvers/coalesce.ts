/** Batches under way at once; what arrives meanwhile is gathered for the next one. */
const CONCURRENCY = 2;
const MOST = 200;

/** Is told how many writes of a kind went as one. */
export type OnBatch = (kind: string, size: number) => void;

interface Coalescing<Input, Output> {
  /** What is written, for `onBatch`. */
  readonly kind: string;
  readonly onBatch?: OnBatch | undefined;
  /** Writes a batch: each member gets its own answer. A rejection is the whole batch's. */
  readonly write: (inputs: readonly Input[]) => Promise<readonly (Output | Error)[]>;
  /** What all members of one batch have in common, since a statement has one writer. */
  readonly groupOf: (input: Input) => string;
  /**
   * What an input changes or claims: two that have one of these in common can't be in one statement, and are written one after the
   * other, in the order in which they came. Empty: it goes with any other.
   */
  readonly subjectsOf: (input: Input) => readonly string[];
  /** Tells errors that would hit every member alike, for which trying one by one is pointless. */
  readonly isFatal: (error: unknown) => boolean;
}

interface Waiting<Input, Output> {
  readonly input: Input;
  readonly group: string;
  readonly subjects: readonly string[];
  readonly resolve: (output: Output) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Turns writes that arrive together into one: under load a statement carries many callers' rows, and a lone caller waits
 * for nobody. Each caller gets his own answer; when a batch fails, its members are written one by one, so that only the
 * one at fault fails.
 */
export function coalesceWrites<Input, Output>(options: Coalescing<Input, Output>): (input: Input) => Promise<Output> {
  const { kind, onBatch, write, groupOf, subjectsOf, isFatal } = options;
  let waiting: Waiting<Input, Output>[] = [];
  let underWay = 0;
  let isScheduled = false;
  /** Subjects that are being written. */
  const busy = new Set<string>();

  function schedule(): void {
    if (isScheduled || underWay >= CONCURRENCY) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      while (underWay < CONCURRENCY) {
        const batch = takeBatch();
        if (batch.length === 0) return;
        void writeBatch(batch);
      }
    });
  }

  /** The first that may be written now, and those that can go with it. */
  function takeBatch(): readonly Waiting<Input, Output>[] {
    const batch: Waiting<Input, Output>[] = [];
    const left: Waiting<Input, Output>[] = [];
    // Whoever waits keeps those behind him that change the same.
    const held = new Set<string>();
    for (const one of waiting) {
      const { group, subjects } = one;
      const isFree = !subjects.some((subject) => busy.has(subject) || held.has(subject));
      if (isFree && batch.length < MOST && (batch[0] === undefined || batch[0].group === group)) {
        batch.push(one);
        for (const subject of subjects) busy.add(subject);
      } else {
        left.push(one);
        for (const subject of subjects) held.add(subject);
      }
    }
    waiting = left;
    return batch;
  }

  async function writeBatch(batch: readonly Waiting<Input, Output>[]): Promise<void> {
    underWay += 1;
    onBatch?.(kind, batch.length);
    const answers = await answersOf(batch.map(({ input }) => input));
    underWay -= 1;
    for (const [at, { subjects, resolve, reject }] of batch.entries()) {
      for (const subject of subjects) busy.delete(subject);
      const answer = answers[at];
      if (answer === undefined) reject(new Error("a write got no answer"));
      else if (answer instanceof Error) reject(answer);
      else resolve(answer);
    }
    if (waiting.length > 0) schedule();
  }

  async function answersOf(inputs: readonly Input[]): Promise<readonly (Output | Error)[]> {
    try {
      return await write(inputs);
    } catch (error) {
      if (inputs.length === 1 || isFatal(error)) return inputs.map(() => asError(error));
      const answers: (Output | Error)[] = [];
      for (const input of inputs) {
        answers.push(...(await write([input]).catch((alone: unknown) => [asError(alone)])));
      }
      return answers;
    }
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, group: groupOf(input), subjects: subjectsOf(input), resolve, reject });
      schedule();
    });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
