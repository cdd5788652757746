import type { Logger } from "../log.ts";

/** Somebody who was not let in. */
interface Refusal {
  readonly requestId: string;
  readonly address: string;
  /** HTTP's status, or the code that closes a socket. */
  readonly code: number;
  /** What he was told; never what he sent as a token. */
  readonly reason: string;
}

export type OnRefusal = (refusal: Refusal) => void;

/** Milliseconds for which the bounds count. */
const WINDOW = 60_000;
/** Lines of one address, and of all, in a window; of what comes beyond the number is logged. */
const MOST_OF_ADDRESS = 5;
const MOST_LINES = 50;
/** Characters; a page's origin, and an address that a proxy passed on, are chosen by others. */
const LONGEST_REASON = 200;
const LONGEST_ADDRESS = 64;

/** Logs who was refused, in so few lines that nobody can fill a disk by it. What was only counted is logged when the window, or the service, ends. */
export function logRefusals(log: Logger, closing: AbortSignal): OnRefusal {
  let lines = 0;
  let unlogged = 0;
  let timer: NodeJS.Timeout | undefined;
  const ofAddress = new Map<string, number>();

  function endWindow(): void {
    clearTimeout(timer);
    timer = undefined;
    if (unlogged > 0) log.warn({ count: unlogged }, "more was refused");
    lines = 0;
    unlogged = 0;
    ofAddress.clear();
  }
  closing.addEventListener("abort", endWindow, { once: true });

  return ({ requestId, address: given, code, reason }) => {
    timer ??= setTimeout(endWindow, WINDOW).unref();
    const address = given.slice(0, LONGEST_ADDRESS);
    const count = ofAddress.get(address) ?? 0;
    if (count >= MOST_OF_ADDRESS || lines >= MOST_LINES) {
      unlogged += 1;
      return;
    }
    ofAddress.set(address, count + 1);
    lines += 1;
    log.warn({ requestId, address, code, reason: reason.slice(0, LONGEST_REASON) }, "refused");
  };
}
