import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { UsageError } from "./arguments.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServeOptions {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly envFile: string | undefined;
  readonly insecure: boolean | undefined;
}

/**
 * The settings of `weir serve`: those of `--env-file`, over them the environment's, over both `--host`, `--port` and `--insecure`. Throws
 * {@link UsageError} for a file that can't be read.
 */
export function settingsOfServe(options: ServeOptions, environment: Environment): Environment {
  const { host, port, envFile: file, insecure } = options;
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
