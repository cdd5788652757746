import { useCallback, useEffect, useRef, useState } from "react";
import { type TypedDocument, WeirError } from "../../src/client/index.ts";
import { watchTopics } from "./live.ts";
import { weir } from "./weir.ts";

export interface Query<Data> {
  /** The last answer; what was asked before stays until the new one is there. */
  readonly data: Data | null;
  readonly error: WeirError | null;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Milliseconds between two reads of one query, however many changes come. */
const PACE = 700;
/** What the clock decides (overdue, stalled, long) sends no change. */
const CLOCK = 30_000;

/** Reads a query, and again when its topics change. */
export function useQuery<Data, Variables extends Record<string, unknown>>(
  document: TypedDocument<Data, Variables>,
  variables: Variables,
  topics: readonly string[],
): Query<Data> {
  const [state, setState] = useState<Omit<Query<Data>, "reload">>({ data: null, error: null, isLoading: true });
  const key = JSON.stringify(variables);
  const wanted = topics.join();
  const readAt = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const turn = useRef(0);

  const read = useCallback(async () => {
    readAt.current = Date.now();
    turn.current += 1;
    const mine = turn.current;
    try {
      const data = (await weir.request(document as string, JSON.parse(key) as Record<string, unknown>)) as Data;
      if (mine === turn.current) setState({ data, error: null, isLoading: false });
    } catch (error) {
      const shown = error instanceof WeirError ? error : new WeirError("BAD_RESPONSE", String(error));
      if (mine === turn.current) setState(({ data }) => ({ data, error: shown, isLoading: false }));
    }
  }, [document, key]);

  const soon = useCallback(() => {
    if (timer.current !== undefined) return;
    const delay = Math.max(50, readAt.current + PACE - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      void read();
    }, delay);
  }, [read]);

  useEffect(() => {
    setState(({ data, error }) => ({ data, error, isLoading: true }));
    void read();
    const isWanted = new Set(wanted.split(","));
    const end = watchTopics((changed) => {
      if (changed.has("*") || [...changed].some((topic) => isWanted.has(topic))) soon();
    });
    const clock = setInterval(soon, CLOCK);
    // What happened while the service was away came with the next change, or not at all.
    const endConnection = weir.connection.subscribe(({ status }) => status === "live" && soon());
    return () => {
      end();
      endConnection();
      clearInterval(clock);
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [read, soon, wanted]);

  return { ...state, reload: () => void read() };
}
