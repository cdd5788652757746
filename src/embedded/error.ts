export type EmbeddedPostgresCode =
  | "NO_BINARIES"
  | "NO_ACCOUNT"
  | "DATA_DIR_NOT_USABLE"
  | "DATA_DIR_IN_USE"
  | "CLUSTER_MISSING"
  | "VERSION_MISMATCH"
  | "PASSWORD_REFUSED"
  | "INITDB_FAILED"
  | "START_FAILED"
  | "STOP_FAILED";

/** A failure that the operator can act on: the message is one line, says what to do and holds no secret. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresCode;

  constructor(code: EmbeddedPostgresCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
    this.code = code;
  }
}

/** The code of a system error (ENOENT …), of a driver error (ECONNREFUSED …) or of PostgreSQL (57P03 …). */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
