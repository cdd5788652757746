import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import type { Pages } from "../pages.ts";
import { useSettled } from "../settle.ts";
import { figure } from "../words.ts";
import { Empty, Problem, Skeleton } from "./basics.tsx";

/** The filters of a list are its address: a reload, a link and the way back show the same. */
export function useFilters(): {
  readonly value: (name: string) => string;
  readonly set: (values: Readonly<Record<string, string>>) => void;
} {
  const [parameters, setParameters] = useSearchParams();
  return {
    value: (name) => parameters.get(name) ?? "",
    set(values) {
      // A page is gone to, a filter is changed.
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(values)) {
            if (value === "") next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: true },
      );
    },
  };
}

/** The filters of the address that is shown, for a link that keeps them; without some. */
export function useKeptFilters(without: readonly string[] = []): string {
  const [parameters] = useSearchParams();
  const kept = new URLSearchParams(parameters);
  for (const name of without) kept.delete(name);
  return kept.size === 0 ? "" : `?${kept}`;
}

export function Filter({
  value,
  onChange,
  label,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), 250);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <label className="search filter">
      <svg aria-hidden="true">
        <use href="/marks.svg#i-find" />
      </svg>
      <input
        type="search"
        placeholder={label}
        aria-label={`Filter: ${label}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <kbd aria-hidden="true">f</kbd>
    </label>
  );
}

export function Order<Value extends string>({
  value,
  options,
  onChange,
  label = "Order",
}: {
  value: Value;
  options: readonly { readonly value: Value; readonly name: string }[];
  onChange: (value: Value) => void;
  label?: string;
}) {
  return (
    <label className="order">
      <span className="vh">{label}</span>
      <select
        value={value}
        onChange={(event) => {
          const picked = options.find((option) => option.value === event.target.value);
          if (picked !== undefined) onChange(picked.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Rows that are drawn beyond what is seen. */
const BEYOND = 12;
/** Rows before the end at which the next page is read. */
const AHEAD = 40;

/** The rows near the window, the room of the others, and what tells that more are wanted. */
function useWindow<Row>(
  rows: readonly { readonly row: Row }[],
  keyOf: (row: Row) => string,
  rowHeight: number,
  { see, more, hasMore }: Pages<Row>,
) {
  const holder = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: BEYOND,
    scrollMargin: offset,
    getItemKey: (at) => (rows[at] === undefined ? at : keyOf(rows[at].row)),
  });
  const items = virtual.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  useEffect(() => {
    const top = holder.current?.getBoundingClientRect().top;
    if (top !== undefined) setOffset(Math.round(top + globalThis.scrollY));
  }, [rows.length === 0]);
  useEffect(() => {
    if (first === undefined || last === undefined) return;
    see(first.index, last.index);
    if (hasMore && last.index > rows.length - AHEAD) more();
  }, [first?.index, last?.index, rows.length, hasMore, see, more]);

  return {
    holder,
    items,
    measure: virtual.measureElement,
    above: first === undefined ? 0 : first.start - offset,
    below: last === undefined ? 0 : virtual.getTotalSize() - (last.end - offset),
  };
}

/**
 * A table of as many rows as there are: only those near the window are drawn, further pages are read ahead of it, and
 * rows keep their places while somebody reads.
 */
export function List<Row>({
  pages,
  keyOf,
  rowHeight,
  className,
  head,
  renderRow,
  columns,
  selected,
  empty,
  noun,
}: {
  pages: Pages<Row>;
  keyOf: (row: Row) => string;
  /** Pixels of most rows: the others are measured. */
  rowHeight: number;
  className: string;
  head: ReactNode;
  renderRow: (row: Row) => ReactNode;
  columns: number;
  selected?: string | undefined;
  empty: ReactNode;
  /** What a row is, for the line that says how many. */
  noun: string;
}) {
  const { rows, news, takeIn, hold } = useSettled(pages.rows ?? [], keyOf, pages.scope);
  const { holder, items, measure, above, below } = useWindow(rows, keyOf, rowHeight, pages);

  if (pages.rows === null) {
    return pages.error === null ? (
      <section className="card">
        <Skeleton />
      </section>
    ) : (
      <Problem error={pages.error} retry={pages.reload} />
    );
  }
  return (
    <>
      {pages.error === null ? null : <Problem error={pages.error} retry={pages.reload} />}
      {news === 0 ? null : (
        <button type="button" className="pill" onClick={takeIn}>
          ↑ {figure(news)} new
        </button>
      )}
      <section className="card" {...hold}>
        {rows.length === 0 ? (
          empty
        ) : (
          <div className="tw">
            <table className={`tbl ${className}`} aria-rowcount={pages.totalCount ?? -1}>
              {head}
              <tbody ref={holder}>
                {above > 0 ? (
                  <tr aria-hidden="true" className="gapr">
                    <td colSpan={columns} style={{ height: above }} />
                  </tr>
                ) : null}
                {items.map(({ index, key }) => {
                  const entry = rows[index];
                  if (entry === undefined) return null;
                  return (
                    <tr
                      key={key}
                      ref={measure}
                      data-index={index}
                      aria-rowindex={index + 2}
                      aria-selected={selected === undefined ? undefined : selected === keyOf(entry.row)}
                      className={entry.isGone ? "gone" : ""}
                    >
                      {renderRow(entry.row)}
                    </tr>
                  );
                })}
                {below > 0 ? (
                  <tr aria-hidden="true" className="gapr">
                    <td colSpan={columns} style={{ height: below }} />
                  </tr>
                ) : null}
              </tbody>
            </table>
          </div>
        )}
        {rows.length === 0 ? null : (
          <div className="foot">
            <span>
              {pages.totalCount === null ? `more than 10,000 ${noun}s` : `${figure(pages.totalCount)} ${noun}s`}
            </span>
            <span>{pages.hasMore ? "more as you scroll" : ""}</span>
          </div>
        )}
      </section>
    </>
  );
}

/** Nothing at all, or nothing by the filters. */
export function Nothing({ isFiltered, none, children }: { isFiltered: boolean; none: string; children?: ReactNode }) {
  const { set } = useFilters();
  const [parameters] = useSearchParams();
  if (!isFiltered) return <Empty title={none}>{children}</Empty>;
  return (
    <Empty title="Nothing is like that.">
      <button
        type="button"
        className="btn"
        onClick={() => set(Object.fromEntries([...parameters.keys()].map((name) => [name, ""])))}
      >
        Clear filters
      </button>
    </Empty>
  );
}
