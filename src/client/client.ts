import { LIVE_CURSOR } from "./documents.ts";
import type { TypedDocumentString } from "./gql/graphql.ts";
import { type HttpLink, type RequestOptions, request } from "./request.ts";
import type { RetryPolicy } from "./retry.ts";
import { createSocket } from "./socket.ts";
import { type SubscribeOptions, subscribe } from "./subscribe.ts";

type Document = { toString(): string };
type Headers = Readonly<Record<string, string>>;

export interface WeirClientOptions {
  /** Where the service is, like `http://127.0.0.1:4000`. `/graphql` is added unless the path ends with it. */
  readonly url: string;
  /** Sent with every request, and as the payload of connection_init. A function is asked anew each time. Default none. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>);
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the platform's WebSocket. */
  readonly webSocketImpl?: unknown;
  /**
   * When the service can't be reached, answers 502, 503 or 504, or the error UNAVAILABLE. Default: no retries.
   *
   * Only what may arrive twice is sent twice: queries, and mutations with the variable idempotencyKey. For a mutation
   * that is an upsert, like recordHl7Files, say `isRepeatable: true`.
   */
  readonly retry?: RetryPolicy;
  /** Milliseconds that one attempt of a request may take. Default 30000. */
  readonly timeout?: number;
}

export interface WeirClient {
  /** Answers the data, or throws {@link WeirError}; also when only a part of the answer failed. */
  request<Data, Variables extends Readonly<Record<string, unknown>>>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>;
  /**
   * Changes, for `for await`, nothing lost and nothing twice, however often the connection ends: the operation must
   * declare `$after: Cursor`, pass it on, and select `cursor`. Begins behind the variable `after`, with the state where
   * `snapshot` is true, or now.
   *
   * Throws {@link WeirError} when trying again does not help: CURSOR_EXPIRED, for example, after an absence longer than
   * the service keeps changes. Read the current state then, and begin anew.
   */
  subscribe<
    Data extends { readonly [Field in keyof Data]: { readonly cursor: string } },
    Variables extends Readonly<Record<string, unknown>>,
  >(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    options?: SubscribeOptions,
  ): AsyncIterableIterator<Data, undefined>;
}

export function createWeirClient(options: WeirClientOptions): WeirClient {
  const { headers = {} } = options;
  const endpoint = endpointOf(options.url);
  const http: HttpLink = {
    endpoint: endpoint.href,
    headers: async () => (typeof headers === "function" ? headers() : headers),
    fetch: options.fetch ?? globalThis.fetch,
    retry: options.retry ?? { attempts: 0 },
    timeout: options.timeout ?? 30_000,
  };
  let socket: ReturnType<typeof createSocket> | undefined;
  const webSocketEndpoint = new URL(endpoint);
  webSocketEndpoint.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

  const client: WeirClient = {
    async request<Data>(document: Document, variables: Readonly<Record<string, unknown>>, how: RequestOptions = {}) {
      // The types were generated from the schema that the service answers by.
      return (await request(http, document.toString(), variables, how)) as Data;
    },
    subscribe<Data>(document: Document, variables: Readonly<Record<string, unknown>>, how: SubscribeOptions = {}) {
      const query = document.toString();
      if (!/\$after\b/.test(query)) throw new TypeError("A subscription must declare $after: Cursor, and pass it on.");
      const link = {
        socket: () =>
          (socket ??= createSocket({
            url: webSocketEndpoint.href,
            headers: http.headers,
            webSocketImpl: options.webSocketImpl,
          })),
        liveCursor: async (signal: AbortSignal) => (await client.request(LIVE_CURSOR, {}, { signal })).liveCursor,
      };
      return subscribe(link, query, variables, how) as AsyncIterableIterator<Data, undefined>;
    },
  };
  return client;
}

function endpointOf(url: string): URL {
  const endpoint = new URL(url);
  const path = endpoint.pathname.replace(/\/+$/, "");
  endpoint.pathname = path.endsWith("/graphql") ? path : `${path}/graphql`;
  return endpoint;
}
