import { type Connection, createConnection } from "./connection.ts";
import { type Rest, type Sendable, textOf } from "./document.ts";
import { newKey } from "./key.ts";
import { type LiveResult, liveQuery } from "./live-query.ts";
import { type HttpLink, type RequestOptions, request } from "./request.ts";
import type { RetryPolicy } from "./retry.ts";
import { createSocket } from "./socket.ts";
import { type SubscribeOptions, subscribe, type WatchOptions } from "./subscribe.ts";

type Headers = Readonly<Record<string, string>>;
type AnyVariables = Readonly<Record<string, unknown>>;

export interface WeirClientOptions {
  /** Where the service is, like `http://127.0.0.1:4000`. `/graphql` is added unless the path ends with it. */
  readonly url: string;
  /**
   * Who asks, by a token or JWT. A function is asked for each request and connection; when the service has refused what it
   * answered, once more with `isRefused: true`, to get a new one. Default: nobody.
   */
  readonly token?: string | ((how: { readonly isRefused: boolean }) => string | Promise<string>);
  /** Sent with every request, and as the payload of connection_init. A function is asked anew each time. Default none. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>);
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the platform's WebSocket. */
  readonly webSocketImpl?: unknown;
  /**
   * When the service can't be reached, answers 502, 503 or 504, or the error UNAVAILABLE. Default: five attempts after the first.
   *
   * Only what may arrive twice is sent twice: queries, and mutations with the variable idempotencyKey, which `mutate` gives by
   * itself where the document declares it. For a mutation that is an upsert, like recordHl7Files, say `isRepeatable: true`.
   */
  readonly retry?: RetryPolicy;
  /** Milliseconds that one attempt of a request may take. Default 30000. */
  readonly timeout?: number;
}

export interface LiveQueryOptions<State, QueryVariables, Change, SubscriptionVariables> {
  /** Must select `liveCursor`. */
  readonly query: Sendable<State, QueryVariables>;
  readonly variables?: QueryVariables;
  /** Must declare `$after: Cursor`, pass it on, and select `cursor`. */
  readonly subscription: Sendable<Change, SubscriptionVariables>;
  readonly subscriptionVariables?: Omit<SubscriptionVariables, "after">;
  readonly signal?: AbortSignal;
}

export interface WeirClient {
  /** Answers the data, or throws {@link WeirError}; also when only a part of the answer failed. */
  query<Data = AnyVariables, Variables = AnyVariables>(
    document: Sendable<Data, Variables>,
    ...rest: Rest<Variables, RequestOptions>
  ): Promise<Data>;
  /** The same for a mutation. One that declares `$idempotencyKey` gets a key, so that it can be sent again when its answer was lost. */
  mutate<Data = AnyVariables, Variables = AnyVariables>(
    document: Sendable<Data, Variables>,
    ...rest: Rest<Variables, RequestOptions>
  ): Promise<Data>;
  /** Either of them, as it stands in the document. */
  request<Data = AnyVariables, Variables = AnyVariables>(
    document: Sendable<Data, Variables>,
    ...rest: Rest<Variables, RequestOptions>
  ): Promise<Data>;
  /**
   * Changes, for `for await`, nothing lost and nothing twice, however often the connection ends: the operation must
   * declare `$after: Cursor`, pass it on, and select `cursor`. Begins behind the variable `after`, with the state where
   * `snapshot` is true, or now.
   *
   * Throws {@link WeirError} when trying again does not help: CURSOR_EXPIRED, for example, after an absence longer than
   * the service keeps changes. Read the current state then, and begin anew. UNREACHABLE when the service was never there.
   */
  subscribe<Data = AnyVariables, Variables = AnyVariables>(
    document: Sendable<Data, Variables>,
    ...rest: Rest<Variables, SubscribeOptions>
  ): AsyncIterableIterator<Data, undefined>;
  /**
   * A state that the service itself tells anew whenever it differs, as attentionChanged does: now, after each difference, and after each
   * reconnect. Whoever reads slowly gets the newest. Throws {@link WeirError} when trying again does not help.
   */
  watch<Data = AnyVariables, Variables = AnyVariables>(
    document: Sendable<Data, Variables>,
    ...rest: Rest<Variables, WatchOptions>
  ): AsyncIterableIterator<Data, undefined>;
  /** A query's state, then its changes, without a gap; see {@link LiveResult}. */
  liveQuery<State, QueryVariables, Change, SubscriptionVariables>(
    options: LiveQueryOptions<State, QueryVariables, Change, SubscriptionVariables>,
  ): AsyncGenerator<LiveResult<State, Change>, undefined, undefined>;
  /** How subscriptions stand with the service. */
  readonly connection: Connection;
}

