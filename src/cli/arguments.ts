import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** The command line was called wrongly; the message is one line that says how. */
export class UsageError extends Error {}

/** Reads the words behind a command's name. Throws {@link UsageError} for what it does not know. */
export function readArguments<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new UsageError(line);
  }
}

export function takesNoArguments(command: string, args: readonly string[]): void {
  const [word] = readArguments(args, {}).positionals;
  if (word !== undefined) throw new UsageError(`weir: no command "${command} ${word}".`);
}
