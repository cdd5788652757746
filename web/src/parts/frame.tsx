import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { closeNote, useNotes } from "../act.ts";
import type { AttentionQuery } from "../gql/graphql.ts";
import { useLive } from "../live.ts";
import { signIn, signOut, tokenOfTab } from "../weir.ts";
import { duration } from "../words.ts";
import { Icon, Mark, useNow } from "./basics.tsx";

type Item = AttentionQuery["attention"][number];

const PLACES = [
  { href: "/", name: "Overview", icon: "over", system: null, key: "o" },
  { href: "/ingest", name: "Ingest", icon: "ing", system: "INGEST", key: "i" },
  { href: "/pipelines", name: "Pipelines", icon: "pipe", system: "PIPELINES", key: "p" },
  { href: "/documents", name: "Documents", icon: "doc", system: "DOCUMENTS", key: "d" },
  { href: "/reports", name: "Reports", icon: "rep", system: "REPORTS", key: "r" },
] as const;

const KEYS: readonly (readonly [string, string])[] = [
  ["g then o i p d r", "go to a page"],
  ["j k", "next, previous row"],
  ["Enter", "open the row"],
  ["Esc", "back to the list"],
  ["n", "next that needs you"],
  ["/", "search this page"],
  ["p", "pause the feed"],
  ["?", "these keys"],
];

function Badge({ items }: { items: readonly Item[] }) {
  const needing = items.filter(({ severity, isAcknowledged }) => severity === "NEEDS_YOU" && !isAcknowledged).length;
  const watched = items.filter(({ severity }) => severity === "WATCH").length;
  if (needing + watched === 0) return null;
  const tone = needing > 0 ? "failed" : "watch";
  return (
    <span className={`n ${tone}`}>
      <Mark name={tone} tone={tone} word={needing > 0 ? "needs you" : "to keep an eye on"} />
      <span className="tx">{needing > 0 ? needing : watched}</span>
    </span>
  );
}

function Places({ items, className }: { items: readonly Item[]; className: string }) {
  const [location] = useLocation();
  return (
    <nav className={className} aria-label="Systems">
      {PLACES.map(({ href, name, icon, system }) => {
        const isHere =
          href === "/"
            ? location === "/"
            : location.startsWith(href) || (href === "/pipelines" && location.startsWith("/runs"));
        return (
          <Link key={href} href={href} {...(isHere ? { "aria-current": "page" as const } : {})}>
            <Icon name={icon} />
            <span className="tx">{name}</span>
            {system === null ? null : <Badge items={items.filter((item) => item.system === system)} />}
          </Link>
        );
      })}
    </nav>
  );
}

/** Where the page stands with the service. */
function LiveIndicator() {
  const { connection, rates, isPaused, problem } = useLive();
  const now = useNow();
  const rate = rates.at(-1) ?? 0;
  if (problem !== null && problem.code !== "CURSOR_EXPIRED") {
    return (
      <div className="live" role="status">
        <b className="failed">Not live</b> <span className="x">{problem.code}</span>
      </div>
    );
  }
  if (connection.status === "offline") {
    const since = connection.since.toLocaleTimeString();
    const wait = Math.max(0, Math.ceil((connection.retryAt.getTime() - now) / 1_000));
    return (
      <div className="live" role="status">
        <i className="dot" style={{ background: "var(--failed-fill)" }} />
        <b>Offline since {since}</b> <span className="x">next try in {wait} s</span>
      </div>
    );
  }
  const isLive = connection.status === "live";
  return (
    <div className="live" role="status">
      <i className="dot" style={isLive ? {} : { background: "var(--watch-fill)" }} />
      <b>
        {isPaused ? "Paused" : isLive ? "Live" : connection.status === "catching up" ? "Catching up" : "Connecting"}
      </b>
      <span className="x">{rate} changes/s</span>
    </div>
  );
}

function Clock() {
  const now = new Date(useNow());
  const offset = -now.getTimezoneOffset() / 60;
  return (
    <div className="clock" title={now.toISOString()}>
      <b>{now.toLocaleTimeString([], { hour12: false })}</b> UTC{offset < 0 ? offset : `+${offset}`}
    </div>
  );
}

