import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { readArguments, UsageError } from "./arguments.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of `weir serve`: those of `--env-file`, over them the environment's, over both `--host`, `--port` and `--insecure`. Throws
 * {@link UsageError} for what it does not know, and for a file that can't be read.
 */
export function settingsOfServe(args: readonly string[], environment: Environment): Environment {
  const { values, positionals } = readArguments(args, {
    host: { type: "string" },
    port: { type: "string" },
    "env-file": { type: "string" },
    insecure: { type: "boolean" },
  });
  const [word] = positionals;
  if (word !== undefined) throw new UsageError(`weir: no command "serve ${word}".`);
  const { host, port, "env-file": file, insecure } = values;
  return {
    ...(file === undefined ? {} : readEnvFile(file)),
    ...environment,
    ...(host === undefined ? {} : { WEIR_HOST: host }),
    ...(port === undefined ? {} : { WEIR_PORT: port }),
    ...(insecure === true ? { WEIR_INSECURE: "on" } : {}),
  };
}

function readEnvFile(file: string): Environment {
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "no such file";
    throw new UsageError(`weir: --env-file ${file} can't be read (${reason}).`);
  }
}
