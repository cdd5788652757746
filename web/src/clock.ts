import { useSyncExternalStore } from "react";

/** Milliseconds that the service's clock is ahead of this machine's. */
let ahead = 0;
let isUtc = false;
/** Changes once a second, and when times are shown otherwise. */
let present = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  present = Date.now() + ahead;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The service's present in milliseconds, once a second, for what is told by the clock. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => present);
}

/** The service's clock decides what is late: a machine's own may be wrong. */
export function setServiceTime(now: string, askedAt: number): void {
  const middle = (askedAt + Date.now()) / 2;
  const difference = Date.parse(now) - middle;
  // Within a second it is the network's doing.
  ahead = Math.abs(difference) < 1_000 ? 0 : difference;
}

export function switchUtc(): void {
  isUtc = !isUtc;
  tick();
}

export function useUtc(): boolean {
  return useSyncExternalStore(subscribe, () => isUtc);
}

const zone = () => (isUtc ? { timeZone: "UTC" } : {});

/** An instant's time of day. */
export function timeOf(instant: string | number | Date): string {
  return new Date(instant).toLocaleTimeString([], { hour12: false, ...zone() });
}

export function dateOf(instant: string | number | Date): string {
  return new Date(instant).toLocaleDateString([], { dateStyle: "medium", ...zone() });
}