export function createWeirClient(options: WeirClientOptions): WeirClient {
  const { headers = {}, token } = options;
  const endpoint = endpointOf(options.url);
  let isRefused = false;
  const headersNow = async (): Promise<Headers> => {
    const given = typeof headers === "function" ? await headers() : headers;
    if (token === undefined) return given;
    const secret = typeof token === "function" ? await token({ isRefused }) : token;
    return { ...given, authorization: `Bearer ${secret}` };
  };
  /** Answers whether it is worth to try again. */
  const refused = (): boolean => {
    isRefused = typeof token === "function" && !isRefused;
    return isRefused;
  };
  const accepted = () => {
    isRefused = false;
  };
  const http: HttpLink = {
    endpoint: endpoint.href,
    headers: headersNow,
    refused,
    accepted,
    // Not the function itself: a browser's works on its window alone.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    retry: options.retry ?? { attempts: 5 },
    timeout: options.timeout ?? 30_000,
  };
  const reports = createConnection();
  let socket: ReturnType<typeof createSocket> | undefined;
  const webSocketEndpoint = new URL(endpoint);
  webSocketEndpoint.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const link = {
    socket: () =>
      (socket ??= createSocket({
        url: webSocketEndpoint.href,
        headers: headersNow,
        webSocketImpl: options.webSocketImpl,
        reports,
      })),
    reports,
    refused,
    accepted,
    liveCursor: async (signal: AbortSignal) => {
      const data = await request({ ...http, retry: { attempts: 0 } }, "{ liveCursor }", {}, { signal });
      return (data as { readonly liveCursor: string }).liveCursor;
    },
  };

  const send = (document: unknown, variables: AnyVariables = {}, how: RequestOptions = {}) =>
    request(http, textOf(document), variables, how);
  const follow = (document: unknown, variables: AnyVariables = {}, how: SubscribeOptions = {}) => {
    const query = textOf(document);
    if (!/\$after\b/.test(query))
      throw new TypeError(
        "A subscription must declare $after: Cursor, and pass it on. One of a whole state, which has no position, is for watch.",
      );
    return subscribe(link, query, variables, how);
  };
  // What comes is of the types that the document says: they were generated from the schema that the service answers by.
  const client = {
    query: send,
    request: send,
    mutate(document: unknown, variables: AnyVariables = {}, how: RequestOptions = {}) {
      const isKeyed = /\$idempotencyKey\b/.test(textOf(document)) && variables["idempotencyKey"] == null;
      return send(document, isKeyed ? { ...variables, idempotencyKey: newKey() } : variables, how);
    },
    subscribe: follow,
    watch: (document: unknown, variables: AnyVariables = {}, how: WatchOptions = {}) =>
      subscribe(link, textOf(document), variables, how, "state"),
    liveQuery({
      query,
      variables,
      subscription,
      subscriptionVariables,
      signal,
    }: LiveQueryOptions<unknown, AnyVariables, unknown, AnyVariables>) {
      const stop = signal === undefined ? {} : { signal };
      return liveQuery(
        () => send(query, variables, stop),
        (after) => follow(subscription, { ...subscriptionVariables, after }, stop),
      );
    },
    connection: reports.connection,
  };
  return client as unknown as WeirClient;
}

function endpointOf(url: string): URL {
  const endpoint = new URL(url);
  const path = endpoint.pathname.replace(/\/+$/, "");
  endpoint.pathname = path.endsWith("/graphql") ? path : `${path}/graphql`;
  return endpoint;
}
