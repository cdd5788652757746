import { isUnreachable, SQLSTATE, sqlState } from "../db/client.ts";
import { DatabaseUnfitError } from "../db/migrate.ts";
import { EmbeddedPostgresError } from "../embedded/error.ts";
import { AccessError } from "../server/access/files.ts";
import { SecretKeyError } from "../server/secret-key.ts";

/** Why a command did not do what it was called for, where its caller can mend it: one line. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** One line for what an operator can mend; undefined for a defect, which keeps its stack. */
export function explainStart(error: unknown): Failure | undefined {
  if (error instanceof EmbeddedPostgresError || error instanceof DatabaseUnfitError || error instanceof SecretKeyError)
    return { exitCode: 1, message: error.message };
  if (error instanceof AccessError) return { exitCode: 2, message: error.message };
  const code = sqlState(error);
  if (code === "EADDRINUSE") {
    return {
      exitCode: 2,
      message: `${portOf(error)} is in use by another program. Set WEIR_PORT to another one, or to 0 for any free one.`,
    };
  }
  if (code === "EACCES")
    return { exitCode: 2, message: `${portOf(error)} may not be used by this user. Set WEIR_PORT to one above 1023.` };
  if (code === "28P01" || code === "28000")
    return { exitCode: 2, message: "The database refused the user or password of DATABASE_URL." };
  if (code === SQLSTATE.invalidCatalogName)
    return { exitCode: 2, message: "The database that DATABASE_URL names does not exist. Create it first." };
  if (isUnreachable(error))
    return { exitCode: 1, message: `The database of DATABASE_URL can't be reached (${code}). Is it running?` };
  return undefined;
}

function portOf(error: unknown): string {
  return error instanceof Error && "port" in error ? `Port ${String(error.port)}` : "The port";
}
