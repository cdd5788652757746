import { useCallback, useEffect, useRef, useState } from "react";
import { useLive } from "./live.ts";

interface Settled<Row> {
  /** In the order that is shown. */
  readonly rows: readonly { readonly row: Row; readonly isGone: boolean }[];
  /** Rows that wait to be taken in. */
  readonly news: number;
  readonly takeIn: () => void;
  /** For the element that holds the list. */
  readonly hold: {
    readonly onPointerEnter: () => void;
    readonly onPointerLeave: () => void;
    readonly onFocus: () => void;
    readonly onBlur: () => void;
  };
}

/** Pixels from the top within which a page counts as not scrolled. */
const TOP = 60;

/**
 * Keeps rows in their places while somebody reads them: values change at once, but who comes and who goes only at the top
 * of a list that nobody points at, has scrolled, or holds the focus in. Another scope (filter, order) begins anew.
 */
export function useSettled<Row>(rows: readonly Row[], keyOf: (row: Row) => string, scope: string): Settled<Row> {
  const isPaused = useLive("isPaused");
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [, redraw] = useState(0);
  const shown = useRef<{ scope: string; rows: readonly Row[] }>({ scope, rows: [] });
  const isHeld = isPointed || isFocused || isPaused || globalThis.scrollY > TOP;
  const before = shown.current;
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const known = new Set(before.rows.map(keyOf));

  if (!isHeld || before.scope !== scope || before.rows.length === 0) {
    shown.current = { scope, rows };
  } else {
    // What comes behind the last row is a further page, not a jump.
    const last = rows.findLastIndex((row) => known.has(keyOf(row)));
    const further = rows.slice(last + 1).filter((row) => !known.has(keyOf(row)));
    shown.current = { scope, rows: [...before.rows.map((row) => byKey.get(keyOf(row)) ?? row), ...further] };
  }
  const inPlace = new Set(shown.current.rows.map(keyOf));
  const news = rows.filter((row) => !inPlace.has(keyOf(row))).length;

  const newest = useRef(rows);
  newest.current = rows;
  const takeIn = useCallback(() => {
    shown.current = { scope, rows: newest.current };
    redraw((count) => count + 1);
  }, [scope]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyped = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (event.key === "." && !isTyped) takeIn();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [takeIn]);

  return {
    rows: shown.current.rows.map((row) => ({ row, isGone: !byKey.has(keyOf(row)) })),
    news,
    takeIn,
    hold: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: () => setFocused(false),
    },
  };
}
