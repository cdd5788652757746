import { useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";

/** The filters of a list are its address: a reload, a link and the way back show the same. */
export function useFilters(): {
  value: (name: string) => string;
  set: (values: Readonly<Record<string, string>>) => void;
} {
  const [parameters, setParameters] = useSearchParams();
  return {
    value: (name) => parameters.get(name) ?? "",
    set(values) {
      // A page is gone to, a filter is changed.
      const isPage = Object.keys(values).length === 1 && "after" in values;
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(values)) {
            if (value === "") next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: !isPage },
      );
    },
  };
}

export function Search({
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
    <label className="search" style={{ cursor: "text" }}>
      <svg aria-hidden="true">
        <use href="/marks.svg#i-find" />
      </svg>
      <input
        type="search"
        placeholder={label}
        aria-label={`Search: ${label}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor?: string | null | undefined;
}

export function More({
  page,
  after,
  onGo,
}: {
  page: PageInfo | undefined;
  after: string;
  onGo: (after: string) => void;
}) {
  const [, go] = useLocation();
  if (page === undefined || (!page.hasNextPage && after === "")) return null;
  return (
    <div className="foot">
      {after === "" ? (
        <span />
      ) : (
        <button
          type="button"
          className="btn q"
          onClick={() => {
            go(location.pathname);
            onGo("");
          }}
        >
          To the first
        </button>
      )}
      {page.hasNextPage && page.endCursor != null ? (
        <button type="button" className="btn" onClick={() => onGo(page.endCursor ?? "")}>
          Next 50
        </button>
      ) : null}
    </div>
  );
}
