/** Waits so many milliseconds, or until the signal is aborted. `onWake` receives what ends the wait early. */
export function pause(milliseconds: number, signal: AbortSignal, onWake?: (wake: () => void) => void): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      onWake?.(() => {});
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
    onWake?.(end);
  });
}
