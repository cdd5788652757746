import { WeirError } from "./error.ts";

/** What a live query yields: the state, anew whenever the feed no longer has what comes behind the last one, and its changes. */
export type LiveResult<State, Change> =
  | { readonly kind: "state"; readonly data: State }
  | { readonly kind: "change"; readonly data: Change };

/**
 * The state, then every change to it, without a gap: the state's position is read with it (`liveCursor`), and the changes begin
 * behind. Where that position is no longer kept, the state comes anew.
 */
export async function* liveQuery<State, Change>(
  read: () => Promise<State>,
  changesAfter: (cursor: string) => AsyncIterableIterator<Change, undefined>,
): AsyncGenerator<LiveResult<State, Change>, undefined, undefined> {
  for (;;) {
    const data = await read();
    const cursor = cursorOf(data);
    yield { kind: "state", data };
    const changes = changesAfter(cursor);
    try {
      for await (const change of changes) yield { kind: "change", data: change };
      return undefined;
    } catch (error) {
      if (!(error instanceof WeirError && error.code === "CURSOR_EXPIRED")) throw error;
    } finally {
      await changes.return?.();
    }
  }
}

function cursorOf(data: unknown): string {
  const cursor = typeof data === "object" && data !== null && "liveCursor" in data ? data.liveCursor : undefined;
  if (typeof cursor === "string") return cursor;
  throw new WeirError("BAD_RESPONSE", "The query of a live query must select liveCursor, by that name.");
}
