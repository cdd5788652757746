import { useCallback, useEffect, useRef, useState } from "react";
import { type TypedDocument, WeirError } from "../../src/client/index.ts";
import { watchTopics } from "./live.ts";
import { weir } from "./weir.ts";

interface State<Data> {
  /** The last answer; what was asked before stays until the new one is there. */
  readonly data: Data | null;
  readonly error: WeirError | null;
  readonly isLoading: boolean;
  /** Of the variables that the data answers. */
  readonly key: string;
}

export interface Query<Data> extends State<Data> {
  readonly reload: () => void;
}

/** Milliseconds between two reads of one query, however many changes come. */
const PACE = 700;
/** What the clock decides (overdue, stalled, long) sends no change. */
const CLOCK = 30_000;
/** Answers that are kept for the way back. */
const MOST_KEPT = 60;
const kept = new Map<string, unknown>();

function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, data);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}

export function asWeirError(error: unknown): WeirError {
  return error instanceof WeirError ? error : new WeirError("BAD_RESPONSE", String(error));
}

/** Calls back when one of the topics changed, at most once in PACE, by the clock, and when the service is there again. */
export function watchFor(topics: ReadonlySet<string>, read: () => void): () => void {
  let readAt = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        readAt = Date.now();
        read();
      },
      Math.max(50, readAt + PACE - Date.now()),
    );
  };
  const end = watchTopics((changed) => {
    if (changed.has("*") || [...changed].some((topic) => topics.has(topic))) soon();
  });
  const clock = setInterval(soon, CLOCK);
  // What happened while the service was away came with the next change, or not at all.
  const endConnection = weir.connection.subscribe(({ status }) => status === "live" && soon());
  return () => {
    end();
    endConnection();
    clearInterval(clock);
    clearTimeout(timer);
  };
}

/** Reads a query, and again when its topics change. */
export function useQuery<Data, Variables extends Record<string, unknown>>(
  document: TypedDocument<Data, Variables>,
  variables: Variables,
  topics: readonly string[],
): Query<Data> {
  const key = JSON.stringify(variables);
  const cacheKey = `${document as string}\n${key}`;
  const [state, setState] = useState<State<Data>>(() => {
    const data = (kept.get(cacheKey) as Data | undefined) ?? null;
    return { data, error: null, isLoading: true, key: data === null ? "" : key };
  });
  const wanted = topics.join();
  const turn = useRef(0);

  const read = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    try {
      const data = (await weir.request(document as string, JSON.parse(key) as Record<string, unknown>)) as Data;
      keep(`${document as string}\n${key}`, data);
      if (mine === turn.current) setState({ data, error: null, isLoading: false, key });
    } catch (error) {
      const shown = asWeirError(error);
      if (mine === turn.current) setState((before) => ({ ...before, error: shown, isLoading: false }));
    }
  }, [document, key]);

  useEffect(() => {
    const known = kept.get(`${document as string}\n${key}`) as Data | undefined;
    if (known === undefined) setState((before) => ({ ...before, isLoading: true }));
    else setState({ data: known, error: null, isLoading: true, key });
    void read();
    const end = watchFor(new Set(wanted.split(",")), () => void read());
    return () => {
      // An answer that comes later is nobody's.
      turn.current += 1;
      end();
    };
  }, [document, key, read, wanted]);

  return { ...state, reload: () => void read() };
}
