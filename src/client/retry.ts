/** How often and how patiently to try again. */
export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly attempts: number;
  /** Milliseconds before the first of them; doubled for each further one. Default 200. */
  readonly firstDelay?: number;
  /** Longest wait in milliseconds. Default 10000. */
  readonly longestDelay?: number;
}

/** Milliseconds to wait after so many failures: half of the doubled delay is chance, so that clients do not come back as one. */
export function delayAfter(
  failures: number,
  { firstDelay = 200, longestDelay = 10_000 }: Partial<RetryPolicy>,
): number {
  const delay = Math.min(longestDelay, firstDelay * 2 ** Math.max(0, failures - 1));
  return delay / 2 + Math.random() * (delay / 2);
}

/** Resolves after so many milliseconds, or at once when aborted. */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
  });
}
