import { userError } from "../errors.ts";
import type { Viewer } from "../viewer.ts";

/** How many mutations each token may send. */
export interface MutationRate {
  /** Counts one. Throws UNAVAILABLE when the token has sent more than it may. */
  take(viewer: Viewer): void;
}

/** Tokens that are counted at once; more have a second of their own all the same. */
const MOST_COUNTED = 10_000;

/** `perSecond`: 0 is without limit. A second's worth may come at once. Nobody is counted where nobody needs a token. */
export function createMutationRate(perSecond: number, now: () => number = () => performance.now()): MutationRate {
  const counted = new Map<string, { left: number; at: number }>();
  return {
    take({ name }) {
      if (perSecond === 0 || name === null) return;
      const at = now();
      const known = counted.get(name) ?? { left: perSecond, at };
      const left = Math.min(perSecond, known.left + ((at - known.at) / 1_000) * perSecond);
      if (left < 1) {
        throw userError(
          "UNAVAILABLE",
          `The token ${name} sends more than ${perSecond} mutations a second (WEIR_MAX_MUTATIONS_PER_SECOND). Try again in a second.`,
        );
      }
      if (counted.size >= MOST_COUNTED) counted.clear();
      counted.set(name, { left: left - 1, at });
    },
  };
}
