import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { closeNote, useNotes } from "../act.ts";
import { switchUtc, timeOf, useNow, useUtc } from "../clock.ts";
import type { AttentionQuery } from "../gql/graphql.ts";
import { pause, useLive } from "../live.ts";
import { signOut, tokenOfTab } from "../weir.ts";
import { bothTimes, duration, figure } from "../words.ts";
import { Icon, Mark } from "./basics.tsx";
import { SignIn } from "./sign-in.tsx";
import { Tour } from "./tour.tsx";
import { goToNeedy, PLACES, useKeys } from "./use-keys.ts";

type Item = AttentionQuery["attention"][number];

const Help = lazy(async () => ({ default: (await import("./dialogs.tsx")).Help }));
const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));

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

/** Where the page stands with the service; a click holds it still. */
function LiveIndicator() {
  const connection = useLive("connection");
  const isPaused = useLive("isPaused");
  const problem = useLive("problem");
  const now = useNow();
  if (problem !== null && problem.code !== "CURSOR_EXPIRED") {
    return (
      <div className="live" role="status">
        <i className="dot off" />
        <b className="failed">Not live</b> <span className="x">{problem.code}</span>
      </div>
    );
  }
  if (connection.status === "offline") {
    const wait = Math.max(0, Math.ceil((connection.retryAt.getTime() - now) / 1_000));
    return (
      <div className="live" role="status">
        <i className="dot off" />
        <b>Offline since {timeOf(connection.since)}</b> <span className="x">next try in {wait} s</span>
      </div>
    );
  }
  const isLive = connection.status === "live";
  return (
    <button
      type="button"
      className="live"
      aria-pressed={isPaused}
      title={isPaused ? "Go on (p)" : "Hold everything still (p)"}
      onClick={() => pause(!isPaused)}
    >
      <i className={`dot ${isLive && !isPaused ? "" : "slow"}`} />
      <b role="status">
        {isPaused ? "Paused" : isLive ? "Live" : connection.status === "catching up" ? "Catching up" : "Connecting"}
      </b>
      <Rate />
    </button>
  );
}

function Rate() {
  return <span className="x">{figure(useLive("rates").at(-1) ?? 0)} changes/s</span>;
}

/** Says after an absence how long it was and that nothing is missing. */
function Absence() {
  const absence = useLive("absence");
  if (absence === null) return null;
  return (
    <p className="absence" role="status">
      You were away for {duration(absence.seconds)}: {figure(absence.changes)} changes, none missed.
    </p>
  );
}

function Clock() {
  const now = new Date(useNow());
  const isUtc = useUtc();
  const offset = -now.getTimezoneOffset() / 60;
  const zone = isUtc ? "UTC" : `UTC${offset < 0 ? offset : `+${offset}`}`;
  return (
    <button type="button" className="clock" title={`${now.toISOString()} · t: UTC or local`} onClick={switchUtc}>
      <b>{timeOf(now)}</b> {zone}
    </button>
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

function Rail({
  items,
  openHelp,
  openSearch,
}: {
  items: readonly Item[];
  openHelp: () => void;
  openSearch: () => void;
}) {
  return (
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
        <button type="button" onClick={openSearch}>
          Search <kbd>/</kbd>
        </button>
        <button type="button" onClick={() => goToNeedy(1)}>
          Next that needs you <kbd>n</kbd>
        </button>
        <button type="button" onClick={openHelp}>
          All keys <kbd>?</kbd>
        </button>
      </div>
    </aside>
  );
}

const CALM = "/favicon.svg";
const NEEDY = "/favicon-needs.svg";

/** Everything around a page. */
export function Frame({
  items,
  refusal,
  children,
}: {
  items: readonly Item[];
  refusal: string | null;
  children: ReactNode;
}) {
  const [location, go] = useLocation();
  const [open, setOpen] = useState<"help" | "search" | null>(null);
  const close = () => setOpen(null);
  useKeys({ go, openHelp: () => setOpen("help"), openSearch: () => setOpen("search") });
  const needing = items.filter(({ severity, isAcknowledged }) => severity === "NEEDS_YOU" && !isAcknowledged).length;
  const where = location.startsWith("/runs") ? "/pipelines" : location;
  const place = PLACES.findLast(({ href }) => where.startsWith(href)) ?? PLACES[0];
  useEffect(() => {
    document.title = `${needing > 0 ? `(${needing}) ` : ""}${place.name} · Weir`;
    document.querySelector("link[rel=icon]")?.setAttribute("href", needing > 0 ? NEEDY : CALM);
  }, [needing, place.name]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="app">
        <Rail items={items} openHelp={() => setOpen("help")} openSearch={() => setOpen("search")} />
        <div className="body">
          <header className="top">
            <div className="crumb">
              {where === place.href ? place.name : <Link href={place.href}>{place.name}</Link>}
            </div>
            <button
              type="button"
              className="search"
              aria-label="Search: Path, table, run, file, error"
              onClick={() => setOpen("search")}
            >
              <svg aria-hidden="true">
                <use href="/marks.svg#i-find" />
              </svg>
              <span className="ell">Path, table, run, file, error</span>
              <kbd aria-hidden="true">/</kbd>
            </button>
            <LiveIndicator />
            <Clock />
          </header>
          <Absence />
          {refusal === null ? (
            <main id="main">
              <Tour />
              {children}
            </main>
          ) : (
            <SignIn code={refusal} />
          )}
        </div>
      </div>
      <Places items={items} className="tabs" />
      <Notes />
      <Suspense>
        {open === "help" ? <Help close={close} /> : null}
        {open === "search" ? <Palette close={close} /> : null}
      </Suspense>
    </>
  );
}

export function Since({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (at == null) return null;
  return <b title={bothTimes(at)}>{duration((now - Date.parse(at)) / 1_000)}</b>;
}
