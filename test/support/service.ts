import { type Client, createClient, type FormattedExecutionResult } from "graphql-ws";
import { WebSocket } from "ws";
import { type App, startApp } from "../../src/server/app.ts";
import { readConfig } from "../../src/server/config.ts";
import { createLog, type Logger } from "../../src/server/log.ts";

/** Starts the service in this process, on a free port. */
export async function startService(
  databaseUrl: string,
  settings: Readonly<Record<string, string>> = {},
  log: Logger = createLog("silent"),
): Promise<App> {
  return startApp(readConfig({ DATABASE_URL: databaseUrl, WEIR_PORT: "0", ...settings }), log);
}

export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly data?: Data | null;
  readonly errors?: readonly {
    message: string;
    path?: (string | number)[];
    extensions: { code: string } & Record<string, unknown>;
  }[];
}

/** Posts an operation as JSON. */
export async function post<Data = Record<string, unknown>>(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Data>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as Omit<Answer<Data>, "status">;
  return { status: response.status, ...body };
}

/** Posts an operation and answers its data; throws when there are errors. */
export async function ask<Data = Record<string, unknown>>(
  url: string,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Data> {
  const { data, errors } = await post<Data>(url, query, variables);
  if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
  return data;
}

/** A graphql-ws client that does not reconnect by itself; `sockets` are the sockets that it opened. */
export function connect(
  url: string,
  connectionParams: Readonly<Record<string, unknown>> = {},
): { client: Client; sockets: WebSocket[] } {
  const sockets: WebSocket[] = [];
  class Observed extends WebSocket {
    constructor(address: string, protocols: string | string[]) {
      super(address, protocols);
      sockets.push(this);
    }
  }
  const client = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: Observed,
    connectionParams,
    lazy: true,
    retryAttempts: 0,
  });
  return { client, sockets };
}

export interface Collected<Item> {
  readonly items: Item[];
  /** Errors that a result carried or that ended the subscription. */
  readonly errors: unknown[];
  /** Resolves when the predicate holds, tried after each item; rejects when the subscription ends before. */
  until(holds: (items: readonly Item[]) => boolean): Promise<void>;
  /** Resolves when the server or a failure has ended it. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** Subscribes and gathers what arrives under the root field. */
export function collect<Item = Record<string, unknown>>(
  client: Client,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Collected<Item> {
  const items: Item[] = [];
  const errors: unknown[] = [];
  const checks = new Set<() => void>();
  const end = Promise.withResolvers<void>();
  let isEnded = false;
  const finish = () => {
    isEnded = true;
    end.resolve();
    for (const check of checks) check();
  };
  const stop = client.subscribe<Record<string, Item>>(
    { query, variables },
    {
      next(result: FormattedExecutionResult<Record<string, Item>>) {
        if (result.errors !== undefined) errors.push(...result.errors);
        for (const item of Object.values(result.data ?? {})) if (item !== null) items.push(item);
        for (const check of checks) check();
      },
      error(error) {
        errors.push(...(Array.isArray(error) ? error : [error]));
        finish();
      },
      complete: finish,
    },
  );
  return {
    items,
    errors,
    ended: end.promise,
    stop,
    until: (holds) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (holds(items)) resolve();
          else if (isEnded) reject(new Error(`ended after ${items.length} items: ${JSON.stringify(errors)}`));
          else return;
          checks.delete(check);
        };
        checks.add(check);
        check();
      }),
  };
}
