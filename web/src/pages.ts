import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { TypedDocument, WeirError } from "../../src/client/index.ts";
import { asWeirError, watchFor } from "./query.ts";
import { weir } from "./weir.ts";

/** Rows of a page. */
const SIZE = 50;
/** Rows from the top that are read anew as one, as far as they are there. */
const TOP = 100;

interface Page<Row> {
  readonly nodes: readonly Row[];
  readonly totalCount?: number | null | undefined;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null | undefined };
}

interface State<Row> {
  readonly pages: readonly Page<Row>[];
  readonly error: WeirError | null;
  readonly scope: string;
}

export interface Pages<Row> {
  /** Null until the first page is there. */
  readonly rows: readonly Row[] | null;
  /** Null: more than are counted. */
  readonly totalCount: number | null;
  readonly hasMore: boolean;
  readonly error: WeirError | null;
  /** Of the variables that the rows answer. */
  readonly scope: string;
  readonly reload: () => void;
  /** Reads the next page, unless it is being read. */
  readonly more: () => void;
  /** Says which rows are seen: their pages are the ones that are read anew. */
  readonly see: (first: number, last: number) => void;
}

const kept = new Map<string, readonly unknown[]>();
const MOST_KEPT = 12;

function keep(key: string, pages: readonly unknown[]): void {
  kept.delete(key);
  kept.set(key, pages);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
}

type Variables = Record<string, unknown>;

/** A list by pages: what is seen of it stays live, the rest is read when it is scrolled to. */
export function usePages<Data, Row>(
  document: TypedDocument<Data, never>,
  pageOf: (data: Data) => Page<Row>,
  keyOf: (row: Row) => string,
  variables: Variables,
  topics: readonly string[],
): Pages<Row> {
  const scope = JSON.stringify(variables);
  const cacheKey = `${document as string}\n${scope}`;
  const [state, setState] = useState<State<Row>>(() => ({
    pages: (kept.get(cacheKey) ?? []) as readonly Page<Row>[],
    error: null,
    scope,
  }));
  const pages = useRef(state.pages);
  const seen = useRef({ first: 0, last: 0 });
  const isReading = useRef(false);
  const turn = useRef(0);
  const pick = useRef(pageOf);
  pick.current = pageOf;
  const wanted = topics.join();

  const read = useCallback(
    async (after: string | null, first = SIZE) => {
      const asked = { ...(JSON.parse(scope) as Variables), first, after };
      return pick.current(await weir.request(document as string, asked));
    },
    [document, scope],
  );

  const put = useCallback(
    (next: readonly Page<Row>[], error: WeirError | null) => {
      pages.current = next;
      keep(`${document as string}\n${scope}`, next);
      setState({ pages: next, error, scope });
    },
    [document, scope],
  );

  const reload = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    try {
      const next = await anew(pages.current, seen.current, read);
      if (mine === turn.current) put(next, null);
    } catch (error) {
      if (mine === turn.current) setState((before) => ({ ...before, error: asWeirError(error) }));
    }
  }, [read, put]);

  const more = useCallback(async () => {
    const last = pages.current.at(-1);
    if (isReading.current || last?.pageInfo.hasNextPage !== true) return;
    isReading.current = true;
    const mine = turn.current;
    try {
      const page = await read(last.pageInfo.endCursor ?? null);
      if (mine === turn.current) put([...pages.current, page], null);
    } catch (error) {
      setState((before) => ({ ...before, error: asWeirError(error) }));
    } finally {
      isReading.current = false;
    }
  }, [read, put]);

  useEffect(() => {
    const known = kept.get(`${document as string}\n${scope}`) as readonly Page<Row>[] | undefined;
    seen.current = { first: 0, last: 0 };
    pages.current = known ?? [];
    if (known !== undefined) setState({ pages: known, error: null, scope });
    void reload();
    const end = watchFor(new Set(wanted.split(",")), () => void reload());
    return () => {
      turn.current += 1;
      end();
    };
  }, [document, scope, reload, wanted]);

  const see = useCallback((first: number, last: number) => {
    seen.current = { first, last };
  }, []);
  const [firstPage] = state.pages;
  const rows = useRows(state.pages, keyOf);
  return {
    rows,
    totalCount: firstPage?.totalCount ?? null,
    hasMore: state.pages.at(-1)?.pageInfo.hasNextPage === true,
    error: state.error,
    scope: state.scope,
    reload: () => void reload(),
    more: () => void more(),
    see,
  };
}

/** The pages with those read anew that somebody sees: the top as one, or what is scrolled to. */
async function anew<Row>(
  known: readonly Page<Row>[],
  seen: { readonly first: number; readonly last: number },
  read: (after: string | null, first: number) => Promise<Page<Row>>,
): Promise<readonly Page<Row>[]> {
  const starts = known.map((_, at) => known.slice(0, at).reduce((sum, { nodes }) => sum + nodes.length, 0));
  const loaded = known.reduce((sum, { nodes }) => sum + nodes.length, 0);
  if (seen.first < TOP) {
    const size = Math.min(TOP, Math.max(SIZE, loaded));
    return [await read(null, size), ...known.filter((_, at) => (starts[at] ?? 0) >= size)];
  }
  return Promise.all(
    known.map(async (page, at) => {
      const start = starts[at] ?? 0;
      const isSeen = start <= seen.last && start + page.nodes.length > seen.first;
      return isSeen ? read(known[at - 1]?.pageInfo.endCursor ?? null, Math.max(SIZE, page.nodes.length)) : page;
    }),
  );
}

/** A page that was read anew may reach into the next one. */
function withoutDoubles<Row>(rows: readonly Row[], keyOf: (row: Row) => string): readonly Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}

/** The rows of all pages; null until the first is there. */
function useRows<Row>(pages: readonly Page<Row>[], keyOf: (row: Row) => string): readonly Row[] | null {
  const key = useRef(keyOf);
  key.current = keyOf;
  return useMemo(() => {
    if (pages.length === 0) return null;
    const rows = pages.flatMap(({ nodes }) => nodes);
    return withoutDoubles(rows, key.current);
  }, [pages]);
}