function Notes() {
  const notes = useNotes();
  return (
    <div className="notes" aria-live="polite">
      {notes.map(({ id, text, isError, href }) => (
        <div key={id} className="toast">
          <Mark
            name={isError ? "failed" : "done"}
            tone={isError ? "failed" : "done"}
            word={isError ? "error" : "done"}
          />
          <span>{text}</span>
          {href === undefined ? null : <Link href={href}>Open</Link>}
          <button type="button" className="btn q" aria-label="close" onClick={() => closeNote(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}

function SignIn({ code }: { code: string }) {
  const [token, setToken] = useState("");
  return (
    <main id="main" className="signin">
      <form
        className="card pad col"
        onSubmit={(event) => {
          event.preventDefault();
          signIn(token.trim());
        }}
      >
        <h1 className="rt">Sign in</h1>
        <p className="mid">
          {code === "FORBIDDEN"
            ? "This token may not look at this."
            : tokenOfTab() === null
              ? "This service asks for a token."
              : "The token is not valid any more."}
        </p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="btn p" disabled={token.trim() === ""}>
          Sign in
        </button>
      </form>
    </main>
  );
}

function Help({ close }: { close: () => void }) {
  return (
    <dialog open className="card help" aria-label="Keys">
      <div className="h">
        <h2>Keys</h2>
        <button type="button" className="btn q r" onClick={close}>
          Close
        </button>
      </div>
      <dl className="kv pad">
        {KEYS.map(([key, what]) => (
          <div key={key} style={{ display: "contents" }}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}

/** Everything around a page. */
export function Frame({
  items,
  refusal,
  onNext,
  children,
}: {
  items: readonly Item[];
  refusal: string | null;
  onNext: () => void;
  children: ReactNode;
}) {
  const [location, go] = useLocation();
  const [isHelp, setHelp] = useState(false);
  useKeys({ go, onNext, onHelp: () => setHelp((is) => !is), onEscape: () => setHelp(false) });
  const needing = items.filter(({ severity, isAcknowledged }) => severity === "NEEDS_YOU" && !isAcknowledged).length;
  const where = location.startsWith("/runs") ? "/pipelines" : location;
  const place = PLACES.findLast(({ href }) => where.startsWith(href)) ?? PLACES[0];
  useEffect(() => {
    document.title = `${needing > 0 ? `(${needing}) ` : ""}${place.name} · Weir`;
  }, [needing, place.name]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="app">
        <aside className="rail">
          <div className="logo">
            <img src="/favicon.svg" alt="" width="22" height="22" />
            <span className="tx">Weir</span>
          </div>
          <Places items={items} className="nav" />
          <div className="railfoot">
            <div>
              <a href="/graphql">GraphiQL</a>
            </div>
            {tokenOfTab() === null ? null : (
              <button type="button" className="btn q" onClick={signOut}>
                Sign out
              </button>
            )}
            <div>
              <span>Next that needs you</span>
              <kbd>n</kbd>
            </div>
            <div>
              <span>All keys</span>
              <kbd>?</kbd>
            </div>
          </div>
        </aside>
        <div>
          <header className="top">
            <div className="crumb">{place.name}</div>
            <span style={{ marginLeft: "auto" }} />
            <LiveIndicator />
            <Clock />
          </header>
          {refusal === null ? <main id="main">{children}</main> : <SignIn code={refusal} />}
        </div>
      </div>
      <Places items={items} className="tabs" />
      <Notes />
      {isHelp ? <Help close={() => setHelp(false)} /> : null}
    </>
  );
}

function useKeys({
  go,
  onNext,
  onHelp,
  onEscape,
}: {
  go: (href: string) => void;
  onNext: () => void;
  onHelp: () => void;
  onEscape: () => void;
}) {
  useEffect(() => {
    let isGoing = false;
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") {
        if (target instanceof HTMLElement) target.blur();
        onEscape();
        return;
      }
      if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
      if (isGoing) {
        isGoing = false;
        const place = PLACES.find(({ key }) => key === event.key);
        if (place !== undefined) go(place.href);
        return;
      }
      if (event.key === "g") isGoing = true;
      else if (event.key === "n") onNext();
      else if (event.key === "?") onHelp();
      else if (event.key === "/") {
        event.preventDefault();
        document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
      } else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [go, onNext, onHelp, onEscape]);
}

/** Moves the focus among the links that rows are opened by. */
function moveRow(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

export function Since({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (at == null) return null;
  return <b title={at}>{duration((now - Date.parse(at)) / 1_000)}</b>;
}
