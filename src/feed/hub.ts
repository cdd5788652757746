import type { Mark } from "./cursor.ts";
import type { Piece } from "./log.ts";

/** Bytes of changes that the hub remembers for those who are a little behind. */
const REMEMBERED_BYTES = 4 * 1024 * 1024;
const REMEMBERED_PIECES = 4096;

/**
 * The newest pieces of the feed, one ring for all subscriptions of the process, each piece under an index that counts up.
 * Who falls behind the ring reads the log instead, so nobody's slowness costs memory.
 */
export interface Hub {
  /** Index that the next piece will get. */
  readonly next: number;
  /** Bytes of the changes that are remembered. */
  readonly bytes: number;
  /** Index of the oldest piece that is remembered; `next` when there is none. */
  readonly first: number;
  /** The newest mark that is complete: whoever has read the pieces below `index` has everything that `mark` sees. */
  readonly head: { readonly mark: Mark; readonly index: number };
  piece(index: number): Piece | undefined;
  /** When it came, by `performance.now()`; undefined when it is no longer remembered. */
  cameAt(index: number): number | undefined;
  publish(piece: Piece): void;
  /** Forgets everything and begins anew at a mark: the database is not the one that the pieces came from. */
  reset(mark: Mark): void;
  /** Calls back for each piece, synchronously, before anyone who waits wakes up. Returns how to stop it. */
  onPiece(listener: (piece: Piece, index: number) => void): () => void;
  /** Calls back after a reset. */
  onReset(listener: () => void): () => void;
  /** Resolves when there is a piece at this index, after a reset, or at once when the signal is aborted. */
  arrival(index: number, signal: AbortSignal): Promise<void>;
}

export function createHub(start: Mark): Hub {
  let first = 0;
  let next = 0;
  let bytes = 0;
  let head = { mark: start, index: 0 };
  const pieces = new Map<number, { piece: Piece; bytes: number; at: number }>();
  const listeners = new Set<(piece: Piece, index: number) => void>();
  const resetListeners = new Set<() => void>();
  const waiting = new Set<() => void>();

  function forgetOldest(): void {
    const oldest = pieces.get(first);
    if (oldest === undefined) return;
    pieces.delete(first);
    bytes -= oldest.bytes;
    first += 1;
  }

  function wakeAll(): void {
    const woken = [...waiting];
    waiting.clear();
    for (const wake of woken) wake();
  }

  return {
    get first() {
      return first;
    },
    get bytes() {
      return bytes;
    },
    get next() {
      return next;
    },
    get head() {
      return head;
    },
    piece: (index) => pieces.get(index)?.piece,
    cameAt: (index) => pieces.get(index)?.at,
    publish(piece) {
      const index = next;
      if (piece.changes.length > 0) {
        const size = piece.changes.reduce((sum, change) => sum + change.size, 0);
        pieces.set(index, { piece, bytes: size, at: performance.now() });
        bytes += size;
        next += 1;
        while (pieces.size > 1 && (bytes > REMEMBERED_BYTES || pieces.size > REMEMBERED_PIECES)) forgetOldest();
      }
      if (piece.isLast) head = { mark: piece.to, index: next };
      if (piece.changes.length === 0) return;
      for (const listener of listeners) listener(piece, index);
      wakeAll();
    },
    reset(mark) {
      pieces.clear();
      bytes = 0;
      first = next;
      head = { mark, index: next };
      for (const listener of resetListeners) listener();
      wakeAll();
    },
    onPiece(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onReset(listener) {
      resetListeners.add(listener);
      return () => resetListeners.delete(listener);
    },
    async arrival(index, signal) {
      if (index < next || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener("abort", wake);
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
  };
}
