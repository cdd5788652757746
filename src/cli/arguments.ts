import type { Failure } from "./failure.ts";

/** The command line was called wrongly; the message is one line that says how. */
export class UsageError extends Error {}

/** Makes what a command does of what it answers: a failure is a line, and the exit code. */
export async function run(work: Promise<Failure | undefined>): Promise<void> {
  const failure = await work;
  if (failure === undefined) return;
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = failure.exitCode;
}

/** One of a few words, in any case, with dashes or underscores; yargs says which there are, for any other. */
export function word(said: string): string {
  return said.toLowerCase().replaceAll("_", "-");
}

/** As the API spells it. */
export function spelled<Word extends string>(said: string, words: readonly Word[]): Word {
  const found = words.find((one) => one === said.toUpperCase().replaceAll("-", "_"));
  if (found === undefined) throw new UsageError(`weir: ${JSON.stringify(said)} is none of ${lower(words).join(", ")}.`);
  return found;
}

/** As they are typed. */
export function lower(words: readonly string[]): readonly string[] {
  return words.map(word);
}

/** A whole number within bounds; throws {@link UsageError} for anything else. */
export function whole(option: string, least: number, most: number): (text: string | undefined) => number | undefined {
  return (text) => {
    if (text === undefined) return undefined;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(
      `weir: --${option} is ${JSON.stringify(text)}; it is a whole number from ${least} to ${most}.`,
    );
  };
}
