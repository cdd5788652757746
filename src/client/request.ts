import { errorOfAnswer, type GraphQLErrorShape, WeirError } from "./error.ts";
import { delayAfter, type RetryPolicy, wait } from "./retry.ts";

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Says that the operation may reach the service twice without harm; see {@link isRepeatable}. */
  readonly isRepeatable?: boolean;
}

export interface HttpLink {
  readonly endpoint: string;
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** Called when the service refused who asked: answers whether to try again with another token. */
  readonly refused: () => boolean;
  readonly accepted: () => void;
  readonly fetch: typeof globalThis.fetch;
  readonly retry: RetryPolicy;
  /** Milliseconds that one attempt may take. */
  readonly timeout: number;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLErrorShape[];
}

/**
 * Whether an operation may be sent again when its answer was lost: a query, or a mutation with an idempotencyKey. The
 * text can't tell whether another mutation is an upsert; its caller says so.
 */
function isRepeatable(query: string, variables: Readonly<Record<string, unknown>>): boolean {
  return /^\s*(?:query\b|\{)/.test(query) || typeof variables["idempotencyKey"] === "string";
}

/** Sends one operation, again while the policy allows it. Answers its data or throws {@link WeirError}. */
export async function request(
  link: HttpLink,
  query: string,
  variables: Readonly<Record<string, unknown>>,
  options: RequestOptions,
): Promise<unknown> {
  const attempts = (options.isRepeatable ?? isRepeatable(query, variables)) ? link.retry.attempts : 0;
  for (let failures = 0; ; ) {
    try {
      const data = await send(link, JSON.stringify({ query, variables }), options.signal);
      link.accepted();
      return data;
    } catch (error) {
      // What was refused was not done: any operation may be sent again.
      if (error instanceof WeirError && error.code === "UNAUTHENTICATED" && link.refused()) continue;
      failures += 1;
      if (!(error instanceof WeirError) || !error.isPassing || failures > attempts) throw error;
      await wait(delayAfter(failures, link.retry), options.signal);
      options.signal?.throwIfAborted();
    }
  }
}

async function send(link: HttpLink, body: string, signal: AbortSignal | undefined): Promise<unknown> {
  const { fetch } = link;
  const timeout = AbortSignal.timeout(link.timeout);
  const headers = {
    ...(await link.headers()),
    "content-type": "application/json",
    accept: "application/graphql-response+json, application/json",
  };
  let status: number;
  let text: string;
  try {
    const response = await fetch(link.endpoint, {
      method: "POST",
      headers,
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = timeout.aborted ? `did not answer within ${link.timeout} ms` : "can't be reached";
    throw new WeirError("UNREACHABLE", `Weir at ${link.endpoint} ${reason}.`, { cause });
  }
  const answer = parseAnswer(text);
  if (answer?.errors !== undefined && answer.errors.length > 0) throw errorOfAnswer(answer.errors, answer.data);
  if (answer?.data != null) return answer.data;
  const code = status === 502 || status === 503 || status === 504 ? "UNAVAILABLE" : "BAD_RESPONSE";
  throw new WeirError(code, `${link.endpoint} answered ${status} without a GraphQL result.`);
}

/** What another program answers, a proxy's page for example, is no answer. */
function parseAnswer(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const answer: Answer = value;
    return answer.errors === undefined || Array.isArray(answer.errors) ? answer : undefined;
  } catch {
    return undefined;
  }
}
