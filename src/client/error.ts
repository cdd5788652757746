/** One error of a GraphQL answer, as the service sends it. */
export interface GraphQLErrorShape {
  readonly message: string;
  readonly path?: ReadonlyArray<string | number> | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export interface WeirErrorOptions {
  readonly errors?: readonly GraphQLErrorShape[];
  readonly data?: unknown;
  readonly cause?: unknown;
}

/**
 * What went wrong, in one form for HTTP and WebSocket.
 *
 * `code` is one of the service's (`BAD_USER_INPUT`, `CURSOR_EXPIRED`, `UNAVAILABLE`, …), or one of two that the client
 * gives: `UNREACHABLE` when no service answered, `BAD_RESPONSE` when what answered is not the service.
 */
export class WeirError extends Error {
  override readonly name = "WeirError";
  readonly code: string;
  /** All errors of the answer; empty when there was none. */
  readonly errors: readonly GraphQLErrorShape[];
  /** What the answer has besides its errors; null when nothing. */
  readonly data: unknown;

  constructor(code: string, message: string, { errors = [], data = null, cause }: WeirErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errors = errors;
    this.data = data;
  }

  /** Whether the same may succeed a little later. */
  get isPassing(): boolean {
    return this.code === "UNREACHABLE" || this.code === "UNAVAILABLE";
  }
}

export function errorOfAnswer(errors: readonly GraphQLErrorShape[], data: unknown = null): WeirError {
  const [first] = errors;
  const code = first?.extensions?.["code"];
  const message = first?.message ?? "The service answered an error without a message.";
  return new WeirError(typeof code === "string" ? code : "BAD_RESPONSE", message, { errors, data });
}

/** Closings of a WebSocket after which the same would be refused again. */
const CODE_OF_CLOSE: ReadonlyMap<unknown, string> = new Map([
  [1009, "BAD_USER_INPUT"],
  [4400, "BAD_USER_INPUT"],
  [4401, "UNAUTHENTICATED"],
  [4403, "FORBIDDEN"],
  [4406, "BAD_RESPONSE"],
]);

/** Whatever a subscription fails with: errors of the service, the closing of a socket, an event that says nothing. */
export function toWeirError(error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  if (Array.isArray(error)) return errorOfAnswer(error);
  if (typeof error === "object" && error !== null && "code" in error && "reason" in error) {
    const code = CODE_OF_CLOSE.get(error.code) ?? "UNREACHABLE";
    return new WeirError(
      code,
      `The connection to Weir ended: ${String(error.code)} ${String(error.reason)}`.trimEnd(),
      {
        cause: error,
      },
    );
  }
  return new WeirError("UNREACHABLE", "The connection to Weir failed.", { cause: error });
}
