import type { WeirError } from "./error.ts";

/**
 * How the client stands with the service, as its subscriptions find it: `idle` while there are none; `offline` with when it is
 * tried again; `catching up` while changes come that were missed; else `live`.
 */
export type ConnectionState =
  | { readonly status: "idle" | "connecting" }
  | { readonly status: "live" | "catching up"; readonly since: Date }
  | { readonly status: "offline"; readonly since: Date; readonly retryAt: Date; readonly error: WeirError };

/** An observable of the connection's state. */
export interface Connection {
  readonly current: ConnectionState;
  /** Calls the listener with each new state. Answers what ends that. */
  subscribe(listener: (state: ConnectionState) => void): () => void;
}

/** What the socket and the subscriptions tell. */
export interface ConnectionReports {
  readonly connection: Connection;
  /** Whether the service was ever reached. */
  readonly wasOpen: () => boolean;
  connecting(): void;
  opened(): void;
  /** A change came, missed or new; undefined where the document does not ask. */
  received(isReplay: boolean | undefined): void;
  failed(error: WeirError, retryAt: Date): void;
  closed(): void;
}

/** Milliseconds without a missed change after which a subscription is taken to have all of them. */
const CAUGHT_UP = 500;

export function createConnection(): ConnectionReports {
  let state: ConnectionState = { status: "idle" };
  let wasOpen = false;
  let caughtUp: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<(state: ConnectionState) => void>();

  function set(next: ConnectionState): void {
    clearTimeout(caughtUp);
    state = next;
    for (const listener of listeners) listener(next);
  }

  return {
    connection: {
      get current() {
        return state;
      },
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    wasOpen: () => wasOpen,
    connecting() {
      if (state.status === "idle") set({ status: "connecting" });
    },
    opened() {
      wasOpen = true;
      if (state.status !== "live" && state.status !== "catching up") set({ status: "live", since: new Date() });
    },
    received(isReplay) {
      if (isReplay === true) {
        if (state.status === "live") set({ status: "catching up", since: new Date() });
        clearTimeout(caughtUp);
        caughtUp = setTimeout(() => set({ status: "live", since: new Date() }), CAUGHT_UP);
      } else if (state.status === "catching up") {
        set({ status: "live", since: new Date() });
      }
    },
    failed(error, retryAt) {
      const since = state.status === "offline" ? state.since : new Date();
      set({ status: "offline", since, retryAt, error });
    },
    closed() {
      if (state.status !== "offline") set({ status: "idle" });
    },
  };
}
