import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { act } from "../act.ts";

/** Copies a text and says so. */
export function CopyButton({ text, name = "Copy" }: { text: string; name?: string }) {
  return (
    <button
      type="button"
      className="btn q"
      onClick={() =>
        void act(async () => {
          await navigator.clipboard.writeText(text);
          return { text: "Copied." };
        })
      }
    >
      {name}
    </button>
  );
}

/** A list and, beside it, what was opened of it; where there is no room for both, the latter alone. */
export function Split({ list, peek, isWide = false }: { list: ReactNode; peek: ReactNode; isWide?: boolean }) {
  if (peek === null) return list;
  return (
    <div className={`split open ${isWide ? "w" : ""}`}>
      <div className="beside">{list}</div>
      {peek}
    </div>
  );
}

/** What is known of one thing, beside its list. Escape closes it and gives the focus back to its row. */
export function Peek({
  back,
  title,
  tag,
  actions,
  children,
}: {
  /** The list's address, its filters with it. */
  back: string;
  title: string;
  tag: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const [, go] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    opener.current = document.activeElement;
    return () => {
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
    };
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("[role=dialog]") !== null) return;
      event.preventDefault();
      go(back);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [back, go]);
  return (
    <aside className="card peek" aria-label={title}>
      <header>
        <div className="flex">
          {tag}
          <span className="flex">
            {actions}
            <CopyButton text={location.href} name="Copy link" />
            <Link className="btn q" href={back} aria-label="Close" title="Close (Esc)">
              ✕
            </Link>
          </span>
        </div>
        <h2 ref={heading}>{title}</h2>
      </header>
      {children}
    </aside>
  );
}
