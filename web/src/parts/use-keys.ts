import { useEffect } from "react";
import { act } from "../act.ts";
import { switchUtc } from "../clock.ts";
import { isPausedNow, pause } from "../live.ts";

export const PLACES = [
  { href: "/", name: "Overview", icon: "over", system: null, key: "o" },
  { href: "/ingest", name: "Ingest", icon: "ing", system: "INGEST", key: "i" },
  { href: "/pipelines", name: "Pipelines", icon: "pipe", system: "PIPELINES", key: "p" },
  { href: "/documents", name: "Documents", icon: "doc", system: "DOCUMENTS", key: "d" },
  { href: "/reports", name: "Reports", icon: "rep", system: "REPORTS", key: "r" },
] as const;

/** Moves the focus among elements, from the first when none has it. */
function move(selector: string, by: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>(selector)];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at === -1 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
  return rows.length > 0;
}

/** Goes to the next thing that needs someone, on the overview when this page shows none. */
export function goToNeedy(by: number): void {
  if (!move("[data-needs]", by)) document.querySelector<HTMLAnchorElement>(".nav a")?.click();
}

function copy(text: string): void {
  void act(async () => {
    await navigator.clipboard.writeText(text);
    return { text: "Copied." };
  });
}

interface Actions {
  readonly go: (href: string) => void;
  readonly openHelp: () => void;
  readonly openSearch: () => void;
}

/** What a key does; false: nothing, the browser has it. */
function press(event: KeyboardEvent, { go, openHelp, openSearch }: Actions): boolean {
  switch (event.key) {
    case "n":
    case "N":
      goToNeedy(event.key === "n" ? 1 : -1);
      return true;
    case "j":
    case "k":
      move("[data-row]", event.key === "j" ? 1 : -1);
      return true;
    case "?":
      openHelp();
      return true;
    case "/":
      openSearch();
      return true;
    case "p":
      pause(!isPausedNow());
      return true;
    case "t":
      switchUtc();
      return true;
    case "f": {
      const filter = document.querySelector<HTMLInputElement>("main input[type=search]");
      filter?.focus();
      return filter !== null;
    }
    case "x":
      if (location.search !== "") go(location.pathname);
      return true;
    case "y":
      copy(document.activeElement?.closest("[data-row]")?.textContent ?? location.href);
      return true;
    case "Y":
      copy(location.href);
      return true;
    default:
      return false;
  }
}

/** The page's keys. None works while a field or a dialog has the focus. */
export function useKeys({ go, openHelp, openSearch }: Actions): void {
  useEffect(() => {
    let isGoing = false;
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        openSearch();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isField =
        target instanceof HTMLInputElement ||
        target instanceof HTMLTextAreaElement ||
        target instanceof HTMLSelectElement;
      if (event.key === "Escape" && isField) {
        target.blur();
        return;
      }
      if (isField || document.querySelector("[role=dialog], [role=alertdialog]") !== null) return;
      if (isGoing) {
        isGoing = false;
        const place = PLACES.find(({ key }) => key === event.key);
        if (place !== undefined) go(place.href);
        return;
      }
      if (event.key === "g") isGoing = true;
      else if (press(event, { go, openHelp, openSearch })) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [go, openHelp, openSearch]);
}
