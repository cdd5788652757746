import { lazy, Suspense, useSyncExternalStore } from "react";

const Dialog = lazy(async () => ({ default: (await import("./parts/dialogs.tsx")).Confirm }));

interface Question {
  readonly text: string;
  readonly verb: string;
  readonly answer: (isMeant: boolean) => void;
}

let question: Question | null = null;
const listeners = new Set<() => void>();

function set(next: Question | null): void {
  question = next;
  for (const listener of listeners) listener();
}

/** Asks whether something is meant; false when the dialog is left. */
export function ask(text: string, verb: string): Promise<boolean> {
  return new Promise((resolve) => {
    set({
      text,
      verb,
      answer(isMeant) {
        set(null);
        resolve(isMeant);
      },
    });
  });
}

/** The place of what is asked. */
export function Questions() {
  const asked = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => question,
  );
  if (asked === null) return null;
  return (
    <Suspense>
      <Dialog {...asked} />
    </Suspense>
  );
}
