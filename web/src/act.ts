import { useSyncExternalStore } from "react";

/** What was done, or why it could not be. */
interface Note {
  readonly id: number;
  readonly text: string;
  readonly isError: boolean;
  readonly href?: string;
}

let notes: readonly Note[] = [];
let ids = 0;
const listeners = new Set<() => void>();

function set(next: readonly Note[]): void {
  notes = next;
  for (const listener of listeners) listener();
}

export function useNotes(): readonly Note[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notes,
  );
}

export function closeNote(id: number): void {
  set(notes.filter((note) => note.id !== id));
}

function say(note: Omit<Note, "id">): void {
  const id = (ids += 1);
  set([...notes.slice(-3), { ...note, id }]);
  // An error stays until it is closed.
  if (!note.isError) setTimeout(() => closeNote(id), 6_000);
}

/** Does something and says what came of it. */
export async function act(work: () => Promise<{ readonly text: string; readonly href?: string }>): Promise<void> {
  try {
    say({ ...(await work()), isError: false });
  } catch (error) {
    say({ text: error instanceof Error ? error.message : String(error), isError: true });
  }
}
