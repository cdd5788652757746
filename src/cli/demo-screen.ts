import { createWeirClient } from "../client/index.ts";
import { repaint, screenReader } from "./asking/screen.ts";

/** Milliseconds between two paintings. */
const PACE = 1_000;

/** The demo in a terminal: where to look, what flows, and what was told last. */
export function showDemo(
  url: string,
  {
    hints,
    told,
    signal,
  }: { readonly hints: string; readonly told: () => readonly string[]; readonly signal: AbortSignal },
): Promise<void> {
  const read = screenReader(createWeirClient({ url, retry: { attempts: 1 } }));
  const cut = (line: string) => line.slice(0, process.stdout.columns - 1);
  return repaint(async () => [...hints.split("\n"), ...(await read()), "", ...told().map(cut)], { pace: PACE, signal });
}
